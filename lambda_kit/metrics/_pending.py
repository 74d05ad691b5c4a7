"""Values and lines that wait to be written: of the running invocations, of ended ones, and of no invocation.

No lock is held anywhere, so that an interrupt, a signal handler or a finaliser cannot find one that is taken: what is
shared changes by single calls into C.
"""

from __future__ import annotations

from collections import deque

from lambda_kit._kernel.stdout import take_all, write
from lambda_kit.invocation import current_place
from lambda_kit.metrics._head import Head
from lambda_kit.metrics._lines import lines_of, replayed_line
from lambda_kit.metrics._record import NO_GROUPS, Record, ReplayedRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from lambda_kit.invocation import Invocation

_MAX_WAITING = 100
_MISSING: Any = object()


class Pending:
    """The values and lines of one `Metrics` object that wait to be written.

    Args:
        key: under which an invocation keeps its record.
        resolve: returns the head of lines without dimensions of their own, and sets `head`.
        clock: returns the time in seconds since the epoch.
        marks_replays: whether values of a replay are written, with a mark, in a durable execution.

    Attributes:
        disabled: whether lines are dropped instead of written.
        head: the head of lines without dimensions of their own; None before it is known.
        marks_replays: see above.
        outside: the record of what is added outside of invocations.
        recent: the invocation that was used last, and its record.
        waiting: the records with values that no layer is going to write, and their invocations.
        unwritten: lines that an interrupt left for the next write.
    """

    __slots__ = (
        "_clock",
        "_key",
        "_resolve",
        "disabled",
        "head",
        "marks_replays",
        "outside",
        "recent",
        "unwritten",
        "waiting",
    )

    def __init__(
        self, key: object, resolve: Callable[[], Head], clock: Callable[[], float], *, marks_replays: bool
    ) -> None:
        self._key = key
        self._resolve = resolve
        self._clock = clock
        self.marks_replays = marks_replays
        self.clear()

    def clear(self) -> None:
        """Drop everything."""
        self.disabled = False
        self.head: Head | None = None
        self.outside = Record(False)
        self.unwritten: deque[str] = deque()
        self.waiting: dict[Record, Invocation | None] = {}
        self.recent: tuple[Invocation | None, Record] = None, self.outside

    def leave_to_parent(self, invocation: Invocation | None) -> None:
        """Drop what waits, in a forked child: the parent writes it, that of the running invocation included."""
        self.clear()
        if invocation is not None:
            for key in (self._key, (self._key, "replayed")):
                record: Record | None = invocation._peek(key)
                if record is not None:  # a layer holds it
                    record.series = {}
                    record.groups = NO_GROUPS
            invocation._forget((self._key, "flags"))

    def record(self, invocation: Invocation | None) -> Record:
        """Return the record of an invocation, or of none, and remember it as the recent one."""
        record: Record = (
            self.outside
            if invocation is None
            else invocation._peek(self._key) or invocation.state.setdefault(self._key, Record(False))
        )
        if current_place.get() is None:  # else each value asks again whether it is one of a replay
            self.recent = invocation, record
        return record

    def adding(self, invocation: Invocation | None) -> Record:
        """Return the record that takes a value; in the replay of a durable execution, one of its own."""
        place = current_place.get()
        if place is None or not place.is_replaying():
            return self.record(invocation)
        if not self.marks_replays or invocation is None:
            return Record(True)  # which is never written
        own = self.record(invocation)
        record: Record = invocation.state.setdefault((self._key, "replayed"), ReplayedRecord(True))
        record.layered, record.head = own.layered, own.head
        return record

    def let_wait(self, record: Record, invocation: Invocation | None) -> None:
        """Note that no layer is going to write this record."""
        if len(self.waiting) >= _MAX_WAITING:  # a function without the layer must not fill the memory
            self.write_waiting()
        self.waiting[record] = invocation

    def flush(self, invocation: Invocation | None) -> None:
        """Write everything that waits now, the record of `invocation` included."""
        self.write_waiting()
        if invocation is None:
            self._renew_outside()
        else:
            self._write_records([self.record(invocation)])
            self.write_replayed(invocation)

    def write_replayed(self, invocation: Invocation) -> None:
        """Write the values of an invocation that an earlier run of its durable execution has counted."""
        record: Record | None = invocation._peek((self._key, "replayed"))
        if record is not None:
            self._write_records([record])

    def finish(self, record: Record) -> None:
        """Write the record of an invocation whose layer ends."""
        if record.groups:
            self._write_records([record])
            return
        head = record.head or self.head or self._resolve()
        lines = lines_of(head if type(head) is Head else head.rendered(), record.series, int(self._clock() * 1000))
        if len(lines) == 1 and not self.unwritten and not self.disabled:  # as in most invocations
            try:
                write(lines[0])
            except BaseException:
                self.unwritten.append(lines[0])
                raise
        else:
            self.write(lines)

    def write_waiting(self) -> None:
        """Write what was added outside of invocations and in ended ones."""
        self._write_records([one for one, of in list(self.waiting.items()) if of is None or of.ended])

    def milliseconds(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return int(self._clock() * 1000)

    def write(self, lines: Sequence[str]) -> None:
        """Write lines, and those that an interrupt left. Writing may block, and an interrupt there loses no line."""
        mine: list[str] = []
        try:
            if self.unwritten:
                take_all(self.unwritten, mine)
            mine.extend(lines)
            while mine:
                if not self.disabled:
                    write(mine[0])
                del mine[0]
        except BaseException:
            self.unwritten.extendleft(reversed(mine))
            raise

    def _write_records(self, records: Sequence[Record]) -> None:
        """Take the values of records and write their lines. What an interrupt leaves waits for the next write."""
        lines: list[str] = []
        try:
            for record in records:
                self._take(record, lines)
                if record is self.outside:
                    self._renew_outside()
        except BaseException:
            self.unwritten.extend(lines)
            raise
        self.write(lines)

    def _take(self, record: Record, lines: list[str]) -> None:
        """Take the values of a record and add their lines."""
        head = record.head or self.head or self._resolve()
        marked = replayed_line if record.replayed else str
        lines += map(marked, lines_of(head.rendered(), record.series, self.milliseconds()))
        for key in list(record.groups):
            group = record.groups.pop(key, None)
            if group is None:  # another thread has taken it
                continue
            try:
                milliseconds = self.milliseconds() if group.milliseconds is None else group.milliseconds
                lines += map(marked, lines_of(head.with_own(group.dimensions), group.series, milliseconds))
            except BaseException:
                record.keep(key, group)
                raise
        invocation = self.waiting.pop(record, _MISSING)
        if invocation is not _MISSING and record.waits():  # a value was added meanwhile
            self.waiting[record] = invocation

    def _renew_outside(self) -> None:
        if self.recent[1] is self.outside:
            self.outside = Record(False)
            self.recent = None, self.outside
        else:
            self.outside = Record(False)
