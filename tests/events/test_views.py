"""Rules that hold for all views: they decode once, name missing fields, and compare by their dicts."""

from __future__ import annotations

import base64
import json
import re
import sys
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError, EventError
from lambda_kit.events import (
    DynamoDBRecord,
    DynamoDBStreamEvent,
    KafkaEvent,
    KinesisEvent,
    KinesisRecord,
    S3Event,
    SnsMessage,
    SqsEvent,
    SqsRecord,
    as_event,
    source_of,
)
from lambda_kit.events import _view as view
from lambda_kit.testing import invoke
from tests.events.samples import payload

type_of: Any = type


class Counted:
    """A decoder that counts what it has decoded."""

    def __init__(self) -> None:
        self.count = 0

    def scan(self, text: str, start: int) -> Any:
        self.count += 1
        return json.JSONDecoder().raw_decode(text, start)


@pytest.mark.parametrize("body", ['{"a": 1}', "no JSON", "[" * 100_000, "NaN"])
def test_json_is_decoded_once_also_if_it_is_none(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted()
    monkeypatch.setattr(view, "_scan", counted.scan)
    monkeypatch.delitem(sys.modules, "orjson", raising=False)
    record = SqsRecord({"messageId": "m", "body": body})
    found: list[Any] = []
    for _ in range(3):
        try:
            found.append(record.json)
        except EventError as error:
            found.append(error)
    assert counted.count == 1
    if isinstance(found[0], EventError):
        assert len({id(one) for one in found}) == 3  # an error of its own for each
        assert len({str(one) for one in found}) == 1
        assert body not in str(found[0])
    else:
        assert found[0] is found[1] is found[2]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (SqsRecord({"body": "no JSON"}), "the SqsRecord does not hold JSON, at character 0"),
        (SqsRecord({"body": "[" * 100_000}), "the SqsRecord is nested too deeply to be decoded"),
        (SqsRecord({"messageId": "m"}), "the SqsRecord has no 'body'; it has 'messageId'"),
        (SqsRecord({"body": 5}), "'body' of the SqsRecord is of type int; text is needed"),
        (KinesisRecord({"kinesis": {"data": "?"}}), "the KinesisRecord does not hold valid base64"),
        (KinesisRecord({"kinesis": {"data": "gA=="}}), "the KinesisRecord does not hold JSON"),
        (KinesisRecord({}), "the KinesisRecord has no 'kinesis.data'; it has nothing"),
    ],
)
def test_what_cannot_be_decoded_says_why(record: Any, told: str) -> None:
    with pytest.raises(EventError, match=f"^{re.escape(told)}"):
        _ = record.json


@given(st.text(" \t\n\r", max_size=3), st.text(" \t\n\r\x0b\xa0x", max_size=3), st.text('{}[]":,1aé\\ ', max_size=12))
def test_json_is_what_the_decoder_of_python_says(before: str, after: str, text: str) -> None:
    for body in (f"{before}{text}{after}", f'{before}{{"a": [1, "é"]}}{after}'):
        try:
            known = json.loads(body)
        except ValueError:
            with pytest.raises(EventError):
                _ = SqsRecord({"body": body}).json
        else:
            assert SqsRecord({"body": body}).json == known


def test_bytes_that_are_no_text_have_no_body() -> None:
    record = KinesisRecord({"kinesis": {"data": "gA=="}})
    assert record.data == b"\x80"
    with pytest.raises(EventError, match=r"is not text in UTF-8; read \.data for the bytes"):
        _ = record.body


def test_base64_is_decoded_once() -> None:
    record = KinesisRecord({"kinesis": {"data": "YQ=="}})
    assert record.data is record.data


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    assert KinesisRecord({"kinesis": {"data": base64.b64encode(data).decode()}}).data == data


@pytest.mark.parametrize("value", ["x", None, [], 1e300, "1e999", float("nan")])
def test_a_time_that_is_none_is_told(value: Any) -> None:
    record = SqsRecord({"attributes": {"SentTimestamp": value}})
    if value is None:
        assert record.sent_at is None
    else:
        with pytest.raises(EventError, match="a time is needed"):
            _ = record.sent_at


@pytest.mark.parametrize("count", [None, "x", "", 1.5, True, []])
def test_a_number_that_is_none_is_told(count: Any) -> None:
    with pytest.raises(EventError, match="ApproximateReceiveCount"):
        _ = SqsRecord({"attributes": {"ApproximateReceiveCount": count}}).receive_count


