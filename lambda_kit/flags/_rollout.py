"""The hash of roll-outs and variants: a unit always gets the same answer.

The number of a unit is the first eight bytes, big-endian, of SHA-256 over three lines of UTF-8 text: the purpose
(`rollout` or `variant`), the name of the flag or the seed in its place, and the unit.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

SPACE = 2**64  # all numbers are below it


def numbers(purpose: Literal["rollout", "variant"], seed: str) -> Callable[[str], int]:
    """Return a function that returns the number of a unit, from 0 to 2**64 - 1.

    Args:
        purpose: the purpose. Roll-outs and variants are independent of each other.
        seed: the name of the flag, so that flags are independent of each other; or a seed that several flags share.
    """
    from lambda_kit._kernel.hashes import sha256

    begun = sha256(f"{purpose}\n{seed}\n".encode("utf-8", "surrogatepass"))

    def number(unit: str) -> int:
        whole = begun.copy()
        whole.update(unit.encode("utf-8", "surrogatepass"))
        return int.from_bytes(whole.digest()[:8], "big")

    return number


def unit_of(value: Any) -> str | None:
    """Return the unit for a value of the context: a string, or an integer as its digits; None for other values.

    Integers of numpy, whole numbers of `decimal` and subclasses of `str` and `int` count as well; booleans do not.
    """
    cls = type_of(value)
    if cls is str:
        text: str = value
        return text
    number: Any = value if cls is int else _integer_of(value)
    if type_of(number) is int:
        return str(number) if -SPACE < number < SPACE else None
    return str.__str__(value) if isinstance(value, str) else None


def _integer_of(value: Any) -> int | None:
    """Return a value of another integer type, such as one of numpy or a whole `Decimal` of DynamoDB, as an int."""
    try:
        if isinstance(value, bool | str | float):
            return None
        if hasattr(value, "__index__"):
            index: int = value.__index__()
            return index
        return int(value) if type_of(value).__name__ == "Decimal" and value == value.to_integral_value() else None
    except Exception:  # NaN, or a class of its own that fails
        return None


def is_within(percentage: float) -> Callable[[int], bool]:
    """Return a function that tells whether a number is in the lowest part of all numbers of that percentage."""
    limit = round(percentage * SPACE / 100)
    return lambda one: one < limit


def chooser(weights: list[float]) -> Callable[[int], int]:
    """Return a function that returns the index of the weighted choice that a number falls into."""
    from bisect import bisect_right
    from itertools import accumulate

    ratios = [weight.as_integer_ratio() for weight in weights]
    common = max(bottom for _, bottom in ratios)  # each is a power of two
    shares = [top * (common // bottom) for top, bottom in ratios]  # integers, which nothing rounds or overflows
    total = sum(shares)
    ends = [-(-so_far * SPACE // total) for so_far in accumulate(shares)]
    return lambda one: bisect_right(ends, one)
