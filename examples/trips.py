"""A saga: book a flight, a hotel and a car; if one of them is refused, cancel those that were booked, the last first.

echo '{"trip": "t-1", "car": "none"}' | lambda-kit invoke trips.book --event - --env IDEMPOTENCY_FILE=trips.db

A dict stands for the three companies. Each takes the id of the trip as its own idempotency key.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, idempotent
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="trips")
booked: dict[tuple[str, str], str] = {}  # the companies: what is booked, by company and trip
PARTS = ("flight", "hotel", "car")


class Refused(Exception):
    """A company has refused: a decision, unlike a failure, which is tried again."""


def store() -> Store:
    """Return the store of the steps that are done: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


# A refusal is kept as a result is: a run that is tried again in the middle of its compensation is refused at the same
# step, and goes on to cancel. Without it, the second run could book the rest of a trip whose flight is cancelled.
@idempotent(store(), key="[part, trip]", ttl=86_400.0, replay_errors=(Refused,))
def book_part(part: str, trip: str, wish: str) -> str:
    """Book one part of a trip, once."""
    if wish == "none":
        raise Refused(f"no {part} is free")
    booked[part, trip] = wish
    log.info("booked", part=part, trip=trip)
    return wish


def cancel_part(part: str, trip: str) -> None:
    """Undo a booking. Nothing happens if there is none, so that it may be tried again."""
    if booked.pop((part, trip), None):
        log.info("cancelled", part=part, trip=trip)


@handler(log)
def book(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Book all parts or none. Other errors are raised: Lambda tries again, and goes on where it was."""
    trip: str = event["trip"]
    begun: list[str] = []
    try:
        for part in PARTS:
            begun.append(part)  # before the call, whose answer may be lost
            book_part(part, trip, event.get(part, "any"))
    except Refused as refusal:
        for part in reversed(begun):
            cancel_part(part, trip)
        return {"trip": trip, "status": "cancelled", "reason": str(refusal)}
    return {"trip": trip, "status": "booked"}
