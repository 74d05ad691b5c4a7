"""Events of Firehose: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html>."""

from __future__ import annotations

from lambda_kit.events._data import DataView
from lambda_kit.events._view import EventView, T_co

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class FirehoseRecord(DataView[T_co]):
    """A record to transform.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id of the record."""
        return self._text("recordId")

    def _encoded(self) -> str:
        return self._text("kafkaRecordValue" if self._optional("kafkaRecordValue") is not None else "data")

    @property
    def arrived_at(self) -> datetime | None:
        """The approximate time at which the record arrived."""
        return self._time(1000, "approximateArrivalTimestamp")

    @property
    def partition_key(self) -> str | None:
        """The partition key, if the record comes from a Kinesis stream."""
        return self._optional("kinesisRecordMetadata", "partitionKey")

    @property
    def shard_id(self) -> str | None:
        """The shard, if the record comes from a Kinesis stream."""
        return self._optional("kinesisRecordMetadata", "shardId")

    @property
    def sequence_number(self) -> str | None:
        """The sequence number, if the record comes from a Kinesis stream."""
        return self._optional("kinesisRecordMetadata", "sequenceNumber")


class FirehoseEvent(EventView["FirehoseRecord[T_co]"]):
    """Records to transform.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "firehose"
    _record = FirehoseRecord
    _list = "records"

    @property
    def invocation_id(self) -> str:
        """The id that Firehose has given to the invocation."""
        return self._text("invocationId")

    @property
    def delivery_stream_arn(self) -> str:
        """The ARN of the Firehose stream."""
        return self._text("deliveryStreamArn")

    @property
    def source_stream_arn(self) -> str | None:
        """The ARN of the Kinesis stream from which the records come; None for another source."""
        return self._optional("sourceKinesisStreamArn")

    @property
    def region(self) -> str | None:
        """The region of the stream."""
        return self._optional("region")
