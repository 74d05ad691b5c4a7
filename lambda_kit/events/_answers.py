"""Checks that the builders of answers share."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events._view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

BOOLEAN, TEXT, TEXTS, LIST, OBJECT = "a boolean", "text", "an object of texts", "a list of texts", "an object"


def fits(value: Any, kind: str) -> bool:
    """Tell whether a value is of a kind: `BOOLEAN`, `TEXT`, `TEXTS`, `LIST` or `OBJECT`."""
    if kind == BOOLEAN:
        return type_of(value) is bool
    if kind == TEXT:
        return type_of(value) is str
    if kind == LIST:
        return type_of(value) is list and all(type_of(one) is str for one in value)
    if type_of(value) is not dict:
        return False
    return kind == OBJECT or all(type_of(one) is str for pair in value.items() for one in pair)


def kind_of(value: Any) -> str:
    """Return the type of a value for a message, and the type of the first thing in it that is no text."""
    if type_of(value) in (dict, list):
        inner = [one for one in (value.values() if type_of(value) is dict else value) if type_of(one) is not str]
        return f"{type_of(value).__name__} with {type_of(inner[0]).__name__}" if inner else type_of(value).__name__
    return str(type_of(value).__name__)


def raw_of(event: Any, what: str) -> dict[str, Any]:
    """Return the dict of an event, which may be a view.

    Args:
        event: the event, or a view of it.
        what: the function that it was passed to, for the message: `"cognito.pre_sign_up"`.

    Raises:
        EventError: it is neither.
    """
    found: Any = event.raw if isinstance(event, View) else event
    if type_of(found) is not dict:
        raise EventError(f"{what}: the event is of type {type_of(found).__name__}; pass the event as Lambda gave it")
    return found  # type: ignore[no-any-return]


def text_at(event: dict[str, Any], what: str, *path: str) -> str:
    """Return a text of the event.

    Raises:
        EventError: it is missing.
    """
    found: Any = event
    for name in path:
        found = found.get(name) if type_of(found) is dict else None
    if type_of(found) is not str or not found:
        raise EventError(f"{what}: the event has no text at {'.'.join(path)!r}; is it an event of this trigger?")
    text: str = found
    return text


def check_text(value: Any, where: str, longest: int | None = None, *, shortest: int = 1) -> str:
    """Return a text whose length is within bounds.

    Raises:
        AnswerError: it is no text, or too short or too long.
    """
    if type_of(value) is not str:
        raise AnswerError(f"{where} is of type {type_of(value).__name__}; pass text")
    if longest is None and not value:
        raise AnswerError(f"{where} is empty")
    if longest is not None and not shortest <= len(value) <= longest:
        raise AnswerError(f"{where} has {len(value)} characters; pass {shortest} to {longest}")
    text: str = value
    return text


def check_dict(value: Any, where: str) -> dict[str, Any]:
    """Return a mapping as a dict.

    Raises:
        AnswerError: it is none.
    """
    if type_of(value) is dict or hasattr(value, "items"):
        return dict(value)
    raise AnswerError(f"{where} is of type {type_of(value).__name__}; pass a dict")


def check_list(value: Any, where: str, wanted: str = "a list") -> list[Any]:
    """Return a sequence as a list.

    Raises:
        AnswerError: it is a text, or no sequence.
    """
    if type_of(value) in (str, bytes, dict) or not hasattr(value, "__iter__"):
        raise AnswerError(f"{where} is of type {type_of(value).__name__}; pass {wanted}")
    return list(value)


def check_texts(value: Any, where: str) -> list[str]:
    """Return a sequence of texts as a list.

    Raises:
        AnswerError: it is a text, or no sequence, or holds something else.
    """
    found = check_list(value, where, "a list of texts")
    for one in found:
        if type_of(one) is not str:
            raise AnswerError(f"{where} holds a value of type {type_of(one).__name__}; pass a list of texts")
    return found


def check_choice(value: Any, where: str, known: Iterable[str]) -> str:
    """Return a text that is one of those known.

    Raises:
        AnswerError: it is not.
    """
    names = tuple(known)
    if type_of(value) is str and value in names:
        text: str = value
        return text
    hint = callables.closest(value, names) if type_of(value) is str else ""
    raise AnswerError(f"{where} is {value!r}; pass one of {', '.join(map(repr, names))}{hint}")


def check_whole(value: Any, where: str, least: int, most: int) -> int:
    """Return an integer within bounds.

    Raises:
        AnswerError: it is not.
    """
    if type_of(value) is int and least <= value <= most:
        return value  # type: ignore[no-any-return]
    raise AnswerError(f"{where} is {value!r}; pass a whole number from {least} to {most}")


def json_size(value: Any, where: str) -> int:
    """Return the number of bytes that a value has as JSON.

    Raises:
        AnswerError: the value cannot be written as JSON.
    """
    import json

    try:
        return len(json.dumps(value, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"{where} cannot be written as JSON: {error}") from None
