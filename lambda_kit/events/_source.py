"""The source of an event, recognised by its keys. The rules are data: the table in the documentation is made from them.

A new kind adds its name to `SourceName`, its view to `VIEWS`, and the way it is recognised to one of the tables.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    SourceName: TypeAlias = Literal["sqs", "kinesis", "dynamodb", "kafka", "firehose", "s3_batch", "s3", "http"]
    # A top-level key that has to be present, or a path with the values of which one has to be there.
    Condition: TypeAlias = str | tuple[tuple[str, ...], tuple[str, ...]]

VIEWS: dict[str, str] = {
    "dynamodb": "DynamoDBStreamEvent",
    "firehose": "FirehoseEvent",
    "http": "HttpEvent",
    "kafka": "KafkaEvent",
    "kinesis": "KinesisEvent",
    "s3": "S3Event",
    "s3_batch": "S3BatchEvent",
    "sqs": "SqsEvent",
}
"""The name of the view of each source."""

BY_RECORD: dict[str, SourceName] = {
    "aws:sqs": "sqs",
    "aws:kinesis": "kinesis",
    "aws:dynamodb": "dynamodb",
    "aws:s3": "s3",
}
"""The sources of events with a list `Records`, by the `eventSource` (`EventSource` for SNS) of any record."""

BY_EVENT_SOURCE: dict[str, tuple[SourceName, str]] = {
    "aws:kafka": ("kafka", "records"),
    "SelfManagedKafka": ("kafka", "records"),
}
"""The sources of events with a top-level `eventSource`, and the key of their records, which has to be present."""

BY_KEYS: tuple[tuple[SourceName, tuple[Condition, ...]], ...] = (
    ("firehose", ("invocationId", "records")),
    ("firehose", ("deliveryStreamArn", "records")),
    ("s3_batch", ("invocationSchemaVersion", "tasks")),
)
"""The sources that are known by other keys: the first whose conditions all hold."""


def source_of(event: Any) -> SourceName | None:
    """Return the source of an event, such as `"sqs"`; None if there is no view for its source.

    Args:
        event: the event as the runtime passed it. An event whose list `Records` is empty does not show its source.
    """
    if type_of(event) is not dict:
        return None
    records: Any = event.get("Records")
    if type_of(records) is list:
        # The first record may be malformed: any record shows the source.
        for record in records:
            if type_of(record) is dict:
                name: Any = record.get("eventSource") or record.get("EventSource")
                if type_of(name) is str and name in BY_RECORD:
                    return BY_RECORD[name]
        return None
    name = event.get("eventSource")
    if type_of(name) is str and name in BY_EVENT_SOURCE:
        source, key = BY_EVENT_SOURCE[name]
        return source if key in event else None
    for source, conditions in BY_KEYS:
        if all(_holds(event, one) for one in conditions):
            return source
    if "requestContext" in event or "httpMethod" in event or "method" in event:
        from lambda_kit.events._http_trigger import http_trigger_of

        return None if http_trigger_of(event) is None else "http"
    return None


def _holds(event: dict[str, Any], condition: Condition) -> bool:
    if isinstance(condition, str):
        return condition in event
    path, values = condition
    found: Any = event
    for name in path:
        if type_of(found) is not dict:
            return False
        found = found.get(name)
    return type_of(found) is str and found in values
