"""The report of a batch: which records succeeded, failed, went to the dead letter, or were not started."""

from __future__ import annotations

from lambda_kit.batch._progress import DEAD_LETTERED, FAILED, PENDING, SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.batch._progress import Progress
    from lambda_kit.batch._source import Source


class RecordFailure:
    """A record that failed.

    Attributes:
        index: its position in the event.
        id: the id that the service has given to it; None if it has none.
        error: the exception that its function raised, or the reason why it could not be read.
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
    """The result of a batch, record by record.

    Attributes:
        source: the source of the event: `"sqs"`, `"kinesis"`, `"dynamodb"`, `"kafka"`, `"firehose"` or `"s3_batch"`;
            None for an empty event that does not show its source.
        count: the number of records.
        started: the time at which processing started, in seconds since the epoch.
        duration: the seconds that processing took.
        response: the response that the handler has to return, so that the service retries what did not succeed.
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
        """The values that the function returned for the records that succeeded, in the order of the event."""
        values = self._progress.values
        return [values[index] for index in self._progress.positions(SUCCEEDED)]

    @property
    def failures(self) -> list[RecordFailure]:
        """The records that failed and are retried, in the order of the event."""
        return self._failures(FAILED)

    @property
    def dead_letters(self) -> list[RecordFailure]:
        """The records that went to the dead letter, in the order of the event."""
        return self._failures(DEAD_LETTERED)

    @property
    def skipped(self) -> list[Any]:
        """The ids of the records that were not started and are retried, in the order of the event."""
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
        text = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no records"
        return f"<BatchReport of {self.source}: {text}>"


_NAMES = {"succeeded": SUCCEEDED, "failed": FAILED, "dead-lettered": DEAD_LETTERED, "skipped": PENDING}
