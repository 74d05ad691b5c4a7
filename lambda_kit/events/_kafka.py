"""Events of Kafka: <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._data import DataView, decoded
from lambda_kit.events._view import EventView, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class KafkaRecord(DataView):
    """A record of a topic.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ()

    @property
    def id(self) -> dict[str, Any]:
        """What Lambda calls the record: `{"partition": "TOPIC-PARTITION", "offset": OFFSET}`."""
        return {"partition": f"{self.topic}-{self.partition}", "offset": self.offset}

    def _encoded(self) -> str:
        return self._text("value")

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

    @property
    def key(self) -> bytes | None:
        """The key; None if it has none.

        Raises:
            EventError: it is no base64.
        """
        if self._optional("key") is None:
            return None
        found = decoded(self, lambda: self._text("key"))
        if type_of(found) is Failed:
            raise EventError(found.message)
        key: bytes = found
        return key

    @property
    def is_tombstone(self) -> bool:
        """Whether the record has no value, which says that its key is deleted."""
        return self._find("value") is None

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers, in their order; a name may come more than once."""
        found = self._find("headers")
        if type_of(found) is not list:
            return []
        try:
            # The bytes are those of Java, which have a sign.
            return [(name, bytes(one & 0xFF for one in value)) for header in found for name, value in header.items()]
        except (TypeError, AttributeError):
            raise EventError("the headers of the KafkaRecord cannot be read") from None

    @property
    def written_at(self) -> datetime | None:
        """The time of the record: when it was made or appended, see `timestamp_type`."""
        return self._time(1000, "timestamp")

    @property
    def timestamp_type(self) -> str | None:
        """What `written_at` is: `"CREATE_TIME"` or `"LOG_APPEND_TIME"`."""
        return self._optional("timestampType")

    def __repr__(self) -> str:
        return f"<KafkaRecord {self._optional('topic')}-{self.raw.get('partition')}@{self.raw.get('offset')}>"


class KafkaEvent(EventView[KafkaRecord]):
    """Records of topics.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ()
    source = "kafka"
    _record = KafkaRecord
    _list = "records"

    def _raws(self) -> list[Any]:
        found = self._object("records")
        if not all(type_of(one) is list for one in found.values()):
            raise EventError("the records of the KafkaEvent do not stand in lists, one for each partition")
        return [record for partition in found.values() for record in partition]

    @property
    def event_source_arn(self) -> str | None:
        """The ARN of the cluster; None if it is not one of MSK."""
        return self._optional("eventSourceArn")

    @property
    def bootstrap_servers(self) -> list[str]:
        """The servers of the cluster, as HOST:PORT."""
        found = self._optional("bootstrapServers")
        return found.split(",") if found else []
