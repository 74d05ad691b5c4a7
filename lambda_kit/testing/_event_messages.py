"""Builders of events that carry messages: SQS and SNS."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._event_parts import (
    REGION,
    arn,
    base64_of,
    iso,
    listed,
    merged,
    new_hex,
    new_id,
    new_number,
    new_token,
    seconds,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambda_kit.testing._event_parts import Event, Fields


def sqs(
    bodies: Iterable[Any],
    *,
    queue: str = "orders",
    group: str = "group-1",
    received: int = 1,
    attributes: Mapping[str, str | int | float | bytes] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a queue of SQS.

    Args:
        bodies: the body of each message: a text as it is, another value as JSON.
        queue: the name of the queue; with `.fifo` at its end it is a FIFO queue.
        group: the message group, in a FIFO queue.
        received: how often each message has been received, this time included.
        attributes: the message attributes; default: none.
        at: the time when the messages were sent, in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    sent = str(int(seconds(at) * 1000))
    records: list[Any] = []
    for value in listed(bodies, "sqs", "bodies"):
        body = text_of(value)
        system = {
            "ApproximateReceiveCount": str(received),
            "SentTimestamp": sent,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": sent,
        }
        if queue.endswith(".fifo"):
            system |= {
                "SequenceNumber": new_number(20),
                "MessageGroupId": group,
                "MessageDeduplicationId": hashlib.sha256(body.encode()).hexdigest(),
            }
        record = {
            "messageId": new_id(),
            "receiptHandle": new_token(),
            "body": body,
            "attributes": system,
            "messageAttributes": {name: _sqs_attribute(value, name) for name, value in (attributes or {}).items()},
            "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn("sqs", queue),
            "awsRegion": REGION,
        }
        records.append(merged(record, fields))
    return {"Records": records}


def _sqs_attribute(value: Any, name: str) -> dict[str, Any]:
    key, kind, shown = _typed_attribute(value, name)
    return {key: shown, "stringListValues": [], "binaryListValues": [], "dataType": kind}


def sns(
    message: Any,
    *,
    topic: str = "orders",
    subject: str | None = None,
    attributes: Mapping[str, str | int | float | bytes] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a topic of SNS, which always has one record.

    Args:
        message: the message: a text as it is, another value as JSON.
        topic: the name of the topic.
        subject: the subject; default: none.
        attributes: the message attributes; default: none.
        at: the time when it was published, in seconds since the epoch; default: now.
        fields: replaces fields of the record; default: none.
    """
    host = f"https://sns.{REGION}.amazonaws.com"
    subscription = f"{arn('sns', topic)}:{new_id()}"
    typed = {name: _typed_attribute(value, name) for name, value in (attributes or {}).items()}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": {
            "Type": "Notification",
            "MessageId": new_id(),
            "TopicArn": arn("sns", topic),
            "Subject": subject,
            "Message": text_of(message),
            "Timestamp": iso(at, "milliseconds"),
            "SignatureVersion": "1",
            "Signature": new_token(),
            "SigningCertUrl": f"{host}/SimpleNotificationService-{new_hex(32)}.pem",
            "UnsubscribeUrl": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription}",
            "MessageAttributes": {name: {"Type": kind, "Value": shown} for name, (_, kind, shown) in typed.items()},
        },
    }
    return {"Records": [merged(record, fields)]}


def _typed_attribute(value: Any, name: str) -> tuple[str, str, str]:
    if isinstance(value, bytes):
        return "binaryValue", "Binary", base64_of(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "stringValue", "Number", str(value)
    if isinstance(value, str):
        return "stringValue", "String", value
    raise ConfigurationError(f"attributes[{name!r}]={value!r}: message attributes are texts, numbers or bytes")
