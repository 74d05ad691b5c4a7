"""The state of each record of a batch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

PENDING, SUCCEEDED, FAILED, DEAD_LETTERED = range(4)
"""The states of a record: not started or not finished; returned; raised; kept in the dead letter, so acknowledged."""


class Progress:
    """The state of each record so far, by its position in the event.

    Attributes:
        records: the records as they came.
        states: for each record `PENDING`, `SUCCEEDED`, `FAILED` or `DEAD_LETTERED`.
        values: for each record the value that its function returned, or the exception that it raised.
        started_at: for records that run one after another, the time at which each was started, and at the end the time
            at which the last one ended; by the monotonic clock.
        seconds: for all other records that have ended, the seconds that they took, by position.
    """

    __slots__ = ("records", "seconds", "started_at", "states", "values")

    def __init__(self, records: Sequence[Any]) -> None:
        count = len(records)
        self.records = records
        self.states = bytearray(count)
        self.values: list[Any] = [None] * count
        self.started_at: list[float] = []
        self.seconds: dict[int, float] = {}

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
        from itertools import pairwise

        found: list[float | None] = [end - start for start, end in pairwise(self.started_at)]
        found += [None] * (len(self.records) - len(found))
        for index, seconds in self.seconds.items():
            found[index] = seconds
        return found
