"""The state of each record of a batch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

PENDING, SUCCEEDED, FAILED, DEAD_LETTERED = range(4)
"""The states of a record: not started or not finished; returned; raised; kept in the dead letter, so acknowledged."""

_PENDING, _SUCCEEDED = bytes([PENDING]), bytes([SUCCEEDED])


class Progress:
    """The state of each record so far, by its position in the event.

    Records that run one after another append their values: `len(values)` of them have ended, and one more is running if
    `started_at` is longer. Those that returned are marked together at the end, by `end_serial`, because marking each of
    them would take longer. For all other records `fill` makes a place for each value first.

    Attributes:
        records: the records as they came.
        states: for each record `PENDING`, `SUCCEEDED`, `FAILED` or `DEAD_LETTERED`.
        values: for each record the value that its function returned, or the exception that it raised.
        started_at: for records that run one after another, the time at which each was started, by the monotonic clock.
        ended_at: the time at which the last of these ended.
        ends: for all other records that have ended, the state, the value and the seconds that they took, by position.
    """

    __slots__ = ("ended_at", "ends", "records", "started_at", "states", "values")

    def __init__(self, records: Sequence[Any]) -> None:
        self.records = records
        self.states = bytearray(len(records))
        self.values: list[Any] = []
        self.started_at: list[float] = []
        self.ended_at = 0.0
        self.ends: dict[int, tuple[int, Any, float]] = {}

    def is_serial_record_running(self) -> bool:
        """Tell whether one of the records that run one after another is running now."""
        return len(self.started_at) > len(self.values)

    def end_serial(self, ended_at: float) -> None:
        """Mark the records that have run one after another and returned."""
        self.ended_at = ended_at
        count = len(self.values)
        self.states[:count] = self.states[:count].replace(_PENDING, _SUCCEEDED)
        self.fill()

    def fill(self) -> None:
        """Make a place for the value of each record that has none yet."""
        self.values += [None] * (len(self.records) - len(self.values))

    def end(self, index: int, state: int, value: Any, seconds: float) -> bool:
        """Note the end of a record; return False if another one was noted before, which counts.

        The thread of a record and the one that gives it up may come here at the same time. One step decides between
        them, and both do the rest: neither goes on with a record that is still `PENDING`.
        """
        mine = state, value, seconds
        first = self.ends.setdefault(index, mine)
        state, value, _ = first
        if index == len(self.values):
            self.states[index] = state  # before the value, which says that the record has ended
            self.values.append(value)
        else:
            self.values[index] = value
            self.states[index] = state
        return first is mine

    def positions(self, state: int) -> Iterator[int]:
        """Return the positions of the records in this state, in the order of the event."""
        states = self.states
        index = states.find(state)
        while index >= 0:
            yield index
            index = states.find(state, index + 1)

    def to_retry(self) -> list[int]:
        """Return the positions of the records that the service has to send again, in the order of the event."""
        if PENDING not in self.states and FAILED not in self.states:
            return []
        return sorted((*self.positions(PENDING), *self.positions(FAILED)))

    def durations(self) -> list[float | None]:
        """Return for each record the seconds that it took; None if it did not end."""
        times = [*self.started_at, self.ended_at]
        found: list[float | None] = [times[i + 1] - start for i, start in enumerate(self.started_at)]
        found += [None] * (len(self.records) - len(found))
        for index, (_, _, seconds) in list(self.ends.items()):  # a thread that was given up may still add one
            found[index] = seconds
        return found