def test_times_of_notifications_that_are_none_are_told() -> None:
    with pytest.raises(EventError, match="a time is needed"):
        _ = SnsMessage({"Timestamp": "yesterday"}).published_at
    assert SnsMessage({}).published_at is None
    with pytest.raises(EventError, match="a time is needed"):
        _ = S3Event({"Records": [{"eventTime": "x"}]}).records[0].event_time


def test_views_are_equal_if_what_they_are_over_is() -> None:
    assert SqsRecord({"messageId": "m"}) == SqsRecord({"messageId": "m"})
    assert SqsRecord({"messageId": "m"}) != SqsRecord({"messageId": "n"})
    assert SqsRecord({}) != KinesisRecord({})
    assert SqsRecord({}) != {}
    with pytest.raises(TypeError):
        hash(SqsRecord({}))


def test_a_view_shows_its_id_and_no_payload() -> None:
    assert repr(SqsRecord({"messageId": "m", "body": "hunter2"})) == "<SqsRecord m>"
    assert repr(SqsRecord({"body": "hunter2"})) == "<SqsRecord without an id>"
    assert repr(SqsEvent(payload("sqsEvent"))) == "<SqsEvent: 2 records>"
    assert repr(SqsEvent({})) == "<SqsEvent without records>"
    assert repr(SqsEvent(payload("sqsEvent")).records) == "<2 records>"


def test_records_are_a_sequence_whose_views_are_made_when_asked_for() -> None:
    event = SqsEvent(payload("sqsEvent"))
    records = event.records
    assert (len(event), len(records)) == (2, 2)
    assert [one.id for one in records] == [one.id for one in event] == [records[0].id, records[1].id]
    assert records[-1] == records[1]
    assert [one.id for one in records[1:]] == [records[1].id]
    with pytest.raises(IndexError):
        records[2]


@pytest.mark.parametrize("raw", [{}, {"Records": {}}, {"Records": None}, None, []])
def test_records_that_do_not_stand_in_a_list_are_told(raw: Any) -> None:
    with pytest.raises(EventError):
        len(SqsEvent(raw))


def test_records_of_kafka_that_do_not_stand_in_lists_are_told() -> None:
    with pytest.raises(EventError, match="one for each partition"):
        list(KafkaEvent({"records": {"a-0": {}}}))


# DynamoDB's values


def attribute_values() -> st.SearchStrategy[Any]:
    numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.text(max_size=5),
        st.binary(max_size=5),
        numbers,
        st.sets(st.text(max_size=3), min_size=1, max_size=3),
        st.sets(numbers, min_size=1, max_size=3),
        st.sets(st.binary(max_size=3), min_size=1, max_size=3),
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=10,
    )


@given(st.dictionaries(st.text(max_size=3), attribute_values(), max_size=3))
def test_items_are_read_as_boto3_reads_them(item: dict[str, Any]) -> None:
    writer: Any = TypeSerializer()
    reader: Any = TypeDeserializer()
    serialised = {name: writer.serialize(value) for name, value in item.items()}
    known = {name: _plain(reader.deserialize(value)) for name, value in serialised.items()}
    event = json.loads(json.dumps(serialised, default=_in_base64))  # as it stands in an event
    assert DynamoDBRecord({"dynamodb": {"NewImage": event}}).new_image == known


def _in_base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()


def _plain(value: Any) -> Any:
    """Return the value without boto3's class for bytes."""
    kind = type_of(value)
    if kind is dict:
        return {name: _plain(one) for name, one in value.items()}
    if kind is list:
        return list(map(_plain, value))
    if kind is set:
        return set(map(_plain, value))
    return bytes(value) if hasattr(value, "value") else value


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"S": "a", "N": "1"},
        {"X": 1},
        "text",
        None,
        {"N": "x"},
        {"N": None},
        {"B": "?"},
        {"M": 5},
        {"L": 5},
        {"NS": 5},
    ],
)
def test_what_is_no_value_of_dynamodb_is_told(value: Any) -> None:
    record = DynamoDBRecord({"dynamodb": {"NewImage": {"hunter2": value}}})
    with pytest.raises(EventError, match="an attribute of the DynamoDBRecord is not a value"):
        _ = record.new_image


def test_keys_have_to_be_there() -> None:
    with pytest.raises(EventError, match=r"no 'dynamodb\.Keys'"):
        _ = DynamoDBRecord({"dynamodb": {}}).keys


# Notifications within messages


