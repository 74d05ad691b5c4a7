"""Faults on the way to the services: a proxy that throttles, and that loses replies after AWS has acted."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

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
_OWN = ("host", "connection", "content-length")


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


class Faults:
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
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.made: Counter[str] = Counter()
        self.calls: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

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

    def forward(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request on, and return status, headers and body of the reply."""
        connection = http.client.HTTPConnection(self._upstream, timeout=30)
        try:
            sent = {name: value for name, value in headers.items() if name.lower() not in _OWN}
            connection.request(method, path, body, sent)
            reply = connection.getresponse()
            return reply.status, [one for one in reply.getheaders() if one[0].lower() not in _OWN], reply.read()
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet for the whole answer

            def do_POST(self) -> None:  # the name that the base class calls
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                proxy.calls.add(call_of(self.headers, self.path))
                fault = proxy.next_of((self.headers["x-amz-target"] or "").rpartition(".")[2])
                if fault == "throttled":
                    self._reply(400, [("content-type", "application/x-amz-json-1.0")], _REFUSAL)
                    return
                answer = proxy.forward(self.command, self.path, self.headers, body)
                if fault == "lost":
                    self.close_connection = True  # without a byte of the reply
                    return
                self._reply(*answer)

            do_GET = do_POST  # noqa: N815  # the name that the base class calls

            def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() != "transfer-encoding":
                        self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
                """Say nothing on the console."""

        return Handler
