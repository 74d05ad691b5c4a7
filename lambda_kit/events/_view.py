"""The base classes of all views: they read values out of the raw dict."""

from __future__ import annotations

import json
from sys import modules

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Any, ClassVar, Generic, overload

    from typing_extensions import TypeVar

    M = TypeVar("M")
    R_co = TypeVar("R_co", covariant=True)
    T_co = TypeVar("T_co", covariant=True, default=object)
else:
    R_co = T_co = None

    class Generic:
        """A stand-in for `typing.Generic`, so that `typing` is not loaded while the program runs."""

        __slots__ = ()

        def __class_getitem__(cls, _item):
            return cls


MISSING: Any = object()
_MOST = 1 << 63  # integers of services are smaller
_LONG = 100  # characters of a label
_BLANKS = " \t\n\r"
_DIGITS = bytes(ord("0") if chr(byte).isdecimal() else byte for byte in range(128)) + bytes(range(128, 256))
_LONG_NUMBER = b"0" * 19  # an integer with so many digits may not fit into 64 bits; orjson makes a float of it
_scan = json.JSONDecoder().raw_decode  # the core of `json.loads`, which takes twice as long because of blanks


class View:  # noqa: PLW1641  # a dict has no hash either
    """A view of a dict, which it neither copies nor changes. Values are decoded when they are asked for.

    Attributes:
        raw: the dict.
    """

    __slots__ = ("_known", "raw")
    _label: ClassVar[tuple[str, ...]] = ()  # the path of the text that `repr` shows
    _also: ClassVar[tuple[str, ...]] = ()  # sources of the view of an event beside its `source`

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def _text(self, *path: str) -> str:
        """Return a required text.

        Raises:
            EventError: it is missing, or is not text.
        """
        found = self._find(*path)
        if type_of(found) is not str:
            raise self._error(found, "text", path)
        text: str = found
        return text

    def _optional(self, *path: str) -> str | None:
        found = self._find(*path)
        return found if type_of(found) is str else None

    def _whole(self, *path: str) -> int:
        """Return a required integer, which may be written as text.

        Raises:
            EventError: it is missing, or is not an integer.
        """
        found = self._find(*path)
        try:
            number = int(found) if type_of(found) in (int, str) else _MOST
        except ValueError:
            number = _MOST
        if -_MOST < number < _MOST:
            return number
        raise self._error(found, "an integer", path)

    def _object(self, *path: str) -> dict[str, Any]:
        """Return a required object.

        Raises:
            EventError: it is missing, or is not an object.
        """
        found = self._find(*path)
        if type_of(found) is not dict:
            raise self._error(found, "an object", path)
        return found  # type: ignore[no-any-return]

    def _time(self, per_second: int, *path: str) -> datetime | None:
        """Return a time that is written as a number, or as text of a number; None if it is missing.

        Raises:
            EventError: it is not a time.
        """
        found = self._find(*path)
        if found is MISSING or found is None:
            return None
        from datetime import datetime, timezone

        try:
            return datetime.fromtimestamp(float(found) / per_second, timezone.utc)  # noqa: UP017  # cheaper to load
        except (TypeError, ValueError, OverflowError, OSError):
            raise self._error(found, "a time", path) from None

    def _iso_time(self, *path: str) -> datetime | None:
        """Return a time that is written as ISO 8601 text; None if it is missing.

        Raises:
            EventError: it is not a time.
        """
        found = self._find(*path)
        if found is MISSING or found is None:
            return None
        from datetime import datetime

        try:
            return datetime.fromisoformat(found)
        except (TypeError, ValueError):
            raise self._error(found, "a time", path) from None

    def _is_absent(self, *path: str) -> bool:
        return self._find(*path) in (None, MISSING)

    def _find(self, *path: str) -> Any:
        found: Any = self.raw
        for name in path:
            if type_of(found) is not dict:
                return MISSING
            found = found.get(name, MISSING)
        return found

    def _error(self, found: Any, wanted: str, path: tuple[str, ...]) -> EventError:
        what = type_of(self).__name__
        if type_of(self.raw) is not dict:
            return EventError(f"a {what} was made of a value of type {type_of(self.raw).__name__}; a dict is needed")
        name = ".".join(path)
        if found is MISSING:
            keys = ", ".join(repr(shown(str(one))) for one in list(self.raw)[:12])
            return EventError(f"the {what} has no {name!r}; it has {keys or 'nothing'}")
        return EventError(f"{name!r} of the {what} is of type {type_of(found).__name__}; {wanted} is needed")

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name[:1] == "_" or name == "raw":
                raise AttributeError(name)
            from lambda_kit.events._hints import missing_attribute

            raise missing_attribute(self, name)

        def __getitem__(self, key):
            from lambda_kit.events._hints import no_key

            raise no_key(self, key)

        __iter__ = None  # `__getitem__` alone would make it iterable

    def __repr__(self) -> str:
        label = self._optional(*self._label) if self._label else None
        return f"<{type_of(self).__name__}{'' if label is None else f' {shown(label)}'}>"

    def __eq__(self, other: object) -> bool:
        return type_of(other) is type_of(self) and getattr(other, "raw", MISSING) == self.raw


