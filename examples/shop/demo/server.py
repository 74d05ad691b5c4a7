"""The servers that stand around the shop: each is one on a free port of this machine, and says how it answers."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, TypeAlias

    Reply: TypeAlias = "tuple[int, dict[str, str], bytes]"  # status, headers, body


class Server:
    """A server. Subclasses define `reply`.

    Attributes:
        url: where it is.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, method: str, path: str, headers: Any, body: bytes, /) -> Reply | None:
        """Return the reply to a request; None to close the connection without a byte of it."""
        raise NotImplementedError

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet for the whole reply

            def do_POST(self) -> None:  # the name that the base class calls
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                reply = server.reply(self.command, self.path, self.headers, body)
                if reply is None:
                    self.close_connection = True
                    return
                status, headers, content = reply
                self.send_response_only(status)
                for name, value in {**headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815  # the name that the base class calls

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
                """Say nothing on the console."""

        return Handler
