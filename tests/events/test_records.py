"""The views of records, over payloads that nobody here wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from lambda_kit.errors import EventError
from lambda_kit.events import (
    DynamoDBStreamEvent,
    FirehoseEvent,
    FirehoseRecord,
    KafkaEvent,
    KafkaRecord,
    KinesisEvent,
    S3BatchEvent,
    S3BatchTask,
    S3Event,
    SqsEvent,
    SqsRecord,
)
from tests.events.samples import payload


def test_a_message_of_sqs() -> None:
    raw = payload("sqsEvent")
    first, second = SqsEvent(raw)
    assert first.raw is raw["Records"][0]
    assert (first.id, first.body) == ("059f36b4-87a3-44ab-83d2-661975830a7d", "Test message.")
    assert first.receipt_handle == "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a..."
    assert first.md5_of_body == "e4e68fb7bd0e697a0ae8f1bb342846b3"
    assert (first.receive_count, first.sender_id) == (1, "AIDAIENQZJOLO23YVJ4VO")
    assert first.sent_at == datetime(2018, 12, 17, 21, 37, 29, 183000, UTC)
    assert first.first_received_at == datetime(2018, 12, 17, 21, 37, 29, 185000, UTC)
    assert first.message_attributes == {"testAttr": "100"}
    assert (first.queue_name, first.region, first.is_fifo) == ("my-queue", "us-east-2", False)
    assert first.queue_arn == "arn:aws:sqs:us-east-2:123456789012:my-queue"
    assert (first.group_id, first.deduplication_id, first.sequence_number) == (None, None, None)
    assert (first.trace_header, first.dead_letter_source_arn) == (None, None)
    assert second.json == {"message": "foo1"}
    assert (first.sns, first.s3, second.sns, second.s3) == (None, None, None, None)


def test_a_message_of_a_fifo_queue() -> None:
    record = SqsRecord(
        {
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders.fifo",
            "attributes": {
                "MessageGroupId": "a",
                "MessageDeduplicationId": "d",
                "SequenceNumber": "188",
                "AWSTraceHeader": "Root=1",
                "ApproximateReceiveCount": "7",
            },
            "messageAttributes": {
                "binary": {"binaryValue": "AP8=", "dataType": "Binary"},
                "text": {"stringValue": "x", "dataType": "String"},
                "broken": {"binaryValue": "?", "dataType": "Binary"},
            },
        }
    )
    assert (record.is_fifo, record.group_id, record.deduplication_id, record.sequence_number) == (True, "a", "d", "188")
    assert (record.trace_header, record.receive_count) == ("Root=1", 7)
    with pytest.raises(EventError, match="does not hold valid base64"):
        _ = record.message_attributes
    del record.raw["messageAttributes"]["broken"]
    found = SqsRecord(record.raw)
    assert found.message_attributes == {"binary": b"\x00\xff", "text": "x"}
    assert found.message_attributes is found.message_attributes  # decoded once
    assert SqsRecord({}).message_attributes == {}


def test_a_message_that_was_moved_to_a_dead_letter_queue() -> None:
    (record,) = SqsEvent(payload("sqsDlqTriggerEvent"))
    arn = "arn:aws:sqs:eu-central-1:123456789012:sqs-redrive-SampleQueue-RNvLCpwGmLi7"
    assert record.dead_letter_source_arn == arn


def test_a_notification_of_sns_within_a_message() -> None:
    (record,) = SqsEvent(payload("snsSqsEvent"))
    found = record.sns
    assert found is not None
    assert found.raw is record.json
    assert (found.id, found.json) == (
        "d88d4479-6ec0-54fe-b63f-1cf9df4bb16e",
        {"message": "hello world", "username": "lessa"},
    )
    assert found.topic_arn == "arn:aws:sns:eu-west-1:231436140809:powertools265"
    assert found.published_at == datetime(2021, 1, 19, 10, 7, 7, 287000, UTC)
    assert (found.subject, found.s3, record.s3, found.message_attributes) == (None, None, None, {})


def test_an_event_of_s3_within_a_message() -> None:
    (record,) = SqsEvent(payload("s3SqsEvent"))
    found = record.s3
    assert found is not None
    (one,) = found
    raw = one.raw["s3"]
    assert (one.bucket, one.key, one.size) == (raw["bucket"]["name"], raw["object"]["key"], raw["object"]["size"])
    assert record.sns is None


def test_a_record_of_kinesis() -> None:
    raw = payload("kinesisStreamEvent")
    first, second = KinesisEvent(raw)
    data = raw["Records"][0]["kinesis"]
    assert first.id == first.sequence_number == data["sequenceNumber"]
    assert (first.data, first.body) == (b"Hello, this is a test.", "Hello, this is a test.")
    assert (first.partition_key, first.schema_version) == ("1", "1.0")
    assert first.arrived_at == datetime.fromtimestamp(data["approximateArrivalTimestamp"], UTC)
    assert first.shard_id == "shardId-000000000006"
    assert first.event_id == raw["Records"][0]["eventID"]
    assert (first.stream_name, first.region) == ("lambda-stream", "us-east-2")
    assert second.body == "This is only a test."
    with pytest.raises(EventError, match="the KinesisRecord does not hold JSON"):
        _ = first.json


def test_a_change_of_dynamodb() -> None:
    first, second = DynamoDBStreamEvent(payload("dynamoStreamEvent"))
    assert (first.id, first.sequence_number, first.event_id, first.event_name) == ("111", "111", "1", "INSERT")
    assert first.keys == {"Id": Decimal(101)}
    assert first.new_image == {"Id": Decimal(101), "Message": "New item!"}
    assert first.new_image is first.new_image
    assert (first.old_image, first.view_type, first.size, first.region) == (None, "NEW_AND_OLD_IMAGES", 26, "us-west-2")
    assert first.changed_at == datetime(2023, 9, 6, 10, 45, 55, tzinfo=UTC)
    assert (first.is_expired, first.user_identity, first.stream_arn) == (False, None, "eventsource_arn")
    with pytest.raises(EventError, match="is not the ARN of a stream of a table"):
        _ = first.table_name
    assert second.old_image == {"Id": Decimal(101), "Message": "New item!"}
    second.raw["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert second.is_expired
    second.raw["eventSourceARN"] = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026"
    assert second.table_name == "orders"


def test_a_record_of_kafka() -> None:
    event = KafkaEvent(payload("kafkaEventMsk"))
    (record,) = event
    assert record.id == {"partition": "mytopic-0", "offset": 15}
    assert (record.topic, record.partition, record.offset) == ("mytopic", 0, 15)
    assert (record.key, record.json, record.data) == (b"recordKey", {"key": "value"}, b'{"key":"value"}')
    assert record.headers == [("headerKey", b"headerValue")]
    assert record.written_at == datetime(2018, 12, 17, 22, 10, 50, 987000, UTC)
    assert (record.timestamp_type, record.is_tombstone) == ("CREATE_TIME", False)
    assert event.event_source_arn is not None
    assert event.event_source_arn.startswith("arn:aws:kafka:")
    assert [one.partition(".")[0] for one in event.bootstrap_servers] == ["b-2", "b-1"]
    assert repr(record) == "<KafkaRecord mytopic-0@15>"


def test_a_record_of_kafka_without_key_value_and_headers() -> None:
    record = KafkaRecord({"topic": "t", "partition": 1, "offset": 2, "value": None})
    assert (record.key, record.headers, record.is_tombstone, record.written_at) == (None, [], True, None)
    with pytest.raises(EventError, match="'value' of the KafkaRecord is of type NoneType; text is needed"):
        _ = record.data
    assert KafkaRecord({"headers": [{"a": [-1, 0, 127]}, {"a": [1]}]}).headers == [
        ("a", b"\xff\x00\x7f"),
        ("a", b"\x01"),
    ]
    for broken in ([5], [{"a": 5}], [{"a": ["x"]}]):
        with pytest.raises(EventError, match="the headers of the KafkaRecord cannot be read"):
            _ = KafkaRecord({"headers": broken}).headers
    with pytest.raises(EventError, match="does not hold valid base64"):
        _ = KafkaRecord({"key": "?"}).key


def test_a_record_of_firehose() -> None:
    event = FirehoseEvent(payload("kinesisFirehosePutEvent"))
    first, second = event
    assert (first.id, first.data, first.body) == ("record1", b"Hello World", "Hello World")
    assert second.json == {"Hello": "World"}
    assert first.arrived_at == datetime(2022, 9, 24, 14, 19, 45, 290000, UTC)
    assert (first.partition_key, first.shard_id, first.sequence_number) == (None, None, None)
    assert event.invocation_id == "2b4d1ad9-2f48-94bd-a088-767c317e994a"
    assert event.delivery_stream_arn.endswith("delivery-stream-name")
    assert (event.source_stream_arn, event.region) == (None, "us-east-2")
    assert FirehoseRecord({"kafkaRecordValue": "YQ=="}).data == b"a"


def test_a_task_of_s3_batch() -> None:
    event = S3BatchEvent(payload("s3BatchOperationEventSchemaV1"))
    (task,) = event
    assert (task.id, task.bucket, task.version_id) == ("dGFza2lkZ29lc2hlcmUK", "powertools-dataset", "1")
    assert task.key == "prefix/dataset/dataset.20231222.json.gz"
    assert (event.job_id, event.user_arguments) == ("f3cc4f60-61f6-4a2b-8a21-d07600c373ce", {})
    assert event.invocation_id == "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo"
    task = S3BatchTask({"s3Bucket": "pictures", "s3Key": "a+b%C3%BC", "s3VersionId": None})
    assert (task.bucket, task.key, task.version_id) == ("pictures", "a bü", None)
    assert S3BatchEvent({"job": {"userArguments": {"k": "v"}}}).user_arguments == {"k": "v"}


def test_what_happened_to_an_object() -> None:
    (one,) = S3Event(payload("s3EventDecodedKey"))
    assert (one.bucket, one.key, one.size) == ("sourcebucket", "Happy Face.jpg", 1024)
    assert (one.event_name, one.region) == ("ObjectCreated:Put", "us-east-1")
    assert one.event_time == datetime(1970, 1, 1, 0, 0, 0, 123000, UTC)
    assert (one.bucket_arn, one.etag) == ("arn:aws:s3:::mybucket", "d41d8cd98f00b204e9800998ecf8427e")
    assert (one.version_id, one.sequencer) == ("version", "Happy Sequencer")
    del one.raw["s3"]["object"]["size"]
    assert one.size is None
    assert repr(one) == "<S3Record ObjectCreated:Put>"


EVENTS: list[tuple[Any, str]] = [
    (SqsEvent, "sqsEvent"),
    (KinesisEvent, "kinesisStreamEvent"),
    (DynamoDBStreamEvent, "dynamoStreamEvent"),
    (KafkaEvent, "kafkaEventMsk"),
    (FirehoseEvent, "kinesisFirehosePutEvent"),
    (S3BatchEvent, "s3BatchOperationEventSchemaV1"),
    (S3Event, "s3Event"),
]


def errors_of(record: Any) -> list[str]:
    """Read all that a view has, and return what it says of what it does not have."""
    told: list[str] = []
    for attribute in sorted(one for one in dir(record) if not one.startswith("_") and one != "raw"):
        try:
            getattr(record, attribute)
        except EventError as error:
            told.append(str(error))
    return told


@pytest.mark.parametrize(("view", "name"), EVENTS)
def test_what_is_missing_everywhere_is_named_and_no_payload_quoted(view: Any, name: str) -> None:
    record_class: Any = view(payload(name)).records[0].__class__
    for raw in ({}, {"secret": "hunter2"}):
        told = errors_of(record_class(raw))
        assert told
        assert all(record_class.__name__ in one and "hunter2" not in one for one in told)
        assert "hunter2" not in repr(record_class(raw))
    for nothing in (None, 5, "hunter2", ["hunter2"]):
        told = errors_of(record_class(nothing))
        assert told
        assert all("a dict is needed" in one and "hunter2" not in one for one in told)


@pytest.mark.parametrize(("view", "name"), EVENTS)
def test_nothing_is_copied_and_nothing_changed(view: Any, name: str) -> None:
    raw, before = payload(name), payload(name)
    event = view(raw)
    for record in event:
        for attribute in (one for one in dir(record) if not one.startswith("_")):
            try:
                getattr(record, attribute)
            except EventError:
                continue
    assert raw == before
    assert event.raw is raw
    assert [one.raw for one in event] == [one.raw for one in event.records]
    for record, attribute in ((event, "records"), (event.records[0], "other")):
        with pytest.raises(AttributeError):
            setattr(record, attribute, 5)
