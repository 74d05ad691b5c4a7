"""`parse`: a layer that gives the handler a validated value in place of the event."""

from __future__ import annotations

import functools
import sys

from lambda_kit._kernel import callables, expressions, type_of
from lambda_kit.errors import ConfigurationError, EventError
from lambda_kit.events._models import MISSING, compiled, each, parse_all, title
from lambda_kit.events._source import VIEWS, source_of
from lambda_kit.events._view import EventView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, overload

    from lambda_kit.events._models import Model, Place

    M = TypeVar("M")
    M_co = TypeVar("M_co", covariant=True)
    P = ParamSpec("P")
    R = TypeVar("R")

    Find = Callable[[Any], Any]

    class Parsing(Protocol[M_co]):
        """The layer that `parse(...)` returns, for a handler that takes the validated value."""

        def __call__(self, fn: Callable[Concatenate[M_co, P], R], /) -> Callable[Concatenate[Any, P], R]:
            """Return a handler that takes the event and passes the value."""
            ...


if TYPE_CHECKING:

    @overload
    def parse(model: type[M], /, *, at: str | None = None, many: Literal[False] = False) -> Parsing[M]: ...
    @overload
    def parse(model: type[M], /, *, at: str | None = None, many: Literal[True] | str) -> Parsing[list[M]]: ...
    @overload
    def parse(model: Any, /, *, at: str | None = None, many: bool | str = False) -> Parsing[Any]: ...


def parse(model: Any, /, *, at: str | None = None, many: bool | str = False) -> Any:
    """Make a layer that validates the event, or a part of it, and gives the handler the validated value.

    ```python
    from dataclasses import dataclass

    from lambda_kit.events import parse


    @dataclass
    class Order:
        id: str
        amount: int


    @handler(parse(Order, at="detail"))
    def place(order: Order, context):
        return order.amount


    assert place({"detail": {"id": "o-1", "amount": 7}}, None) == 7
    ```

    Text that is found is JSON, and is validated as such. The body of an HTTP request may be encoded as base64.

    Args:
        model: a type that pydantic can validate, or a struct of msgspec. It is compiled when the layer is made.
        at: the part to validate, a JMESPath expression such as `"detail"` or `"parse_json(body).order"`; default the
            whole event. With `many` it is a part of each element, or of the JSON in each record.
        many: `True` for the contents of all records of an event, such as the bodies of SQS; or a JMESPath expression of
            a list in the event. The handler then gets a list. Default `False`.

    Raises:
        MissingExtra: pydantic is not installed.
        ConfigurationError: pydantic cannot validate this type, or an expression is wrong.
        ParseError: when running, something does not fit the type. Paths start at the event.
        EventError: when running, the event has no records, or no list, and `many` was given.
    """
    where = f"parse({title(model)})"
    known = compiled(model, where)
    read = _reader(known, at, many, where)

    def decorate(fn: Any, /) -> Any:
        callables.refuse_handler(fn, where)
        position = callables.event_position(fn)

        def parsed(*args: Any, **kwargs: Any) -> Any:
            return fn(*args[:position], read(args[position]), *args[position + 1 :], **kwargs)

        return functools.update_wrapper(parsed, fn)

    return decorate


def _reader(known: Model, at: str | None, many: bool | str, where: str) -> Find:
    """Return the function that makes the validated value of an event."""
    part = None if at is None else Part(at, f"{where}: at")
    if many is False:
        if part is None:
            return lambda event: known.validated(event, (), "event")
        return lambda event: _one(known, part, event)
    if many is True:
        return lambda event: _records(known, part, event, where)
    if type_of(many) is not str:
        raise ConfigurationError(f"{where}: many={many!r}; pass True, False, or a JMESPath expression of a list")
    elements = Part(many, f"{where}: many")

    def read(event: Any) -> Any:
        found = elements.find(event)
        if type_of(found) is not list:
            problem = "it is missing" if found is None else f"it is of type {type_of(found).__name__}"
            raise EventError(f"{where} needs a list at {many!r} of the event: {problem}")
        base = elements.place
        sources = [(functools.partial(_part_of, one, part), (*base, i)) for i, one in enumerate(found)]
        return each(known, sources, "event")

    return read


class Part:
    """A part of an event, named by an expression.

    Attributes:
        place: the path of the part in messages.
    """

    __slots__ = ("_find", "_parent", "_steps", "place")

    def __init__(self, expression: str, where: str) -> None:
        self._find = expressions.compiled(expression, where)
        steps = tuple(expression.split("."))
        plain = all(step.isidentifier() and step.isascii() for step in steps)
        self.place: Place = steps if plain else (expression,)
        self._parent = steps[:-1] if plain and steps[-1] == "body" else None

    def find(self, value: Any) -> Any:
        """Return the part; None if it is missing."""
        found = self._find(value)
        if self._parent is not None and type_of(found) is str:
            for step in self._parent:
                value = value[step]
            if value.get("isBase64Encoded") is True:
                return _decoded(found, self.place)
        return found


def _decoded(text: str, place: Place) -> bytes:
    from binascii import a2b_base64

    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError:
        pass
    raise EventError(f"{'.'.join(map(str, place))!r} of the event does not hold valid base64")


def _one(known: Model, part: Part, event: Any) -> Any:
    content = part.find(event)
    found, problems = known.check(content, part.place)
    if found is MISSING:
        if content is None:
            problems = [{"type": "missing", "loc": part.place, "msg": "it is missing, or null"}]
        raise known.error(problems, "event")
    return found


def _part_of(element: Any, part: Part | None) -> tuple[Any, Place]:
    return (element, ()) if part is None else (part.find(element), part.place)


def _records(known: Model, part: Part | None, event: Any, where: str) -> list[Any]:
    view: Any = event if isinstance(event, EventView) else _view_of(event, where)  # pyright: ignore[reportUnknownVariableType]
    if part is None:
        return parse_all(view, known)

    def read(record: Any) -> tuple[Any, Place]:
        content, place = record._content()
        if type_of(content) in (str, bytes):
            content = record.json
        return part.find(content), (*place, *part.place)

    sources = [(functools.partial(read, view._record(raw)), view._place(i)) for i, raw in enumerate(view._raws())]
    return each(known, sources, "event")


def _view_of(event: Any, where: str) -> Any:
    source = source_of(event)
    events: Any = sys.modules["lambda_kit.events"]
    view: Any = getattr(events, VIEWS[source]) if source is not None else None
    if hasattr(view, "_record"):
        return view(event)
    if type_of(event) is dict and event.get("Records") == []:
        return events.SqsEvent(event)
    what = source or "no known source"
    raise EventError(f"{where} with many=True needs an event with records, and was given one of {what}")
