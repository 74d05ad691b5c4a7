"""The callables that users hold: closures whose cache hit touches nothing but their own variables.

An instance with `__call__` would cost twice as much.

A resource without a time to live keeps its value in `itertools.repeat(value, sys.maxsize)`. Such an iterator returns
the same value each time that it is asked, and counts down. So a hit is one step of a `for` loop. It needs no test of
whether there is a value, and no statement that counts the hit: the number of hits is `sys.maxsize` less the rest of the
iterator. An empty tuple in its place means that there is no value. A closure that tests and counts takes 45 ns more.

With a time to live, a thread that has read the clock reaches its `return` without another thread running in between:
CPython switches threads where a function is called or a loop goes back, and nowhere else.
"""

from __future__ import annotations

import sys
from itertools import repeat
from operator import length_hint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_NEVER = float("-inf")


class Hit:
    """The functions that set and read the variables of one closure.

    Attributes:
        publish: takes a value, and the time until which the closure returns it.
        clear: takes the value away, so that the next call is a miss.
        read_clock: returns the time, and the number of seconds by which the clock was set back since it was last read.
        hits: returns the number of hits.
        reset_hits: counts from 0 again.
        set_clock: takes the clock to read from now on.
    """

    __slots__ = ("clear", "hits", "publish", "read_clock", "reset_hits", "set_clock")

    def __init__(self, publish: Any, clear: Any, read_clock: Any, hits: Any, reset_hits: Any, set_clock: Any) -> None:
        self.publish = publish
        self.clear = clear
        self.read_clock = read_clock
        self.hits = hits
        self.reset_hits = reset_hits
        self.set_clock = set_clock


def forever(  # noqa: C901  # functions that share variables stand in one
    obtain: Callable[..., Any], clock: Callable[[], float], *, is_async: bool
) -> tuple[Any, Hit]:
    """Return the callable of a resource without a time to live, and the functions that reach into it.

    Args:
        obtain: called on a miss with the time; a coroutine function if `is_async`.
        clock: returns the time in seconds.
        is_async: whether the callable is a coroutine function.
    """
    values: Iterable[Any] = ()
    earlier_hits = 0  # of the values before this one

    def resource() -> Any:
        for value in values:
            return value
        return obtain(clock())

    async def resource_async() -> Any:
        for value in values:
            return value
        return await obtain(clock())

    def publish(new: Any, _until: float) -> None:
        nonlocal values, earlier_hits
        earlier_hits, values = hits(), repeat(new, sys.maxsize)

    def clear() -> None:
        nonlocal values, earlier_hits
        earlier_hits, values = hits(), ()

    def read_clock() -> tuple[float, float]:
        return clock(), 0.0

    def hits() -> int:
        return earlier_hits + (sys.maxsize - length_hint(values) if values else 0)

    def reset_hits() -> None:
        nonlocal earlier_hits
        earlier_hits -= hits()

    def set_clock(new: Callable[[], float]) -> None:
        nonlocal clock
        clock = new

    return resource_async if is_async else resource, Hit(publish, clear, read_clock, hits, reset_hits, set_clock)


def timed(  # noqa: C901  # likewise
    obtain: Callable[..., Any], clock: Callable[[], float], *, is_async: bool
) -> tuple[Any, Hit]:
    """Return the callable of a resource with a time to live, and the functions that reach into it.

    Args:
        obtain: called on a miss with the time, and the number of seconds by which the clock was set back; a coroutine
            function if `is_async`.
        clock: returns the time in seconds.
        is_async: whether the callable is a coroutine function.
    """
    value: Any = None
    fresh_until = latest = _NEVER
    hit_count = 0.0

    def resource() -> Any:
        nonlocal hit_count, latest
        # `latest` is the latest time that was read: a clock that is set back shows as an earlier one.
        if latest <= (now := clock()) < fresh_until:
            latest = now
            hit_count += 1.0
            return value
        back, latest = latest - now, now
        return obtain(now, back)

    async def resource_async() -> Any:
        nonlocal hit_count, latest
        if latest <= (now := clock()) < fresh_until:
            latest = now
            hit_count += 1.0
            return value
        back, latest = latest - now, now
        return await obtain(now, back)

    def publish(new: Any, until: float) -> None:
        nonlocal value, fresh_until
        # In this order, so that an interrupt between two of them leaves no value with the end of another.
        fresh_until = _NEVER
        value = new
        fresh_until = until

    def clear() -> None:
        publish(None, _NEVER)

    def read_clock() -> tuple[float, float]:
        nonlocal latest
        before, latest = latest, clock()
        return latest, before - latest

    def hits() -> float:
        return hit_count

    def reset_hits() -> None:
        nonlocal hit_count
        hit_count = 0.0

    def set_clock(new: Callable[[], float]) -> None:
        nonlocal clock
        clock = new

    return resource_async if is_async else resource, Hit(publish, clear, read_clock, hits, reset_hits, set_clock)
