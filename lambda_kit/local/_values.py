"""Values of the command line that several commands take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable


def whole_number(text: str) -> int:
    """Return the whole number, 1 or more, that an argument is."""
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def pairs(option: str, given: Iterable[str], form: str = "KEY=VALUE") -> dict[str, str]:
    """Return the names and values of an option that may be repeated.

    Args:
        option: its name.
        given: its values.
        form: what each value looks like, for the error.

    Raises:
        ConfigurationError: a value has no name, or no equals sign.
    """
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise ConfigurationError(f"{option} {one!r} is not {form}")
        found[name] = value
    return found
