"""What all views have in common: the raw dict, and what is found in it, or not."""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Any, ClassVar, Generic, TypeVar, overload

    R = TypeVar("R")
else:
    R = None

    class Generic:
        """Parameters of types mean nothing while the program runs."""

        def __class_getitem__(cls, _item):
            return cls


MISSING: Any = object()
_BLANKS = " \t\n\r"
_scan = json.JSONDecoder().raw_decode  # what `json.loads` calls, which takes as long again to look for blanks


class View:  # noqa: PLW1641  # a dict has no hash either
    """A reading of a dict, which it neither copies nor changes: nothing is decoded before it is asked for.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def _text(self, *path: str) -> str:
        """Return a text that has to be there.

        Raises:
            EventError: it is not.
        """
        found = self._find(*path)
        if type_of(found) is not str:
            raise self._lacks(found, "text", path)
        text: str = found
        return text

    def _optional(self, *path: str) -> str | None:
        found = self._find(*path)
        return found if type_of(found) is str else None

    def _whole(self, *path: str) -> int:
        """Return a whole number that has to be there, also if it stands there as text.

        Raises:
            EventError: it is not.
        """
        found = self._find(*path)
        if type_of(found) is int:
            number: int = found
            return number
        try:
            if type_of(found) is str:
                return int(found)
        except ValueError:
            pass  # told below
        raise self._lacks(found, "a whole number", path)

    def _object(self, *path: str) -> dict[str, Any]:
        """Return an object that has to be there.

        Raises:
            EventError: it is not.
        """
        found = self._find(*path)
        if type_of(found) is not dict:
            raise self._lacks(found, "an object", path)
        return found  # type: ignore[no-any-return]

    def _time(self, per_second: int, *path: str) -> datetime | None:
        """Return a time that stands there as a number, or as text for one; None if it is not there."""
        found = self._find(*path)
        if found is MISSING or found is None:
            return None
        from datetime import datetime, timezone

        try:
            return datetime.fromtimestamp(float(found) / per_second, timezone.utc)  # noqa: UP017  # cheaper to load
        except (TypeError, ValueError, OverflowError, OSError):
            raise self._lacks(found, "a time", path) from None

    def _find(self, *path: str) -> Any:
        found: Any = self.raw
        for name in path:
            if type_of(found) is not dict:
                return MISSING
            found = found.get(name, MISSING)
        return found

    def _lacks(self, found: Any, wanted: str, path: tuple[str, ...]) -> EventError:
        what = type_of(self).__name__
        if type_of(self.raw) is not dict:
            return EventError(f"a {what} was made of a value of type {type_of(self.raw).__name__}; a dict is needed")
        name = ".".join(path)
        if found is MISSING:
            return EventError(
                f"the {what} has no {name!r}; it has {', '.join(map(repr, list(self.raw)[:12])) or 'nothing'}"
            )
        return EventError(f"{name!r} of the {what} is of type {type_of(found).__name__}; {wanted} is needed")

    def __eq__(self, other: object) -> bool:
        return type_of(other) is type_of(self) and getattr(other, "raw", MISSING) == self.raw


class Failed:
    """What stands in for a value that could not be decoded, so that it is not tried again."""

    __slots__ = ("message",)

    def __init__(self, message: str) -> None:
        self.message = message


class RecordView(View):
    """A record of a batch.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ("_json",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._json: Any = MISSING

    @property
    def id(self) -> Any:
        """What the service calls the record, and wants to hear of if it failed."""
        raise NotImplementedError

    @property
    def json(self) -> Any:
        """What the record holds, as JSON; decoded once, and the same object from then on.

        Raises:
            EventError: it is no JSON.
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
            start = 0 if text[:1] not in _BLANKS else len(text) - len(text.lstrip(_BLANKS))
            found, end = _scan(text, start)
        except EventError as error:
            return Failed(str(error))
        except RecursionError:
            return Failed(f"the {type_of(self).__name__} is nested too deeply to be decoded")
        except ValueError as error:
            where = getattr(error, "pos", None)
            told = "" if where is None else f", at character {where}"
            return Failed(f"the {type_of(self).__name__} does not hold JSON{told}")
        if end < len(text) and text[end:].strip(_BLANKS):
            return Failed(f"the {type_of(self).__name__} does not hold JSON alone, from character {end} on")
        return found

    def __repr__(self) -> str:
        try:
            return f"<{type_of(self).__name__} {self.id}>"
        except EventError:
            return f"<{type_of(self).__name__} without an id>"


class Records(Generic[R]):
    """The records of an event, in its order; each view is made when it is asked for."""

    __slots__ = ("_raws", "_view")

    def __init__(self, raws: list[Any], view: Callable[[Any], R]) -> None:
        self._raws = raws
        self._view = view

    def __len__(self) -> int:
        return len(self._raws)

    def __iter__(self) -> Iterator[R]:
        return map(self._view, self._raws)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> R: ...
        @overload
        def __getitem__(self, index: slice) -> Records[R]: ...

    def __getitem__(self, index: Any) -> Any:
        if type_of(index) is slice:
            return Records(self._raws[index], self._view)
        return self._view(self._raws[index])

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


class EventView(View, Generic[R]):
    """An event with records: iterating over it gives their views.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ()
    source: ClassVar[str]
    _record: ClassVar[Any]
    _list: ClassVar[str] = "Records"

    @property
    def records(self) -> Records[R]:
        """The records, in the order of the event.

        Raises:
            EventError: they do not stand where they should.
        """
        return Records(self._raws(), self._record)

    def _raws(self) -> list[Any]:
        found = self._find(self._list)
        if type_of(found) is not list:
            raise self._lacks(found, "a list", (self._list,))
        return found  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[R]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self._raws())

    def __repr__(self) -> str:
        try:
            count = len(self)
        except EventError:
            return f"<{type_of(self).__name__} without records>"
        return f"<{type_of(self).__name__}: {count} records>"
