"""Events of DynamoDB streams.

A table may also send its changes to a Kinesis stream: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html>.
Such a record names its table, and has neither a sequence number nor the ARN of a stream.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._view import ContentView, EventView, T_co
from lambda_kit.events._window import Windowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from lambda_kit.events._view import RecordView


_UNITS = {"SECOND": 1, "MILLISECOND": 1_000, "MICROSECOND": 1_000_000}
_MAGNITUDES = ((10**14, 1_000_000), (10**11, 1_000))  # the least number of such a unit, and the units of a second


class DynamoDBRecord(ContentView[T_co]):
    """A change of an item.

    See: `DynamoDBStreamEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ("_found",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._found: dict[str, dict[str, Any] | None] = {}

    @property
    def id(self) -> str:
        """The sequence number; the id of the change if the change comes through Kinesis or Firehose."""
        found = self.sequence_number
        if found is None and self._optional("eventID") is not None and self._optional("tableName") is not None:
            return self._text("eventID")
        return self._text("dynamodb", "SequenceNumber")

    @property
    def sequence_number(self) -> str | None:
        """The sequence number, which gives the order within the shard; None if the change comes through Kinesis."""
        return self._optional("dynamodb", "SequenceNumber")

    @property
    def event_id(self) -> str | None:
        """The id of the change."""
        return self._optional("eventID")

    @property
    def event_name(self) -> str:
        """The kind of change: `"INSERT"`, `"MODIFY"` or `"REMOVE"`."""
        return self._text("eventName")

    @property
    def keys(self) -> dict[str, Any]:
        """The key of the item, with values as in `new_image`.

        Raises:
            EventError: the key is missing, or cannot be read.
        """
        found = self._image("Keys")
        if found is None:
            self._object("dynamodb", "Keys")  # raises an error that names the value in its place
            raise EventError("the DynamoDBRecord has no 'dynamodb.Keys'")
        return found

    @property
    def new_image(self) -> dict[str, Any] | None:
        """The item after the change; None if it was removed, or if the stream does not include it.

        Numbers are `Decimal`, sets are sets, binary values are bytes. The item is decoded once.

        Raises:
            EventError: the item cannot be read.
        """
        return self._image("NewImage")

    @property
    def old_image(self) -> dict[str, Any] | None:
        """The item before the change; None if it was inserted, or if the stream does not include it.

        Raises:
            EventError: the item cannot be read.
        """
        return self._image("OldImage")

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        """Return the new image, or the old one of an item that was removed."""
        self._object("dynamodb")
        for name, image in (("NewImage", self.new_image), ("OldImage", self.old_image)):
            if image is not None:
                return image, ("dynamodb", name)
        raise EventError(
            "the DynamoDBRecord has no image; set the view type of the stream to NEW_IMAGE or NEW_AND_OLD_IMAGES"
        )

    def _image(self, name: str) -> dict[str, Any] | None:
        known = self._found
        if name not in known:
            found = self._find("dynamodb", name)
            try:
                known[name] = {key: value_of(one) for key, one in found.items()} if type_of(found) is dict else None
            except RecursionError:
                raise EventError(f"{name!r} of the DynamoDBRecord is nested too deeply to be decoded") from None
        return known[name]

    @property
    def view_type(self) -> str | None:
        """The view type of the stream: `"NEW_AND_OLD_IMAGES"`, `"KEYS_ONLY"` and so on."""
        return self._optional("dynamodb", "StreamViewType")

    @property
    def size(self) -> int | None:
        """The size of the record, in bytes."""
        found = self._find("dynamodb", "SizeBytes")
        return found if type_of(found) is int else None

    @property
    def changed_at(self) -> datetime | None:
        """The time of the change: to the second in streams, to the millisecond or microsecond through Kinesis."""
        path = ("dynamodb", "ApproximateCreationDateTime")
        unit = self._optional("dynamodb", "ApproximateCreationDateTimePrecision")
        per_second = _UNITS.get(unit) if unit is not None else None
        if per_second is None:
            found = self._find(*path)
            size = found if type_of(found) in (int, float) else 0
            per_second = next((one for least, one in _MAGNITUDES if size >= least), 1)
        return self._time(per_second, *path)

    @property
    def is_expired(self) -> bool:
        """True if DynamoDB removed the item because its time to live had passed."""
        return self._optional("userIdentity", "principalId") == "dynamodb.amazonaws.com"

    @property
    def user_identity(self) -> dict[str, Any] | None:
        """The identity of the service that removed an item after its time to live; None for other changes."""
        found = self._find("userIdentity")
        return found if type_of(found) is dict else None

    @property
    def stream_arn(self) -> str:
        """The ARN of the stream; a change that comes through Kinesis or Firehose has none."""
        return self._text("eventSourceARN")

    @property
    def table_name(self) -> str:
        """The name of the table.

        Raises:
            EventError: the record has neither a name of a table nor the ARN of a stream.
        """
        named = self._optional("tableName")
        if named is not None:
            return named
        found = self.stream_arn.partition(":table/")[2].partition("/")[0]
        if not found:
            raise EventError("'eventSourceARN' of the DynamoDBRecord is not the ARN of a stream of a table")
        return found

    @property
    def event_version(self) -> str | None:
        """The version of the format of the record."""
        return self._optional("eventVersion")

    @property
    def region(self) -> str | None:
        """The region of the table."""
        return self._optional("awsRegion")

    _label = ("eventID",)


class DynamoDBStreamEvent(Windowed, EventView["DynamoDBRecord[T_co]"]):
    """Changes of items.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "dynamodb"
    _record = DynamoDBRecord


def value_of(attribute: Any) -> Any:
    """Return an attribute value of DynamoDB as a value of Python.

    Raises:
        EventError: it is not an attribute value.
    """
    if type_of(attribute) is dict and len(attribute) == 1:
        ((kind, value),) = attribute.items()
        reader = _READERS.get(kind)
        if reader is not None:
            try:
                return reader(value)
            except (TypeError, ValueError, ArithmeticError, AttributeError):
                pass  # raised below, without a context: the error may hold the value
            raise EventError(f"an attribute of the DynamoDBRecord is not a value of the type {kind}")
    raise EventError("an attribute of the DynamoDBRecord is not a value of DynamoDB, such as {'S': 'text'}")


def _number(value: Any) -> Any:
    from decimal import Decimal

    return Decimal(value)


def _bytes(value: Any) -> bytes:
    from binascii import a2b_base64

    return a2b_base64(value, strict_mode=True)


def _same(value: Any) -> Any:
    return value


def _null(_: Any) -> None:
    return None


def _map(value: Any) -> dict[str, Any]:
    return {name: value_of(one) for name, one in value.items()}


def _list(value: Any) -> list[Any]:
    return [value_of(one) for one in value]


def _numbers(value: Any) -> set[Any]:
    return {_number(one) for one in value}


def _binaries(value: Any) -> set[bytes]:
    return {_bytes(one) for one in value}


_READERS: dict[str, Any] = {
    "S": _same,
    "N": _number,
    "B": _bytes,
    "BOOL": _same,
    "NULL": _null,
    "M": _map,
    "L": _list,
    "SS": set,
    "NS": _numbers,
    "BS": _binaries,
}


def change_in(record: RecordView) -> DynamoDBRecord | None:
    """Return the change of an item in the data of a record; None if the data is something else."""
    try:
        found = record.json
    except EventError:
        return None
    return DynamoDBRecord(found) if type_of(found) is dict and type_of(found.get("dynamodb")) is dict else None