def test_an_event_of_s3_may_come_through_sns() -> None:
    notification = {"Type": "Notification", "TopicArn": "arn", "Message": json.dumps(payload("s3Event"))}
    record = SqsRecord({"body": json.dumps(notification)})
    assert record.s3 is not None
    assert record.s3.records[0].bucket == payload("s3Event")["Records"][0]["s3"]["bucket"]["name"]


@pytest.mark.parametrize(
    "body",
    [
        "no JSON",
        "5",
        "[]",
        "{}",
        '{"Type": "Notification"}',
        '{"Type": "SubscriptionConfirmation", "TopicArn": "arn"}',
        '{"Service": "Amazon S3", "Event": "s3:TestEvent"}',
        '{"Records": []}',
        '{"Records": [5]}',
        '{"Records": [{"eventSource": "aws:ses"}]}',
    ],
)
def test_a_message_that_holds_something_else_has_neither(body: str) -> None:
    record = SqsRecord({"body": body})
    assert (record.sns, record.s3) == (None, None)


# Sources


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("sqsEvent", "sqs"),
        ("snsSqsEvent", "sqs"),
        ("kinesisStreamEvent", "kinesis"),
        ("dynamoStreamEvent", "dynamodb"),
        ("kafkaEventMsk", "kafka"),
        ("kinesisFirehosePutEvent", "firehose"),
        ("s3BatchOperationEventSchemaV1", "s3_batch"),
        ("s3Event", "s3"),
        ("snsEvent", "sns"),
    ],
)
def test_the_source_of_an_event_is_told_by_its_shape(name: str, source: str | None) -> None:
    assert source_of(payload(name)) == source


SOURCES: list[tuple[Any, str | None]] = [
    ({}, None),
    (None, None),
    ([], None),
    ({"Records": []}, None),
    ({"Records": [None, 5, {}]}, None),
    ({"Records": [None, {"eventSource": "aws:sqs"}]}, "sqs"),
    ({"Records": [{"eventSource": ["aws:sqs"]}]}, None),
    ({"eventSource": "SelfManagedKafka", "records": {}}, "kafka"),
    ({"eventSource": "aws:kafka"}, None),
    ({"deliveryStreamArn": "arn", "records": []}, "firehose"),
    ({"invocationSchemaVersion": "1.0", "tasks": []}, "s3_batch"),
    ({"records": []}, None),
]


@pytest.mark.parametrize(("event", "source"), SOURCES)
def test_an_event_that_tells_nothing_has_no_source(event: Any, source: str | None) -> None:
    assert source_of(event) == source


# The layer


def test_the_handler_gets_the_view() -> None:
    @handler(as_event(SqsEvent))
    def count(event: SqsEvent, context: Any) -> list[str]:
        return [record.body for record in event]

    assert invoke(count, payload("sqsEvent")).value == ["Test message.", '{"message": "foo1"}']
    assert invoke(count, {"Records": []}).value == []


def test_the_layer_serves_async_handlers_and_methods() -> None:
    @handler(as_event(KinesisEvent))
    async def count(event: KinesisEvent, context: Any) -> int:
        return len(event)

    class Shop:
        def count(self, event: KinesisEvent, context: Any) -> int:
            return len(event)

    layer: Any = as_event(KinesisEvent)
    assert invoke(count, payload("kinesisStreamEvent")).value == 2
    assert layer(Shop.count)(Shop(), payload("kinesisStreamEvent"), None) == 2


def test_a_view_is_passed_on_as_it_is() -> None:
    @as_event(SqsEvent)
    def same(event: SqsEvent, context: Any) -> SqsEvent:
        return event

    event = SqsEvent(payload("sqsEvent"))
    assert same(event, None) is event


@pytest.mark.parametrize(
    ("view", "event", "told"),
    [
        (
            SqsEvent,
            payload("kinesisStreamEvent"),
            r"as_event\(SqsEvent\) needs an event of sqs, and was given an event of kinesis",
        ),
        (DynamoDBStreamEvent, {}, "needs an event of dynamodb, and was given an event of no known source"),
        (KafkaEvent, {"Records": []}, "needs an event of kafka, and was given an event of no known source"),
        (SqsEvent, None, "an event of no known source"),
    ],
)
def test_an_event_of_another_source_is_told(view: Any, event: Any, told: str) -> None:
    def never(event: Any, context: Any) -> None:
        raise AssertionError

    layered: Any = as_event(view)
    with pytest.raises(EventError, match=told):
        layered(never)(event, None)


@pytest.mark.parametrize("view", [dict, SqsRecord, None, "SqsEvent", SqsEvent({})])
def test_what_is_no_view_of_an_event_is_refused(view: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass the class of an event"):
        as_event(view)
