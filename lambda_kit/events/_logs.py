"""Log events of CloudWatch Logs.

A subscription may also send them to a Kinesis stream or to Firehose; `record.logs` reads them there.
"""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, mapping, optional, parts, text, texts, time
from lambda_kit.events._view import View, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class HasData(Protocol):
        """A record whose data is bytes."""

        @property
        def data(self) -> bytes: ...


_GZIP = b"\x1f\x8b"


class LogEvent(View):
    """An event of a log stream.

    See: `CloudWatchLogsEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("id",)

    id = text("id")
    """The id of the event."""
    message = text("message")
    """The line that was logged."""
    logged_at = time("timestamp", per_second=1000)
    """The time at which the line was logged."""
    extracted_fields = mapping("extractedFields")
    """The fields that the pattern of the subscription filter extracts from the line; empty without a pattern."""


class LogsData(View):
    """Log events of one log stream.

    See: `CloudWatchLogsEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("logGroup",)

    message_type = optional("messageType")
    """`"DATA_MESSAGE"`; `"CONTROL_MESSAGE"` for a message that checks whether the destination can be reached."""
    owner = optional("owner")
    """The account of the log group."""
    log_group = text("logGroup")
    """The name of the log group."""
    log_stream = text("logStream")
    """The name of the log stream."""
    subscription_filters = texts("subscriptionFilters")
    """The names of the subscription filters that matched."""
    policy_level = optional("policyLevel")
    """The level of the subscription filter policy, such as `"ACCOUNT_LEVEL_POLICY"`."""
    log_events = parts(LogEvent, "logEvents")
    """The log events."""

    @property
    def is_control_message(self) -> bool:
        """True for a message that checks whether the destination can be reached; it holds no lines of the log."""
        return self.message_type == "CONTROL_MESSAGE"


class CloudWatchLogsEvent(Event):
    """Log events that a subscription filter sent to the function.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cloudwatch_logs"

    @once
    def data(self) -> LogsData:
        """The log events. They are decoded and unpacked once; unpacked data is bounded by `LAMBDA_KIT_MAX_EXPANSION`.

        Raises:
            EventError: the data is missing, cannot be decoded, or is too large.
        """
        from binascii import a2b_base64

        encoded = self._text("awslogs", "data")
        try:
            data = a2b_base64(encoded)
        except ValueError:  # the base class of binascii.Error
            raise EventError("'awslogs.data' of the CloudWatchLogsEvent is not valid base64") from None
        return _unpacked(data, "'awslogs.data' of the CloudWatchLogsEvent")


def logs_in(record: HasData) -> LogsData | None:
    """Return the log events in the data of a record; None if the data is something else.

    Raises:
        EventError: the data is packed, and cannot be unpacked.
    """
    data = record.data
    if not data.startswith(_GZIP):
        return None
    found = _unpacked(data, f"the data of the {type_of(record).__name__}")
    return found if "logEvents" in found.raw else None


def _unpacked(data: bytes, what: str) -> LogsData:
    from lambda_kit._kernel import expansion

    try:
        found = json.loads(expansion.decompress(data, expansion.limit(), gzip=True))
    except expansion.TooLarge as error:
        raise EventError(f"{what}: {error}; LAMBDA_KIT_MAX_EXPANSION sets the bound") from None
    except RecursionError:
        raise EventError(f"{what} is nested too deeply to be decoded") from None
    except ValueError:
        raise EventError(f"{what} is not JSON packed by gzip") from None
    if type_of(found) is not dict:
        raise EventError(f"{what} is not a JSON object")
    return LogsData(found)
