"""Values of paths, queries, headers, cookies and forms: text of the request as a Python value, without pydantic."""

from __future__ import annotations

import sys

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_DIGITS = frozenset("0123456789")
_NUMBER = frozenset("0123456789+-.eE")


def _int(text: str) -> int:
    if not text or not _DIGITS.issuperset(text.removeprefix("-")):
        raise ValueError("it has to be an integer")
    try:
        return int(text)
    except ValueError:
        raise ValueError("it has to be an integer of fewer digits") from None


def _float(text: str) -> float:
    if _NUMBER.issuperset(text):
        try:
            found = float(text)
        except ValueError:
            pass
        else:
            if abs(found) < float("inf"):
                return found
    raise ValueError("it has to be a number")


def _bool(text: str) -> bool:
    found = text.lower()
    if found in _TRUE:
        return True
    if found in _FALSE:
        return False
    raise ValueError("it has to be true or false")


def _text(text: str) -> str:
    return text


def _decimal(text: str) -> Any:
    from decimal import Decimal, InvalidOperation

    if _NUMBER.issuperset(text):
        try:
            return Decimal(text)
        except InvalidOperation:
            pass
    raise ValueError("it has to be a decimal number")


def _by(make: Callable[[str], Any], message: str) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return make(text)
        except ValueError:
            raise ValueError(message) from None

    return convert


_BASIC: dict[Any, Callable[[str], Any]] = {str: _text, int: _int, float: _float, bool: _bool}


def converter_of(annotation: Any) -> Callable[[str], Any] | None:
    """Return the function that makes a value of text; None if the annotation is not that of a single value.

    The function raises ValueError, whose text is for the client.
    """
    found = _BASIC.get(annotation) if annotation.__hash__ is not None else None
    if found is not None:
        return found
    if isinstance(annotation, type):
        return _of_class(annotation)
    if getattr(annotation, "__origin__", None) is not None and _is_literal(annotation):
        return _one_of({str(one.value if hasattr(one, "value") else one): one for one in annotation.__args__})
    return None


def _is_literal(annotation: Any) -> bool:
    typing = sys.modules.get("typing")
    return typing is not None and annotation.__origin__ is typing.Literal


def _of_class(annotation: Any) -> Callable[[str], Any] | None:
    """Return the converter of a class. Its module is loaded if a function uses it in an annotation."""
    enum, uuid, datetime, decimal = (sys.modules.get(name) for name in ("enum", "uuid", "datetime", "decimal"))
    if enum is not None and issubclass(annotation, enum.Enum):
        return _one_of({str(one.value): one for one in annotation})
    if uuid is not None and annotation is uuid.UUID:
        return _by(_uuid, "it has to be a UUID")
    if decimal is not None and annotation is decimal.Decimal:
        return _decimal
    if datetime is not None:
        if annotation is datetime.datetime:
            return _by(annotation.fromisoformat, "it has to be a date and a time, as in RFC 3339")
        if annotation is datetime.date:
            return _by(annotation.fromisoformat, "it has to be a date, such as 2026-12-31")
        if annotation is datetime.time:
            return _by(annotation.fromisoformat, "it has to be a time, such as 23:59:00")
    return None


def _uuid(text: str) -> Any:
    from uuid import UUID

    if len(text) != 36:
        raise ValueError
    return UUID(text)


def _one_of(values: dict[str, Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return values[text]
        except KeyError:
            raise ValueError(f"it has to be one of: {', '.join(values)}") from None

    return convert


def without_none(annotation: Any) -> tuple[Any, bool]:
    """Return `X` and True for `X | None`; the annotation and False for others."""
    name = type_of(annotation).__name__
    if name in ("UnionType", "Union", "_UnionGenericAlias"):
        left = [one for one in annotation.__args__ if one is not type(None)]
        if len(left) < len(annotation.__args__):
            whole = left[0]
            for one in left[1:]:
                whole = whole | one
            return whole, True
    return annotation, False
