"""Checks of the rules of CloudWatch, which drops metrics that break them without telling the function.

The limits are those of the format and of the API that takes metrics:
<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>.
"""

from __future__ import annotations

import enum

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal, TypeAlias

    Unit: TypeAlias = Literal[
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Kilobits",
        "Megabits",
        "Gigabits",
        "Terabits",
        "Percent",
        "Count",
        "Bytes/Second",
        "Kilobytes/Second",
        "Megabytes/Second",
        "Gigabytes/Second",
        "Terabytes/Second",
        "Bits/Second",
        "Kilobits/Second",
        "Megabits/Second",
        "Gigabits/Second",
        "Terabits/Second",
        "Count/Second",
        "None",
    ]

_AMOUNTS = [f"{size}{kind}" for kind in ("bytes", "bits") for size in ("", "Kilo", "Mega", "Giga", "Tera")]
_RATED = [*(amount[0].upper() + amount[1:] for amount in _AMOUNTS), "Count"]
UNITS = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_RATED, *(f"{one}/Second" for one in _RATED))
)
# Number of units in a second.
DURATIONS = {"Seconds": 1.0, "Milliseconds": 1e3, "Microseconds": 1e6}
_SHORT = {
    "s": "Seconds",
    "ms": "Milliseconds",
    "us": "Microseconds",
    "b": "Bytes",
    "kb": "Kilobytes",
    "mb": "Megabytes",
    "gb": "Gigabytes",
    "tb": "Terabytes",
    "%": "Percent",
}

MAX_METRICS = 100  # definitions in a directive
MAX_VALUES = 100  # of one metric in a line
MAX_DIMENSIONS = 30  # in a set
LARGEST = 2.0**360
_MAX_NAME = 255
_MAX_DIMENSION_NAME = 250  # by the schema of the format; the API takes 255
_MAX_OWN = 32 * 1024  # characters of the dimensions of a value
_OLDEST, _NEWEST = 14 * 86_400, 2 * 3_600  # seconds that a timestamp may be in the past, in the future
_MAX_DIMENSION_VALUE = 1024
_CONTAINERS = (dict, list, tuple, set, frozenset)
# The format reserves the first. Lambda's log-level filter reads the others:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
RESERVED = {
    "_aws": "which the format reserves",
    "level": "which Lambda reads to filter log lines",
    "timestamp": "which Lambda reads to filter log lines",
}


def checked_name(kind: str, name: Any) -> str:
    """Return the name of a metric, a dimension or a metadata field as a plain string."""
    if not isinstance(name, str):
        raise ConfigurationError(f"the name of a {kind} is a {type(name).__name__}, {name!r}; pass a string")
    plain: str = str.__str__(name)
    if plain in RESERVED:
        raise ConfigurationError(f"the name of a {kind} is {plain!r}, {RESERVED[plain]}; rename it")
    longest = _MAX_DIMENSION_NAME if kind == "dimension" else _MAX_NAME
    problem = _empty(plain) if kind == "metadata field" else _problem(plain, longest)
    if problem is None and plain[0] == ":" and kind != "metric":
        problem = "begins with a colon"
    if problem is not None:
        raise ConfigurationError(f"the name of a {kind}, {_short(plain)}, {problem}; CloudWatch would drop it")
    return plain


def checked_namespace(name: Any, where: str) -> str:
    """Return the namespace. `where` says where it comes from, for messages."""
    if not isinstance(name, str):
        raise ConfigurationError(f"{where} is a {type(name).__name__}, {name!r}; pass a string")
    problem = _problem(name, _MAX_NAME)
    if problem is None and name[0] == ":":
        problem = "begins with a colon"
    if problem is None and name.startswith("AWS/"):
        problem = "begins with AWS/, as the namespaces of AWS do"
    if problem is not None:
        raise ConfigurationError(f"{where}, {_short(name)}, {problem}; CloudWatch would drop its metrics")
    text: str = str.__str__(name)
    return text


def checked_dimensions(given: dict[str, Any]) -> dict[str, str]:
    """Return dimensions with their values as strings."""
    return {checked_name("dimension", name): _dimension_value(name, value) for name, value in given.items()}


def checked_own(given: Any) -> dict[str, str]:
    """Return the dimensions of a value with their values as strings."""
    if not hasattr(given, "items"):
        raise ConfigurationError(
            f"add(..., dimensions={given!r}): pass names and values of dimensions, as in {{'tenant': 'a'}}"
        )
    checked = checked_dimensions(dict(given))
    size = sum(len(name) + len(value) for name, value in checked.items())
    if size > _MAX_OWN:
        raise ConfigurationError(f"dimensions of {size} characters; the limit for those of one value is {_MAX_OWN}")
    return checked


