"""Running single records of a batch, and what becomes of each.

A record is `PENDING` until its function has returned or raised, so that whatever ends the run, what did not succeed is
retried.
"""

from __future__ import annotations

import threading
import time

from lambda_kit._kernel import PACKAGE, type_of
from lambda_kit.batch._report import BURIED, DONE, FAILED, PENDING
from lambda_kit.errors import BatchError, TimeLimitInterrupt, TimeLimitReached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from lambda_kit.batch._failures import FailureLog
    from lambda_kit.batch._report import Progress
    from lambda_kit.batch._sources import Source

_FINE = frozenset({dict, str, bool, int, float, list, tuple, bytes})  # types that nothing has to wait for
_making = threading.Lock()


class Way:
    """How the records of one source go through one batch function: what is the same for each event.

    Attributes:
        source: where they come from.
        view: makes the view of a record as it came.
        read: makes the model of a view; None without a model.
        order: what a failure stops: `"none"`, `"group"` or `"all"`.
        accept: checks what the function returned; None if anything will do.
        permanent: the errors that no retry will mend.
        bury: puts a record into the dead letter; a coroutine function if the function is one. None if there is none.
        reserve: seconds before the deadline at which those that are running are interrupted.
    """

    __slots__ = ("accept", "bury", "order", "permanent", "read", "reserve", "source", "view")

    def __init__(
        self,
        source: Source,
        view: Callable[[Any], Any],
        read: Callable[[Any], Any] | None,
        *,
        order: str,
        accept: Callable[[Any], Any] | None,
        permanent: tuple[type[Exception], ...],
        bury: Callable[[Any, Exception], Any] | None,
        reserve: float,
    ) -> None:
        self.source = source
        self.view = view
        self.read = read
        self.order = order
        self.accept = accept
        self.permanent = permanent
        self.bury = bury
        self.reserve = reserve


class Run:
    """One batch under way.

    Args:
        way: how its records go.
        progress: what became of them.
        call: calls the function for a view; for one that is async, returns the coroutine.
        take_until: when the last record may be begun, by the monotonic clock.
        run_until: when those that are running are interrupted.

    Attributes:
        run_until: as it was given.
        stopped: whether no further record is begun.
        rang: whether the time of those that are running is up.
    """

    __slots__ = (
        "_blocked",
        "_call",
        "_kept_log",
        "_progress",
        "_take_until",
        "_way",
        "rang",
        "run_until",
        "stopped",
    )

    def __init__(
        self, way: Way, progress: Progress, call: Callable[[Any], Any], take_until: float, run_until: float
    ) -> None:
        self._way = way
        self._progress = progress
        self._call = call
        self._take_until = take_until
        self.run_until = run_until
        self._blocked: set[Any] = set()
        self._kept_log: FailureLog | None = None
        self.stopped = self.rang = False

    @property
    def log(self) -> FailureLog:
        """The log of failures."""
        found = self._kept_log
        if found is None:
            from lambda_kit.batch._failures import FailureLog

            with _making:  # two threads may have a failure at once
                found = self._kept_log
                if found is None:
                    found = self._kept_log = FailureLog(self._way.source, self._progress)
        return found

    def finish(self) -> None:
        """Log what is left to log, once all have ended."""
        if self._kept_log is not None:
            self._kept_log.finish()

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
        return self._way.source.group_of(self._progress.records[index])

    def _accepted(self, value: Any) -> Any:
        if value is not None and type_of(value) not in _FINE:
            _refuse_unfinished(value)
        return value if self._way.accept is None else self._way.accept(value)

    def _done(self, index: int, value: Any, began: float) -> None:
        progress = self._progress
        progress.took[index] = time.monotonic() - began
        progress.values[index] = value
        progress.states[index] = DONE

    def _failed(self, index: int, error: BaseException, began: float) -> None:
        progress = self._progress
        progress.took[index] = time.monotonic() - began
        self._settle(index, error, FAILED)
        self.log.failed(index, error)

    def _settle(self, index: int, error: BaseException, state: int) -> None:
        self._progress.values[index] = error
        self._progress.states[index] = state
        if state == FAILED:
            if self._way.order == "all":
                self.stopped = True
            elif self._way.order == "group":
                group = self._group(index)
                if group is not None:
                    self._blocked.add(group)

    def _is_permanent(self, error: Exception) -> bool:
        return isinstance(error, self._way.permanent)

    def _buried(self, index: int, error: Exception, began: float) -> None:
        self._progress.took[index] = time.monotonic() - began
        self._settle(index, error, BURIED)
        self.log.buried(index, error)

    def _not_buried(self, index: int, error: Exception, trouble: Exception, began: float) -> None:
        self._progress.took[index] = time.monotonic() - began
        self._settle(index, error, FAILED)
        self.log.not_buried(index, error, trouble)

    def interrupted(self, index: int, began: float, stop: BaseException | None) -> None:
        """Note that a record was still running when the time was up; it is retried."""
        self.stopped = True
        error = TimeLimitReached(
            f"the record was still running {self._way.reserve:g} s before the deadline", margin=self._way.reserve
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
            value = self._accepted(self._call(self._way.view(raw)))
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
            if self._way.bury is not None:
                self._way.bury(self._progress.records[index], error)
        except Exception as trouble:
            self._not_buried(index, error, trouble, began)
        else:
            self._buried(index, error, began)

    def one_by_one(self) -> None:
        """Run all records in this thread, in their order."""
        if self._way.order == "group":
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
        progress, view, call, accept = self._progress, self._way.view, self._call, self._way.accept
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
            value = self._accepted(await self._call(self._way.view(raw)))
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
            if self._way.bury is not None:
                await self._way.bury(self._progress.records[index], error)
        except Exception as trouble:
            self._not_buried(index, error, trouble, began)
        else:
            self._buried(index, error, began)

    def lanes(self) -> Iterator[Sequence[int]]:
        """Return the positions that one thread or task goes through in order: all of a group, where order counts."""
        indexes = range(len(self._progress.records))
        if self._way.order == "none":
            return ((index,) for index in indexes)
        lanes: dict[Any, list[int]] = {}
        for index in indexes:
            group = self._group(index)
            lanes.setdefault(("alone", index) if group is None else ("group", group), []).append(index)
        return iter(lanes.values())


def _below(stop: BaseException) -> Any:
    """Return the traceback of where the function stood, without the frames of the kit above it."""
    found = stop.__traceback__
    while found is not None and found.tb_next is not None and found.tb_frame.f_code.co_filename.startswith(PACKAGE):
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
