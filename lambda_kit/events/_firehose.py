"""Events of Firehose."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._data import StreamDataView
from lambda_kit.events._view import EventView, T_co

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class FirehoseRecord(StreamDataView[T_co]):
    """A record to transform.

    See: `FirehoseEvent`.

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
        if type_of(self._find("approximateArrivalTimestamp")) is str:  # a test event of the console
            return self._iso_time("approximateArrivalTimestamp")
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

    @property
    def subsequence_number(self) -> str | None:
        """The number within an aggregated record, if the record comes from a Kinesis stream."""
        found = self._find("kinesisRecordMetadata", "subsequenceNumber")
        return str(found) if type_of(found) in (int, str) else None

    @property
    def offset(self) -> int | None:
        """The offset in the partition, if the record comes from MSK."""
        return None if self._is_absent("mskRecordMetadata", "offset") else self._whole("mskRecordMetadata", "offset")

    @property
    def partition(self) -> int | None:
        """The partition of the topic, if the record comes from MSK."""
        path = ("mskRecordMetadata", "partitionId")
        return None if self._is_absent(*path) else self._whole(*path)


class FirehoseEvent(EventView["FirehoseRecord[T_co]"]):
    """Records to transform.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesisfirehose.html>.

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
    def source_cluster_arn(self) -> str | None:
        """The ARN of the MSK cluster from which the records come; None for another source."""
        return self._optional("sourceMSKArn")

    @property
    def region(self) -> str | None:
        """The region of the stream."""
        return self._optional("region")
