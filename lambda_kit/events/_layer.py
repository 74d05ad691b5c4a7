"""`as_event`: a layer that gives the handler a view of the event in place of the dict."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError, EventError
from lambda_kit.events._source import VIEWS, source_of
from lambda_kit.events._view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

    E = TypeVar("E", bound=View)
    E_co = TypeVar("E_co", bound=View, covariant=True)
    P = ParamSpec("P")
    R = TypeVar("R")

    class Decorate(Protocol[E_co]):
        """The layer that `as_event(...)` returns, for a handler that takes the view."""

        def __call__(self, fn: Callable[Concatenate[E_co, P], R], /) -> Callable[Concatenate[Any, P], R]:
            """Return a handler that takes the dict and passes the view."""
            ...


def as_event(view: type[E], /) -> Decorate[E]:
    """Make a layer that gives the handler a typed view in place of the dict. The layers outside of it get the dict.

    ```python
    from lambda_kit.events import SqsEvent, as_event


    @handler(as_event(SqsEvent))
    def count(event: SqsEvent, context):
        return [record.id for record in event]


    assert count({"Records": []}, None) == []
    ```

    Args:
        view: the class of the view, such as `SqsEvent`.

    Raises:
        ConfigurationError: `view` is not the view of an event.
        EventError: when running, the event is of another source.
    """
    given: Any = view
    if not isinstance(given, type) or not issubclass(given, View) or not hasattr(given, "source"):
        raise ConfigurationError(f"as_event({callables.name_of(view)}): pass the class of an event, such as SqsEvent")

    def decorate(fn: Any, /) -> Any:
        callables.refuse_handler(fn, f"as_event({given.__name__})")
        at = callables.event_position(fn)

        def viewed(*args: Any, **kwargs: Any) -> Any:
            return fn(*args[:at], _checked(view, args[at]), *args[at + 1 :], **kwargs)

        return functools.update_wrapper(viewed, fn)

    made: Any = decorate
    return made  # type: ignore[no-any-return]


def _checked(view: type[E], event: Any) -> E:
    if type_of(event) is view:
        return event  # type: ignore[no-any-return]
    kind: Any = view
    found = source_of(event)
    if found not in (kind.source, *kind._also) and not _is_empty(kind, event):
        what = (
            f"an event of {found}; its view is {VIEWS[found]}" if found is not None else "an event of no known source"
        )
        raise EventError(f"as_event({kind.__name__}) needs an event of {kind.source}, and was given {what}")
    return view(event)


def _is_empty(view: Any, event: Any) -> bool:
    """Tell whether an event has an empty list of records, which does not show its source."""
    return type_of(event) is dict and event.get("Records") == [] and getattr(view, "_list", None) == "Records"
