"""The log of failed records: each record once, by its identifiers, without its payload.

Ten thousand records that fail alike give one traceback and a hundred lines of identifiers.
"""

from __future__ import annotations

from lambda_kit._kernel import log
from lambda_kit.errors import AlreadyInProgress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lambda_kit.batch._progress import Progress
    from lambda_kit.batch._source import Source

_IN_A_LINE = 100  # identifiers


class FailureLog:
    """Logs the first failure of each kind at once, with its traceback, and the others of that kind together at the end.

    A kind is a type of exception and the line that raised it. Threads share a log: each change of it is one step.
    """

    __slots__ = ("_progress", "_source", "_unlogged")

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self._unlogged: dict[tuple[str, Any], list[int]] = {}  # positions of records, by kind

    def record_failed(self, index: int, error: BaseException) -> None:
        """Log that a record failed and is retried."""
        # A duplicate of a record that another invocation works on is daily business, and nobody's fault.
        self._add("in progress" if isinstance(error, AlreadyInProgress) else "failed", index, error)

    def record_dead_lettered(self, index: int, error: BaseException) -> None:
        """Log that a record failed for good, is in the dead letter, and is not retried."""
        self._add("dead-lettered", index, error)

    def dead_letter_failed(self, index: int, error: BaseException, sink_error: BaseException) -> None:
        """Log that a record failed for good, could not be put into the dead letter, and is retried."""
        try:
            error.add_note(f"It could not be put into the dead letter: {type(sink_error).__name__}: {sink_error}")
        except Exception:
            error.add_note(f"It could not be put into the dead letter: {type(sink_error).__name__}")
        self._add("dead letter failed", index, error, sink_error)

    def _add(self, outcome: str, index: int, error: BaseException, sink_error: BaseException | None = None) -> None:
        key = (outcome, (*_kind(error), *(() if sink_error is None else _kind(sink_error))))
        new: list[int] = []
        unlogged = self._unlogged.setdefault(key, new)
        if unlogged is not new:
            unlogged.append(index)
            return
        log.log(
            _LEVELS[outcome],
            f"{_FIRST[outcome]}, {self._consequence(outcome)}",
            self._describe(index),
            self._source.name,
            type(error).__name__,
            exc_info=None if outcome == "in progress" else sink_error or error,
            extra={"recordSource": self._source.name, "recordId": self._id(index)},
        )

    def finish(self) -> None:
        """Log the failures that were kept for the end."""
        unlogged, self._unlogged = self._unlogged, {}  # a thread that was given up may still add to it
        for (outcome, kind), indexes in list(unlogged.items()):
            for start in range(0, len(indexes), _IN_A_LINE):
                some = indexes[start : start + _IN_A_LINE]
                log.log(
                    _LEVELS[outcome],
                    f"{_MORE[outcome]}, {self._consequence(outcome)}: %s",
                    "1 more record" if len(some) == 1 else f"each of {len(some)} more records",
                    self._source.name,
                    kind[0].__name__,
                    ", ".join(self._describe(index) for index in some),
                    extra={"recordSource": self._source.name, "recordIds": [self._id(index) for index in some]},
                )

    def not_started(self, indexes: Sequence[int], seconds: float) -> None:
        """Log that records were not started, because the deadline was near.

        Args:
            indexes: their positions; the identifiers of the first hundred are fields of the line.
            seconds: how near.
        """
        log.warning(
            "%d of %d records of %s were not started, because the deadline was less than %.1f s away; %s",
            len(indexes),
            len(self._progress.records),
            self._source.name,
            seconds,
            "they are retried"
            if self._source.retries_records
            else "the invocation fails, so that all records are retried",
            extra={
                "recordSource": self._source.name,
                "recordIds": [self._id(index) for index in indexes[:_IN_A_LINE]],
            },
        )

    def _consequence(self, outcome: str) -> str:
        if outcome == "dead-lettered":
            return "and is not retried"
        if self._source.retries_records:
            return "and is retried"
        return f"and is given up: {self._source.name} does not retry records"

    def _id(self, index: int) -> Any:
        return self._source.id_of(self._progress.records[index])

    def _describe(self, index: int) -> str:
        return self._source.describe(self._progress.records[index])


_ERROR, _WARNING, _INFO = 40, 30, 20
_LEVELS = {"in progress": _INFO, "failed": _ERROR, "dead-lettered": _WARNING, "dead letter failed": _ERROR}
_FIRST = {
    "in progress": "the record %s of %s is being processed by another invocation (%s)",
    "failed": "the record %s of %s failed with %s",
    "dead-lettered": "the record %s of %s failed for good with %s",
    "dead letter failed": "the record %s of %s failed for good with %s, but could not be put into the dead letter",
}
_MORE = {
    "in progress": "%s of %s is being processed by another invocation (%s) too",
    "failed": "%s of %s failed with %s too",
    "dead-lettered": "%s of %s failed for good with %s too",
    "dead letter failed": "%s of %s failed for good with %s too, but could not be put into the dead letter",
}


def _kind(error: BaseException) -> tuple[Any, ...]:
    """Return the type of an exception, and the line that raised it."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return (type(error), None if last is None else last.tb_frame.f_code, None if last is None else last.tb_lineno)
