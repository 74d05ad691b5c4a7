"""The source of an event, recognised by its keys."""

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
    """Return the source of an event with records, such as `"sqs"`; None if there is no view for its source.

    Args:
        event: the event as the runtime passed it. An event without records shows its source only for Firehose, Kafka
            and S3 Batch Operations, which name it outside of the records.
    """
    if type_of(event) is not dict:
        return None
    records: Any = event.get("Records")
    if type_of(records) is list:
        # The first record may be malformed: any record shows the source.
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
