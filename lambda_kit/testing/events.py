"""Builders of events for tests: what each source sends, with ids that differ and the values that the test needs.

```python
from lambda_kit.events import SqsEvent, source_of
from lambda_kit.testing import events

event = events.sqs([{"order": 1}, "not JSON"], queue="orders")
assert source_of(event) == "sqs"
assert [record.body for record in SqsEvent(event)] == ['{"order": 1}', "not JSON"]
```

Each builder returns a new dict, which the test may change. Options that all of them have:

- `at`: the time of the event in seconds since the epoch; default: now.
- `fields`: replaces fields, in each record where there are records. Objects are merged, all else is replaced.

`of` builds the event of any source from a sample; `joined` makes one event of several.
"""

from __future__ import annotations

import gzip
import hashlib
import json as json_
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import source_of
from lambda_kit.testing._event_parts import (
    ACCOUNT,
    REGION,
    arn,
    base64_of,
    dynamodb_item,
    iso,
    listed,
    merged,
    new_hex,
    new_id,
    new_number,
    new_token,
    seconds,
    text_of,
    with_new_ids,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambda_kit.events._http_trigger import HttpTrigger
    from lambda_kit.events._source import SourceName

    Event = dict[str, Any]
    Fields = Mapping[str, Any] | None
    Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]] | None

__all__ = [
    "cloudwatch_logs",
    "custom_resource",
    "dynamodb",
    "event_bridge",
    "firehose",
    "http",
    "joined",
    "kafka",
    "kinesis",
    "of",
    "s3",
    "s3_batch",
    "s3_event_bridge",
    "schedule",
    "secrets_rotation",
    "sns",
    "sqs",
    "websocket",
]

_SAMPLES = {
    "alarm": "alarm",
    "appsync": "appsync-resolver",
    "bedrock_agent_api": "bedrock-agent",
    "cloudfront": "cloudfront-request",
    "config_rule": "config-rule",
    "custom_resource": "cloudformation-custom-resource-create",
    "dynamodb": "dynamodb-stream",
    "event_bridge": "eventbridge",
    "firehose": "kinesis-firehose-put",
    "http": "api-gateway-proxy-v2",
    "kafka": "kafka-msk",
    "kinesis": "kinesis-stream",
    "pipes": "pipes-sqs",
    "request_authorizer": "api-gateway-authorizer-request",
    "s3_batch": "s3-batch-operation-v2",
    "s3_event_bridge": "s3-eventbridge-object-created",
    "secrets_rotation": "secrets-manager",
    "websocket": "websocket-message",
}
"""The sample of each source whose name is another one, or that has several."""


def of(source: SourceName, *, fields: Fields = None) -> Any:
    """Return the event of any source: the sample that `lambda-kit events` has, with new ids.

    ```python
    from lambda_kit.testing import events

    event = events.of("cognito_pre_sign_up", fields={"request": {"userAttributes": {"email": "ada@example.com"}}})
    assert event["triggerSource"] == "PreSignUp_SignUp"
    assert event["request"]["userAttributes"]["email"] == "ada@example.com"
    ```

    Args:
        source: the name that `source_of` gives to such events.
        fields: replaces fields of the event; default: none.

    Raises:
        ConfigurationError: there is no such source.
    """
    from lambda_kit.events._source import VIEWS
    from lambda_kit.local import _events

    if source not in VIEWS:
        import difflib

        close = difflib.get_close_matches(str(source), VIEWS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(VIEWS)}"
        raise ConfigurationError(f"events.of({source!r}): there is no such source; {hint}")
    text = _events.sample(_SAMPLES.get(source, source.replace("_", "-")))
    return merged(with_new_ids(json_.loads(text)), fields)


