"""The guard around everything that is said about a span: it never raises, and a value of any type is accepted."""

from __future__ import annotations

import functools

from lambda_kit._kernel import lifecycle, log, type_of
from lambda_kit._kernel.json_text import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

_MAX_STATUS = 1_000_000
_MAX_LENGTH = 2**63
_reported: set[str] = set()


def harmless(method: F) -> F:
    """Return a method that returns None instead of raising an exception; the first one of its kind is logged."""

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            report(method.__qualname__, error)
            return None

    guarded_method: Any = call
    result: F = guarded_method
    return result


def report(what: str, error: Exception) -> None:
    """Log that something could not be recorded: once in a process for each thing, because it may happen each time."""
    if what in _reported:
        return
    if not _reported:
        lifecycle.on_reset(_reported.clear)
    _reported.add(what)
    try:
        log.warning("the tracer could not record a part of a span: %s failed with %s", what, type(error).__name__)
    except Exception:  # raised by a handler or filter of `logging`
        return


def text_of(value: Any) -> str:
    """Return a value as text, whatever its type and even if its `__str__` fails."""
    if type(value) is str:
        return value
    try:
        return str.__str__(guarded(str, value))
    except Exception as error:
        return f"[no text: {type(error).__name__}]"


def status_of(value: Any) -> int | None:
    """Return an HTTP status as an integer; None if the value is not one."""
    return _integer(value, _MAX_STATUS)


def length_of(value: Any) -> int | None:
    """Return a number of bytes as an integer; None if the value is not one."""
    return _integer(value, _MAX_LENGTH)


def _integer(value: Any, limit: int) -> int | None:
    if value is None:
        return None
    if type_of(value) is not int:
        try:
            if isinstance(value, str):
                value = int(value)
            else:
                from operator import index

                value = index(value)
        except Exception:
            return None
    number: int = value
    return number if 0 <= number < limit else None
