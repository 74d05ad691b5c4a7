"""Documents for the X-Ray daemon, and what sends them."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_kit.testing import FakeXRayDaemon

HEADER = b'{"format":"json","version":1}\n'


class Sender:
    """What code under test does: it takes the header from the environment, and sends documents."""

    def __init__(self, daemon: FakeXRayDaemon) -> None:
        self.daemon = daemon
        self.socket = socket.socket(type=socket.SOCK_DGRAM)

    @property
    def segment(self) -> str:
        return self.daemon.environ["_X_AMZN_TRACE_ID"].partition("Parent=")[2].partition(";")[0]

    def document(self, name: str = "charge", **members: Any) -> dict[str, Any]:
        """Return a document that is right; a member that is None is left out."""
        all_members = {
            "type": "subsegment",
            "trace_id": self.daemon.trace_id,
            "parent_id": self.segment,
            **span(name),
            **members,
        }
        return {key: value for key, value in all_members.items() if value is not None}

    def send(self, *documents: dict[str, Any]) -> None:
        for document in documents:
            self.send_bytes(HEADER + json.dumps(document).encode())

    def send_bytes(self, datagram: bytes) -> None:
        self.socket.sendto(datagram, ("127.0.0.1", self.daemon.port))


def new_id() -> str:
    return os.urandom(8).hex()


def span(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "id": new_id(), "start_time": 1_700_000_000.25, "end_time": 1_700_000_000.5, **members}


def running(name: str) -> dict[str, Any]:
    return {key: value for key, value in span(name, in_progress=True).items() if key != "end_time"}
