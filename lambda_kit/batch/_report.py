"""What became of the records of a batch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from lambda_kit.batch._sources import Source

PENDING, DONE, FAILED, BURIED = range(4)  # not begun; returned; raised; in the dead letter, and so acknowledged


class Progress:
    """What became of each record so far, by its position in the event.

    Attributes:
        records: the records as they came.
        states: for each `PENDING`, `DONE`, `FAILED` or `BURIED`.
        values: for each what its function returned or raised.
        begun: when the first ones were begun, one after another, and when the last of them ended, if they ran so.
        took: the seconds that others took, by their positions.
    """

    __slots__ = ("begun", "records", "states", "took", "values")

    def __init__(self, records: Sequence[Any]) -> None:
        count = len(records)
        self.records = records
        self.states = bytearray(count)
        self.values: list[Any] = [None] * count
        self.begun: list[float] = []
        self.took: dict[int, float] = {}

    def positions(self, state: int) -> Iterator[int]:
        """Return the positions of the records in this state, in the order of the event."""
        states = self.states
        index = states.find(state)
        while index >= 0:
            yield index
            index = states.find(state, index + 1)

    def not_done(self) -> list[int]:
        """Return the positions of the records that are to be sent again, in the order of the event."""
        if PENDING not in self.states and FAILED not in self.states:
            return []
        return sorted((*self.positions(PENDING), *self.positions(FAILED)))

    def durations(self) -> list[float | None]:
        """Return for each record the seconds that it took; None if it did not end."""
        found: list[float | None] = [end - begin for begin, end in zip(self.begun, self.begun[1:], strict=False)]
        found += [None] * (len(self.records) - len(found))
        for index, seconds in self.took.items():
            found[index] = seconds
        return found


class RecordFailure:
    """A record that failed.

    Attributes:
        index: its position in the event.
        id: what the service calls it; None if it has no id.
        error: what its function raised, or why it could not be read.
        raw: the record as it came.
    """

    __slots__ = ("error", "id", "index", "raw")

    def __init__(self, index: int, id: Any, error: BaseException, raw: Any) -> None:  # noqa: A002  # the services' word
        self.index = index
        self.id = id
        self.error = error
        self.raw = raw

    def __repr__(self) -> str:
        return f"<record {self.id!r}: {type(self.error).__name__}>"


class BatchReport:
    """What became of a batch.

    Attributes:
        source: what the event came from: `"sqs"`, `"kinesis"`, `"dynamodb"`, `"kafka"`, `"firehose"` or `"s3_batch"`;
            None if it was empty, so that nothing tells.
        count: how many records it had.
        started: when it was begun, in seconds since the epoch.
        duration: the seconds that it took.
        response: what the function has to return, so that the service retries what did not succeed.
    """

    __slots__ = ("_progress", "_source", "count", "duration", "response", "source", "started")

    def __init__(
        self,
        source: Source | None,
        progress: Progress,
        response: dict[str, Any],
        *,
        started: float,
        duration: float,
    ) -> None:
        self.source = None if source is None else source.name
        self.count = len(progress.records)
        self.started = started
        self.duration = duration
        self.response = response
        self._progress = progress
        self._source = source

    @property
    def durations(self) -> list[float | None]:
        """The seconds that each record took, by its position; None for those that did not end."""
        return self._progress.durations()

    @property
    def results(self) -> list[Any]:
        """What the function returned for the records that succeeded, in the order of the event."""
        values = self._progress.values
        return [values[index] for index in self._progress.positions(DONE)]

    @property
    def failures(self) -> list[RecordFailure]:
        """The records that failed and are retried, in the order of the event."""
        return self._failures(FAILED)

    @property
    def dead_letters(self) -> list[RecordFailure]:
        """The records that went to the dead letter, in the order of the event."""
        return self._failures(BURIED)

    @property
    def skipped(self) -> list[Any]:
        """The ids of the records that were not begun and are retried, in the order of the event."""
        return [self._id(index) for index in self._progress.positions(PENDING)]

    def _failures(self, state: int) -> list[RecordFailure]:
        progress = self._progress
        return [
            RecordFailure(index, self._id(index), progress.values[index], progress.records[index])
            for index in progress.positions(state)
        ]

    def _id(self, index: int) -> Any:
        return None if self._source is None else self._source.id_of(self._progress.records[index])

    def __repr__(self) -> str:
        counts = {name: self._progress.states.count(state) for name, state in _NAMES.items()}
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no records"
        return f"<BatchReport of {self.source}: {told}>"


_NAMES = {"succeeded": DONE, "failed": FAILED, "dead-lettered": BURIED, "skipped": PENDING}
