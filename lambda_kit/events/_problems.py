"""The problems that pydantic lists, without the values that its messages may quote."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SHORTEST = 3  # characters of a value that is hidden; shorter ones are part of many words
_MOST_VALUES = 1000
_HIDDEN = "…"


def of_pydantic(error: Any, _content: Any) -> list[dict[str, Any]]:
    """Return the problems of a `ValidationError` as dicts with `type`, `loc` and `msg`.

    Messages of validators of the user, and those about the tag of a union, may quote the value: it is replaced by `…`.
    """
    found: list[dict[str, Any]] = error.errors(include_url=False, include_context=True, include_input=True)
    return [{"type": one["type"], "loc": one["loc"], "msg": _message(one)} for one in found]


def _message(problem: dict[str, Any]) -> str:
    message: str = problem["msg"]
    kind: str = problem["type"]
    if kind in ("json_invalid", "missing"):
        return message
    values = [problem.get("ctx", {}).get("tag"), *_values_in(problem["input"])]
    if len(values) > _MOST_VALUES:
        return "Value error" if kind == "value_error" else f"it is not valid ({kind})"
    return hide(message, values)


def hide(message: str, values: list[Any]) -> str:
    """Return a message in which each of the values that stands there as a word is replaced by `…`."""
    texts = {one if isinstance(one, str) else repr(one) for one in values if one is not None and one is not True}
    texts |= {repr(one)[1:-1] for one in texts}
    for text in sorted((one for one in texts if len(one) >= _SHORTEST), key=len, reverse=True):
        if text in message:
            message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", _HIDDEN, message)
    return message


def values_of(content: Any) -> list[Any]:
    """Return the texts and numbers in a content: text or bytes of JSON, or a value."""
    if isinstance(content, str | bytes):
        import json

        try:
            content = json.loads(content)
        except ValueError:
            return []
    return list(_values_in(content))


def _values_in(value: Any) -> Iterator[Any]:
    """Yield the texts and numbers in a value, some more than the most that are looked at."""
    pending, count = [value], 0
    while pending and count <= _MOST_VALUES:
        one = pending.pop()
        count += 1
        if isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list | tuple | set):
            pending += one
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield one
