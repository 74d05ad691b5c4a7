"""Levels: their names, their numbers, and the effective one."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, environment
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEBUG, INFO, WARNING, ERROR, CRITICAL = 10, 20, 30, 40, 50

# Named as Lambda names them: its filter takes a level that it does not know for INFO. See
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
_SPELLING = ((CRITICAL, "FATAL"), (ERROR, "ERROR"), (WARNING, "WARN"), (INFO, "INFO"), (DEBUG, "DEBUG"), (0, "TRACE"))
_NUMBERS = {
    "TRACE": DEBUG,
    "DEBUG": DEBUG,
    "INFO": INFO,
    "WARN": WARNING,
    "WARNING": WARNING,
    "ERROR": ERROR,
    "FATAL": CRITICAL,
    "CRITICAL": CRITICAL,
}


def spelling(number: int) -> str:
    """Return the name that Lambda uses for a level."""
    return next((name for least, name in _SPELLING if number >= least), "TRACE")


def effective(argument: str | int | None) -> int:
    """Return the number of the effective level.

    `AWS_LAMBDA_LOG_LEVEL` comes first, because the platform drops the lines below it anyway. Then come the argument,
    `LAMBDA_KIT_LOG_LEVEL`, `POWERTOOLS_LOG_LEVEL`, and INFO.

    Raises:
        ConfigurationError: the argument, or a variable of the kit, is not a level.
    """
    chosen = None if argument is None else number(argument, "level")
    platform = of_platform()
    if platform is not None:
        return platform
    if chosen is not None:
        return chosen
    found = environment.find("LAMBDA_KIT_LOG_LEVEL")
    return INFO if found is None else number(found[1], found[0])


def of_platform() -> int | None:
    """Return the number of the level below which Lambda drops lines; None if there is none."""
    return _NUMBERS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper())


def number(level: Any, where: str) -> int:
    """Return the number of a level given as a name, in any case, or as a number."""
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    known = _NUMBERS.get(level.upper()) if isinstance(level, str) else None
    if known is None:
        hint = callables.closest(level.upper(), _NUMBERS) if isinstance(level, str) else ""
        raise ConfigurationError(f"{where} is {level!r}; pass one of {', '.join(_NUMBERS)}{hint}")
    return known
