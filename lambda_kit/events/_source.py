"""Which source an event is of, told by its shape."""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    SourceName: TypeAlias = Literal["sqs", "kinesis", "dynamodb", "kafka", "firehose", "s3_batch", "s3"]

_BY_RECORD: dict[str, SourceName] = {
    "aws:sqs": "sqs",
    "aws:kinesis": "kinesis",
    "aws:dynamodb": "dynamodb",
    "aws:s3": "s3",
}
_KAFKA = ("aws:kafka", "SelfManagedKafka")


def source_of(event: Any) -> SourceName | None:
    """Return what an event with records came from: `"sqs"`, `"kinesis"`, …; None if it is of no source with a view.

    Args:
        event: the event as the runtime passed it. One without records tells its source only if it does so outside of
            them, as Firehose, Kafka and S3 Batch Operations do.
    """
    if type_of(event) is not dict:
        return None
    records: Any = event.get("Records")
    if type_of(records) is list:
        # The first one may be what nobody made: any of them tells.
        for record in records:
            name: Any = record.get("eventSource") if type_of(record) is dict else None
            if type_of(name) is str and name in _BY_RECORD:
                return _BY_RECORD[name]
        return None
    if event.get("eventSource") in _KAFKA and "records" in event:
        return "kafka"
    if "deliveryStreamArn" in event and "records" in event:
        return "firehose"
    if "invocationSchemaVersion" in event and "tasks" in event:
        return "s3_batch"
    return None
