"""Every kind of event: its source is recognised, its view reads it, and a value is missing only where it may be."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import events
from lambda_kit.errors import EventError
from lambda_kit.events import _source as rules
from lambda_kit.events import as_event, source_of
from tests.effort import skip_in_the_middle
from tests.events import kinds

if TYPE_CHECKING:
    from pathlib import Path

skip_in_the_middle()

PUBLIC = [name for name in events.__all__ if hasattr(getattr(events, name), "raw")]
# Payloads of others. The first pattern that matches the path of a file says what it is: a source, a view whose source
# the file does not show, or nothing, with the reason.
SHARED: list[tuple[str, str | None, str]] = [
    (r"cognito-event\.json|[Cc]ognito_?[Ss]ync", None, "Cognito Sync is not supported"),
    (r"Shared__cognito-createauth", "CreateAuthChallengeEvent", "its triggerSource is a place-holder"),
    (
        r"Shared__cognito-custome?mail|Shared__cognito-customsms",
        "CustomSenderEvent",
        "its triggerSource is a place-holder",
    ),
    (r"Shared__cognito-custommessage", "CustomMessageEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-defineauth", "DefineAuthChallengeEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-migrateuser", "UserMigrationEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-postauth", "PostAuthenticationEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-postconf", "PostConfirmationEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-preauth", "PreAuthenticationEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-presignup", "PreSignUpEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-pretoken", "PreTokenGenerationEvent", "its triggerSource is a place-holder"),
    (r"Shared__cognito-verifyauth", "VerifyAuthChallengeEvent", "its triggerSource is a place-holder"),
    (r"ddb_stream_record", "DynamoDBRecord", "it is a record without its event"),
    (
        r"(?<!Aggregate)(?<!RequestIn)[Rr]esponse(s__|\.json|2\.json)|__response__|Policy(V1)?Responses",
        None,
        "it is a response",
    ),
    (r"kinesis[-_]+(kinesis_)?analytics|KinesisAnalytics", None, "Kinesis Data Analytics is not supported"),
    (r"alexa|CodeCommit|codecommit|iot_button|object[-_]lambda|WorkMail", None, "the service is not supported"),
    (r"Shared__lex-event|/lex__|resources__lex_event", None, "Lex V1 is not supported"),
    (r"batch__Batch|sagemaker__|StepFunctionsError|pojo", None, "it is no event of a service"),
    (r"appsync-event-lambda-authorizer-request|appsync_authorizer_event", "appsync_authorizer", ""),
    (r"[Aa]pp[Ss]ync", "appsync", ""),
    (r"AuthorizerRequest|RequestAuthorizer|apigw_auth|custom-authorizer-v2", "request_authorizer", ""),
    (r"ApiGatewayAuthorizer", "token_authorizer", ""),
    (r"websocket", "websocket", ""),
    (r"[Bb]edrock", "bedrock_agent_api", ""),
    (r"activemq|resources__mq_event", "active_mq", ""),
    (r"rabbitmq", "rabbit_mq", ""),
    (r"[Kk]afkaEvent|kafka[-_]event", "kafka", ""),
    (r"(metric|composite)_alarm", "alarm", ""),
    (r"[Ll]ogEvent|cloudwatchlogs|[Cc]loudwatchLogs\.json|logs-event", "cloudwatch_logs", ""),
    (r"[Cc]loudfront|lambda-edge", "cloudfront", ""),
    (r"CodePipeline", "code_pipeline", ""),
    (r"[Cc]reate_?[Aa]uth", "cognito_create_auth_challenge", ""),
    (r"custom_message", "cognito_custom_message", ""),
    (r"define_auth", "cognito_define_auth_challenge", ""),
    (r"[Mm]igrat", "cognito_user_migration", ""),
    (r"[Pp]ost_?[Aa]uthentication", "cognito_post_authentication", ""),
    (r"postconfirmation", "cognito_post_confirmation", ""),
    (r"[Pp]re_?[Aa]uthentication", "cognito_pre_authentication", ""),
    (r"[Pp]re_?[Ss]ign_?[Uu]p", "cognito_pre_sign_up", ""),
    (r"[Pp]re_?[Tt]oken_?[Gg]eneration|pre-token-generation", "cognito_pre_token_generation", ""),
    (r"verify_auth", "cognito_verify_auth_challenge", ""),
    (r"/config__|config[-_]event", "config_rule", ""),
    (r"[Cc]onnect", "connect", ""),
    (r"[Cc]loudformation", "custom_resource", ""),
    (r"lambda_destination", "destination", ""),
    (r"[Ff]irehose", "firehose", ""),
    (r"[Dd]ynamo", "dynamodb", ""),
    (r"[Kk]inesis", "kinesis", ""),
    (r"s3object|s3EventBridge", "s3_event_bridge", ""),
    (r"[Ss]cheduled|cloudwatch_event", "schedule", ""),
    (r"[Ss]3_?[Bb]atch", "s3_batch", ""),
    (r"s3SqsEvent|[Ss]qs", "sqs", ""),
    (r"[Ss]ecrets", "secrets_rotation", ""),
    (r"simple-email|sesEvent|/ses__", "ses", ""),
    (r"snsEvent|sns[-_]event|/sns__", "sns", ""),
    (r"s3__S3|s3Event|s3[-_]event|RekognitionS3", "s3", ""),
    (r"cloudwatchevents|state-change|eventBridgeEvent", "event_bridge", ""),
    (r"lex-?v2", "lex", ""),
    (r"", "http", ""),
]
# What samples cannot show: where the text of a reason is in the error, the sample deviates from what AWS sends.
UNREADABLE: list[tuple[str, str]] = [
    (r"(does not hold|is not) JSON|is not the text of a JSON object", "the content is text"),
    (r"is not text in UTF-8", "the content is bytes"),
    (r"the FirehoseRecord does not hold valid base64", "a sample of SAM has too much padding"),
    (
        r"of the (body|HttpEvent).* is not valid base64|the body of the HttpEvent is not valid base64",
        "the body is made up",
    ),
    (r"the MessageAttribute does not hold valid base64", "a sample of AWS has a place-holder"),
    (r"the DynamoDBRecord has no .eventSourceARN", "a change within Kinesis or Firehose has no stream of its own"),
    (r"the FirehoseEvent has no 'deliveryStreamArn'", "it is missing, or misspelt, in samples of SAM"),
    (r"is not the ARN of a (stream|bucket|queue)", "the ARN is a place-holder"),
    (r"the headers of the KafkaRecord cannot be read", "a fixture of Java, with bytes as base64"),
    (r"the View has no 'request'", "a response of SAM without its request"),
]


def unreadable(view: Any) -> list[str]:
    """Return the properties that cannot be read, and for which no reason is known."""
    return [
        f"{kind}.{name}: {found}"
        for kind, name, found in kinds.read(view)
        if isinstance(found, EventError) and not any(re.search(pattern, str(found)) for pattern, _ in UNREADABLE)
    ]


@pytest.mark.parametrize("name", kinds.SAMPLES)
def test_a_sample_is_recognised_and_read(name: str) -> None:
    sample = kinds.SAMPLES[name]
    source = source_of(sample)
    assert source is not None
    assert unreadable(kinds.view_of(source)(sample)) == []


@pytest.mark.parametrize("source", rules.VIEWS)
def test_every_source_has_a_sample_and_a_page_of_aws(source: str) -> None:
    assert any(source_of(sample) == source for sample in kinds.SAMPLES.values())
    view = kinds.view_of(source)
    assert kinds.page_of(view.__name__)
    assert source in (view.source, *view._also)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_view_names_the_page_of_aws_or_the_view_that_does(name: str) -> None:
    assert kinds.page_of(name)


@pytest.mark.parametrize("path", kinds.shared_files())
def test_a_payload_of_others_is_recognised_and_read(path: Path) -> None:
    payload = json.loads(path.read_text("utf-8"))
    expected = next(one for pattern, one, _ in SHARED if re.search(pattern, str(path.relative_to(kinds.SHARED))))
    source = source_of(payload)
    if expected in rules.VIEWS:
        assert source == expected
        assert unreadable(kinds.view_of(expected)(payload)) == []
    elif expected is None:
        assert source is None
    else:
        assert source is None
        assert unreadable(getattr(events, expected)(payload)) == []


def test_the_table_of_the_documentation_is_that_of_the_code() -> None:
    page = kinds.page()
    assert page == kinds.with_table(page), "run python -m tests.events.kinds"


def same(event: Any, context: Any) -> Any:
    return event


@pytest.mark.parametrize("source", rules.VIEWS)
def test_as_event_takes_the_event_of_its_view_and_no_other(source: str) -> None:
    view = kinds.view_of(source)
    layered = as_event(view)(same)
    for sample in kinds.SAMPLES.values():
        found = source_of(sample)
        if found in (view.source, *view._also):
            assert layered(sample, None).raw is sample
        else:
            with pytest.raises(EventError, match=f"and was given an event of {found}"):
                layered(sample, None)


def test_a_family_has_a_view_for_all_of_its_events() -> None:
    for family in (events.CognitoEvent, events.BedrockAgentEvent, events.InvocationRecord):
        layer: Any = as_event(family)
        layered = layer(same)
        taken = {source_of(sample) for sample in kinds.SAMPLES.values() if source_of(sample) in family._also}
        assert taken == set(family._also)
        for sample in kinds.SAMPLES.values():
            if source_of(sample) in taken:
                assert type(layered(sample, None)) is family


def test_a_message_of_a_rule_of_iot_is_not_recognised_and_read_by_hand() -> None:
    raw = kinds.UNRECOGNISED["iot-rule"]
    event = events.IotRuleEvent(raw)
    assert source_of(raw) is None
    assert (event.topic, event.client_id, event.value("temperature")) == ("devices/d-1/climate", "d-1", 21.5)
    assert str(event.trace_id).startswith("0a1b2c3d-")
    assert event.received_at is not None
    assert (event.received_at.year, event.value("a", "b"), event.names) == (2026, None, list(raw))


def filled() -> dict[tuple[str, str], bool]:
    """Return for each property of each view whether some sample has a value for it."""
    found: dict[tuple[str, str], bool] = defaultdict(bool)
    payloads = list(kinds.SAMPLES.values())
    payloads += [json.loads(path.read_text("utf-8")) for path in sorted(kinds.SHARED.rglob("*.json"))]
    for payload in payloads:
        source = source_of(payload)
        if source is not None:
            for kind, name, value in kinds.read(kinds.view_of(source)(payload)):
                has_value = not isinstance(value, EventError) and (value == 0 or bool(value)) and value is not False
                found[kind, name] |= has_value
    return found


# What no sample shows


def request(**fields: Any) -> dict[str, Any]:
    return {"request": fields}


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def packed(value: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(value).encode())).decode()


ATTRIBUTE = {"Type": "String", "Value": "b"}
CHANNEL = {
    "identity": {"sub": "s"},
    "request": {"domainName": "example.org"},
    "stash": {"a": 1},
    "outErrors": [{"message": "m"}],
}
CHANGE = {
    "eventSource": "aws:dynamodb",
    "eventName": "INSERT",
    "tableName": "orders",
    "dynamodb": {"Keys": {"id": {"S": "o"}}},
}
LOGS: dict[str, Any] = {"logGroup": "g", "logEvents": [], "policyLevel": "ACCOUNT_LEVEL_POLICY"}
MAIL = {"headersTruncated": True, "commonHeaders": {"bcc": ["b"], "cc": ["c"], "replyTo": ["r"], "sender": "s"}}
REPLICATION = {
    "replicationRuleId": "r",
    "destinationBucket": "arn:aws:s3:::copies",
    "s3Operation": "OBJECT_PUT",
    "requestTime": "2026-11-28T12:00:00Z",
    "failureReason": "AssumeRoleNotPermitted",
}
RESTORED = {"lifecycleRestorationExpiryTime": "2026-11-28T12:00:00Z", "lifecycleRestoreStorageClass": "GLACIER"}
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FIFO = {"MessageGroupId": "g", "MessageDeduplicationId": "d", "SequenceNumber": "7", "AWSTraceHeader": "Root=1"}
OBJECT = {"detail-type": "Object Tier Changed", "detail": {"destination-access-tier": "ARCHIVE_ACCESS"}}
VALUES: list[tuple[str, Any, dict[str, Any]]] = [
    (
        "ActiveMQMessage",
        {"correlationID": "c", "redelivered": True, "replyTo": "queue://answers", "type": "order"},
        {"correlation_id": "c", "is_redelivered": True, "reply_to": "queue://answers", "type": "order"},
    ),
    ("AlarmMetric", {"expression": "m1 / m2", "label": "rate"}, {"expression": "m1 / m2", "label": "rate"}),
    (
        "AppSyncAuthorizerEvent",
        {"requestContext": {"channel": "/a", "operation": "EVENT_PUBLISH"}},
        {"channel": "/a", "operation": "EVENT_PUBLISH"},
    ),
    (
        "AppSyncChannelEvent",
        {**CHANNEL, "info": {"operation": "SUBSCRIBE", "channel": {"path": "/a"}}, "events": None},
        {
            "domain_name": "example.org",
            "identity": events.AppSyncIdentity({"sub": "s"}),
            "is_subscription": True,
            "out_errors": [{"message": "m"}],
            "stash": {"a": 1},
            "messages": [],
        },
    ),
    (
        "AppSyncEvent",
        {"request": {"domainName": "example.org"}, "prev": {"result": [1]}, "stash": {"a": 1}},
        {"domain_name": "example.org", "previous_result": [1], "stash": {"a": 1}, "identity": None},
    ),
    (
        "BedrockFunctionEvent",
        {"sessionAttributes": {"a": "b"}, "promptSessionAttributes": {"c": "d"}},
        {"session_attributes": {"a": "b"}, "prompt_session_attributes": {"c": "d"}, "arguments": {}},
    ),
    ("CloudFrontRequest", {"body": {"inputTruncated": True}}, {"is_body_truncated": True, "body": b""}),
    (
        "CodePipelineEvent",
        {"CodePipeline.job": {"data": {"encryptionKey": {"id": "arn:aws:kms:::key/1"}}}},
        {"encryption_key_id": "arn:aws:kms:::key/1", "user_parameters": None, "parameters": {}},
    ),
    ("ConfigItem", {"configurationItemStatus": "ResourceDeleted"}, {"is_deleted": True, "configuration": {}}),
    ("ConfigRuleEvent", {"eventLeftScope": True}, {"left_scope": True, "rule_parameters": {}}),
    ("CreateAuthChallengeEvent", request(userNotFound=True), {"user_not_found": True}),
    ("CustomSenderEvent", request(clientMetadata={"a": "b"}), {"client_metadata": {"a": "b"}}),
    ("CustomSenderEvent", {"response": {"a": 1}}, {"response": {"a": 1}}),
    ("DefineAuthChallengeEvent", request(userNotFound=True), {"user_not_found": True}),
    ("DestinationEvent", {"requestContext": {"condition": "Success"}}, {"is_success": True}),
    (
        "DocumentDBChange",
        {"event": {"updateDescription": {"removedFields": ["a"]}}},
        {"update_description": {"removedFields": ["a"]}, "full_document": {}},
    ),
    (
        "DynamoDBStreamEvent",
        {"isFinalInvokeForWindow": True, "isWindowTerminatedEarly": True},
        {"is_final": True, "is_terminated_early": True, "has_window": False, "state": {}},
    ),
    ("FirehoseEvent", {"sourceKinesisStreamArn": "arn"}, {"source_stream_arn": "arn"}),
    ("FirehoseRecord", {"data": encoded(CHANGE)}, {"dynamodb": events.DynamoDBRecord(CHANGE), "logs": None}),
    (
        "HookEvent",
        {
            "changeSetId": "arn:aws:cloudformation:::changeSet/a",
            "requestData": {"payload": "https://example.org", "targetModel": {"previousResourceProperties": {"a": 1}}},
            "requestContext": {"callbackContext": {"b": 2}},
        },
        {
            "change_set_id": "arn:aws:cloudformation:::changeSet/a",
            "payload_url": "https://example.org",
            "previous_properties": {"a": 1},
            "callback_context": {"b": 2},
        },
    ),
    ("KafkaRecord", {"value": None}, {"is_tombstone": True}),
    (
        "KinesisEvent",
        {"isFinalInvokeForWindow": True, "isWindowTerminatedEarly": True},
        {"is_final": True, "is_terminated_early": True},
    ),
    (
        "KinesisRecord",
        {"kinesis": {"data": encoded(CHANGE)}},
        {"dynamodb": events.DynamoDBRecord(CHANGE), "logs": None, "encryption_type": None},
    ),
    ("KinesisRecord", {"kinesis": {"data": packed(LOGS)}}, {"dynamodb": None, "logs": events.LogsData(LOGS)}),
    ("KinesisRecord", {"kinesis": {"data": packed({"a": 1})}}, {"dynamodb": None, "logs": None}),
    (
        "PipesKinesisRecord",
        {"data": encoded(CHANGE), "encryptionType": "KMS"},
        {"dynamodb": events.DynamoDBRecord(CHANGE), "encryption_type": "KMS"},
    ),
    ("PipesKinesisRecord", {"data": packed(LOGS)}, {"logs": events.LogsData(LOGS)}),
    ("LexEvent", {"invocationLabel": "intro"}, {"invocation_label": "intro", "intent": None, "slots": {}}),
    ("LogEvent", {"extractedFields": {"a": "1"}}, {"extracted_fields": {"a": "1"}}),
    ("LogsData", LOGS, {"policy_level": "ACCOUNT_LEVEL_POLICY", "is_control_message": False}),
    ("PostAuthenticationEvent", {"response": {"a": 1}}, {"response": {"a": 1}}),
    ("PostConfirmationEvent", {"response": {"a": 1}}, {"response": {"a": 1}}),
    (
        "PreAuthenticationEvent",
        {**request(userNotFound=True, clientMetadata={"a": "b"}), "response": {"c": 1}},
        {"user_not_found": True, "client_metadata": {"a": "b"}, "response": {"c": 1}},
    ),
    (
        "RabbitMQMessage",
        {"basicProperties": {"appId": "a", "clusterId": "c", "contentEncoding": "gzip", "replyTo": "r", "type": "t"}},
        {"app_id": "a", "cluster_id": "c", "content_encoding": "gzip", "reply_to": "r", "type": "t", "headers": {}},
    ),
    (
        "S3EventBridgeEvent",
        {**OBJECT, "replay-name": "r"},
        {"destination_access_tier": "ARCHIVE_ACCESS", "replay_name": "r"},
    ),
    (
        "S3EventBridgeEvent",
        {"detail": {"destination-storage-class": "GLACIER"}},
        {"destination_storage_class": "GLACIER", "size": None, "etag": None},
    ),
    (
        "S3Record",
        {"replicationEventData": REPLICATION},
        {
            "replication_rule_id": "r",
            "replication_bucket_arn": "arn:aws:s3:::copies",
            "replication_operation": "OBJECT_PUT",
            "replication_requested_at": NOON,
            "replication_failure_reason": "AssumeRoleNotPermitted",
        },
    ),
    (
        "S3Record",
        {"glacierEventData": {"restoreEventData": RESTORED}},
        {"restore_expires_at": NOON, "restore_storage_class": "GLACIER"},
    ),
    (
        "S3Record",
        {
            "intelligentTieringEventData": {"destinationAccessTier": "ARCHIVE_ACCESS"},
            "lifecycleEventData": {"transitionEventData": {"destinationStorageClass": "GLACIER"}},
        },
        {"tiering_access_tier": "ARCHIVE_ACCESS", "transition_storage_class": "GLACIER", "size": None, "etag": None},
    ),
    (
        "ScheduledEvent",
        {"detail": '{"a": 1}', "replay-name": "r", "version": 0},
        {"detail": {"a": 1}, "replay_name": "r", "version": "0"},
    ),
    (
        "SesRecord",
        {"ses": {"mail": MAIL}},
        {"bcc": ["b"], "cc": ["c"], "reply_to": ["r"], "sender": "s", "headers_truncated": True, "dmarc_policy": None},
    ),
    (
        "SnsMessage",
        {"Message": json.dumps(kinds.SAMPLES["s3"]), "Subject": "s", "MessageAttributes": {"a": {"Value": "b"}}},
        {"s3": events.S3Event(kinds.SAMPLES["s3"]), "subject": "s", "message_attributes": {"a": "b"}},
    ),
    (
        "SnsMessage",
        {"Message": "m"},
        {"unsubscribe_url": None, "signing_certificate_url": None, "message_attributes": {}, "published_at": None},
    ),
    ("SnsRecord", {"Sns": {"Message": json.dumps(kinds.SAMPLES["s3"])}}, {"s3": events.S3Event(kinds.SAMPLES["s3"])}),
    (
        "SqsRecord",
        {"attributes": FIFO, "eventSourceARN": "arn:aws-cn:sqs:cn-north-1:123456789012:a.fifo"},
        {
            "deduplication_id": "d",
            "group_id": "g",
            "is_fifo": True,
            "sequence_number": "7",
            "trace_header": "Root=1",
            "queue_url": "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/a.fifo",
        },
    ),
    (
        "StreamFailureEvent",
        {"payload": "{}", "responsePayload": {"a": 1}, "requestContext": {"condition": "Success"}},
        {"payload": "{}", "response_payload": {"a": 1}, "is_success": True},
    ),
    (
        "StreamFailureEvent",
        {"KafkaBatchInfo": {"recordsInfo": {"orders-0": {"firstRecordOffset": "7"}}}, "payload": {"records": {}}},
        {"request_payload": {"records": {}}, "records_info": {"orders-0": {"firstRecordOffset": "7"}}},
    ),
    ("StreamFailureEvent", {"payload": '{"Records": []}'}, {"request_payload": {"Records": []}}),
    ("StreamFailureEvent", {}, {"payload": None, "request_payload": None}),
    ("StreamFailureEvent", {"DDBStreamBatchInfo": {"shardId": "s"}}, {"shard_id": "s", "stream_arn": None}),
    ("TransferLoginEvent", {"password": ""}, {"uses_key": True}),
    (
        "TransferStepEvent",
        {"fileLocation": {"fileSystemId": "fs-1", "path": "/a", "versionId": "v"}},
        {"file_system_id": "fs-1", "path": "/a", "version_id": "v", "bucket": None},
    ),
    ("RequestAuthorizerEvent", {"multiValueQueryStringParameters": {"a": ["1"]}}, {"query_lists": {"a": ["1"]}}),
    ("VerifyAuthChallengeEvent", request(userNotFound=True), {"user_not_found": True, "challenge_answer": None}),
    ("WebSocketEvent", {"requestContext": {"authorizer": {"principalId": "u"}}}, {"authorizer": {"principalId": "u"}}),
    ("WebSocketEvent", {"body": "AP8=", "isBase64Encoded": True}, {"data": b"\x00\xff"}),
    ("AppSyncIdentity", {"handlerContext": {"tenant": "t-1"}}, {"handler_context": {"tenant": "t-1"}}),
    (
        "InboundFederationEvent",
        request(attributes={"samlResponse": {"mail": "a@b"}}, clientMetadata={"a": "b"}, userAttributes={"c": "d"}),
        {"saml_response": {"mail": "a@b"}, "client_metadata": {"a": "b"}, "user_attributes": {"c": "d"}},
    ),
    (
        "MessageAttribute",
        {"dataType": "Binary.gif", "binaryValue": "AP8="},
        {"data_type": "Binary.gif", "string_value": None, "binary_value": b"\x00\xff", "value": b"\x00\xff"},
    ),
    (
        "MessageAttribute",
        {"dataType": "Number.int", "stringValue": "7"},
        {"data_type": "Number.int", "string_value": "7", "binary_value": None, "value": "7"},
    ),
    (
        "SnsMessage",
        {"MessageAttributes": {"a": ATTRIBUTE}},
        {"message_attributes": {"a": "b"}, "typed_attributes": {"a": events.MessageAttribute(ATTRIBUTE)}},
    ),
    (
        "MessageAttribute",
        {"Type": "Binary", "Value": "AP8="},
        {"data_type": "Binary", "string_value": None, "binary_value": b"\x00\xff", "value": b"\x00\xff"},
    ),
    (
        "MessageAttribute",
        {"Type": "String.Array", "Value": '["a"]'},
        {"data_type": "String.Array", "string_value": '["a"]', "binary_value": None, "value": '["a"]'},
    ),
    (
        "IotAuthorizerEvent",
        {"protocolData": {"mqtt": {"username": "u"}}},
        {"password": None, "user_name": "u", "token": None},
    ),
]


@pytest.mark.parametrize(
    ("name", "raw", "expected"), VALUES, ids=[f"{n}-{name}" for n, (name, _, _) in enumerate(VALUES)]
)
def test_what_no_sample_shows_is_read(name: str, raw: Any, expected: dict[str, Any]) -> None:
    view = getattr(events, name)(raw)
    assert {one: getattr(view, one) for one in expected} == expected


CONTENT = ("body", "data", "json", "parsed")  # of records and messages: whatever was sent


@pytest.mark.skipif(not kinds.SHARED.is_dir(), reason="the payloads of others are not beside the project")
def test_every_property_has_a_value_in_a_sample_or_above() -> None:
    tested = {
        (name, one) for name, _, expected in VALUES for one, value in expected.items() if value not in (None, False)
    }
    empty = {pair for pair, has_value in filled().items() if not has_value}
    empty = {(name, one) for name, one in empty if name != "HttpEvent" and one not in CONTENT}
    assert sorted(empty - tested) == []
