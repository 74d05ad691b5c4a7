"""What a logger keeps for one invocation: whether it is sampled, and the lines that wait for an error."""

from __future__ import annotations

from collections import deque
from threading import RLock

from lambda_kit.logger._line import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class InvocationLog:
    """The log of one invocation.

    Attributes:
        sampled: whether lines below the level are written, by the decision that was made as the invocation began.
        limit: bytes of lines that may wait.
    """

    __slots__ = ("_dropped", "_lines", "_lock", "_size", "limit", "sampled")

    def __init__(self, *, sampled: bool, limit: int) -> None:
        self.sampled = sampled
        self.limit = limit
        self._lines: deque[str] = deque()
        self._size = 0
        self._dropped = 0
        self._lock = RLock()  # which the interrupt of a time limit may take again on the same thread

    def keep(self, line: str) -> None:
        """Let a line wait; the oldest ones make room. A line that never fits is dropped alone."""
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
        """Write the lines that wait, the oldest first; before them, tell how many had to go.

        A line is forgotten after it is written: writing may wait for whoever reads, and be interrupted there.
        """
        with self._lock:
            if self._dropped:
                tell_dropped(self._dropped)
                self._dropped = 0
            while self._lines:
                write(self._lines[0])
                if self._lines:  # unless what writes has logged an error in turn, and done it all
                    self._size -= size_of(self._lines.popleft())

    def clear(self) -> None:
        """Forget the lines that wait."""
        with self._lock:
            self._lines.clear()
            self._size = self._dropped = 0
