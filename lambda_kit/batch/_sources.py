"""The sources of batches: where their records stand in an event, what tells one from another, what keeps an order."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.batch import _responses as responses
from lambda_kit.errors import ConfigurationError, EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from lambda_kit.batch._report import Progress

    Respond: TypeAlias = Callable[["Source", dict[str, Any], Progress], dict[str, Any]]

_source_of: Callable[[Any], str | None] | None = None  # that of `lambda_kit.events`, once it is loaded


class Source:
    """A service that sends records in batches.

    Attributes:
        name: what it is called in `source=`.
        view: the name of the class of `lambda_kit.events` through which its records are read.
        order: what a failure stops if the user does not say: `"none"`, `"group"` or `"all"`.
        respond: makes the response.
        id_of: returns what the service calls a record; None if the record does not say.
        group_of: returns what a record has to keep its order within; None if it has none to keep.
    """

    __slots__ = ("group_of", "id_of", "name", "order", "respond", "view")

    def __init__(
        self,
        name: str,
        view: str,
        respond: Respond,
        id_of: Callable[[Any], Any],
        *,
        order: str = "none",
        group_of: Callable[[Any], Any] = lambda _: None,
    ) -> None:
        self.name = name
        self.view = view
        self.respond = respond
        self.order = order
        self.id_of = _careful(id_of)
        self.group_of = _careful(group_of)

    def describe(self, raw: Any) -> str:
        """Return what tells a record from others, for people: its id, and what else the service says of it."""
        told = f"{self.id_of(raw)}"
        if self.name == "kafka":
            found = self.id_of(raw)
            told = "None" if found is None else f"{found['partition']}@{found['offset']}"
        more: list[str] = []
        group = self.group_of(raw) if self.name in ("sqs", "kinesis") else None
        if group is not None:
            more.append(f"{'group' if self.name == 'sqs' else 'partition key'} {group}")
        received = _received(raw) if self.name == "sqs" else None
        if received is not None:
            more.append(f"received {received} times" if received > 1 else "received once")
        return f"{told} ({', '.join(more)})" if more else told


def _careful(find: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that finds None in a record that is not made as its service makes them."""

    def found(raw: Any) -> Any:
        try:
            return find(raw)
        except (LookupError, TypeError, AttributeError, ValueError):
            return None

    return found


def _text(value: Any) -> str | None:
    return value if type_of(value) is str and value else None


def _offset(raw: Any) -> dict[str, Any] | None:
    partition, offset = f"{raw['topic']}-{raw['partition']}", raw["offset"]
    return {"partition": partition, "offset": offset} if type_of(offset) is int else None


def _item(raw: Any) -> str:
    """Return what tells one item of a table from another."""
    import json

    return json.dumps(raw["dynamodb"]["Keys"], sort_keys=True)


def _received(raw: Any) -> int | None:
    try:
        return int(raw["attributes"]["ApproximateReceiveCount"])
    except (LookupError, TypeError, ValueError):
        return None


def _transformed(source: Source, _event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from lambda_kit.batch import _transformed as transformed

    return transformed.respond(source, progress)


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
            group_of=_item,
            order="all",
        ),
        Source(
            "kafka",
            "KafkaRecord",
            responses.failed_items,
            _offset,
            group_of=lambda raw: (raw["topic"], raw["partition"]),
            order="group",
        ),
        Source(
            "firehose",
            "FirehoseRecord",
            _transformed,
            lambda raw: _text(raw["recordId"]),
        ),
        Source(
            "s3_batch",
            "S3BatchTask",
            responses.task_results,
            lambda raw: _text(raw["taskId"]),
        ),
    )
}


_LISTS = {"firehose": "records", "s3_batch": "tasks"}


def find(event: Any, wanted: str) -> tuple[Source | None, Sequence[Any]]:
    """Return the source of an event, and its records in their order; None if it is empty, and nothing tells.

    Args:
        event: the event.
        wanted: the name of the source that it is to have, or `"auto"`.

    Raises:
        EventError: it is of another source, or of none that is known, or its records do not stand where they should.
    """
    name = _recognise(event)
    if name is None:
        if type_of(event) is dict and event.get("Records") == []:
            return (None if wanted == "auto" else SOURCES[wanted]), []
        raise EventError(f"the event is of no source that batch() knows{_shape(event)}; it knows {', '.join(SOURCES)}")
    if wanted not in ("auto", name):
        raise EventError(f"batch(source={wanted!r}) was given an event of {name}; pass source={name!r}, or 'auto'")
    source = SOURCES[name]
    records = _records(source, event)
    if source is SQS and records and _is_fifo(records[0]):
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
    raise EventError(f"the records of the event of {source.name} do not stand in a list")


def _is_fifo(raw: Any) -> bool:
    try:
        return bool(raw["eventSourceARN"].endswith(".fifo"))
    except (LookupError, TypeError, AttributeError):
        return False


def check_name(name: Any) -> None:
    """Refuse what is no name of a source.

    Raises:
        ConfigurationError: it is none.
    """
    known = ("auto", *SOURCES)
    if name not in known:
        hint = callables.closest(name, known) if isinstance(name, str) else ""
        raise ConfigurationError(f"batch(source={name!r}): pass {', '.join(map(repr, known))}{hint}")
