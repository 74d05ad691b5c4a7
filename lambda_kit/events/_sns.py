"""Notifications of SNS."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import optional
from lambda_kit.events._view import EventView, RecordView, T_co, View, once, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from lambda_kit.events._attributes import MessageAttribute
    from lambda_kit.events._s3 import S3Event


class SnsMessage(RecordView[T_co]):
    """A notification.

    See: `SnsEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id of the notification."""
        return self._text("MessageId")

    @property
    def body(self) -> str:
        """The published message, as text."""
        return self._text("Message")

    def _json_text(self) -> str:
        return self.body

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return self.body, ("Message",)

    @once
    def s3(self) -> S3Event | None:
        """The event of S3 in the message; None if the message is something else."""
        from lambda_kit.events._s3 import event_in

        return event_in(self)

    @property
    def subject(self) -> str | None:
        """The subject; None without one."""
        return self._optional("Subject")

    @property
    def topic_arn(self) -> str:
        """The ARN of the topic."""
        return self._text("TopicArn")

    @property
    def published_at(self) -> datetime | None:
        """The time of publication."""
        found = self._optional("Timestamp")
        if found is None:
            return None
        from datetime import datetime

        try:
            return datetime.fromisoformat(found)
        except ValueError:
            raise self._error(found, "a time", ("Timestamp",)) from None

    type = optional("Type")
    """The type of the message: `"Notification"`."""
    signature = optional("Signature")
    """The signature, in base64."""
    signature_version = optional("SignatureVersion")
    """The version of the signature: `"1"` for SHA1, `"2"` for SHA256."""

    @property
    def signing_certificate_url(self) -> str | None:
        """The URL of the certificate of the signature."""
        return self._optional("SigningCertUrl") or self._optional("SigningCertURL")

    @property
    def unsubscribe_url(self) -> str | None:
        """The URL that ends the subscription."""
        return self._optional("UnsubscribeUrl") or self._optional("UnsubscribeURL")

    @once
    def message_attributes(self) -> dict[str, str]:
        """The values of the attributes that the publisher set; bytes are encoded as base64.

        Raises:
            EventError: an attribute has no value.
        """
        found = self._find("MessageAttributes")
        if type_of(found) is not dict:
            return {}
        values: dict[str, Any] = {
            name: one.get("Value") if type_of(one) is dict else None for name, one in found.items()
        }
        for name, value in values.items():
            if type_of(value) is not str:
                raise EventError(f"the message attribute {shown(name)!r} of the SnsMessage has no text")
        return values

    @once
    def typed_attributes(self) -> dict[str, MessageAttribute]:
        """The attributes that the publisher set, with their types: `data_type`, `string_value` and `binary_value`."""
        from lambda_kit.events._attributes import attributes_of

        return attributes_of(self._find("MessageAttributes"))


class SnsRecord(SnsMessage[T_co]):
    """A notification that a topic sent to the function. Its `raw` is the record, which holds the notification as `Sns`.

    See: `SnsEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def subscription_arn(self) -> str | None:
        """The ARN of the subscription."""
        return View(self.raw)._optional("EventSubscriptionArn")

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return self.body, ("Sns", "Message")

    def _find(self, *path: str) -> Any:
        return super()._find("Sns", *path)

    def _error(self, found: Any, wanted: str, path: tuple[str, ...]) -> EventError:
        return super()._error(found, wanted, ("Sns", *path))


class SnsEvent(EventView["SnsRecord[T_co]"]):
    """Notifications of a topic.

    See: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "sns"
    _record = SnsRecord


def notification_in(record: RecordView) -> SnsMessage | None:
    """Return the notification in the body of a record; None if the body is something else."""
    try:
        found = record.json
    except EventError:
        return None
    is_one = type_of(found) is dict and found.get("Type") == "Notification" and "TopicArn" in found
    return SnsMessage(found) if is_one else None
