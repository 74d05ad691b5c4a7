"""Builders of events of Amazon MQ: messages of ActiveMQ and of RabbitMQ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._event_parts import arn, base64_of, listed, merged, new_hex, new_id, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambda_kit.testing._event_parts import Event, Fields


def mq(
    messages: Iterable[Any],
    *,
    broker: Literal["active", "rabbit"] = "active",
    queue: str = "orders",
    properties: Mapping[str, Any] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a queue of Amazon MQ.

    Args:
        messages: the messages: texts and bytes as they are, other values as JSON.
        broker: `"active"` for ActiveMQ, `"rabbit"` for RabbitMQ.
        queue: the name of the queue.
        properties: the properties of each message; of RabbitMQ its headers; default: none.
        at: the time; default: now.
        fields: replaces fields in each message; default: none.

    Raises:
        ConfigurationError: there is no such broker.
    """
    if broker not in ("active", "rabbit"):
        raise ConfigurationError(f"events.mq(broker={broker!r}): pass 'active' or 'rabbit'")
    make = _active if broker == "active" else _rabbit
    made = [merged(make(one, queue, properties or {}, at), fields) for one in listed(messages, "mq", "messages")]
    source = arn("mq", f"broker:{queue}:b-{new_id()}")
    if broker == "active":
        return {"eventSource": "aws:mq", "eventSourceArn": source, "messages": made}
    return {"eventSource": "aws:rmq", "eventSourceArn": source, "rmqMessagesByQueue": {f"{queue}::/": made}}


def _active(message: Any, queue: str, properties: Mapping[str, Any], at: float | None) -> dict[str, Any]:
    sent = int(seconds(at) * 1000)
    return {
        "messageID": f"ID:b-{new_hex(8)}.mq.eu-west-1.amazonaws.com-41999-{sent}-4:1:1:1:1",
        "messageType": "jms/bytes-message" if isinstance(message, bytes) else "jms/text-message",
        "deliveryMode": 1,
        "replyTo": None,
        "type": None,
        "expiration": 0,
        "priority": 4,
        "correlationId": new_id(),
        "redelivered": False,
        "destination": {"physicalName": queue},
        "data": base64_of(message),
        "timestamp": sent,
        "brokerInTime": sent,
        "brokerOutTime": sent + 1,
        "properties": dict(properties),
    }


def _rabbit(message: Any, queue: str, properties: Mapping[str, Any], at: float | None) -> dict[str, Any]:  # noqa: ARG001
    import time

    moment = time.gmtime(seconds(at))
    hour = moment.tm_hour % 12 or 12
    data = base64_of(message)
    return {
        "basicProperties": {
            "contentType": "text/plain" if isinstance(message, str | bytes) else "application/json",
            "contentEncoding": None,
            "headers": {
                name: {"bytes": list(value.encode())} if isinstance(value, str) else value
                for name, value in properties.items()
            },
            "deliveryMode": 2,
            "priority": 0,
            "correlationId": new_id(),
            "replyTo": None,
            "expiration": None,
            "messageId": new_id(),
            "timestamp": f"{time.strftime('%b', moment)} {moment.tm_mday}, {moment.tm_year}, "
            f"{hour}:{moment.tm_min:02d}:{moment.tm_sec:02d} {'PM' if moment.tm_hour >= 12 else 'AM'}",
            "type": None,
            "userId": "shop",
            "appId": None,
            "clusterId": None,
            "bodySize": len(data) * 3 // 4 - data.count("="),
        },
        "redelivered": False,
        "data": data,
    }
