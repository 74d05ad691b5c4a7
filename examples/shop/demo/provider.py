"""The payment service that the shop calls: a real HTTP server, which counts what it is asked and what it charges."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

from shop.demo.server import Server

if TYPE_CHECKING:
    from shop.demo.server import Reply

DECLINED = "declan"  # the customer whose card has no money


class Payments(Server):
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
        super().__init__()

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

    def reply(self, _method: str, _path: str, headers: Any, body: bytes, /) -> Reply:
        key = headers["authorization"].removeprefix("Bearer ")
        status, answer = self.charge(key, headers["idempotency-key"], json.loads(body))
        return status, {}, json.dumps(answer).encode()
