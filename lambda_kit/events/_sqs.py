"""Events of SQS."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._view import EventView, Failed, RecordView, T_co, once, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from lambda_kit.events._attributes import MessageAttribute
    from lambda_kit.events._s3 import S3Event
    from lambda_kit.events._sns import SnsMessage


_PARTS = 6  # of an ARN of a queue


class SqsRecord(RecordView[T_co]):
    """A message.

    See: `SqsEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id of the message."""
        try:
            found = self.raw["messageId"]
            if found.__class__ is str:
                return found
        except (LookupError, TypeError):
            pass
        return self._text("messageId")  # raises an error that names the value in its place

    @property
    def body(self) -> str:
        """The body of the message, as text."""
        try:
            found = self.raw["body"]
            if found.__class__ is str:
                return found
        except (LookupError, TypeError):
            pass
        return self._text("body")  # raises an error that names the value in its place

    def _json_text(self) -> str:
        return self.body

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return self.body, ("body",)

    @classmethod
    def _contents(cls, raws: list[Any]) -> list[Any]:
        return [raw["body"] for raw in raws]

    @once
    def sns(self) -> SnsMessage | None:
        """The notification of SNS in the body; None if the body is something else."""
        from lambda_kit.events._sns import notification_in

        return notification_in(self)

    @once
    def s3(self) -> S3Event | None:
        """The event of S3 in the body, also within a notification of SNS; None if the body is something else."""
        from lambda_kit.events._s3 import event_in

        notification = self.sns
        return event_in(self) if notification is None else notification.s3

    @property
    def receipt_handle(self) -> str:
        """The handle by which the message is deleted or kept invisible."""
        return self._text("receiptHandle")

    @property
    def md5_of_body(self) -> str | None:
        """The MD5 sum of the body, in hexadecimal."""
        return self._optional("md5OfBody")

    @property
    def receive_count(self) -> int:
        """The approximate number of times that the message was received, this time included."""
        return self._whole("attributes", "ApproximateReceiveCount")

    @property
    def sent_at(self) -> datetime | None:
        """The time at which the message was sent."""
        return self._time(1000, "attributes", "SentTimestamp")

    @property
    def first_received_at(self) -> datetime | None:
        """The time at which the message was received for the first time."""
        return self._time(1000, "attributes", "ApproximateFirstReceiveTimestamp")

    @property
    def sender_id(self) -> str | None:
        """The id of the user or role that sent the message."""
        return self._optional("attributes", "SenderId")

    @property
    def group_id(self) -> str | None:
        """The id of the message group; None without one."""
        return self._optional("attributes", "MessageGroupId")

    @property
    def deduplication_id(self) -> str | None:
        """The deduplication id of a message in a FIFO queue."""
        return self._optional("attributes", "MessageDeduplicationId")

    @property
    def sequence_number(self) -> str | None:
        """The sequence number of a message in a FIFO queue."""
        return self._optional("attributes", "SequenceNumber")

    @property
    def trace_header(self) -> str | None:
        """The X-Ray trace header with which the message was sent."""
        return self._optional("attributes", "AWSTraceHeader")

    @property
    def dead_letter_source_arn(self) -> str | None:
        """The ARN of the queue from which the message was moved to a dead-letter queue."""
        return self._optional("attributes", "DeadLetterQueueSourceArn")

    @once
    def message_attributes(self) -> dict[str, str | bytes]:
        """The values of the attributes that the sender set: strings and numbers as text, binary values as bytes.

        Raises:
            EventError: an attribute has no value, or its value is not valid base64.
        """
        found = self._find("messageAttributes")
        if type_of(found) is not dict:
            return {}
        return {name: self._attribute(name, one) for name, one in found.items()}

    def _attribute(self, name: str, one: Any) -> str | bytes:
        values: dict[str, Any] = one if type_of(one) is dict else {}
        text, encoded = values.get("stringValue"), values.get("binaryValue")
        if isinstance(text, str):
            return text
        if not isinstance(encoded, str):
            raise EventError(f"the message attribute {shown(name)!r} of the SqsRecord has neither text nor base64")
        from lambda_kit.events._data import decoded

        value = decoded(self, lambda: encoded)
        if type_of(value) is Failed:
            raise EventError(value.message)
        found: bytes = value
        return found

    @once
    def typed_attributes(self) -> dict[str, MessageAttribute]:
        """The attributes that the sender set, with their types: `data_type`, `string_value` and `binary_value`."""
        from lambda_kit.events._attributes import attributes_of

        return attributes_of(self._find("messageAttributes"))

    @property
    def queue_arn(self) -> str:
        """The ARN of the queue."""
        return self._text("eventSourceARN")

    @property
    def queue_name(self) -> str:
        """The name of the queue."""
        return self.queue_arn.rpartition(":")[2]

    @property
    def md5_of_message_attributes(self) -> str | None:
        """The MD5 sum of the message attributes, in hexadecimal; None without attributes."""
        return self._optional("md5OfMessageAttributes")

    @property
    def queue_url(self) -> str:
        """The URL of the queue, made from its ARN.

        Raises:
            EventError: the ARN of the queue is missing, or is not the ARN of a queue.
        """
        parts = self.queue_arn.split(":")
        if len(parts) != _PARTS:
            raise EventError("'eventSourceARN' of the SqsRecord is not the ARN of a queue")
        _, partition, _, region, account, name = parts
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return f"https://sqs.{region}.{domain}/{account}/{name}"

    @property
    def region(self) -> str | None:
        """The region of the queue."""
        return self._optional("awsRegion")

    @property
    def is_fifo(self) -> bool:
        """True if the queue is a FIFO queue, which keeps the order within message groups."""
        return self.queue_arn.endswith(".fifo")


class SqsEvent(EventView["SqsRecord[T_co]"]):
    """Messages of a queue.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "sqs"
    _record = SqsRecord
