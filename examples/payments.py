"""Charge a card once for each order, however often the queue, the caller or Lambda itself delivers the event.

Without AWS: echo '{"id": "o-1", "total": 20}' | IDEMPOTENCY_FILE=payments.db \
    lambda-kit invoke payments.charge --event - --repeat 2
"""

from __future__ import annotations

import os
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, idempotent
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="payments")


class Declined(Exception):
    """The bank said no. It says no again if it is asked again, so that the answer is kept."""


def store() -> Store:
    """Return the store of what was charged: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


@handler(
    log,
    idempotent(store(), key="id", payload="total", ttl=86_400.0, on_in_progress="wait", replay_errors=(Declined,)),
)
def charge(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Charge the card of an order."""
    total = Decimal(str(event.get("total", 0)))
    if total > 1000:
        raise Declined(event["id"])
    log.info("charging", order=event["id"], total=total)
    return {"order": event["id"], "charged": str(total)}