def joined(*events: Event) -> Event:
    """Return one event with the records of several events of the same source.

    ```python
    from lambda_kit.testing import events

    event = events.joined(events.dynamodb(new={"id": 1}), events.dynamodb(old={"id": 2}))
    assert [record["eventName"] for record in event["Records"]] == ["INSERT", "REMOVE"]
    ```

    Raises:
        ConfigurationError: there is no event, or they are not of one source that sends records.
    """
    sources = {source_of(event) for event in events}
    if len(sources) != 1:
        raise ConfigurationError(f"events.joined(...) takes events of one source, and got those of {sources or 'none'}")
    result: Event = dict(events[0])
    for name in ("Records", "records", "tasks"):
        first = result.get(name)
        if type_of(first) is list:
            result[name] = [one for event in events for one in event[name]]
            return result
        if type_of(first) is dict:  # Kafka has a list for each partition
            lists: dict[str, list[Any]] = {}
            for event in events:
                for partition, items in event[name].items():
                    lists.setdefault(partition, []).extend(items)
            result[name] = lists
            return result
    raise ConfigurationError(f"events.joined(...) takes events with records; those of {sources.pop()} have none")


def sqs(
    bodies: Iterable[Any],
    *,
    queue: str = "orders",
    group: str = "group-1",
    received: int = 1,
    attributes: Mapping[str, str | int | float | bytes] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a queue of SQS.

    Args:
        bodies: the body of each message: a text as it is, another value as JSON.
        queue: the name of the queue; with `.fifo` at its end it is a FIFO queue.
        group: the message group, in a FIFO queue.
        received: how often each message has been received, this time included.
        attributes: the message attributes; default: none.
        at: the time when the messages were sent, in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    sent = str(int(seconds(at) * 1000))
    records: list[Any] = []
    for value in listed(bodies, "sqs", "bodies"):
        body = text_of(value)
        system = {
            "ApproximateReceiveCount": str(received),
            "SentTimestamp": sent,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": sent,
        }
        if queue.endswith(".fifo"):
            system |= {
                "SequenceNumber": new_number(20),
                "MessageGroupId": group,
                "MessageDeduplicationId": hashlib.sha256(body.encode()).hexdigest(),
            }
        record = {
            "messageId": new_id(),
            "receiptHandle": new_token(),
            "body": body,
            "attributes": system,
            "messageAttributes": {name: _sqs_attribute(value, name) for name, value in (attributes or {}).items()},
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn("sqs", queue),
            "awsRegion": REGION,
        }
        records.append(merged(record, fields))
    return {"Records": records}


def _sqs_attribute(value: Any, name: str) -> dict[str, Any]:
    key, kind, shown = _typed_attribute(value, name)
    return {key: shown, "stringListValues": [], "binaryListValues": [], "dataType": kind}


def _typed_attribute(value: Any, name: str) -> tuple[str, str, str]:
    if isinstance(value, bytes):
        return "binaryValue", "Binary", base64_of(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "stringValue", "Number", str(value)
    if isinstance(value, str):
        return "stringValue", "String", value
    raise ConfigurationError(f"attributes[{name!r}]={value!r}: message attributes are texts, numbers or bytes")


def sns(
    message: Any,
    *,
    topic: str = "orders",
    subject: str | None = None,
    attributes: Mapping[str, str | int | float | bytes] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a topic of SNS, which always has one record.

    Args:
        message: the message: a text as it is, another value as JSON.
        topic: the name of the topic.
        subject: the subject; default: none.
        attributes: the message attributes; default: none.
        at: the time when it was published, in seconds since the epoch; default: now.
        fields: replaces fields of the record; default: none.
    """
    host = f"https://sns.{REGION}.amazonaws.com"
    subscription = f"{arn('sns', topic)}:{new_id()}"
    typed = {name: _typed_attribute(value, name) for name, value in (attributes or {}).items()}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": {
            "Type": "Notification",
            "MessageId": new_id(),
            "TopicArn": arn("sns", topic),
            "Subject": subject,
            "Message": text_of(message),
            "Timestamp": iso(at, "milliseconds"),
            "SignatureVersion": "1",
            "Signature": new_token(),
            "SigningCertUrl": f"{host}/SimpleNotificationService-{new_hex(32)}.pem",
            "UnsubscribeUrl": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription}",
            "MessageAttributes": {name: {"Type": kind, "Value": shown} for name, (_, kind, shown) in typed.items()},
        },
    }
    return {"Records": [merged(record, fields)]}


def s3(
    *keys: str,
    bucket: str = "uploads",
    event_name: str = "ObjectCreated:Put",
    size: int = 1024,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the notification of a bucket of S3.

    Args:
        *keys: the keys of the objects, as they are; the event has them encoded, as S3 does.
        bucket: the name of the bucket.
        event_name: what happened, such as `"ObjectRemoved:Delete"`.
        size: the size of each object in bytes. Events of removals have none.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    records: list[Any] = []
    for key in keys:
        found: dict[str, Any] = {"key": quote_plus(key, safe="/-_.*")}
        if not event_name.startswith(("ObjectRemoved", "LifecycleExpiration")):
            found |= {"size": size, "eTag": new_hex(32)}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": iso(at, "milliseconds"),
            "eventName": event_name,
            "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
            "requestParameters": {"sourceIPAddress": "192.0.2.1"},
            "responseElements": {"x-amz-request-id": new_hex(16).upper(), "x-amz-id-2": new_token()},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": new_id(),
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                    "arn": f"arn:aws:s3:::{bucket}",
                },
                "object": {**found, "sequencer": new_hex(18).upper()},
            },
        }
        records.append(merged(record, fields))
    return {"Records": records}


def event_bridge(
    detail: Mapping[str, Any],
    *,
    detail_type: str = "Order Placed",
    source: str = "shop.orders",
    resources: Iterable[str] = (),
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return an event of EventBridge.

    Args:
        detail: the detail.
        detail_type: the type of the detail.
        source: who has sent it.
        resources: ARNs; default: none.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    event = {
        "version": "0",
        "id": new_id(),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": iso(at),
        "region": REGION,
        "resources": list(resources),
        "detail": dict(detail),
    }
    return cast("Event", merged(event, fields))


def s3_event_bridge(
    key: str,
    *,
    bucket: str = "uploads",
    detail_type: str = "Object Created",
    size: int = 1024,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a bucket that S3 sends through EventBridge.

    Args:
        key: the key of the object; EventBridge has it as it is.
        bucket: the name of the bucket.
        detail_type: what happened, such as `"Object Deleted"`.
        size: the size of the object in bytes.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size, "etag": new_hex(32), "sequencer": new_hex(18).upper()},
        "request-id": new_hex(16).upper(),
        "requester": ACCOUNT,
        "source-ip-address": "192.0.2.1",
        "reason": "DeleteObject" if "Deleted" in detail_type else "PutObject",
    }
    resources = [f"arn:aws:s3:::{bucket}"]
    return event_bridge(detail, detail_type=detail_type, source="aws.s3", resources=resources, at=at, fields=fields)


def schedule(rule: str = "nightly", *, at: float | None = None, fields: Fields = None) -> Event:
    """Return the event of a scheduled rule of EventBridge.

    Args:
        rule: the name of the rule.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    resources = [arn("events", f"rule/{rule}")]
    return event_bridge(
        {}, detail_type="Scheduled Event", source="aws.events", resources=resources, at=at, fields=fields
    )


def dynamodb(
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    *,
    keys: Iterable[str] = ("id",),
    table: str = "orders",
    expired: bool = False,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a stream of DynamoDB with one change. `joined` makes one event of several.

    Args:
        old: the item before the change, with values of Python; None if there was none.
        new: the item after it; None if it was removed.
        keys: the names of its keys.
        table: the name of the table.
        expired: True if DynamoDB has removed the item because its time to live is over; default False.
        at: the time of the change in seconds since the epoch; default: now.
        fields: replaces fields of the record; default: none.

    Raises:
        ConfigurationError: neither `old` nor `new` is given, one lacks a key, or a value has no type in DynamoDB.
    """
    item = old if new is None else new
    names = listed(keys, "dynamodb", "keys")
    if item is None:
        raise ConfigurationError("events.dynamodb(...) needs old=..., new=... or both: items as dicts")
    missing = [name for name in names if name not in item]
    if missing:
        raise ConfigurationError(
            f"events.dynamodb(...): the item has no key {missing[0]!r}; name its keys by keys=[...]"
        )
    images = {"OldImage": old, "NewImage": new}
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": float(int(seconds(at))),
        "Keys": dynamodb_item({name: item[name] for name in names}),
        **{name: dynamodb_item(image) for name, image in images.items() if image is not None},
        "SequenceNumber": new_number(21),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    change["SizeBytes"] = len(json_.dumps(change))
    record: Event = {
        "eventID": new_hex(32),
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": arn("dynamodb", f"table/{table}/stream/2026-11-29T00:00:00.000"),
    }
    if expired:
        record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return {"Records": [merged(record, fields)]}


def kinesis(
    data: Iterable[Any],
    *,
    stream: str = "orders",
    partition_key: str = "key-1",
    shard: int = 0,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a stream of Kinesis.

    Args:
        data: the data of each record: bytes or text as they are, another value as JSON.
        stream: the name of the stream.
        partition_key: the partition key of the records.
        shard: the number of the shard.
        at: the time of arrival in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    records: list[Any] = []
    for value in listed(data, "kinesis", "data"):
        number = new_number(56)
        record = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": partition_key,
                "sequenceNumber": number,
                "data": base64_of(value),
                "approximateArrivalTimestamp": round(seconds(at), 3),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"shardId-{shard:012d}:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
            "awsRegion": REGION,
            "eventSourceARN": arn("kinesis", f"stream/{stream}"),
        }
        records.append(merged(record, fields))
    return {"Records": records}


def kafka(  # noqa: PLR0913  # the parts of a record
    values: Iterable[Any],
    *,
    topic: str = "orders",
    partition: int = 0,
    first_offset: int = 0,
    key: Any = None,
    headers: Mapping[str, bytes] | None = None,
    self_managed: bool = False,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a topic of Kafka.

    Args:
        values: the value of each record: bytes or text as they are, another value as JSON, None for a tombstone.
        topic: the topic.
        partition: the partition.
        first_offset: the offset of the first record.
        key: the key of the records; default: none.
        headers: the headers of the records; default: none.
        self_managed: True for a cluster that is not of MSK; default False.
        at: the time of the records in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    records: list[Any] = []
    for place, value in enumerate(listed(values, "kafka", "values")):
        record: Event = {
            "topic": topic,
            "partition": partition,
            "offset": first_offset + place,
            "timestamp": int(seconds(at) * 1000),
            "timestampType": "CREATE_TIME",
            "headers": [{name: list(one)} for name, one in (headers or {}).items()],
        }
        pair = {"key": key, "value": value}
        record |= {name: None if one is None else base64_of(one) for name, one in pair.items()}
        records.append(merged(record, fields))
    by_partition = {f"{topic}-{partition}": records}
    servers = f"b-1.orders.abcdef.c1.kafka.{REGION}.amazonaws.com:9092"
    if self_managed:
        return {"eventSource": "SelfManagedKafka", "bootstrapServers": servers, "records": by_partition}
    cluster = arn("kafka", "cluster/orders/0a1b2c3d-0000-4000-8000-000000000001-1")
    return {"eventSource": "aws:kafka", "eventSourceArn": cluster, "bootstrapServers": servers, "records": by_partition}


def firehose(data: Iterable[Any], *, stream: str = "orders", at: float | None = None, fields: Fields = None) -> Event:
    """Return the event with which Firehose asks for a transformation.

    Args:
        data: the data of each record: bytes or text as they are, another value as JSON.
        stream: the name of the delivery stream.
        at: the time of arrival in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    records = [
        merged(
            {
                "recordId": new_number(56),
                "approximateArrivalTimestamp": int(seconds(at) * 1000),
                "data": base64_of(value),
            },
            fields,
        )
        for value in listed(data, "firehose", "data")
    ]
    return {
        "invocationId": new_id(),
        "deliveryStreamArn": arn("firehose", f"deliverystream/{stream}"),
        "region": REGION,
        "records": records,
    }


def s3_batch(
    *keys: str, bucket: str = "uploads", arguments: Mapping[str, str] | None = None, fields: Fields = None
) -> Event:
    """Return the event of a job of S3 Batch Operations, of schema 2.0.

    Args:
        *keys: the keys of the objects, as they are.
        bucket: the name of the bucket.
        arguments: the user arguments of the job; default: none.
        fields: replaces fields of each task; default: none.
    """
    tasks: list[Any] = []
    for key in keys:
        task = {"taskId": new_token(), "s3Key": key, "s3VersionId": None, "s3Bucket": bucket}
        tasks.append(merged(task, fields))
    job: Event = {"id": new_id(), "userArguments": dict(arguments or {})}
    return {"invocationSchemaVersion": "2.0", "invocationId": new_token(), "job": job, "tasks": tasks}


def cloudwatch_logs(
    messages: Iterable[Any],
    *,
    log_group: str = "/aws/lambda/orders",
    log_stream: str = "2026/11/29/[$LATEST]0123456789abcdef0123456789abcdef",
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a subscription of CloudWatch Logs.

    Args:
        messages: the message of each line: a text as it is, another value as JSON.
        log_group: the name of the log group.
        log_stream: the name of the log stream.
        at: the time of the lines in seconds since the epoch; default: now.
        fields: replaces fields of the data inside; default: none.
    """
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": log_group,
        "logStream": log_stream,
        "subscriptionFilters": ["all"],
        "logEvents": [
            {"id": new_number(56), "timestamp": int(seconds(at) * 1000), "message": text_of(message)}
            for message in listed(messages, "cloudwatch_logs", "messages")
        ],
    }
    packed = gzip.compress(json_.dumps(merged(data, fields)).encode())
    return {"awslogs": {"data": base64_of(packed)}}


def custom_resource(
    request_type: str = "Create",
    properties: Mapping[str, Any] | None = None,
    *,
    old_properties: Mapping[str, Any] | None = None,
    resource_type: str = "Custom::Domain",
    logical_id: str = "Domain",
    response_url: str = "https://cloudformation-custom-resource-response.example/answer",
    fields: Fields = None,
) -> Event:
    """Return the event of a custom resource of CloudFormation.

    Args:
        request_type: `"Create"`, `"Update"` or `"Delete"`.
        properties: the properties of the resource; default: none.
        old_properties: the properties before an update; default: none.
        resource_type: the type of the resource.
        logical_id: the name of the resource in the template.
        response_url: where the answer is sent, such as a server of the test.
        fields: replaces fields of the event; default: none.

    Raises:
        ConfigurationError: there is no such type of request.
    """
    if request_type not in ("Create", "Update", "Delete"):
        raise ConfigurationError(f"events.custom_resource({request_type!r}): pass 'Create', 'Update' or 'Delete'")
    token = arn("lambda", "function:custom-resource")
    event: Event = {
        "RequestType": request_type,
        "ServiceToken": token,
        "ResponseURL": response_url,
        "StackId": arn("cloudformation", f"stack/shop/{new_id()}"),
        "RequestId": new_id(),
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": {"ServiceToken": token, **(properties or {})},
    }
    if request_type != "Create":
        event["PhysicalResourceId"] = f"{logical_id.lower()}-1"
    if request_type == "Update":
        event["OldResourceProperties"] = {"ServiceToken": token, **(old_properties or {})}
    return cast("Event", merged(event, fields))


def secrets_rotation(
    step: str = "createSecret", *, name: str = "shop/database", token: str | None = None, fields: Fields = None
) -> Event:
    """Return the event with which Secrets Manager asks for a step of a rotation.

    Args:
        step: `"createSecret"`, `"setSecret"`, `"testSecret"` or `"finishSecret"`.
        name: the name of the secret.
        token: the client request token, which is the version; default: a new one.
        fields: replaces fields of the event; default: none.
    """
    event = {
        "Step": step,
        "SecretId": arn("secretsmanager", f"secret:{name}-a1b2c3"),
        "ClientRequestToken": token or new_id(),
        "RotationToken": new_id(),
    }
    return cast("Event", merged(event, fields))


def http(  # noqa: PLR0913  # the parts of a request
    method: str = "GET",
    path: str = "/",
    *,
    trigger: HttpTrigger = "http_api_2",
    params: Pairs = None,
    headers: Pairs = None,
    cookies: Mapping[str, str] | None = None,
    json: Any = ...,
    data: Pairs = None,
    files: Pairs = None,
    content: bytes | str | None = None,
    source_ip: str = "192.0.2.1",
    fields: Fields = None,
) -> Event:
    """Return the event of a request over HTTP, by any trigger.

    Args:
        method: the method.
        path: the path, encoded or not, perhaps with a query.
        trigger: `"rest_api"`, `"http_api_1"`, `"http_api_2"`, `"function_url"`, `"alb"`, `"alb_multi_value"`,
            `"lattice_1"` or `"lattice_2"`.
        params: parameters of the query; a list holds several values of a name; default: none.
        headers: headers, as a dict or as pairs; default: none.
        cookies: cookies; default: none.
        json: a value that is sent as JSON; default: none.
        data: fields that are sent as a form; default: none.
        files: files that are sent as `multipart/form-data`; default: none.
        content: the body itself, as bytes or text; default: none.
        source_ip: the address of the client.
        fields: replaces fields of the event, such as `{"requestContext": {"authorizer": {...}}}`; default: none.

    Raises:
        ConfigurationError: there is no such trigger.
    """
    from lambda_kit.http._test_client import request_event

    event = request_event(
        trigger,
        method,
        path,
        params=params,
        headers=headers,
        cookies=cookies,
        json=json,
        data=data,
        files=files,
        content=content,
        source_ip=source_ip,
    )
    return cast("Event", merged(event, fields))


def websocket(
    route: str = "$default",
    body: Any = None,
    *,
    connection: str | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a WebSocket API.

    Args:
        route: `"$connect"`, `"$disconnect"`, `"$default"`, or the key of a route of messages.
        body: the message: a text as it is, another value as JSON; default: none.
        connection: the id of the connection; default: a new one.
        headers: headers of the request that connects; default: none.
        params: its query; default: none.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    kind = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE")
    host = f"abcdef1234.execute-api.{REGION}.amazonaws.com"
    request = new_id()
    now = int(seconds(at) * 1000)
    context: Event = {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request,
        "requestTime": iso(at),
        "messageDirection": "IN",
        "stage": "prod",
        "connectedAt": now,
        "requestTimeEpoch": now,
        "identity": {"sourceIp": "192.0.2.1"},
        "requestId": request,
        "domainName": host,
        "connectionId": connection or f"{new_token()[:15]}=",
        "apiId": "abcdef1234",
    }
    event: Event = {"requestContext": context, "isBase64Encoded": False}
    if kind == "MESSAGE":
        context["messageId"] = f"{new_token()[:15]}="
        event["body"] = "" if body is None else text_of(body)
    else:
        named = {"Host": host, **(headers or {})}
        event["headers"] = named
        event["multiValueHeaders"] = {name: [value] for name, value in named.items()}
        if kind == "DISCONNECT":
            context |= {"disconnectStatusCode": 1000, "disconnectReason": "client closed"}
    if params:
        event["queryStringParameters"] = dict(params)
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in params.items()}
    return cast("Event", merged(event, fields))
