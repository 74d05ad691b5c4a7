"""Events of all sources that batches come from, as small as their services allow."""

from __future__ import annotations

import base64
import json
from typing import Any

from lambda_kit import handler
from lambda_kit.batch import batch

ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"


def message(id: str, body: Any = "{}", *, group: str | None = None, received: int = 1) -> dict[str, Any]:
    """A message of SQS; of a FIFO queue if it has a group."""
    attributes = {"ApproximateReceiveCount": str(received)}
    if group is not None:
        attributes["MessageGroupId"] = group
    return {
        "messageId": id,
        "receiptHandle": f"handle-{id}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN if group is None else f"{ARN}.fifo",
        "awsRegion": "eu-west-1",
    }


def sqs(*messages: Any, count: int = 0) -> dict[str, Any]:
    """An event of SQS: of the messages, or of `count` of them with the ids `m0`, `m1`, …"""
    return {"Records": [*messages, *(message(f"m{i}", {"number": i}) for i in range(count))]}


def encoded(data: Any) -> str:
    """Return bytes, or the JSON of another value, as base64."""
    return base64.b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).decode()


def kinesis(*keys: str) -> dict[str, Any]:
    """An event of Kinesis: a record for each partition key, with the sequence numbers 100, 101, …"""
    return {
        "Records": [
            {
                "eventSource": "aws:kinesis",
                "eventID": f"shardId-0:{100 + i}",
                "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
                "kinesis": {
                    "partitionKey": key,
                    "sequenceNumber": str(100 + i),
                    "data": encoded({"number": i}),
                    "approximateArrivalTimestamp": 1_700_000_000.5,
                },
            }
            for i, key in enumerate(keys)
        ]
    }


def dynamodb(*items: str) -> dict[str, Any]:
    """An event of a table's stream: a change for each item."""
    return {
        "Records": [
            {
                "eventSource": "aws:dynamodb",
                "eventName": "MODIFY",
                "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026",
                "dynamodb": {
                    "Keys": {"id": {"S": item}},
                    "NewImage": {"id": {"S": item}, "number": {"N": str(i)}},
                    "SequenceNumber": str(100 + i),
                },
            }
            for i, item in enumerate(items)
        ]
    }


def kafka(**partitions: int) -> dict[str, Any]:
    """An event of Kafka: for each partition, `p0=3`, so many records."""
    return {
        "eventSource": "aws:kafka",
        "records": {
            f"orders-{name[1:]}": [
                {
                    "topic": "orders",
                    "partition": int(name[1:]),
                    "offset": 15 + i,
                    "timestamp": 1_700_000_000_000,
                    "key": encoded(b"k"),
                    "value": encoded({"number": i}),
                    "headers": [],
                }
                for i in range(count)
            ]
            for name, count in partitions.items()
        },
    }


def firehose(*data: Any) -> dict[str, Any]:
    """An event of Firehose: a record for each datum, with the ids `r0`, `r1`, …"""
    return {
        "invocationId": "i-1",
        "deliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/orders",
        "region": "eu-west-1",
        "records": [
            {"recordId": f"r{i}", "approximateArrivalTimestamp": 1_700_000_000_000, "data": encoded(one)}
            for i, one in enumerate(data)
        ],
    }


def s3_batch(*keys: str) -> dict[str, Any]:
    """An event of S3 Batch Operations: a task for each key, with the ids `t0`, `t1`, …"""
    return {
        "invocationSchemaVersion": "1.0",
        "invocationId": "i-1",
        "job": {"id": "j-1"},
        "tasks": [
            {"taskId": f"t{i}", "s3Key": key, "s3VersionId": None, "s3BucketArn": "arn:aws:s3:::orders"}
            for i, key in enumerate(keys)
        ],
    }


def handled(fn: Any, *layers: Any, **options: Any) -> Any:
    """Return the handler of batches over a function for one record, with layers around."""
    decorate: Any = batch
    handle: Any = handler
    return handle(*layers)(decorate(**options)(fn))


def reported(response: Any) -> list[Any]:
    """Return the identifiers in a response to a queue or a stream."""
    return [one["itemIdentifier"] for one in response["batchItemFailures"]]
