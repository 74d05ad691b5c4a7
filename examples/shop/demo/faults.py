"""Faults on the way to the services: a proxy that throttles, and that loses replies after AWS has acted."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shop.demo.server import Server

if TYPE_CHECKING:
    from shop.demo.server import Reply

PLAN = {  # the faults of each operation, in the order of its requests; later requests are not disturbed
    "PutItem": ["throttled", "lost", "throttled", "lost", "lost"],
    "UpdateItem": ["lost", "throttled", "lost", "throttled", "lost"],
    "SendMessage": ["throttled", "lost", "lost"],
}
PLANNED = Counter(fault for faults in PLAN.values() for fault in faults)
_ACTIONS = {  # of the calls that their path names
    "/configurationsessions": "StartConfigurationSession",
    "/configuration": "GetLatestConfiguration",
    "/invocations": "InvokeFunction",
    "/checkpoint": "CheckpointDurableExecution",
    "/state": "GetDurableExecutionState",
    "/succeed": "SendDurableExecutionCallbackSuccess",
}
_REFUSAL = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()
_OWN = ("host", "connection", "content-length", "transfer-encoding")


def key_of(function: str) -> str:
    """Return the access key of a function; each has its own, so that calls show who makes them."""
    return f"AKID{function.upper()}"


def call_of(headers: Any, path: str) -> tuple[str, str]:
    """Return the function that makes a call, and the IAM action that it needs."""
    credential = headers["authorization"].partition("Credential=")[2].partition(",")[0]
    key, _, _, service, _ = credential.split("/")
    operation = headers["x-amz-target"].rpartition(".")[2] if "x-amz-target" in headers else ""
    named = operation or next((name for end, name in _ACTIONS.items() if path.partition("?")[0].endswith(end)), path)
    return key.removeprefix("AKID").lower(), f"{service}:{named.removesuffix('Batch')}"


class Faults(Server):
    """The proxy. It disturbs nothing until `begin` is called.

    Attributes:
        url: where the services are called through it.
        made: how many faults of each kind it has made.
        calls: the function and the IAM action of each kind of call.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._left: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self.made: Counter[str] = Counter()
        self.calls: set[tuple[str, str]] = set()
        super().__init__()

    def begin(self) -> None:
        """Disturb, from now on."""
        with self._lock:
            self._left = {operation: list(faults) for operation, faults in PLAN.items()}

    def next_of(self, operation: str) -> str | None:
        """Return the fault for a request, or None, and count it."""
        with self._lock:
            faults = self._left.get(operation)
            if not faults:
                return None
            self.made[faults[0]] += 1
            return faults.pop(0)

    def reply(self, method: str, path: str, headers: Any, body: bytes, /) -> Reply | None:
        self.calls.add(call_of(headers, path))
        fault = self.next_of((headers["x-amz-target"] or "").rpartition(".")[2])
        if fault == "throttled":
            return 400, {"content-type": "application/x-amz-json-1.0"}, _REFUSAL
        reply = self.forward(method, path, headers, body)
        return None if fault == "lost" else reply

    def forward(self, method: str, path: str, headers: Any, body: bytes) -> Reply:
        """Send a request on, and return the reply."""
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            sent = {name: value for name, value in headers.items() if name.lower() not in _OWN}
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            kept = {name: value for name, value in reply.getheaders() if name.lower() not in _OWN}
            return reply.status, kept, reply.read()
        finally:
            connection.close()
