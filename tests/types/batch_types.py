"""What type checkers know of batches: run by them, and never executed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from pydantic import BaseModel

from lambda_kit import handler
from lambda_kit.batch import (
    AsyncBatchHandler,
    BatchHandler,
    BatchReport,
    DeadLetter,
    batch,
    dead_letter,
    process_batch,
    process_batch_async,
)
from lambda_kit.events import KinesisRecord, SqsEvent, SqsRecord, as_event


class Order(BaseModel):
    id: str


@batch(source="sqs")
def charge(record: SqsRecord) -> str:
    return record.body


assert_type(charge, BatchHandler[SqsRecord, [], str])
assert_type(charge({}, None), dict[str, Any])
assert_type(handler(charge)({}, None), dict[str, Any])
assert_type(handler(charge).record_function, Callable[[SqsRecord], str])
assert_type(handler(lambda fn: fn)(charge).record_function, Callable[[SqsRecord], str])


@batch(source="kinesis")
async def read(record: KinesisRecord) -> bytes:
    return record.data


assert_type(read, AsyncBatchHandler[KinesisRecord, [], bytes])
assert_type(read.record_function, Callable[[KinesisRecord], Coroutine[Any, Any, bytes]])
assert_type(handler(read)({}, None), dict[str, Any])
assert_type(handler(read).record_function, Callable[[KinesisRecord], Coroutine[Any, Any, bytes]])
assert_type(handler(lambda fn: fn)(read).record_function, Callable[[KinesisRecord], Coroutine[Any, Any, bytes]])


@handler
@batch(model=Order, concurrency=10)
async def ship(order: Order, record: SqsRecord) -> None: ...


assert_type(ship({}, None), dict[str, Any])


async def test_ship(order: Order, record: SqsRecord) -> None:
    assert_type(await ship.record_function(order, record), None)


@handler
@batch
async def sell(record: SqsRecord, *, shop: str) -> int:
    return len(record.body + shop)


assert_type(sell({}, None), dict[str, Any])


async def test_sell(record: SqsRecord) -> None:
    assert_type(await sell.record_function(record, shop="a"), int)


@handler()
@batch(source="sqs")
def count_one(record: SqsRecord) -> int:
    return len(record.body)


assert_type(count_one({}, None), dict[str, Any])
assert_type(count_one.record_function, Callable[[SqsRecord], int])
assert_type(handler(charge).record_function, Callable[[SqsRecord], str])


@batch(source="sqs")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType, reportUntypedFunctionDecorator]
def wrong(record: KinesisRecord) -> None: ...


@batch(model=Order)  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType, reportUntypedFunctionDecorator]
def wrong_too(record: SqsRecord) -> None: ...


assert_type(process_batch({}, charge.record_function), BatchReport)


async def report() -> None:
    assert_type(await process_batch_async({}, read.record_function), BatchReport)


batch(source="sqss")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
batch(source="sqs", concurrency="5")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


@handler(dead_letter(lambda letter: print(letter.id), permanent=(ValueError,)))
def resize(event: dict[str, str], context: object) -> int:
    return len(event)


assert_type(resize({}, None), int)


def keep(letter: DeadLetter) -> None: ...


dead_letter(keep, permanent=(ValueError,))


@as_event(SqsEvent)
def count(event: SqsEvent, context: object) -> list[str]:
    return [record.id for record in event]


assert_type(count({}, None), list[str])


@handler(as_event(SqsEvent))
def count_all(event: SqsEvent, context: object) -> int:
    return len(event)
