"""Events of EventBridge Pipes.

A pipe sends a list of records without anything around it. An input transformer of the pipe may have changed them.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._kinesis import KinesisRecord
from lambda_kit.events._view import ContentView, EventView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PipesKinesisRecord(KinesisRecord):
    """A record of a Kinesis stream in a pipe: its fields are not within `kinesis`.

    See: `PipesEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    def _find(self, *path: str) -> Any:
        return super()._find(*_flat(path))

    def _error(self, found: Any, wanted: str, path: tuple[str, ...]) -> EventError:
        return super()._error(found, wanted, _flat(path))


def _flat(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[1:] if path[:1] == ("kinesis",) else path


def _record_of(raw: Any) -> ContentView[Any]:
    """Return the view of a record: that of its service, or a plain one for other services and for changed records."""
    name = raw.get("eventSource") if type_of(raw) is dict else None
    if name == "aws:sqs":
        from lambda_kit.events._sqs import SqsRecord

        return SqsRecord(raw)
    if name == "aws:kinesis":
        return PipesKinesisRecord(raw)
    if name == "aws:dynamodb":
        from lambda_kit.events._dynamodb import DynamoDBRecord

        return DynamoDBRecord(raw)
    if name in ("aws:kafka", "SelfManagedKafka"):
        from lambda_kit.events._kafka import KafkaRecord

        return KafkaRecord(raw)
    if name in ("aws:mq", "aws:amq"):
        from lambda_kit.events._mq import ActiveMQMessage

        return ActiveMQMessage(raw)
    if name == "aws:rmq":
        from lambda_kit.events._mq import RabbitMQMessage

        return RabbitMQMessage(raw)
    return ContentView(raw)


class PipesEvent(EventView["ContentView[Any]"]):
    """Records that a pipe sent to the function. Each has the view of its service, such as `SqsRecord`.

    The shape of each source is that of its page: `eb-pipes-sqs`, `-kinesis`, `-dynamodb`, `-msk`, `-kafka`, `-mq`; no
    recorded event was at hand. A record of Kinesis has its fields beside the envelope, one of Kafka its partition as
    text, and messages of Kafka and RabbitMQ say at `.raw["eventSourceKey"]` where they come from: topic and partition,
    or queue and virtual host.

    See: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html>.

    Attributes:
        raw: the list.
    """

    __slots__ = ()
    source = "pipes"
    _record = staticmethod(_record_of)

    if TYPE_CHECKING:  # alone among the events it is a list

        def __init__(self, raw: list[Any]) -> None: ...

    def _raws(self) -> list[Any]:
        found: Any = self.raw
        if type_of(found) is not list:
            raise EventError(f"a PipesEvent was made of a value of type {type_of(found).__name__}; a list is needed")
        return found  # type: ignore[no-any-return]