def kept(view: Any, key: Any, make: Callable[[Any], Any]) -> Any:
    """Return the value that `make` makes of a view, once. Each access after an error raises an error of its own."""
    try:
        known: dict[Any, Any] = view._known
    except AttributeError:
        known = view._known = {}
    found: Any = known.get(key, MISSING)
    if found is MISSING:
        try:
            found = make(view)
        except EventError as error:
            found = Failed(str(error))
        known[key] = found
    if type_of(found) is Failed:
        raise EventError(found.message)
    return found


if TYPE_CHECKING:
    once = property
else:

    def once(make):
        """Make a property that is read once."""
        name = make.__name__
        return property(lambda view: kept(view, name, make), doc=make.__doc__)


def shown(label: str) -> str:
    """Return a label for a message or a `repr`; a long one is cut."""
    return label if len(label) <= _LONG else f"{label[:_LONG]}…"


class ContentView(View, Generic[T_co]):
    """A view of something that holds a value which a type can validate: the JSON in a body, the detail of an event.

    `SqsRecord[Order]` is a view whose content is an `Order`; `parsed` is that order.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _model: ClassVar[Any] = None

    if not TYPE_CHECKING:

        def __class_getitem__(cls, model):
            if model is None or type_of(model) is str:  # a type variable, or a forward reference
                return cls
            from lambda_kit.events._models import with_model

            return with_model(cls, model)

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        """Return the content and its path in the event. Text and bytes are JSON.

        Raises:
            EventError: the content cannot be read.
        """
        return self._object(), ()

    @classmethod
    def _contents(cls, raws: list[Any]) -> list[Any]:
        """Return the contents of records. What it raises, and what is no content, is looked at record by record."""
        return [cls(raw)._content()[0] for raw in raws]

    if TYPE_CHECKING:

        @overload
        def parse(self, model: type[M], /) -> M: ...
        @overload
        def parse(self, model: Any, /) -> Any: ...

    def parse(self, model: Any, /) -> Any:
        """Validate the content, and return it as `model`. The text of JSON is validated without a dict in between.

        Args:
            model: a type that pydantic can validate, such as a model, a dataclass or `list[int]`; or a struct of
                msgspec. It is compiled once.

        Raises:
            ParseError: the content does not fit the type.
            EventError: the content cannot be read.
            MissingExtra: pydantic is not installed.
            ConfigurationError: pydantic cannot validate this type.
        """
        from lambda_kit.events._models import parse

        return parse(self, model)

    @property
    def parsed(self) -> T_co:
        """The content as the type in brackets: an `Order` for `SqsRecord[Order]`. It is validated once.

        A view without a type gives the content as it is: the value of the JSON, the image, the dict.

        Raises:
            ParseError: the content does not fit the type.
            EventError: the content cannot be read.
        """
        from lambda_kit.events._models import parsed_of

        return parsed_of(self)  # type: ignore[no-any-return]


class Failed:
    """The place-holder for a value that could not be decoded, so that decoding is not tried again."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message


