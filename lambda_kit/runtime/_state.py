"""The state that the modules of the client share: the running invocation, and the settings of the process."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class State:
    """The state of the client.

    Attributes:
        request_id: the id of the running invocation; None before the first.
        tenant_id: its tenant; None without one.
        echo: the line of the head with the id of the attempt, which an answer repeats; empty without one.
        connection: the connection to the Runtime API.
        thread: the thread that handlers run on.
        stream: the response that is being sent part by part; None without one.
        logs_json: whether records are JSON (`AWS_LAMBDA_LOG_FORMAT`).
    """

    __slots__ = ("_encode", "connection", "echo", "logs_json", "request_id", "stream", "tenant_id", "thread")

    def __init__(self) -> None:
        self.request_id: str | None = None
        self.tenant_id: str | None = None
        self.echo = b""
        self.connection: Any = None
        self.thread = 0
        self.stream: Any = None
        self.logs_json = False
        self._encode: Any = None

    def read_settings(self) -> None:
        """Read the settings from the environment."""
        self.logs_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"

    @property
    def encode(self) -> Callable[[Any], bytes]:
        """The function that encodes results and errors."""
        if self._encode is None:
            from lambda_kit.runtime import _json

            rich = os.environ.get("LAMBDA_KIT_RUNTIME_ENCODING", "").lower() == "rich"
            self._encode = _json.make_encode(ascii_only=_json.writes_ascii(), rich=rich)
        return self._encode  # type: ignore[no-any-return]


state = State()
