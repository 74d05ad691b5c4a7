"""Running single records of a batch, and what becomes of each.

A record is `PENDING` until its function has returned or raised, so that whatever ends the run, what did not succeed is
retried.
"""

from __future__ import annotations

import time

from lambda_kit.batch._report import BURIED, DONE, FAILED, PENDING
from lambda_kit.errors import BatchError, TimeLimitInterrupt, TimeLimitReached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from lambda_kit.batch._failures import FailureLog
    from lambda_kit.batch._report import Progress
    from lambda_kit.batch._sources import Source

_PACKAGE = __file__.rpartition("batch")[0]
_FINE = frozenset({dict, str, bool, int, float, list, tuple, bytes})  # types that nothing has to wait for
type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about


class Run:
    """One batch under way.

    Args:
        source: where it comes from.
        progress: what became of its records.
        log: the log of failures.
        view: makes the view of a record as it came.
        call: calls the function for a view; for one that is async, returns the coroutine.
        order: what a failure stops: `"none"`, `"group"` or `"all"`.
        accept: checks what the function returned; None if anything will do.
        permanent: the errors that no retry will mend.
        bury: puts a record into the dead letter; a coroutine function if the function is one. None if there is none.
        take_until: when the last record may be begun, by the monotonic clock.
        run_until: when those that are running are interrupted.
        reserve: how many seconds before the deadline that is.

    Attributes:
        run_until: as it was given.
        stopped: whether no further record is begun.
        rang: whether the time of those that are running is up.
    """

    __slots__ = (
        "_accept",
        "_blocked",
        "_bury",
        "_call",
        "_log",
        "_order",
        "_permanent",
        "_progress",
        "_reserve",
        "_source",
        "_take_until",
        "_view",
        "rang",
        "run_until",
        "stopped",
    )

    def __init__(  # noqa: PLR0913  # what it is made of
        self,
        source: Source,
        progress: Progress,
        log: FailureLog,
        view: Callable[[Any], Any],
        call: Callable[[Any], Any],
        *,
        order: str,
        accept: Callable[[Any], Any] | None,
        permanent: tuple[type[Exception], ...],
        bury: Callable[[Any, Exception], Any] | None,
        take_until: float,
        run_until: float,
        reserve: float,
    ) -> None:
        self._source = source
        self._progress = progress
        self._log = log
        self._view = view
        self._call = call
        self._order = order
        self._accept = accept
        self._permanent = permanent
        self._bury = bury
        self._take_until = take_until
        self.run_until = run_until
        self._reserve = reserve
        self._blocked: set[Any] = set()
        self.stopped = False
        self.rang = False

    @property
    def count(self) -> int:
        """How many records there are."""
        return len(self._progress.records)

    def is_out_of_time(self) -> bool:
        """Tell whether there is no time to begin a record."""
        return time.monotonic() >= self._take_until

    def is_over(self) -> bool:
        """Tell whether no further record is begun, whichever it is."""
        return self.stopped or self.is_out_of_time()

    def may_begin(self, index: int) -> bool:
        """Tell whether a record may be begun: there is time, and nothing before it has failed that it depends on."""
        if self.is_over():
            return False
        return not self._blocked or self._group(index) not in self._blocked

    def _group(self, index: int) -> Any:
        return self._source.group_of(self._progress.records[index])

    def _accepted(self, value: Any) -> Any:
        if value is not None and type_of(value) not in _FINE:
            _refuse_unfinished(value)
        return value if self._accept is None else self._accept(value)

    def _done(self, index: int, value: Any, began: float) -> None:
        progress = self._progress
        progress.took[index] = time.monotonic() - began
        progress.values[index] = value
        progress.states[index] = DONE

    def _failed(self, index: int, error: BaseException, began: float) -> None:
        progress = self._progress
        progress.took[index] = time.monotonic() - began
        self._settle(index, error, FAILED)
        self._log.failed(index, error)

    def _settle(self, index: int, error: BaseException, state: int) -> None:
        self._progress.values[index] = error
        self._progress.states[index] = state
        if state == FAILED:
            if self._order == "all":
                self.stopped = True
            elif self._order == "group":
                group = self._group(index)
                if group is not None:
                    self._blocked.add(group)

    def _is_permanent(self, error: Exception) -> bool:
        return bool(self._permanent) and isinstance(error, self._permanent)

    def _buried(self, index: int, error: Exception, began: float) -> None:
        self._progress.took[index] = time.monotonic() - began
        self._settle(index, error, BURIED)
        self._log.buried(index, error)

    def _not_buried(self, index: int, error: Exception, trouble: Exception, began: float) -> None:
        self._progress.took[index] = time.monotonic() - began
        self._settle(index, error, FAILED)
        self._log.not_buried(index, error, trouble)

    def interrupted(self, index: int, began: float, stop: BaseException | None) -> None:
        """Note that a record was still running when the time was up; it is retried."""
        self.stopped = True
        error = TimeLimitReached(
            f"the record was still running {self._reserve:g} s before the deadline", margin=self._reserve
        )
        self._failed(index, error if stop is None else error.with_traceback(_below(stop)), began)

    # One record

    def give_up(self, running: Iterable[tuple[int, float]]) -> None:
        """Note that records could not be interrupted; what becomes of them afterwards changes nothing."""
        for index, began in list(running):
            if self._progress.states[index] == PENDING:
                self.interrupted(index, began, None)
        self._progress = type(self._progress)(self._progress.records)

    def one(self, index: int) -> None:
        """Run one record in this thread."""
        raw = self._progress.records[index]
        began = time.monotonic()
        try:
            value = self._accepted(self._call(self._view(raw)))
        except TimeLimitInterrupt as stop:
            self.interrupted(index, began, stop)
        except Exception as error:
            self._fail(index, error, began)
        else:
            self._done(index, value, began)

    def _fail(self, index: int, error: Exception, began: float) -> None:
        if not self._is_permanent(error):
            self._failed(index, error, began)
            return
        try:
            if self._bury is not None:
                self._bury(self._progress.records[index], error)
        except Exception as trouble:
            self._not_buried(index, error, trouble, began)
        else:
            self._buried(index, error, began)

    def one_by_one(self) -> None:
        """Run all records in this thread, in their order."""
        if self._order == "group":
            for index in range(self.count):
                if self.may_begin(index):
                    self.one(index)
                elif self.is_over():
                    return
        else:
            begun = self._progress.begun
            try:
                self._go_through(begun)
            finally:
                begun.append(time.monotonic())

    def _go_through(self, begun: list[float]) -> None:
        """Run all records as `one` does, with everything at hand: it is all that most batches cost."""
        progress, view, call, accept = self._progress, self._view, self._call, self._accept
        states, values, until, clock = progress.states, progress.values, self._take_until, time.monotonic
        for index, raw in enumerate(progress.records):
            now = clock()
            if now >= until:
                return
            begun.append(now)
            try:
                value = call(view(raw))
                if value is not None and value.__class__ not in _FINE:
                    _refuse_unfinished(value)
                if accept is not None:
                    value = accept(value)
                values[index] = value
                states[index] = DONE
            except TimeLimitInterrupt as stop:
                self.interrupted(index, now, stop)
            except Exception as error:
                self._fail(index, error, now)
            if self.stopped:
                return

    async def one_async(self, index: int) -> None:
        """Await one record."""
        import asyncio

        raw = self._progress.records[index]
        began = time.monotonic()
        try:
            value = self._accepted(await self._call(self._view(raw)))
        except TimeLimitInterrupt as stop:
            self.interrupted(index, began, stop)
        except asyncio.CancelledError as stop:
            if not self.rang:  # somebody else ends the whole
                raise
            self.interrupted(index, began, stop)
        except Exception as error:
            await self._fail_async(index, error, began)
        else:
            self._done(index, value, began)

    async def _fail_async(self, index: int, error: Exception, began: float) -> None:
        if not self._is_permanent(error):
            self._failed(index, error, began)
            return
        try:
            if self._bury is not None:
                await self._bury(self._progress.records[index], error)
        except Exception as trouble:
            self._not_buried(index, error, trouble, began)
        else:
            self._buried(index, error, began)

    def lanes(self) -> Iterator[Sequence[int]]:
        """Return the positions that one thread or task goes through in order: all of a group, where order counts."""
        indexes = range(len(self._progress.records))
        if self._order == "none":
            return ((index,) for index in indexes)
        lanes: dict[Any, list[int]] = {}
        for index in indexes:
            group = self._group(index)
            lanes.setdefault(("alone", index) if group is None else ("group", group), []).append(index)
        return iter(lanes.values())


def _below(stop: BaseException) -> Any:
    """Return the traceback of where the function stood, without the frames of the kit above it."""
    found = stop.__traceback__
    while found is not None and found.tb_next is not None and found.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        found = found.tb_next
    return found


def _refuse_unfinished(value: Any) -> None:
    """Refuse what has not run yet: to acknowledge its record would lose it.

    Raises:
        BatchError: it is a coroutine, another awaitable, or a generator.
    """
    cls: Any = type_of(value)
    unfinished = hasattr(cls, "__await__") or (hasattr(cls, "send") and hasattr(cls, "throw"))
    if not unfinished and not hasattr(cls, "__anext__"):
        return
    close: Any = getattr(value, "close", None) or getattr(value, "cancel", None)
    if close is not None:
        close()
    raise BatchError(
        f"the function returned a {cls.__name__}, which has not run: declare the function with async def, or return "
        "what it is to result in"
    )