class RecordView(ContentView[T_co]):
    """A record of a batch.

    Attributes:
        raw: the dict.
    """

    __slots__ = ("_json",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._json: Any = MISSING

    @property
    def id(self) -> Any:
        """The id that the service has given to the record, and that a response names if the record failed."""
        raise NotImplementedError

    @property
    def json(self) -> Any:
        """The value of the JSON in the record; decoded once, so that it is the same object each time.

        Raises:
            EventError: the record does not hold JSON.
        """
        found = self._json
        if found is MISSING:
            found = self._json = self._decode()
        if type_of(found) is Failed:
            raise EventError(found.message)
        return found

    def _json_text(self) -> str:
        raise NotImplementedError

    def _decode(self) -> Any:
        try:
            text = self._json_text()
            if (orjson := modules.get("orjson")) is not None:
                try:
                    data = text.encode()
                    if _LONG_NUMBER not in data.translate(_DIGITS):
                        return orjson.loads(data)
                except ValueError:
                    pass  # `json` takes more, such as NaN; its errors are reported below
            start = 0 if text[:1] not in _BLANKS else len(text) - len(text.lstrip(_BLANKS))
            found, end = _scan(text, start)
        except EventError as error:
            return Failed(str(error))
        except RecursionError:
            return Failed(f"the {type_of(self).__name__} is nested too deeply to be decoded")
        except ValueError as error:
            where = getattr(error, "pos", None)
            position = "" if where is None else f", at character {where}"
            return Failed(f"the {type_of(self).__name__} does not hold JSON{position}; read .body for its text")
        if end < len(text) and text[end:].strip(_BLANKS):
            return Failed(f"the {type_of(self).__name__} holds something else after its JSON, from character {end} on")
        return found

    def __repr__(self) -> str:
        try:
            return f"<{type_of(self).__name__} {shown(str(self.id))}>"
        except EventError:
            return f"<{type_of(self).__name__} without an id>"


class Records(Generic[R_co]):
    """The records of an event, in its order. The view of a record is made when it is asked for."""

    __slots__ = ("_raws", "_view")

    def __init__(self, raws: list[Any], view: Callable[[Any], R_co]) -> None:
        self._raws = raws
        self._view = view

    def __len__(self) -> int:
        return len(self._raws)

    def __iter__(self) -> Iterator[R_co]:
        return map(self._view, self._raws)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> R_co: ...
        @overload
        def __getitem__(self, index: slice) -> Records[R_co]: ...

    def __getitem__(self, index: Any) -> Any:
        if type_of(index) is slice:
            return Records(self._raws[index], self._view)
        return self._view(self._raws[index])

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


class EventView(View, Generic[R_co]):
    """An event with records. Iterating over it gives the views of the records.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source: ClassVar[str]
    _record: ClassVar[Any]
    _list: ClassVar[str] = "Records"

    if not TYPE_CHECKING:

        def __class_getitem__(cls, model):
            if model is None or type_of(model) is str or cls is EventView:
                return cls
            from lambda_kit.events._models import with_model

            return with_model(cls, model)

    if TYPE_CHECKING:

        @overload
        def parse(self, model: type[M], /) -> list[M]: ...
        @overload
        def parse(self, model: Any, /) -> list[Any]: ...

    def parse(self, model: Any, /) -> list[Any]:
        """Validate the contents of all records, and return them as a list of `model`: see the `parse` of a record.

        Raises:
            ParseError: the contents of some records do not fit the type. Their paths name the records.
            EventError: the event has no list of records.
            MissingExtra: pydantic is not installed.
            ConfigurationError: pydantic cannot validate this type.
        """
        from lambda_kit.events._models import parse_all

        return parse_all(self, model)

    @property
    def records(self) -> Records[R_co]:
        """The records, in the order of the event.

        Raises:
            EventError: the event has no list of records.
        """
        return Records(self._raws(), self._record)

    def _place(self, index: int) -> tuple[str | int, ...]:
        """Return the path of a record in the event."""
        return self._list, index

    def _raws(self) -> list[Any]:
        found = self._find(self._list)
        if type_of(found) is not list:
            raise self._error(found, "a list", (self._list,))
        return found  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[R_co]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self._raws())

    def __repr__(self) -> str:
        try:
            count = len(self)
        except EventError:
            return f"<{type_of(self).__name__} without records>"
        return f"<{type_of(self).__name__}: {count} records>"
