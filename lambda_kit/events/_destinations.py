"""Records of invocations, which Lambda sends to destinations.

They come to a function directly, in the body of a message of SQS, in a notification of SNS, or in the detail of an
event of EventBridge: make the view from what `json` or `detail` returns.
"""

from __future__ import annotations

from contextlib import suppress

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, anything, mapping, optional, optional_whole, text, time
from lambda_kit.events._view import once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class InvocationRecord(Event):
    """The fields that records of all invocations have in common.

    See: `DestinationEvent` and `StreamFailureEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "invocation_record"
    _also: ClassVar[tuple[str, ...]] = ("destination", "stream_failure")
    _label = ("requestContext", "requestId")

    recorded_at = time("timestamp")
    """The time of the record."""
    request_id = text("requestContext", "requestId")
    """The request id of the invocation."""
    function_arn = text("requestContext", "functionArn")
    """The ARN of the function."""
    condition = text("requestContext", "condition")
    """The reason for the record, such as `"Success"`, `"RetriesExhausted"` or `"EventAgeExceeded"`."""
    invoke_count = optional_whole("requestContext", "approximateInvokeCount")
    """The approximate number of invocations."""
    status_code = optional_whole("responseContext", "statusCode")
    """The status code of the invocation."""
    executed_version = optional("responseContext", "executedVersion")
    """The version of the function that ran."""
    function_error = optional("responseContext", "functionError")
    """`"Handled"` or `"Unhandled"` for an invocation that failed; None for others."""

    @property
    def version(self) -> str | None:
        """The version of the format of the record."""
        return self._optional("version")

    @property
    def is_success(self) -> bool:
        """True if the invocation succeeded."""
        return self._optional("requestContext", "condition") == "Success"


class DestinationEvent(InvocationRecord):
    """The record of an asynchronous invocation that succeeded, or that Lambda has given up.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "destination"
    _also = ()

    request_payload = anything("requestPayload")
    """The event of the invocation."""
    response_payload = anything("responsePayload")
    """The result of the function, or its error as `{"errorMessage": ..., "errorType": ..., "stackTrace": ...}`."""


class StreamFailureEvent(InvocationRecord):
    """The record of a batch of a stream or of Kafka that Lambda has given up.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>, and for Kafka
    <https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "stream_failure"
    _also = ()

    @property
    def batch(self) -> dict[str, Any]:
        """The batch: `KinesisBatchInfo`, `DDBStreamBatchInfo` or `KafkaBatchInfo`.

        Raises:
            EventError: the record has none of them.
        """
        for name in ("DDBStreamBatchInfo", "KafkaBatchInfo"):
            found = self._find(name)
            if type_of(found) is dict:
                return found  # type: ignore[no-any-return]
        return self._object("KinesisBatchInfo")

    @property
    def stream_arn(self) -> str | None:
        """The ARN of the stream or of the MSK cluster."""
        found = self.batch.get("streamArn", self.batch.get("eventSourceArn"))
        return found if type_of(found) is str else None

    @property
    def shard_id(self) -> str | None:
        """The id of the shard; None for Kafka."""
        found = self.batch.get("shardId")
        return found if type_of(found) is str else None

    @property
    def first_sequence_number(self) -> str | None:
        """The sequence number of the first record; None for Kafka."""
        found = self.batch.get("startSequenceNumber")
        return found if type_of(found) is str else None

    @property
    def last_sequence_number(self) -> str | None:
        """The sequence number of the last record; None for Kafka."""
        found = self.batch.get("endSequenceNumber")
        return found if type_of(found) is str else None

    @property
    def batch_size(self) -> int | None:
        """The number of records."""
        found = self.batch.get("batchSize")
        return found if type_of(found) is int else None

    payload = anything("payload")
    """The event of the invocation: JSON text in records in S3, an object in records in a topic of Kafka; else None."""

    @once
    def request_payload(self) -> Any:
        """The event of the invocation; None in records in queues and topics of SNS, which do not have it.

        Raises:
            EventError: `payload` is text, and not JSON.
        """
        found = self._find("payload")
        if type_of(found) is not str:
            return found if type_of(found) in (dict, list) else None
        import json

        with suppress(ValueError, RecursionError):
            return json.loads(found)
        raise EventError(f"'payload' of the {type_of(self).__name__} is not JSON")

    @property
    def records_info(self) -> dict[str, Any]:
        """The offsets and times of the records of Kafka, by topic and partition; empty for streams."""
        found: Any = self.batch.get("recordsInfo", self.batch.get("recordInfo"))
        return found if type_of(found) is dict else {}

    response_payload = mapping("responsePayload")
    """The error of the function, where Lambda sends it; else empty."""
