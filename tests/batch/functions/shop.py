"""Functions that the tests run under the runtime client; what each does to a record is a line of a file.

A record tells its name and what is to happen to it: `{"name": "o-1", "fails": 2}` fails twice and then succeeds.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from lambda_kit import handler, idempotent, layer
from lambda_kit.batch import Backoff, SqsSink, batch, dead_letter
from lambda_kit.events import DynamoDBRecord
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Generator

TRACE = os.environ["TRACE"]
LETTERS = SqsSink(os.environ.get("LETTERS", "none"))


def note(*words: str) -> None:
    with open(TRACE, "a") as file:  # noqa: PTH123  # one write, at the end of what others have written
        file.write(" ".join(words) + "\n")


def begin(asked: Any) -> None:
    """Note that a record is begun, and let happen to it what is to happen the first few times."""
    name = asked["name"]
    note("begun", name)
    with open(TRACE) as file:  # noqa: PTH123
        times = file.read().splitlines().count(f"begun {name}")
    if times <= asked.get("crashes", 0):
        os._exit(3)
    if times <= asked.get("hangs", 0):
        time.sleep(600.0)
    if asked.get("impossible"):
        raise ValueError(f"{name} is impossible")
    if times <= asked.get("fails", 0):
        raise ConnectionError(f"{name} failed {times} times")


def asked_of(record: Any) -> Any:
    return record.new_image if isinstance(record, DynamoDBRecord) else record.json


def work(record: Any) -> None:
    asked = asked_of(record)
    begin(asked)
    note("done", asked["name"])


def name_of(record: Any) -> Any:
    return asked_of(record)["name"]


@layer
def received(event: Any, context: object) -> Generator[None, Any, None]:
    """Note each message that comes, also those that no function sees."""
    for raw in event["Records"]:
        note("received", raw["messageId"], raw["attributes"]["ApproximateReceiveCount"])
    yield


@handler(received)
@batch(source="sqs", idempotency=idempotent(DynamoDBStore("records"), key="parse_json(body).name"))
def charge(record: Any) -> None:
    work(record)


@handler
@batch(source="sqs", permanent=(ValueError,), dead_letter=LETTERS)
def put_aside(record: Any) -> None:
    work(record)


@handler
@batch(source="sqs", backoff=Backoff(base=1.0, chance=lambda: 1.0))
def retry_later(record: Any) -> None:
    work(record)


@handler
@batch()
def in_order(record: Any) -> None:
    work(record)


@handler
@batch(concurrency=4)
def in_threads(record: Any) -> None:
    work(record)


@handler
@batch(concurrency=4)
async def in_tasks(record: Any) -> None:
    work(record)


@handler
@batch(order="all")
def stop_at_a_failure(record: Any) -> None:
    work(record)


@handler
@batch(order="none", idempotency=idempotent(SQLiteStore(f"{TRACE}.db"), key=name_of))
def go_on_after_a_failure(record: Any) -> None:
    work(record)


@handler
@batch(raise_if_all_failed=True)
def raise_if_none_succeeds(record: Any) -> None:
    work(record)


@handler(dead_letter(LETTERS, permanent=(ValueError,)))
def resize(event: dict[str, Any], context: object) -> str:
    begin(event)
    note("done", event["name"])
    return json.dumps(event)
