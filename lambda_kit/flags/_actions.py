"""The actions of conditions: each makes a closure that tells whether a value of the context matches.

Values that cannot be compared do not match, and are reported. No value of a context makes a comparison raise.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from lambda_kit.flags._model import Clock, Context, Test

    # Reports a value that could not be compared.
    Report: TypeAlias = Callable[[Any], None]

_MISSING: Any = object()


def _is_in(value: Any) -> Callable[[Any], bool]:
    return _looked_up(value) or (lambda given: given in value)


def _is_not_in(value: Any) -> Callable[[Any], bool]:
    found = _looked_up(value)
    return (lambda given: given not in value) if found is None else (lambda given: not found(given))


def _looked_up(value: Any) -> Callable[[Any], bool] | None:
    """Return a look-up in a set if `value` is a list of strings only: a long list costs no more than a short one."""
    if type_of(value) is not list or not all(type_of(one) is str for one in value):
        return None
    known = frozenset(value)

    def found(given: Any) -> bool:
        return given in known if type_of(given) is str else given in value

    return found


def _as_list(given: Any) -> Any:
    if not isinstance(given, list | tuple | set | frozenset):
        raise TypeError
    return given  # pyright: ignore[reportUnknownVariableType]


_TEXTS = (str, bytes, bytearray)


def _is_in_range(value: Any) -> Callable[[Any], bool]:
    base, start, end = value["BASE"], value["START"], value["END"]

    def compare(given: Any) -> bool:
        if type_of(given) is not int and isinstance(
            given, _TEXTS
        ):  # `%` would format a text, as long as its author likes
            raise TypeError
        return bool(start <= given % base <= end)

    return compare


_COMPARISONS: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "EQUALS": lambda value: lambda given: given == value,
    "NOT_EQUALS": lambda value: lambda given: given != value,
    "KEY_GREATER_THAN_VALUE": lambda value: lambda given: given > value,
    "KEY_GREATER_THAN_OR_EQUAL_VALUE": lambda value: lambda given: given >= value,
    "KEY_LESS_THAN_VALUE": lambda value: lambda given: given < value,
    "KEY_LESS_THAN_OR_EQUAL_VALUE": lambda value: lambda given: given <= value,
    "STARTSWITH": lambda value: lambda given: given.startswith(value),
    "ENDSWITH": lambda value: lambda given: given.endswith(value),
    "IN": _is_in,
    "NOT_IN": _is_not_in,
    "KEY_IN_VALUE": _is_in,
    "KEY_NOT_IN_VALUE": _is_not_in,
    "VALUE_IN_KEY": lambda value: lambda given: value in given,
    "VALUE_NOT_IN_KEY": lambda value: lambda given: value not in given,
    "ALL_IN_VALUE": lambda value: lambda given: all(one in value for one in _as_list(given)),
    "ANY_IN_VALUE": lambda value: lambda given: any(one in value for one in _as_list(given)),
    "NONE_IN_VALUE": lambda value: lambda given: not any(one in value for one in _as_list(given)),
    "MODULO_RANGE": _is_in_range,
}
TIME_KEYS = {
    "SCHEDULE_BETWEEN_TIME_RANGE": "CURRENT_TIME",
    "SCHEDULE_BETWEEN_DATETIME_RANGE": "CURRENT_DATETIME",
    "SCHEDULE_BETWEEN_DAYS_OF_WEEK": "CURRENT_DAY_OF_WEEK",
}
ACTIONS = (*_COMPARISONS, *TIME_KEYS)
LIST_ACTIONS = ("ALL_IN_VALUE", "ANY_IN_VALUE", "NONE_IN_VALUE")


def comparison(action: str, key: str, value: Any, report: Report) -> Test:
    """Return the test of a condition about a key of the context. It does not hold where the key is missing."""
    if action == "EQUALS" and type_of(value) is str:
        return _is_text(key, value, report)
    compare = _COMPARISONS[action](value)

    def test(context: Context, now: Clock) -> bool:
        given = context.get(key, _MISSING)
        if given is _MISSING:
            return False
        try:
            return bool(compare(given))
        except Exception:  # of another type, or of a class of its own that fails
            report(given)
            return False

    return test


def _is_text(key: str, value: str, report: Report) -> Test:
    """Return the test for equality with a string: the most frequent one, and so without a call in between."""

    def test(context: Context, now: Clock) -> bool:
        try:
            return bool(context.get(key) == value)  # a missing key gives None, which is no string
        except Exception:
            report(context.get(key))
            return False

    return test
