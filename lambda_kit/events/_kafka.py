"""Events of Kafka."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._data import DataView, decoded
from lambda_kit.events._fields import text
from lambda_kit.events._view import EventView, Failed, T_co, View, once, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class KafkaSchema(View):
    """A schema of a schema registry: <https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html>.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("schemaId",)

    data_format = text("dataFormat")
    """The format of the data: `"AVRO"`, `"PROTOBUF"` or `"JSON"`."""
    schema_id = text("schemaId")
    """The id of the schema in its registry."""


class KafkaRecord(DataView[T_co]):
    """A record of a topic.

    See: `KafkaEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> dict[str, Any]:
        """The id of the record for Lambda: `{"partition": "TOPIC-PARTITION", "offset": OFFSET}`."""
        return {"partition": f"{self.topic}-{self.partition}", "offset": self.offset}

    def _encoded(self) -> str:
        return self._text("value")

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return b"null" if self.is_tombstone else self.data, ("value",)

    @property
    def topic(self) -> str:
        """The topic."""
        return self._text("topic")

    @property
    def partition(self) -> int:
        """The number of the partition."""
        return self._whole("partition")

    @property
    def offset(self) -> int:
        """The offset in the partition."""
        return self._whole("offset")

    @once
    def key(self) -> bytes | None:
        """The key of the record, as bytes; None if it has no key.

        Raises:
            EventError: the key is not valid base64.
        """
        if self._optional("key") is None:
            return None
        found = decoded(self, lambda: self._text("key"))
        if type_of(found) is Failed:
            raise EventError(found.message)
        key: bytes = found
        return key

    @property
    def key_schema(self) -> KafkaSchema | None:
        """The schema of the key, if the event source mapping has a schema registry."""
        found = self._find("keySchemaMetadata")
        return KafkaSchema(found) if type_of(found) is dict else None

    @property
    def value_schema(self) -> KafkaSchema | None:
        """The schema of the value, if the event source mapping has a schema registry."""
        found = self._find("valueSchemaMetadata")
        return KafkaSchema(found) if type_of(found) is dict else None

    @property
    def is_tombstone(self) -> bool:
        """True if the record has no value, which means that its key is deleted."""
        return type_of(self.raw) is dict and self.raw.get("value") is None

    @once
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers, in their order; a name may occur more than once."""
        found = self._find("headers")
        if type_of(found) is not list:
            return []
        try:
            # Bytes in Java are signed: -128 to 127.
            return [(name, bytes(one & 0xFF for one in value)) for header in found for name, value in header.items()]
        except (TypeError, AttributeError):
            raise EventError("the headers of the KafkaRecord cannot be read") from None

    @property
    def written_at(self) -> datetime | None:
        """The time at which the record was created or appended, see `timestamp_type`."""
        return self._time(1000, "timestamp")

    @property
    def timestamp_type(self) -> str | None:
        """The kind of time in `written_at`: `"CREATE_TIME"` or `"LOG_APPEND_TIME"`."""
        return self._optional("timestampType")

    def __repr__(self) -> str:
        try:
            return f"<KafkaRecord {shown(self.topic)}-{self.partition}@{self.offset}>"
        except EventError:
            return "<KafkaRecord without an id>"


class KafkaEvent(EventView["KafkaRecord[T_co]"]):
    """Records of topics.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>, and for clusters of your own
    <https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "kafka"
    _record = KafkaRecord
    _list = "records"

    def _raws(self) -> list[Any]:
        found = self._object("records")
        if not all(type_of(one) is list for one in found.values()):
            raise EventError("the records of the KafkaEvent are not in lists, one for each partition")
        return [record for partition in found.values() for record in partition]

    def _place(self, index: int) -> tuple[str | int, ...]:
        for name, records in self._object("records").items():
            if index < len(records):
                return "records", name, index
            index -= len(records)
        raise IndexError(index)

    @property
    def event_source_arn(self) -> str | None:
        """The ARN of the MSK cluster; None for a self-managed cluster."""
        return self._optional("eventSourceArn")

    @property
    def bootstrap_servers(self) -> list[str]:
        """The servers of the cluster, each as HOST:PORT."""
        found = self._optional("bootstrapServers")
        return found.split(",") if found else []
