"""Which units a roll-out reaches, and which variant a unit gets: by a hash, so that the answer is always the same.

The number of a unit is that of the first eight bytes, big-endian, of SHA-256 over three lines of UTF-8 text: what it is
for (`rollout` or `variant`), the name of the flag or the seed that stands for it, and the unit.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

SPACE = 2**64  # numbers lie below it


def numbers(purpose: Literal["rollout", "variant"], seed: str) -> Callable[[str], int]:
    """Return a function that tells the number of a unit, from 0 to 2**64 - 1.

    Args:
        purpose: what it is for, so that who is in a roll-out says nothing about the variant.
        seed: the name of the flag, so that flags are independent of each other; or what several of them share.
    """
    from hashlib import sha256

    begun = sha256(f"{purpose}\n{seed}\n".encode("utf-8", "surrogatepass"))

    def number(unit: str) -> int:
        whole = begun.copy()
        whole.update(unit.encode("utf-8", "surrogatepass"))
        return int.from_bytes(whole.digest()[:8], "big")

    return number


def unit_of(value: Any) -> str | None:
    """Return the unit that a value of a context is: a text, or an integer as its digits; None for all else."""
    cls = type_of(value)
    if cls is str:
        text: str = value
        return text
    return str(value) if cls is int and -SPACE < value < SPACE else None


def is_within(percentage: float) -> Callable[[int], bool]:
    """Return a function that tells whether a number is among that percentage of all, the lowest first."""
    limit = round(percentage * SPACE / 100)
    return lambda one: one < limit


def chooser(weights: list[float]) -> Callable[[int], int]:
    """Return a function that tells for a number which of the weighted choices it falls into."""
    from bisect import bisect_right
    from itertools import accumulate

    ratios = [weight.as_integer_ratio() for weight in weights]
    common = max(bottom for _, bottom in ratios)  # each is a power of two
    shares = [top * (common // bottom) for top, bottom in ratios]  # integers, which nothing rounds or overflows
    total = sum(shares)
    ends = [-(-so_far * SPACE // total) for so_far in accumulate(shares)]
    return lambda one: bisect_right(ends, one)
