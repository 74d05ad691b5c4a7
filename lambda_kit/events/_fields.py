"""The fields of views: which value of the dict a property reads, and of which type it is.

A field is written as `message_id = text("mail", "messageId")`. Reading a required field that is missing raises
`EventError`, which names its path. An optional field that is missing, null or of another type is None or empty.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._view import MISSING, ContentView, Records, T_co, View, kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any, ClassVar, Generic, Never, Self, TypeVar, overload

    from lambda_kit.events._http_values import HeaderValues

    T = TypeVar("T")
    V = TypeVar("V", bound=View)

    class Field(Generic[T]):
        """A read-only property of a view."""

        def __init__(self, read: Callable[[Any], T]) -> None: ...
        @overload
        def __get__(self, view: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, view: View, owner: Any) -> T: ...
        def __get__(self, view: Any, owner: Any) -> Any: ...
        def __set__(self, view: View, value: Never) -> None: ...
else:
    Field = property


class Event(ContentView[T_co]):
    """An event without a list of records.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source: ClassVar[str]


def text(name: str, *rest: str) -> Field[str]:
    """A required text."""
    if rest:
        return Field(lambda view: view._text(name, *rest))

    def read(view: View) -> str:
        try:
            found: str = view.raw[name]
            if found.__class__ is str:
                return found
        except (LookupError, TypeError):
            pass
        return view._text(name)  # raises an error that names the value in its place

    return Field(read)


def optional(*path: str) -> Field[str | None]:
    """An optional text."""
    return Field(lambda view: view._optional(*path))


def whole(*path: str) -> Field[int]:
    """A required integer, which may be written as text."""
    return Field(lambda view: view._whole(*path))


def optional_whole(*path: str) -> Field[int | None]:
    """An optional integer, which may be written as text.

    Reading it raises an EventError if the value is not an integer.
    """
    return Field(lambda view: None if view._find(*path) in (None, MISSING) else view._whole(*path))


def flag(*path: str) -> Field[bool]:
    """A truth value; it may be written as text, and is False if it is missing."""
    return Field(lambda view: view._find(*path) in (True, "true", "True"))


def mapping(*path: str) -> Field[dict[str, Any]]:
    """An optional object, as it is in the event; an empty dict if it is missing."""

    def read(view: View) -> dict[str, Any]:
        found = view._find(*path)
        return found if type_of(found) is dict else {}

    return Field(read)


def anything(*path: str) -> Field[Any]:
    """A value of any type, as it is in the event; None if it is missing."""

    def read(view: View) -> Any:
        found = view._find(*path)
        return None if found is MISSING else found

    return Field(read)


def items(*path: str) -> Field[list[Any]]:
    """An optional list, as it is in the event; an empty list if it is missing."""

    def read(view: View) -> list[Any]:
        found = view._find(*path)
        return found if type_of(found) is list else []

    return Field(read)


def texts(*path: str) -> Field[list[str]]:
    """An optional list of texts, as it is in the event; an empty list if it is missing.

    Reading it raises an EventError if the list holds something else.
    """

    def read(view: View) -> list[str]:
        found = view._find(*path)
        if type_of(found) is not list:
            return []
        if not all(type_of(one) is str for one in found):
            raise view._error(found, "a list of texts", path)
        return found  # type: ignore[no-any-return]

    return Field(read)


def time(*path: str, per_second: int = 0) -> Field[datetime | None]:
    """An optional time.

    Reading it raises an EventError if the value is not a time.

    Args:
        path: where it is.
        per_second: 1 for seconds, 1000 for milliseconds; 0, the default, for ISO 8601 text.
    """
    if per_second:
        return Field(lambda view: view._time(per_second, *path))
    return Field(lambda view: view._iso_time(*path))


def headers(*path: str, lists: str = "") -> Field[HeaderValues]:
    """Optional headers, whose names are found in any letter case; an object of texts, or of lists of texts.

    Args:
        path: where they are.
        lists: a top-level key whose headers have precedence, because they have all values of a name.
    """

    def make(view: View) -> HeaderValues:
        from lambda_kit.events._http_values import HeaderValues, lists_of

        found = view._find(lists) if lists else None
        if type_of(found) is not dict:
            found = view._find(*path)
        # The last header of a name counts, whatever its letter case.
        return HeaderValues({name.lower(): values for name, values in lists_of(found).items()})

    return Field(lambda view: kept(view, path, make))


def part(view_class: type[V], *path: str) -> Field[V]:
    """A view of a required object."""
    return Field(lambda view: kept(view, path, lambda view: view_class(view._object(*path))))


def optional_part(view_class: type[V], *path: str) -> Field[V | None]:
    """A view of an optional object."""

    def make(view: View) -> V | None:
        found = view._find(*path)
        return view_class(found) if type_of(found) is dict else None

    return Field(lambda view: kept(view, path, make))


def parts(view_class: type[V], *path: str) -> Field[Records[V]]:
    """Views of the objects in an optional list."""

    def read(view: View) -> Records[V]:
        found = view._find(*path)
        return Records(found if type_of(found) is list else [], view_class)

    return Field(read)
