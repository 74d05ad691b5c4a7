"""Types that contents of events are validated with: what pydantic can validate, and structs of msgspec."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError, EventError, ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Place = tuple[str | int, ...]

_MAX_PROBLEMS = 20
MISSING: Any = object()
"""The result of `Model.check` for what does not fit."""


class Model:
    """A type, compiled once.

    Args:
        name: the name of the type in messages.
        of_json: validates the text of JSON.
        of_value: validates a value.
        failure: the exception of these two for what does not fit.
        problems_of: returns the problems that such an exception tells about a content, without values of it.

    Attributes:
        name: the same.
        of_json: the same.
        of_value: the same.
        failure: the same.
    """

    __slots__ = ("_problems_of", "failure", "name", "of_json", "of_value")

    def __init__(
        self,
        name: str,
        of_json: Callable[[Any], Any],
        of_value: Callable[[Any], Any],
        failure: type[Exception],
        problems_of: Callable[[Any, Any], list[dict[str, Any]]],
    ) -> None:
        self.name = name
        self.of_json = of_json
        self.of_value = of_value
        self.failure = failure
        self._problems_of = problems_of

    def check(self, content: Any, place: Place = ()) -> tuple[Any, list[dict[str, Any]]]:
        """Return the validated content, or MISSING and the problems; paths start with `place`."""
        try:
            return (self.of_json if type_of(content) in (str, bytes) else self.of_value)(content), []
        except UnicodeError:  # half of a surrogate pair, which UTF-8 does not have
            problems = [{"type": "json_invalid", "loc": (), "msg": "Invalid JSON: it is not valid Unicode"}]
        except self.failure as error:
            problems = self._problems_of(error, content)
        return MISSING, [{**one, "loc": (*place, *one["loc"])} for one in problems]

    def validated(self, content: Any, place: Place, what: str, kind: type[ParseError] = ParseError) -> Any:
        """Return the validated content.

        Args:
            content: text or bytes of JSON, or a value.
            place: the path of the content.
            what: the name of what is parsed in the message: `"event"`.
            kind: the class of the error.

        Raises:
            ParseError: the content does not fit.
        """
        found, problems = self.check(content, place)
        if found is MISSING:
            raise self.error(problems, what, kind)
        return found

    def error(self, problems: list[dict[str, Any]], what: str, kind: type[ParseError] = ParseError) -> ParseError:
        """Return the error for problems. It has no context: the error of pydantic holds the values."""
        return error_of(problems, self.name, what, kind)


def error_of(problems: list[dict[str, Any]], name: str, what: str, kind: type[ParseError]) -> ParseError:
    """Return the error for problems.

    Args:
        problems: the problems as pydantic lists them.
        name: the name of the model in the message.
        what: the name of what does not fit: `"event"`.
        kind: the class of the error.
    """
    pairs = [(".".join(map(str, one["loc"])) or "$", one["msg"]) for one in problems]
    more = len(pairs) - _MAX_PROBLEMS
    listed = "; ".join(f"{path}: {problem}" for path, problem in pairs[:_MAX_PROBLEMS])
    rest = f"; and {more} more" if more > 0 else ""
    return kind(f"the {what} does not fit {name}: {listed}{rest}", problems=pairs, errors=problems)


_compiled: dict[Any, Model] = {}


def compiled(model: Any, where: str) -> Model:
    """Return a type as a `Model`, the same one each time.

    Args:
        model: the type.
        where: the part of the kit that it was passed to, for messages: `"batch(model=...)"`.

    Raises:
        MissingExtra: pydantic is not installed.
        ConfigurationError: pydantic cannot validate this type.
    """
    try:
        found = _compiled.get(model)
    except TypeError:  # it is not hashable, such as Annotated[int, []]
        return _compile(model, where)
    if found is None:
        found = _compiled[model] = _compile(model, where)
    return found


def _compile(model: Any, where: str) -> Model:
    from lambda_kit._kernel import models

    if models.has_struct(model):
        from lambda_kit.events._msgspec import compile_struct

        return Model(title(model), *compile_struct(model, where))
    if type_of(model) is str:
        raise ConfigurationError(f"{where}: {model!r} is the name of a type; pass the type")
    name = title(model)
    adapter = models.adapter(model, where, name)
    from pydantic import ValidationError

    from lambda_kit.events._problems import of_pydantic

    return Model(name, adapter.validate_json, adapter.validate_python, ValidationError, of_pydantic)


def title(model: Any) -> str:
    """Return the name of a type for messages."""
    written = None if getattr(model, "__args__", None) else getattr(model, "__name__", None)
    return written or repr(model).replace("typing.", "")


# Views


def parse(view: Any, model: Any) -> Any:
    """Return the content of a view as `model`: see `ContentView.parse`."""
    name = type_of(view).__name__
    known = compiled(model, f"{name}.parse(...)")
    content, place = view._content()
    return known.validated(content, place, name)


def parsed_of(view: Any) -> Any:
    """Return the content as the type in the brackets of its view: see `ContentView.parsed`."""
    try:
        return view._parsed
    except AttributeError:
        pass
    model = view._model
    if model is not None:
        found = view._parsed = parse(view, model)
        return found
    content, _ = view._content()
    if type_of(content) not in (str, bytes):
        return content
    return None if content == b"null" else view.json


def parse_all(event: Any, model: Any) -> list[Any]:
    """Return the contents of all records as `model`, which may be compiled: see `EventView.parse`."""
    name = type_of(event).__name__
    known = model if type_of(model) is Model else compiled(model, f"{name}.parse(...)")
    raws, view = event._raws(), event._record
    try:
        contents = view._contents(raws)
        if not contents or contents[0].__class__ is str or contents[0].__class__ is bytes:
            return list(map(known.of_json, contents))
    except Exception:  # any error is reported below, with the number of the record
        contents = []
    return each(known, ((view(raw)._content, event._place(index)) for index, raw in enumerate(raws)), name)


def each(known: Model, sources: Iterable[tuple[Callable[[], tuple[Any, Place]], Place]], what: str) -> list[Any]:
    """Return validated contents.

    Args:
        known: the type.
        sources: for each content a function that returns it with its path in the record, and the path of the record.
        what: the name of what is parsed in the message.

    Raises:
        ParseError: some contents do not fit, or cannot be read.
    """
    found: list[Any] = []
    problems: list[dict[str, Any]] = []
    for read, place in sources:
        try:
            content, path = read()
        except EventError as error:
            problems.append({"type": "unreadable", "loc": place, "msg": str(error)})
            continue
        one, wrong = known.check(content, (*place, *path))
        found.append(one)
        problems += wrong
    if problems:
        raise known.error(problems, what)
    return found


_views: dict[tuple[Any, Any], Any] = {}


def with_model(view: Any, model: Any) -> Any:
    """Return the class of a view with a type in brackets, the same one each time."""
    try:
        found = _views.get((view, model))
    except TypeError:  # the type is not hashable
        return _make_view(view, model)
    if found is None:
        found = _views[view, model] = _make_view(view, model)
    return found


def _make_view(view: Any, model: Any) -> Any:
    members: dict[str, Any] = {"__doc__": view.__doc__, "__module__": view.__module__, "_model": model}
    if hasattr(view, "_record"):
        members |= {"__slots__": (), "_record": view._record[model]}
    else:
        members |= {"__slots__": () if hasattr(view, "_parsed") else ("_parsed",)}
    made = type_of(view)(f"{view.__name__}[{title(model)}]", (view,), members)
    made.__qualname__ = made.__name__
    return made
