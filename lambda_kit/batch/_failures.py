"""The log of what failed: every record once, by its identifiers, and never its payload.

Ten thousand records that fail alike are one traceback and a hundred lines of identifiers.
"""

from __future__ import annotations

import threading

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.batch._report import Progress
    from lambda_kit.batch._sources import Source

_IN_A_LINE = 100  # identifiers


class FailureLog:
    """Logs the first failure of each kind at once, with its traceback, and the others of the kind together.

    A kind is a type of error and the line that raised it. Threads share it.
    """

    __slots__ = ("_held", "_lock", "_progress", "_source")

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self._lock = threading.Lock()
        self._held: dict[tuple[str, Any], list[int]] = {}

    def failed(self, index: int, error: BaseException) -> None:
        """Note that a record has failed, and is retried."""
        self._note("failed", index, error)

    def buried(self, index: int, error: BaseException) -> None:
        """Note that a record has failed for good, and is not retried."""
        self._note("buried", index, error)

    def not_buried(self, index: int, error: BaseException, trouble: BaseException) -> None:
        """Note that a record that failed for good could not be put into the dead letter, and is retried."""
        error.add_note(f"It could not be put into the dead letter: {type(trouble).__name__}: {trouble}")
        self._note("not buried", index, error, trouble)

    def _note(self, fate: str, index: int, error: BaseException, trouble: BaseException | None = None) -> None:
        key = (fate, (*_kind(error), *(() if trouble is None else _kind(trouble))))
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                held.append(index)
                return
            self._held[key] = []
        log.log(
            _LEVELS[fate],
            _FIRST[fate],
            self._describe(index),
            self._source.name,
            type(error).__name__,
            exc_info=trouble or error,
            extra={"recordSource": self._source.name, "recordId": self._id(index)},
        )

    def finish(self) -> None:
        """Log the failures that were held back."""
        for (fate, kind), indexes in self._held.items():
            for start in range(0, len(indexes), _IN_A_LINE):
                some = indexes[start : start + _IN_A_LINE]
                log.log(
                    _LEVELS[fate],
                    f"{_MORE[fate]}: %s",
                    "1 more record" if len(some) == 1 else f"each of {len(some)} more records",
                    self._source.name,
                    kind[0].__name__,
                    ", ".join(self._describe(index) for index in some),
                    extra={"recordSource": self._source.name, "recordIds": [self._id(index) for index in some]},
                )
        self._held.clear()

    def not_begun(self, count: int, seconds: float) -> None:
        """Log that time ran out."""
        log.warning(
            "%d of %d records of %s were not begun %.1f s before the deadline, and are retried",
            count,
            len(self._progress.records),
            self._source.name,
            seconds,
        )

    def _id(self, index: int) -> Any:
        return self._source.id_of(self._progress.records[index])

    def _describe(self, index: int) -> str:
        return self._source.describe(self._progress.records[index])


_ERROR, _WARNING = 40, 30
_LEVELS = {"failed": _ERROR, "buried": _WARNING, "not buried": _ERROR}
_FIRST = {
    "failed": "the record %s of %s failed with %s, and is retried",
    "buried": "the record %s of %s failed for good with %s, and is not retried",
    "not buried": "the record %s of %s failed for good with %s, but could not be put into the dead letter; it is "
    "retried",
}
_MORE = {
    "failed": "%s of %s failed with %s too, and is retried",
    "buried": "%s of %s failed for good with %s too, and is not retried",
    "not buried": "%s of %s failed for good with %s too, but could not be put into the dead letter, and is retried",
}


def _kind(error: BaseException) -> tuple[Any, ...]:
    """Return the type of an error, and the line that raised it."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return (type(error), None if last is None else last.tb_frame.f_code, None if last is None else last.tb_lineno)
