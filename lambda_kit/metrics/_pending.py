"""Values and lines that wait to be written: of the running invocations, of ended ones, and of no invocation."""

from __future__ import annotations

from collections import deque
from threading import RLock

from lambda_kit._kernel.stdout import write
from lambda_kit.metrics._lines import lines_of
from lambda_kit.metrics._record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from lambda_kit.invocation import Invocation
    from lambda_kit.metrics._head import Head

_MAX_WAITING = 100


class Pending:
    """The values and lines of one `Metrics` object that wait to be written.

    Args:
        key: under which an invocation keeps its record.
        head: returns the head of lines without dimensions of their own.
        clock: returns the time in seconds since the epoch.

    Attributes:
        lock: held while records are taken or given dimensions; adding needs none.
        outside: the record of what is added outside of invocations.
        recent: the invocation that was used last, and its record.
        waiting: the records with values that no layer is going to write, and their invocations.
        unwritten: lines that an interrupt left for the next write.
    """

    __slots__ = ("_clock", "_head", "_key", "lock", "outside", "recent", "unwritten", "waiting")

    def __init__(self, key: object, head: Callable[[], Head], clock: Callable[[], float]) -> None:
        self._key = key
        self._head = head
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Drop everything."""
        self.lock = RLock()  # a signal handler and a finaliser may add in the middle of an addition
        self.outside = Record(False)
        self.unwritten: deque[str] = deque()
        self.waiting: dict[Record, Invocation | None] = {}
        self.recent: tuple[Invocation | None, Record] = None, self.outside

    def record(self, invocation: Invocation | None) -> Record:
        """Return the record of an invocation, or of none, and remember it as the recent one."""
        record: Record = (
            self.outside
            if invocation is None
            else invocation.peek(self._key) or invocation.state.setdefault(self._key, Record(False))
        )
        self.recent = invocation, record
        return record

    def let_wait(self, record: Record, invocation: Invocation | None) -> None:
        """Note that no layer is going to write this record."""
        lines: list[str] = []
        with self.lock:
            if len(self.waiting) >= _MAX_WAITING:  # a function without the layer must not fill the memory
                lines = self.take_waiting()
            self.waiting[record] = invocation
        self.write(lines)

    def flush(self, invocation: Invocation | None) -> None:
        """Write everything that waits now, the record of `invocation` included."""
        with self.lock:
            lines = self.take_waiting()
            if invocation is None:
                self._renew_outside()
            else:
                lines += self._take(self.record(invocation))
        self.write(lines)

    def finish(self, record: Record, invocation: Invocation) -> None:
        """Write the record of an invocation whose layer ends, and everything that waits beside it."""
        record.layered = False
        if record.series:
            self.write(lines_of(record.head or self._head(), record.series, self.milliseconds()))
        record.head = None
        if self.recent[0] is invocation:  # it would keep the invocation alive
            self.recent = None, self.outside
        if self.waiting or self.unwritten:
            with self.lock:
                lines = self.take_waiting()
            self.write(lines)

    def milliseconds(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return int(self._clock() * 1000)

    def take_waiting(self) -> list[str]:
        """Take the values that were added outside of invocations and in ended ones, and return their lines."""
        lines: list[str] = []
        while self.unwritten:
            lines.append(self.unwritten.popleft())
        for record, invocation in list(self.waiting.items()):
            if invocation is None or invocation.ended:
                lines += self._take(record)
                if record is self.outside:
                    self._renew_outside()
        return lines

    def write(self, lines: Iterable[str]) -> None:
        """Write lines. Writing may wait for the reader, and an interrupt there must not lose them."""
        left = iter(lines)
        line: str | None = None
        try:
            for line in left:
                write(line)
                line = None  # noqa: PLW2901
        except BaseException:
            self.unwritten.extend([] if line is None else [line])
            self.unwritten.extend(left)
            raise

    def _take(self, record: Record) -> Iterable[str]:
        """Take the values of a record and return their lines."""
        missing: Any = self
        # Removed first: a value that is added meanwhile lets the record wait again.
        invocation = self.waiting.pop(record, missing)
        try:
            if record.series:
                return list(lines_of(record.head or self._head(), record.series, self.milliseconds()))
        except BaseException:
            if invocation is not missing:
                self.waiting[record] = invocation
            raise
        return ()

    def _renew_outside(self) -> None:
        if self.recent[1] is self.outside:
            self.outside = Record(False)
            self.recent = None, self.outside
        else:
            self.outside = Record(False)
