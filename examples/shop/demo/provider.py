"""The payment service that the shop calls: a real HTTP server, which counts what it is asked and what it charges."""

from __future__ import annotations

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

DECLINED = "declan"  # the customer whose card has no money


class Payments:
    """The service. As such services do, it charges once for an idempotency key, and repeats the receipt.

    Attributes:
        url: where it is.
        charges: how often each order was charged.
        repeated: how often a charge was asked for again, and refused as known.
        refused: how often a request came with a key that was not valid any more.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.charges: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.refused = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def charge(self, key: str, idempotency_key: str, order: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """Charge an order; return status and answer."""
        with self._lock:
            if key != self.key:
                self.refused += 1
                return 401, {"error": "unknown key"}
            if order["customer"] == DECLINED:
                return 402, {"error": "declined"}
            known = self.repeated if self.charges[idempotency_key] else self.charges
            known[idempotency_key] += 1
            return 201, {"receipt": f"r-{idempotency_key[:8]}"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet for the whole answer

            def do_POST(self) -> None:  # the name that the base class calls
                order = json.loads(self.rfile.read(int(self.headers["content-length"])))
                key = self.headers["authorization"].removeprefix("Bearer ")
                status, answer = service.charge(key, self.headers["idempotency-key"], order)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
                """Say nothing on the console."""

        return Handler
