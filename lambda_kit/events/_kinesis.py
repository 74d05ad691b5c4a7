"""Events of Kinesis."""

from __future__ import annotations

from lambda_kit.errors import EventError
from lambda_kit.events._data import StreamDataView
from lambda_kit.events._view import EventView, T_co
from lambda_kit.events._window import Windowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class KinesisRecord(StreamDataView[T_co]):
    """A record of a stream.

    See: `KinesisEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _path = ("kinesis", "data")

    @property
    def id(self) -> str:
        """The sequence number."""
        return self._text("kinesis", "sequenceNumber")

    def _encoded(self) -> str:
        try:
            found = self.raw["kinesis"]["data"]
            if found.__class__ is str:
                return found
        except (LookupError, TypeError):
            pass
        return self._text("kinesis", "data")  # raises an error that names the value in its place

    @property
    def sequence_number(self) -> str:
        """The sequence number, the same as `id`; it gives the order within the shard."""
        return self.id

    @property
    def partition_key(self) -> str:
        """The partition key, from which Kinesis chose the shard."""
        return self._text("kinesis", "partitionKey")

    @property
    def arrived_at(self) -> datetime | None:
        """The approximate time at which the record arrived."""
        return self._time(1, "kinesis", "approximateArrivalTimestamp")

    @property
    def schema_version(self) -> str | None:
        """The version of the schema of the record."""
        return self._optional("kinesis", "kinesisSchemaVersion")

    @property
    def event_id(self) -> str | None:
        """The id of the shard and the sequence number, with a colon between them."""
        return self._optional("eventID")

    @property
    def shard_id(self) -> str | None:
        """The id of the shard."""
        found = self.event_id
        return None if found is None else found.partition(":")[0]

    @property
    def stream_arn(self) -> str:
        """The ARN of the stream."""
        return self._text("eventSourceARN")

    @property
    def stream_name(self) -> str:
        """The name of the stream.

        Raises:
            EventError: the ARN of the stream is missing, or is not the ARN of a stream.
        """
        found = self.stream_arn.partition(":stream/")[2].partition("/")[0]
        if not found:
            raise EventError("'eventSourceARN' of the KinesisRecord is not the ARN of a stream")
        return found

    @property
    def encryption_type(self) -> str | None:
        """The encryption of the record in the stream: `"NONE"` or `"KMS"`."""
        return self._optional("kinesis", "encryptionType")

    @property
    def role_arn(self) -> str | None:
        """The ARN of the role with which Lambda reads the stream."""
        return self._optional("invokeIdentityArn")

    @property
    def region(self) -> str | None:
        """The region of the stream."""
        return self._optional("awsRegion")


class KinesisEvent(Windowed, EventView["KinesisRecord[T_co]"]):
    """Records of a shard.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "kinesis"
    _record = KinesisRecord
