"""The callables that users hold: closures whose hit touches nothing but their own cells.

An instance with `__call__` would cost twice as much. Where there is no time to live, the value stands in an iterator
that gives it for ever and counts how often: neither a comparison nor an addition is left for the hit. A thread that has
read the clock goes on to its `return` without another getting its turn: CPython switches threads where a call returns
or a loop goes back, and nowhere else.
"""

from __future__ import annotations

import sys
from itertools import repeat
from operator import length_hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from lambda_kit.init_cache._entry import Entry

_NEVER = float("-inf")


class Cells:
    """What reaches into the cells of a closure.

    Attributes:
        put: shows it a value, and until when it may be used.
        clear: takes the value away.
        look: reads the clock, as a call does; returns the time, and by how much it was set back since it was read last.
        hits: returns the number of hits.
        forget_hits: counts from 0 again.
    """

    __slots__ = ("clear", "forget_hits", "hits", "look", "put")

    def __init__(self, put: Any, clear: Any, look: Any, hits: Any, forget_hits: Any) -> None:
        self.put = put
        self.clear = clear
        self.look = look
        self.hits = hits
        self.forget_hits = forget_hits


def forever(entry: Entry, clock: Callable[[], float]) -> tuple[Any, Cells]:
    """Return the callable of a resource without a time to live."""
    values: Iterable[Any] = ()
    hits = 0  # of the values before

    def resource() -> Any:
        for value in values:
            return value
        return entry.obtain(clock())

    async def resource_async() -> Any:
        for value in values:
            return value
        return await entry.obtain_async(clock())

    def put(new: Any, _until: float) -> None:
        nonlocal values, hits
        hits, values = read_hits(), repeat(new, sys.maxsize)

    def clear() -> None:
        nonlocal values, hits
        hits, values = read_hits(), ()

    def look() -> tuple[float, float]:
        return clock(), 0.0

    def read_hits() -> int:
        return hits + (sys.maxsize - length_hint(values) if values else 0)

    def forget_hits() -> None:
        nonlocal hits
        hits -= read_hits()

    return resource_async if entry.is_async else resource, Cells(put, clear, look, read_hits, forget_hits)


def timed(entry: Entry, clock: Callable[[], float]) -> tuple[Any, Cells]:
    """Return the callable of a resource with a time to live."""
    value: Any = None
    fresh_until = seen = _NEVER
    hits = 0.0

    def resource() -> Any:
        nonlocal hits, seen
        # `seen` is the latest time that was read: a clock that is set back shows as an earlier one.
        if seen <= (now := clock()) < fresh_until:
            seen = now
            hits += 1.0
            return value
        back, seen = seen - now, now
        return entry.obtain(now, back)

    async def resource_async() -> Any:
        nonlocal hits, seen
        if seen <= (now := clock()) < fresh_until:
            seen = now
            hits += 1.0
            return value
        back, seen = seen - now, now
        return await entry.obtain_async(now, back)

    def put(new: Any, until: float) -> None:
        nonlocal value, fresh_until
        value, fresh_until = new, until

    def clear() -> None:
        put(None, _NEVER)

    def look() -> tuple[float, float]:
        nonlocal seen
        before, seen = seen, clock()
        return seen, before - seen

    def read_hits() -> float:
        return hits

    def forget_hits() -> None:
        nonlocal hits
        hits = 0.0

    return resource_async if entry.is_async else resource, Cells(put, clear, look, read_hits, forget_hits)
