"""What type checkers know of events, parsing and answers: run by them, and never executed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_type

from pydantic import BaseModel

from lambda_kit import handler
from lambda_kit.batch import batch
from lambda_kit.events import (
    AlarmEvent,
    AlarmMetric,
    AlarmState,
    CloudWatchLogsEvent,
    DynamoDBRecord,
    EventBridgeEvent,
    HeaderValues,
    HttpEvent,
    KafkaRecord,
    KinesisEvent,
    LogsData,
    Records,
    SesEvent,
    SnsEvent,
    SqsEvent,
    SqsRecord,
    WebSocketEvent,
    as_event,
    parse,
    validated,
)


class Order(BaseModel):
    id: str


@dataclass
class Line:
    sku: str


record = SqsRecord({})
assert_type(record, SqsRecord[object])
assert_type(record.parsed, object)
assert_type(record.parse(Order), Order)
assert_type(record.parse(list[Line]), list[Line])

typed = SqsRecord[Order]({})
assert_type(typed.parsed, Order)
assert_type(typed.body, str)
assert_type(DynamoDBRecord[Line]({}).parsed, Line)
assert_type(KafkaRecord[Line]({}).parsed, Line)

assert_type(HttpEvent[Order]({}).parsed, Order)
assert_type(EventBridgeEvent[Order]({}).parsed, Order)
assert_type(HttpEvent({}).parse(Order), Order)

event = SqsEvent[Order]({})
assert_type(event.records[0], SqsRecord[Order])
assert_type([one.parsed for one in event], list[Order])
assert_type(SqsEvent({}).parse(Order), list[Order])
assert_type([one.parse(Line).sku for one in KinesisEvent({})], list[str])


@handler
@as_event(SqsEvent[Order])
def count(event: SqsEvent[Order], context: object) -> list[str]:
    return [record.parsed.id for record in event]


assert_type(count({}, None), list[str])


@handler
@parse(Order, at="detail")
def place(order: Order, context: object) -> str:
    return order.id


assert_type(place({}, None), str)


@handler
@parse(Order, many=True)
async def place_all(orders: list[Order], context: object) -> int:
    return len(orders)


assert_type(place_all({}, None), int)


@parse(Order, at="detail")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def wrong(order: Line, context: object) -> None: ...


@parse(Order, many="lines")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def wrong_too(order: Order, context: object) -> None: ...


@handler
@parse(Order | Line, at="detail")
def either(found: Order | Line, context: object) -> None: ...


@batch(source="sqs")  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType, reportUntypedFunctionDecorator]
def charge(record: SqsRecord[Order]) -> str:  # batch gives views without a type
    return record.body


def kinds(raw: dict[str, Any]) -> None:
    of_bus = EventBridgeEvent[Order](raw)
    assert_type(of_bus.parsed, Order)
    assert_type(of_bus.detail_type, str)
    assert_type(of_bus.region, str | None)
    assert_type(of_bus.resources, list[str])
    assert_type(AlarmEvent(raw).state, AlarmState)
    assert_type(AlarmEvent(raw).previous_state, AlarmState | None)
    assert_type(AlarmEvent(raw).metrics, Records[AlarmMetric])
    assert_type(SnsEvent(raw).records[0].body, str)
    assert_type(CloudWatchLogsEvent(raw).data, LogsData)
    assert_type(WebSocketEvent(raw).headers, HeaderValues)
    assert_type(KinesisEvent(raw).window_start, datetime | None)


def subject(event: SesEvent, context: Any) -> str | None:
    return event.records[0].subject


of_mails: Callable[[Any, Any], str | None] = as_event(SesEvent)(subject)


@handler
@validated({"type": "object"}, {"type": "integer"})
def counted(event: dict[str, str], context: object) -> int:
    return len(event)


assert_type(counted({}, None), int)
