"""The log of one invocation: its sampling decision, and the lines that wait for an error."""

from __future__ import annotations

import os
from collections import deque

from lambda_kit._kernel import lifecycle
from lambda_kit._kernel.stdout import take_all
from lambda_kit.invocation import at_end
from lambda_kit.logger._context import BUFFER, let_go
from lambda_kit.logger._line import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.invocation import Invocation

_lock = lifecycle.make_lock()  # held while lines are counted


class InvocationLog:
    """The log of one invocation, shared by all loggers.

    Args:
        draw: a random number, 0 to 1: a logger with a sample rate above it writes all lines.

    Attributes:
        limit: maximum size of the waiting lines, in bytes: the largest that a logger has asked for.
    """

    __slots__ = ("_draw", "_dropped", "_lines", "_size", "limit")

    def __init__(self, draw: float) -> None:
        self.limit = 0
        self._draw = draw
        self._lines: deque[str] = deque()
        self._size = 0
        self._dropped = 0

    def is_sampled(self, rate: float) -> bool:
        """Tell whether a logger with this sample rate writes the lines below its level."""
        return self._draw < rate

    def keep(self, line: str, limit: int) -> None:
        """Keep a line; drop the oldest lines if there is no room. A line longer than the buffer is dropped alone."""
        size = size_of(line)
        with _lock:
            self.limit = limit = max(self.limit, limit)
            if size > limit:
                self._dropped += 1
                return
            self._lines.append(line)
            self._size += size
            while self._size > limit and self._lines:
                self._size -= size_of(self._lines.popleft())
                self._dropped += 1

    def write_to(self, write: Callable[[str], None], tell_dropped: Callable[[int], None]) -> None:
        """Write the waiting lines, the oldest first. Before them, report how many were dropped.

        A line whose write is interrupted waits again.
        """
        mine: list[str] = []
        try:
            with _lock:
                dropped, self._dropped = self._dropped, 0
                self._size = 0  # first: a signal handler may keep a line here
                take_all(self._lines, mine)
            if dropped:
                tell_dropped(dropped)
            while mine:
                write(mine[0])
                del mine[0]
        except BaseException:
            self._lines.extendleft(reversed(mine))
            self._size = sum(map(size_of, list(self._lines)))
            raise

    def clear(self) -> None:
        """Drop the waiting lines."""
        with _lock:
            self._lines.clear()
            self._size = self._dropped = 0


def log_of(invocation: Invocation | None) -> InvocationLog | None:
    """Return the log of an invocation. The first call makes it, and draws the number that sampling goes by."""
    if invocation is None:
        return None
    log: InvocationLog | None = invocation._peek(BUFFER)
    if log is None:
        made = InvocationLog(int.from_bytes(os.urandom(4)) / 2**32)
        log = invocation.state.setdefault(BUFFER, made)  # two threads may come here at once; one decides
        at_end["lambda_kit.logger"] = let_go
    return log
