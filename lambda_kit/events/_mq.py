"""Events of Amazon MQ."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._data import DataView
from lambda_kit.events._fields import flag, mapping, optional, optional_whole, text, time
from lambda_kit.events._view import EventView, T_co, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ActiveMQMessage(DataView[T_co]):
    """A message of a queue of ActiveMQ.

    See: `ActiveMQEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id of the message."""
        return self._text("messageID")

    def _encoded(self) -> str:
        return self._text("data")

    message_type = optional("messageType")
    """The type of the message: `"jms/text-message"` or `"jms/bytes-message"`."""
    connection_id = optional("connectionId")
    """The id of the connection over which the message was sent."""
    correlation_id = optional("correlationID")
    """The correlation id of JMS."""
    reply_to = optional("replyTo")
    """The queue to which an answer is to be sent."""
    type = optional("type")
    """The type of JMS that the sender set."""
    is_redelivered = flag("redelivered")
    """True if the message was delivered before."""
    delivery_mode = optional_whole("deliveryMode")
    """The delivery mode of JMS: 1 for messages that are not persistent, 2 for persistent ones."""
    priority = optional_whole("priority")
    """The priority, 0 to 9."""
    expiration = optional_whole("expiration")
    """The time at which the message expires, in milliseconds since 1970; 0 if it does not expire."""
    sent_at = time("timestamp", per_second=1000)
    """The time at which the message was sent."""
    broker_in_at = time("brokerInTime", per_second=1000)
    """The time at which the broker received the message."""
    broker_out_at = time("brokerOutTime", per_second=1000)
    """The time at which the broker gave the message away."""
    properties = mapping("properties")
    """The properties that the sender set."""

    @property
    def queue_name(self) -> str | None:
        """The name of the queue."""
        return self._optional("destination", "physicalName") or self._optional("destination", "physicalname")


class ActiveMQEvent(EventView["ActiveMQMessage[T_co]"]):
    """Messages of a queue of ActiveMQ.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "active_mq"
    _record = ActiveMQMessage
    _list = "messages"

    broker_arn = text("eventSourceArn")
    """The ARN of the broker."""


class RabbitMQMessage(DataView[T_co]):
    """A message of a queue of RabbitMQ.

    See: `RabbitMQEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> str | None:
        """The id that the sender gave to the message; None without one."""
        return self._optional("basicProperties", "messageId")

    def _encoded(self) -> str:
        return self._text("data")

    is_redelivered = flag("redelivered")
    """True if the message was delivered before."""
    content_type = optional("basicProperties", "contentType")
    """The media type of the data."""
    content_encoding = optional("basicProperties", "contentEncoding")
    """The encoding of the data, such as `"gzip"`. The data is not unpacked."""
    delivery_mode = optional_whole("basicProperties", "deliveryMode")
    """The delivery mode: 1 for messages that are not persistent, 2 for persistent ones."""
    priority = optional_whole("basicProperties", "priority")
    """The priority."""
    correlation_id = optional("basicProperties", "correlationId")
    """The correlation id."""
    reply_to = optional("basicProperties", "replyTo")
    """The queue to which an answer is to be sent."""
    expiration = optional_whole("basicProperties", "expiration")
    """The time after which the message expires, in milliseconds."""
    timestamp = optional("basicProperties", "timestamp")
    """The time that the sender set, as text such as `"Jan 1, 1970, 12:33:41 AM"`."""
    type = optional("basicProperties", "type")
    """The type that the sender set."""
    user_id = optional("basicProperties", "userId")
    """The user that sent the message."""
    app_id = optional("basicProperties", "appId")
    """The application that sent the message."""
    cluster_id = optional("basicProperties", "clusterId")
    """The id of the cluster."""
    body_size = optional_whole("basicProperties", "bodySize")
    """The size of the data, in bytes."""

    @once
    def headers(self) -> dict[str, Any]:
        """The headers. A text is written as the numbers of its bytes in the event, and is bytes here.

        Raises:
            EventError: the bytes of a header cannot be read.
        """
        found = self._find("basicProperties", "headers")
        return {name: _header(value) for name, value in found.items()} if type_of(found) is dict else {}


def _header(value: Any) -> Any:
    if type_of(value) is not dict or set(value) != {"bytes"}:
        return value
    try:
        return bytes(one & 0xFF for one in value["bytes"])  # bytes in Java are signed: -128 to 127
    except TypeError:
        raise EventError("the bytes of a header of the RabbitMQMessage cannot be read") from None


class RabbitMQEvent(EventView["RabbitMQMessage[T_co]"]):
    """Messages of queues of RabbitMQ.

    See: `ActiveMQEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "rabbit_mq"
    _record = RabbitMQMessage
    _list = "rmqMessagesByQueue"

    broker_arn = text("eventSourceArn")
    """The ARN of the broker."""

    def _raws(self) -> list[Any]:
        return [message for queue in self._queues().values() for message in queue]

    def _queues(self) -> dict[str, Any]:
        found = self._object("rmqMessagesByQueue")
        if not all(type_of(one) is list for one in found.values()):
            raise EventError("the messages of the RabbitMQEvent are not in lists, one for each queue")
        return found

    def _place(self, index: int) -> tuple[str | int, ...]:
        for name, queue in self._queues().items():
            if index < len(queue):
                return self._list, name, index
            index -= len(queue)
        raise IndexError(index)

    @property
    def queues(self) -> dict[str, list[RabbitMQMessage]]:
        """The messages of each queue. The name of a queue is followed by `::` and its virtual host."""
        return {name: [RabbitMQMessage(one) for one in queue] for name, queue in self._queues().items()}
