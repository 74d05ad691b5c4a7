"""What real events do beside what the documentation says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_kit.errors import EventError
from lambda_kit.events import (
    ActiveMQEvent,
    AppSyncEvent,
    BedrockApiEvent,
    BedrockFunctionEvent,
    CloudFrontEvent,
    ConfigRuleEvent,
    DynamoDBRecord,
    DynamoDBStreamEvent,
    EventBridgeEvent,
    KinesisEvent,
    PipesEvent,
    PipesKinesisRecord,
    PreTokenGenerationEvent,
    RabbitMQEvent,
    RequestAuthorizerEvent,
    S3BatchTask,
    S3Event,
    ScheduledEvent,
    SnsEvent,
    SqsRecord,
    StepFunctionsTask,
    WebSocketEvent,
    source_of,
)
from tests.events.kinds import SAMPLES

# DynamoDB


@pytest.mark.parametrize(
    ("time", "precision", "microsecond"),
    [
        (1700000000, None, 0),
        (1700000000.25, None, 250_000),
        (1700000000125, None, 125_000),
        (1700000000125250, None, 125_250),
        (1700000000, "SECOND", 0),
        (1700000000125, "MILLISECOND", 125_000),
        (1700000000125250, "MICROSECOND", 125_250),
        ("1700000000", None, 0),
    ],
)
def test_the_time_of_a_change_is_in_seconds_milliseconds_or_microseconds(
    time: Any, precision: str | None, microsecond: int
) -> None:
    data = {"ApproximateCreationDateTime": time, "ApproximateCreationDateTimePrecision": precision}
    found = DynamoDBRecord({"dynamodb": data}).changed_at
    assert found is not None
    assert abs(found.timestamp() - 1700000000 - microsecond / 1_000_000) < 1e-5


def test_a_change_through_kinesis_names_its_table_and_has_no_sequence_number() -> None:
    change = DynamoDBRecord(
        {
            "awsRegion": "eu-west-1",
            "eventID": "b8f8b1c0-0000-4000-8000-000000000001",
            "eventName": "MODIFY",
            "userIdentity": None,
            "recordFormat": "application/json",
            "tableName": "orders",
            "dynamodb": {"ApproximateCreationDateTime": 1700000000125, "Keys": {"id": {"S": "o-1"}}, "SizeBytes": 9},
            "eventSource": "aws:dynamodb",
        }
    )
    assert (change.id, change.table_name, change.sequence_number) == (change.event_id, "orders", None)
    assert (change.user_identity, change.is_expired, change.keys) == (None, False, {"id": "o-1"})
    with pytest.raises(EventError, match="has no 'eventSourceARN'"):
        _ = change.stream_arn


def test_a_record_without_a_sequence_number_and_a_table_has_no_id() -> None:
    with pytest.raises(EventError, match=r"has no 'dynamodb\.SequenceNumber'"):
        _ = DynamoDBRecord({"eventID": "1", "dynamodb": {}}).id


# Windows


@pytest.mark.parametrize(("arn", "view"), [("kinesis", KinesisEvent), ("dynamodb", DynamoDBStreamEvent)])
def test_the_last_invocation_of_a_window_shows_its_source_without_records(arn: str, view: Any) -> None:
    raw: dict[str, Any] = {
        "Records": [],
        "window": {"start": "2026-11-28T12:00:00Z", "end": "2026-11-28T12:05:00Z"},
        "state": {"count": 3},
        "shardId": "shardId-0",
        "eventSourceARN": f"arn:aws:{arn}:eu-west-1:123456789012:stream/orders",
        "isFinalInvokeForWindow": True,
    }
    event = view(raw)
    assert source_of(raw) == view.source
    assert (event.has_window, event.state, event.is_final, event.is_terminated_early) == (
        True,
        {"count": 3},
        True,
        False,
    )
    assert (event.window_start, event.window_end) == (
        datetime(2026, 11, 28, 12, tzinfo=UTC),
        datetime(2026, 11, 28, 12, 5, tzinfo=UTC),
    )
    assert source_of({"Records": [], "window": {}, "eventSourceARN": "arn:aws:sqs:a:b:c"}) is None
    assert source_of({"Records": [], "window": {}, "eventSourceARN": 5}) is None


# S3


@pytest.mark.parametrize(
    ("arn", "bucket"),
    [
        ("arn:aws:s3:::pictures", "pictures"),
        ("arn:aws:s3:us-east-1:0123456788:awsexamplebucket", "awsexamplebucket"),
        ("arn:aws-cn:s3:::pictures", "pictures"),
        ("arn:aws:s3express:eu-west-1:123456789012:bucket/pictures--euw1-az1--x-s3", "pictures--euw1-az1--x-s3"),
        ("arn:aws:s3:eu-west-1:123456789012:accesspoint/team", "arn:aws:s3:eu-west-1:123456789012:accesspoint/team"),
    ],
)
def test_the_bucket_of_a_task_has_a_name(arn: str, bucket: str) -> None:
    assert S3BatchTask({"s3BucketArn": arn}).bucket == bucket


@pytest.mark.parametrize(
    "arn", ["", "pictures", "arn:aws:s3:::", "arn:aws:s3:::a/b", "arn:aws:s3:::accesspoint/", None]
)
def test_the_bucket_of_a_task_is_never_empty(arn: Any) -> None:
    for raw in ({"s3BucketArn": arn}, {"s3BucketArn": arn, "s3Bucket": ""}):
        with pytest.raises(EventError, match="s3BucketArn"):
            _ = S3BatchTask(raw).bucket


def test_the_first_message_of_a_notification_of_a_bucket_has_no_records() -> None:
    event = S3Event(SAMPLES["s3-test"])
    assert (event.is_test, len(event), list(event)) == (True, 0, [])
    assert S3Event(SAMPLES["s3"]).is_test is False


# EventBridge


def test_the_version_of_an_envelope_is_a_number_or_a_text() -> None:
    assert [EventBridgeEvent({"version": one}).version for one in (0, "0", None)] == ["0", "0", None]


def test_the_detail_of_a_schedule_is_an_object_or_the_text_of_one() -> None:
    rule, scheduler = ScheduledEvent(SAMPLES["schedule"]), ScheduledEvent(SAMPLES["scheduler"])
    assert (rule.detail, scheduler.detail, rule.is_scheduler, scheduler.is_scheduler) == ({}, {}, False, True)
    assert (rule.schedule_name, scheduler.schedule_name) == ("nightly", "nightly")
    with pytest.raises(EventError, match="'detail' of the ScheduledEvent is text that is not JSON"):
        _ = ScheduledEvent({"detail": "x"}).detail


def test_the_input_of_a_rule_has_no_envelope_and_no_source() -> None:
    assert source_of({"task": "cleanup"}) is None


def test_the_detail_is_parsed_into_a_model() -> None:
    event = EventBridgeEvent[dict[str, int]]({"detail-type": "a", "source": "b", "detail": {"a": "7"}})
    assert (event.parsed, event.parse(dict[str, str])) == ({"a": 7}, {"a": "7"})


# Messages


def test_the_records_of_a_notification_have_its_properties() -> None:
    (record,) = SnsEvent(SAMPLES["sns"])
    assert record.raw["EventSource"] == "aws:sns"
    assert (record.body, record.subject) == ("Hello from SNS!", "TestInvoke")
    assert record.subscription_arn == SAMPLES["sns"]["Records"][0]["EventSubscriptionArn"]
    with pytest.raises(EventError, match=r"the SnsRecord has no 'Sns\.Message'; it has 'EventSource'"):
        _ = SnsEvent({"Records": [{"EventSource": "aws:sns"}]}).records[0].body


def test_a_pipe_sends_the_records_of_its_source() -> None:
    (message,) = PipesEvent(SAMPLES["pipes-sqs"])
    (record,) = PipesEvent(SAMPLES["pipes-kinesis"])
    assert isinstance(message, SqsRecord)
    assert isinstance(record, PipesKinesisRecord)
    assert (message.json, record.json, record.partition_key) == ({"order_id": "o-1"}, {"order_id": "o-1"}, "o-1")
    assert (record.shard_id, record.stream_name) == ("shardId-000000000006", "orders")
    with pytest.raises(EventError, match="the PipesKinesisRecord has no 'data'"):
        _ = PipesKinesisRecord({"eventSource": "aws:kinesis"}).data
    with pytest.raises(EventError, match="a list is needed"):
        len(PipesEvent({}))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# As the pages of the sources of EventBridge Pipes have them: eb-pipes-kafka, eb-pipes-msk and eb-pipes-mq.
_KAFKA_IN_A_PIPE: dict[str, Any] = {
    "eventSource": "SelfManagedKafka",
    "bootstrapServers": "b-1.example:9092",
    "eventSourceKey": "orders-0",
    "topic": "orders",
    "partition": "0",
    "offset": 15,
    "timestamp": 1545084650987,
    "timestampType": "CREATE_TIME",
    "key": "a2V5",
    "value": "eyJvcmRlcl9pZCI6ICJvLTEifQ==",
    "headers": [{"headerKey": [104, 101]}],
}
_ACTIVE_IN_A_PIPE: dict[str, Any] = {
    "eventSource": "aws:amq",
    "eventSourceArn": "arn:aws:mq:eu-west-1:123456789012:broker:a:b-1",
    "messageID": "ID:b-1",
    "messageType": "jms/text-message",
    "data": "eyJvcmRlcl9pZCI6ICJvLTEifQ==",
    "connectionId": "c-1",
    "redelivered": False,
    "destination": {"physicalname": "orders"},
    "timestamp": 1598827811958,
    "brokerInTime": 1598827811958,
    "brokerOutTime": 1598827811959,
}
_RABBIT_IN_A_PIPE: dict[str, Any] = {
    "eventSource": "aws:rmq",
    "eventSourceArn": "arn:aws:mq:eu-west-1:123456789012:broker:a:b-1",
    "eventSourceKey": "orders::/",
    "basicProperties": {"contentType": "text/plain", "headers": {"a": {"bytes": [118]}, "b": 10}, "messageId": None},
    "redelivered": False,
    "data": "eyJvcmRlcl9pZCI6ICJvLTEifQ==",
}


def test_a_pipe_sends_the_records_of_brokers_without_what_lambda_puts_around_them() -> None:
    kafka = _KAFKA_IN_A_PIPE
    records: list[Any] = [
        *PipesEvent([kafka, {**kafka, "eventSource": "aws:kafka"}, _ACTIVE_IN_A_PIPE, _RABBIT_IN_A_PIPE])
    ]
    names = ["KafkaRecord", "KafkaRecord", "ActiveMQMessage", "RabbitMQMessage"]
    assert [type(record).__name__ for record in records] == names
    assert [record.json for record in records] == 4 * [{"order_id": "o-1"}]
    for record in records[:2]:
        assert (record.topic, record.partition, record.offset, record.key) == ("orders", 0, 15, b"key")
        assert record.headers == [("headerKey", b"he")]
    assert (records[2].queue_name, records[2].id) == ("orders", "ID:b-1")
    assert (records[3].headers, records[3].id) == ({"a": b"v", "b": 10}, None)
    assert all(source_of([record.raw]) == "pipes" for record in records)


def test_messages_of_mq_say_their_queue() -> None:
    (active,) = ActiveMQEvent(SAMPLES["active-mq"])
    assert (active.queue_name, active.json) == ("orders", {"order_id": "o-1"})
    event = RabbitMQEvent(SAMPLES["rabbit-mq"])
    (message,) = event.queues["orders::/"]
    assert (message.headers, message.json) == ({"tenant": b"a-1", "attempt": 2}, {"order_id": "o-1"})
    with pytest.raises(EventError, match="one for each queue"):
        len(RabbitMQEvent({"rmqMessagesByQueue": {"a": {}}}))
    with pytest.raises(EventError, match=r"rmqMessagesByQueue\.orders::/\.0\.data"):
        event.parse(list[int])


# Others


def test_a_client_without_a_user_has_neither_groups_nor_attributes() -> None:
    event = PreTokenGenerationEvent(SAMPLES["cognito-pre-token-generation-v3"])
    assert (event.is_for_client, event.groups, event.user_attributes) == (True, [], {})
    assert (event.user_name, event.scopes, event.version) == (None, ["shop/orders.read"], "3")


def test_parameters_of_bedrock_are_text_and_a_comma_splits_none() -> None:
    assert BedrockFunctionEvent(SAMPLES["bedrock-agent-function"]).arguments == {
        "order_id": "o-7",
        "tags": "[new, big]",
    }
    body = {"content": {"application/json": {"properties": [{"name": "a", "type": "integer", "value": "1,5"}]}}}
    event = BedrockApiEvent({"requestBody": body})
    assert (event.content_type, event.body, BedrockApiEvent({}).body) == ("application/json", {"a": "1,5"}, {})


def test_a_periodic_rule_has_no_item_and_an_oversized_one_a_summary() -> None:
    change, oversized, periodic = (
        ConfigRuleEvent(SAMPLES[name]) for name in ("config-rule", "config-rule-oversized", "config-rule-periodic")
    )
    assert change.item is not None
    assert (change.item.configuration, change.is_oversized, len(change.changes)) == (
        {"instanceType": "t3.small"},
        False,
        1,
    )
    assert oversized.item is not None
    assert (oversized.item.resource_id, oversized.item.configuration, oversized.is_oversized) == (
        "i-00000000",
        {},
        True,
    )
    assert (periodic.item, periodic.is_periodic, periodic.changes) == (None, True, {})


def test_headers_of_cloudfront_are_found_in_any_letter_case() -> None:
    event = CloudFrontEvent(SAMPLES["cloudfront-request"])
    assert event.request.headers["HOST"] == "example.org"
    assert (event.event_type, event.response, event.request.body) == ("origin-request", None, b"a=1")
    assert event.request.origin_domain == "example.org"
    response = CloudFrontEvent(SAMPLES["cloudfront-response"]).response
    assert response is not None
    assert (response.status, response.headers["content-type"]) == (200, "image/png")


def test_headers_are_found_in_any_letter_case() -> None:
    views: list[Any] = [
        RequestAuthorizerEvent({"headers": {"X-Key": "a"}}),
        WebSocketEvent({"headers": {"X-Key": "a"}}),
        AppSyncEvent({"request": {"headers": {"X-Key": "a"}}}),
    ]
    assert [view.headers["x-kEY"] for view in views] == ["a", "a", "a"]
    assert [view.__class__({}).headers.get("x-key") for view in views] == [None, None, None]


def test_all_values_of_a_header_are_read() -> None:
    raw: dict[str, Any] = {"headers": {"a": "2"}, "multiValueHeaders": {"A": ["1", "2"]}}
    for view in (RequestAuthorizerEvent(raw), WebSocketEvent(raw)):
        assert view.headers.all("a") == ["1", "2"]
    assert WebSocketEvent({**raw, "multiValueHeaders": None}).headers.all("a") == ["2"]


def test_authorizers_of_all_apis_are_read_alike() -> None:
    rest = RequestAuthorizerEvent(SAMPLES["api-gateway-authorizer-request"])
    second = RequestAuthorizerEvent(SAMPLES["request-authorizer-v2"])
    socket = RequestAuthorizerEvent(SAMPLES["websocket-authorizer"])
    assert (rest.method, rest.path, second.method, second.path) == ("GET", "/request", "GET", "/orders")
    assert (second.arn[-11:], second.identity_sources, second.cookies) == (
        "/GET/orders",
        ["Bearer token-1"],
        ["session=s-1"],
    )
    assert (socket.connection_id, socket.method, socket.source_ip) == ("example-connection=", None, "203.0.113.7")


def test_a_message_of_a_websocket_is_decoded_once() -> None:
    event = WebSocketEvent(SAMPLES["websocket-message"])
    assert event.json == {"action": "send", "text": "hi"}
    assert event.json is event.json
    assert event.data is event.data
    assert event.callback_url == "https://abcdef1234.execute-api.eu-west-1.amazonaws.com/prod"
    leaving = WebSocketEvent(SAMPLES["websocket-disconnect"])
    assert (leaving.is_disconnect, leaving.disconnect_code, leaving.body) == (True, 1001, "")


def test_a_task_without_a_token_says_what_the_state_machine_needs() -> None:
    assert StepFunctionsTask(SAMPLES["step-functions"]).payload == {"order_id": "o-1"}
    with pytest.raises(EventError, match=r'add "TaskToken\.\$": "\$\$\.Task\.Token" to the payload'):
        _ = StepFunctionsTask({}).token


def test_a_part_is_made_once() -> None:
    event = CloudFrontEvent(SAMPLES["cloudfront-request"])
    assert event.request is event.request
    assert event.request.headers is event.request.headers
    assert event.request.body is event.request.body


def test_an_error_that_was_kept_is_raised_anew() -> None:
    event = WebSocketEvent({"body": "x"})
    errors: list[EventError] = []
    for _ in range(2):
        with pytest.raises(EventError, match="is not JSON") as caught:
            _ = event.json
        errors.append(caught.value)
    assert errors[0] is not errors[1]


def test_a_view_of_an_event_cannot_be_changed() -> None:
    event: Any = WebSocketEvent({})
    for name in ("connection_id", "json", "headers", "other"):
        with pytest.raises(AttributeError):
            setattr(event, name, 5)
    assert json.loads(json.dumps(event.raw)) == {}
