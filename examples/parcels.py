"""Send a parcel for each message of a queue: ten at a time, once for each order, and what nobody can send is put aside.

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
log.capture_stdlib()  # what the kit logs of records that failed has the same shape
directory = os.environ.get("PARCELS_DIRECTORY")  # for this machine; on Lambda there are a table and a queue


class Parcel(BaseModel):
    """The order that a message carries."""

    order: str
    country: str = Field(pattern="^[A-Z]{2}$")
    grams: int = Field(gt=0)


class NoCarrier(Exception):
    """Nobody brings parcels there, today or tomorrow."""


store = SQLiteStore(Path(directory) / "parcels.db") if directory else DynamoDBStore("parcels")
sink = FileSink(Path(directory) / "aside.jsonl") if directory else SqsSink(os.environ.get("ASIDE_QUEUE", "unset"))


def put_aside(letter: DeadLetter) -> None:
    """Keep what cannot be sent, and say so in one line."""
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
