"""Send a parcel for each message of a queue, ten at a time, once for each order; put aside what cannot be sent.

Without AWS: lambda-kit invoke parcels.send --event parcels.json --env PARCELS_DIRECTORY=.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, Field

from lambda_kit import Logger, handler, idempotent
from lambda_kit.batch import Backoff, DeadLetter, FileSink, SqsSink, batch
from lambda_kit.errors import InvalidRecord
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

log = Logger(service="parcels")
log.capture_stdlib()  # the kit logs failed records in the same form
directory = os.environ.get("PARCELS_DIRECTORY")  # for a local run; on Lambda a table and a queue are used


class Parcel(BaseModel):
    """The order that a message carries."""

    order: str
    country: str = Field(pattern="^[A-Z]{2}$")
    grams: int = Field(gt=0)


class NoCarrier(Exception):
    """No carrier delivers to this country."""


store = SQLiteStore(Path(directory) / "parcels.db") if directory else DynamoDBStore("parcels")
sink = FileSink(Path(directory) / "aside.jsonl") if directory else SqsSink(os.environ.get("ASIDE_QUEUE", "unset"))


def put_aside(letter: DeadLetter) -> None:
    """Keep a message that cannot be handled, and log it in one line."""
    sink.send(letter)
    log.warning("put aside", record=letter.id, reason=type(letter.error).__name__)


@handler(log)
@batch(
    source="sqs",
    model=Parcel,
    concurrency=10,
    idempotency=idempotent(store, key="order"),
    permanent=(NoCarrier, InvalidRecord),
    dead_letter=put_aside,
    backoff=None if directory else Backoff(base=10.0),
)
def send(parcel: Parcel) -> str:
    """Send one parcel."""
    if parcel.country not in ("AT", "CH", "DE"):
        raise NoCarrier(parcel.country)
    log.info("sent", order=parcel.order, grams=parcel.grams)
    return parcel.order
