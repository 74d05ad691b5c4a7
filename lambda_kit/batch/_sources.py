"""The sources that batches know, and how an event is recognised as one of them."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.batch import _responses as responses
from lambda_kit.batch._source import Source
from lambda_kit.errors import ConfigurationError, EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from lambda_kit.batch._progress import Progress

_MOST = 1 << 63  # partitions and offsets of Kafka are smaller
_source_of: Callable[[Any], str | None] | None = None  # the function of `lambda_kit.events`, once it is loaded


def _text(value: Any) -> str | None:
    return value if type_of(value) is str and value else None


def _kafka_partition(raw: Any) -> str | None:
    topic, partition = raw["topic"], raw["partition"]
    is_valid = type_of(topic) is str and type_of(partition) is int and 0 <= partition < _MOST
    return f"{topic}-{partition}" if is_valid else None


def _kafka_id(raw: Any) -> dict[str, Any] | None:
    partition, offset = _kafka_partition(raw), raw["offset"]
    is_valid = partition is not None and type_of(offset) is int and 0 <= offset < _MOST
    return {"partition": partition, "offset": offset} if is_valid else None


def _item_key(raw: Any) -> str:
    """Return the key of an item of a table as text, so that it can be compared and hashed."""
    import json

    return json.dumps(raw["dynamodb"]["Keys"], sort_keys=True)


def _respond_to_firehose(source: Source, _event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from lambda_kit.batch import _firehose as firehose

    return firehose.respond(source, progress)


SQS = Source(
    "sqs",
    "SqsRecord",
    responses.failed_items,
    lambda raw: _text(raw["messageId"]),
    group_of=lambda raw: _text(raw["attributes"]["MessageGroupId"]),
)
SQS_FIFO = Source(SQS.name, SQS.view, SQS.respond, SQS.id_of, group_of=SQS.group_of, order="group")
SOURCES = {
    one.name: one
    for one in (
        SQS,
        Source(
            "kinesis",
            "KinesisRecord",
            responses.checkpoint,
            lambda raw: _text(raw["kinesis"]["sequenceNumber"]),
            group_of=lambda raw: _text(raw["kinesis"]["partitionKey"]),
            order="all",
        ),
        Source(
            "dynamodb",
            "DynamoDBRecord",
            responses.checkpoint,
            lambda raw: _text(raw["dynamodb"]["SequenceNumber"]),
            group_of=_item_key,
            order="all",
        ),
        Source(
            "kafka",
            "KafkaRecord",
            responses.failed_items,
            _kafka_id,
            group_of=_kafka_partition,
            order="group",
        ),
        Source(
            "firehose",
            "FirehoseRecord",
            _respond_to_firehose,
            lambda raw: _text(raw["recordId"]),
            retries_records=False,
        ),
        Source(
            "s3_batch",
            "S3BatchTask",
            responses.task_results,
            lambda raw: _text(raw["taskId"]),
        ),
    )
}
_BY_EVENT_SOURCE = {"aws:sqs": SQS, "aws:kinesis": SOURCES["kinesis"], "aws:dynamodb": SOURCES["dynamodb"]}
_LISTS = {"firehose": "records", "s3_batch": "tasks"}  # the key of the records in the event; "Records" for the others


def find(event: Any, wanted: str) -> tuple[Source | None, Sequence[Any]]:
    """Return the source of an event and its records in their order; None and no records for an empty event.

    Args:
        event: the event.
        wanted: the name of the source that the event has to have, or `"auto"`.

    Raises:
        EventError: the event is of another source or of no known one, or its records are not in a list.
    """
    try:  # most events are of this form, and soon recognised
        records = event["Records"]
        source = _BY_EVENT_SOURCE[records[0]["eventSource"]]
        if type_of(records) is list and type_of(event) is dict and wanted in ("auto", source.name):
            return (SQS_FIFO if source is SQS and _is_fifo(records) else source), records
    except (LookupError, TypeError):
        pass
    name = _recognise(event)
    if name is None:
        if type_of(event) is dict and event.get("Records") == []:
            return (None if wanted == "auto" else SOURCES[wanted]), []
        raise EventError(f"the event is of no source that batch() knows{_shape(event)}; it knows {', '.join(SOURCES)}")
    if wanted not in ("auto", name):
        raise EventError(f"batch(source={wanted!r}) was given an event of {name}; pass source={name!r}, or 'auto'")
    source = SOURCES[name]
    records = _records(source, event)
    if source is SQS and _is_fifo(records):
        source = SQS_FIFO
    return source, records


def _recognise(event: Any) -> str | None:
    global _source_of
    if _source_of is None:
        from lambda_kit.events import source_of

        _source_of = source_of
    found = _source_of(event)
    return found if found in SOURCES else None


def _shape(event: Any) -> str:
    if type_of(event) is not dict:
        return f": it is of type {type_of(event).__name__}"
    return f": it has the keys {', '.join(sorted(map(str, event))[:10])}" if event else ": it is empty"


def _records(source: Source, event: Any) -> Sequence[Any]:
    if source.name == "kafka":
        found: Any = event.get("records")
        if type_of(found) is dict and all(type_of(one) is list for one in found.values()):
            return [record for partition in found.values() for record in partition]
    else:
        found = event.get(_LISTS.get(source.name, "Records"))
        if type_of(found) is list:
            records: list[Any] = found
            return records
    raise EventError(f"the records of the event of {source.name} are not in a list")


def _is_fifo(records: Sequence[Any]) -> bool:
    for raw in records:  # the first record may be malformed: any record shows the queue
        try:
            return bool(raw["eventSourceARN"].endswith(".fifo"))
        except (LookupError, TypeError, AttributeError):
            continue
    return False


def check_name(name: Any) -> None:
    """Refuse a value that is not the name of a source.

    Raises:
        ConfigurationError: it is not.
    """
    known = ("auto", *SOURCES)
    if name not in known:
        hint = callables.closest(name, known) if isinstance(name, str) else ""
        raise ConfigurationError(f"batch(source={name!r}): pass {', '.join(map(repr, known))}{hint}")
