"""Attributes of messages of SQS and SNS, with their types."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._data import decoded
from lambda_kit.events._view import Failed, View, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MessageAttribute(View):
    """An attribute that the sender of a message has set, of SQS or SNS.

    See: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html> and
    <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("dataType",)

    @property
    def data_type(self) -> str:
        """The type: `"String"`, `"Number"` or `"Binary"`, for SNS also `"String.Array"`.

        SQS allows a name of the sender's own after a dot, such as `"Number.int"`.
        """
        return self._text("dataType" if self._optional("dataType") is not None else "Type")

    @property
    def string_value(self) -> str | None:
        """The value of a string, a number or an array, as text; None for bytes."""
        if self._is_binary():
            return None
        found = self._optional("stringValue")
        return self._optional("Value") if found is None else found

    @once
    def binary_value(self) -> bytes | None:
        """The value of the type `"Binary"`, decoded from base64; None for other types.

        Raises:
            EventError: the value is missing, or is not valid base64.
        """
        if not self._is_binary():
            return None
        key = "binaryValue" if self._optional("binaryValue") is not None else "Value"
        found: Any = decoded(self, lambda: self._text(key))
        if type_of(found) is Failed:
            raise EventError(found.message)
        return found  # type: ignore[no-any-return]

    @property
    def value(self) -> str | bytes:
        """The value: text, or bytes for the type `"Binary"`.

        Raises:
            EventError: it is missing, or is not valid base64.
        """
        data = self.binary_value
        if data is not None:
            return data
        text = self.string_value
        if text is None:
            raise EventError("the MessageAttribute has no text")
        return text

    def _is_binary(self) -> bool:
        found = self._optional("dataType") or self._optional("Type") or ""
        return found.partition(".")[0] == "Binary"


def attributes_of(found: Any) -> dict[str, MessageAttribute]:
    """Return views of the attributes in an event; an empty dict if there are none."""
    if type_of(found) is not dict:
        return {}
    return {name: MessageAttribute(one) for name, one in found.items()}
