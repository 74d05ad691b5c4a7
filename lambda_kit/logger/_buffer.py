"""The log of one invocation: its sampling decision, and the lines that wait for an error."""

from __future__ import annotations

import os
from collections import deque
from threading import RLock

from lambda_kit.logger._line import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.invocation import Invocation
    from lambda_kit.logger._settings import Settings


class InvocationLog:
    """The log of one invocation.

    Attributes:
        sampled: whether lines below the level are written; decided once for each invocation.
        limit: maximum size of the waiting lines, in bytes.
    """

    __slots__ = ("_dropped", "_lines", "_lock", "_size", "limit", "sampled")

    def __init__(self, *, sampled: bool, limit: int) -> None:
        self.sampled = sampled
        self.limit = limit
        self._lines: deque[str] = deque()
        self._size = 0
        self._dropped = 0
        self._lock = RLock()  # the interrupt of a time limit may take it again on the same thread

    def keep(self, line: str) -> None:
        """Keep a line; drop the oldest lines if there is no room. A line longer than the buffer is dropped alone."""
        size = size_of(line)
        with self._lock:
            if size > self.limit:
                self._dropped += 1
                return
            self._lines.append(line)
            self._size += size
            while self._size > self.limit:
                self._size -= size_of(self._lines.popleft())
                self._dropped += 1

    def write_to(self, write: Callable[[str], None], tell_dropped: Callable[[int], None]) -> None:
        """Write the waiting lines, the oldest first. Before them, report how many were dropped.

        A line is removed only after it was written, because a write can block and be interrupted.
        """
        with self._lock:
            if self._dropped:
                tell_dropped(self._dropped)
                self._dropped = 0
            while self._lines:
                write(self._lines[0])
                if self._lines:  # empty if `write` itself logged an error, which wrote them all
                    self._size -= size_of(self._lines.popleft())

    def clear(self) -> None:
        """Drop the waiting lines."""
        with self._lock:
            self._lines.clear()
            self._size = self._dropped = 0


def log_of(invocation: Invocation | None, settings: Settings) -> InvocationLog | None:
    """Return the log of an invocation. The first call makes it, and decides whether the invocation is sampled."""
    if invocation is None:
        return None
    log: InvocationLog | None = invocation.peek(settings)
    if log is None:
        rate = settings.sample_rate
        sampled = rate > 0 and int.from_bytes(os.urandom(4)) < rate * 2**32
        made = InvocationLog(sampled=sampled, limit=settings.buffer)
        log = invocation.state.setdefault(settings, made)  # two threads may come here at once; one decides
    return log