def checked_timestamp(given: Any, now: float) -> int | None:
    """Return a timestamp in milliseconds since the epoch; None for None."""
    if given is None:
        return None
    seconds: Any = given
    if hasattr(given, "timestamp"):
        if given.tzinfo is None:
            raise ConfigurationError(f"add(..., timestamp={given!r}): pass a datetime with a time zone")
        seconds = given.timestamp()
    if not callables.is_number(seconds):
        raise ConfigurationError(
            f"add(..., timestamp={given!r}): pass seconds since the epoch, or a datetime with a time zone"
        )
    if not now - _OLDEST <= seconds <= now + _NEWEST:
        raise ConfigurationError(
            f"add(..., timestamp={given!r}): CloudWatch drops metrics that are more than 14 days old, or more than 2 "
            "hours in the future; pass seconds since the epoch"
        )
    return int(seconds * 1000)


def check_count(names: Iterable[str]) -> None:
    """Refuse a dimension set with more names than CloudWatch takes."""
    names = list(names)
    if len(names) > MAX_DIMENSIONS:
        raise ConfigurationError(
            f"a set of {len(names)} dimensions; CloudWatch takes {MAX_DIMENSIONS}: {', '.join(names)}"
        )


def _dimension_value(name: str, value: Any) -> str:
    given: Any = value.value if isinstance(value, enum.Enum) else value
    problem = "is None" if given is None else None
    if type_of(given) in _CONTAINERS:
        problem = f"is a {type_of(given).__name__}"
    text = str.__str__(given) if isinstance(given, str) else str(given)
    problem = problem or _problem(text, _MAX_DIMENSION_VALUE)
    if problem is not None:
        raise ConfigurationError(
            f"the value of the dimension {name!r} {problem}; CloudWatch would drop the metrics: leave the dimension "
            "out, or keep what is not part of a metric's name as metadata"
        )
    return text


def checked_unit(metric: str, unit: Any) -> str:
    """Return the unit of a metric."""
    if isinstance(unit, str) and unit in UNITS:
        text: str = str.__str__(unit)
        return text
    raise ConfigurationError(
        f"add({_short(metric)}, ..., unit={unit!r}): CloudWatch has no such unit{_hint(unit, UNITS)}"
    )


def checked_duration(unit: Any) -> float:
    """Return the number of units of time in a second."""
    factor = DURATIONS.get(unit) if isinstance(unit, str) else None
    if factor is None:
        raise ConfigurationError(f"timer(unit={unit!r}): that is no unit of time{_hint(unit, DURATIONS)}")
    return factor


def _hint(unit: Any, known: Iterable[str]) -> str:
    units = sorted(known)
    if isinstance(unit, str):
        lower = unit.lower()
        same = _SHORT.get(lower)
        if same in units:
            return f"; did you mean {same!r}?"
        same = next((one for one in units if one.lower().rstrip("s") == lower.rstrip("s")), None)
        hint = f"; did you mean {same!r}?" if same else callables.closest(unit.capitalize(), units)
        if hint:
            return hint
    return f"; the units are {', '.join(units)}"


def texts_of(metric: str, value: Any) -> list[str]:
    """Return the JSON text of a value, or of each of several."""
    if hasattr(value, "dtype") and hasattr(value, "tolist"):  # a number or an array of numpy
        value = value.tolist()
    if not _is_sequence(value):
        return [_text_of(metric, value, "")]
    return [_text_of(metric, one, f" at position {i}") for i, one in enumerate(value)]


def _is_sequence(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return True
    if isinstance(value, str | bytes | bytearray) or hasattr(value, "keys"):
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def _text_of(metric: str, value: Any, where: str) -> str:
    number: Any = value
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        number = value.tolist()
    elif not isinstance(value, int | float) and type(value).__name__ in ("Decimal", "Fraction"):
        try:
            number = float(value)  # as CloudWatch keeps it
        except ValueError:
            number = float("nan")
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise ConfigurationError(
            f"add({_short(metric)}, ...): the value{where} is a {type(value).__name__}; pass an int, a float, a "
            "Decimal or a list of them"
        )
    if not -LARGEST <= number <= LARGEST:
        shown = "too large" if isinstance(number, int) or abs(number) < float("inf") else f"{value}"
        raise ConfigurationError(
            f"add({_short(metric)}, ...): the value{where} is {shown}; CloudWatch takes finite numbers from -2^360 to "
            "2^360"
        )
    return int.__repr__(number) if isinstance(number, int) else float.__repr__(number)


def size_of(text: str) -> int:
    """Return the size of `text` in bytes, as it is written."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _empty(text: str) -> str | None:
    return None if text.strip() else "is empty"


def _problem(text: str, longest: int) -> str | None:
    if problem := _empty(text):
        return problem
    if len(text) > longest:
        return f"has {len(text)} characters, more than {longest}"
    if text.isascii() and text.isprintable():
        return None
    odd = next(one for one in text if not (one.isascii() and one.isprintable()))
    return f"has {odd!a} in it, which is not a printable ASCII character"


def _short(name: Any) -> str:
    text = repr(name)
    return text if len(text) <= 60 else f"{text[:60]}..."
