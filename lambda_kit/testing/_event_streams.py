"""Builders of events with records of streams: DynamoDB, Kinesis, Kafka, Firehose, and logs of CloudWatch."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._event_parts import (
    ACCOUNT,
    REGION,
    arn,
    base64_of,
    dynamodb_item,
    listed,
    merged,
    new_hex,
    new_id,
    new_number,
    seconds,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambda_kit.testing._event_parts import Event, Fields


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
    change["SizeBytes"] = len(json.dumps(change))
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
    packed = gzip.compress(json.dumps(merged(data, fields)).encode())
    return {"awslogs": {"data": base64_of(packed)}}
