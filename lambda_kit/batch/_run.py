"""Running the records of one event, and noting the result of each.

A record is `PENDING` until its function has returned or raised. So whatever ends the run, a record that did not succeed
is retried.
"""

from __future__ import annotations

import threading
import time

from lambda_kit._kernel import PACKAGE, type_of
from lambda_kit.batch._progress import DEAD_LETTERED, FAILED, PENDING, SUCCEEDED
from lambda_kit.errors import BatchError, TimeLimitInterrupt, TimeLimitReached
from lambda_kit.invocation import current_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from lambda_kit.batch._failure_log import FailureLog
    from lambda_kit.batch._plan import Plan
    from lambda_kit.batch._progress import Progress

_PLAIN_TYPES = frozenset({dict, str, bool, int, float, list, tuple, bytes})  # results that nothing has to wait for
_failure_log_lock = threading.Lock()


class Run:
    """The run of one event's records.

    Args:
        plan: the settings.
        progress: the state of the records.
        call: calls the function for the view of a record; returns the coroutine of an async function.
        start_until: the time after which no further record is started, by the monotonic clock.
        interrupt_at: the time at which running records are interrupted.

    Attributes:
        interrupt_at: as it was given.
        stopped: whether no further record is started.
        timed_out: whether the time to interrupt running records has come.
    """

    __slots__ = (
        "_blocked_groups",
        "_call",
        "_failure_log",
        "_plan",
        "_progress",
        "_start_until",
        "interrupt_at",
        "stopped",
        "timed_out",
    )

    def __init__(
        self, plan: Plan, progress: Progress, call: Callable[[Any], Any], start_until: float, interrupt_at: float
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._call = call
        self._start_until = start_until
        self.interrupt_at = interrupt_at
        self._blocked_groups: set[Any] = set()
        self._failure_log: FailureLog | None = None
        self.stopped = self.timed_out = False

    @property
    def log(self) -> FailureLog:
        """The log of failures, made when it is first asked for."""
        found = self._failure_log
        if found is None:
            from lambda_kit.batch._failure_log import FailureLog

            with _failure_log_lock:  # the records of two threads may fail at the same time
                found = self._failure_log
                if found is None:
                    found = self._failure_log = FailureLog(self._plan.source, self._progress)
        return found

    def finish(self) -> None:
        """Log the failures that are not logged yet, once all records have ended."""
        if self._failure_log is not None:
            self._failure_log.finish()

    @property
    def count(self) -> int:
        """The number of records."""
        return len(self._progress.records)

    # Which records may start

    def is_out_of_time(self) -> bool:
        """Tell whether the deadline is too near to start a record."""
        return time.monotonic() >= self._start_until

    def is_over(self) -> bool:
        """Tell whether no further record is started, whichever it is."""
        return self.stopped or self.is_out_of_time()

    def may_start(self, index: int) -> bool:
        """Tell whether a record may start: there is time, and no earlier record of its group has failed."""
        if self.is_over():
            return False
        return not self._blocked_groups or self._group(index) not in self._blocked_groups

    def sequences(self) -> Iterator[Sequence[int]]:
        """Return the positions of records that have to run one after another: those of a group, if order is kept."""
        indexes = range(len(self._progress.records))
        if self._plan.order == "none":
            return ((index,) for index in indexes)
        found: dict[Any, list[int]] = {}
        for index in indexes:
            group = self._group(index)
            found.setdefault(("no group", index) if group is None else ("group", group), []).append(index)
        return iter(found.values())

    def _group(self, index: int) -> Any:
        return self._plan.source.group_of(self._progress.records[index])

    # One record

    def run_record(self, index: int) -> None:
        """Run one record in this thread."""
        raw = self._progress.records[index]
        around = current_record.get()
        started_at = time.monotonic()
        try:
            current_record.set(raw)
            value = self._checked(self._call(self._plan.view(raw)))
        except TimeLimitInterrupt as interrupt:
            self.interrupted(index, started_at, interrupt)
        except Exception as error:
            self._raised(index, error, started_at)
        else:
            self._succeeded(index, value, started_at)
        finally:
            current_record.set(around)

    async def run_record_async(self, index: int) -> None:
        """Await one record."""
        import asyncio

        raw = self._progress.records[index]
        around = current_record.get()
        started_at = time.monotonic()
        try:
            current_record.set(raw)
            value = self._checked(await self._call(self._plan.view(raw)))
        except TimeLimitInterrupt as interrupt:
            self.interrupted(index, started_at, interrupt)
        except asyncio.CancelledError as cancellation:
            if not self.timed_out:  # the caller cancels the whole batch
                raise
            self.interrupted(index, started_at, cancellation)
        except Exception as error:
            await self._raised_async(index, error, started_at)
        else:
            self._succeeded(index, value, started_at)
        finally:
            current_record.set(around)

    def run_all(self) -> None:
        """Run all records in this thread, one after another."""
        if self._plan.order == "group":
            for index in range(self.count):
                if self.may_start(index):
                    self.run_record(index)
                elif self.is_over():
                    return
        else:
            started_at = self._progress.started_at
            around = current_record.get()
            try:
                self._run_all(started_at)
            finally:
                current_record.set(around)
                started_at.append(time.monotonic())

    def _run_all(self, started_at: list[float]) -> None:
        """Run all records as `run_record` does, with all names local: this loop is most of the cost of a batch."""
        progress, view, call, check_result = self._progress, self._plan.view, self._call, self._plan.check_result
        states, values, until, clock = progress.states, progress.values, self._start_until, time.monotonic
        begin_record = current_record.set
        for index, raw in enumerate(progress.records):
            now = clock()
            if now >= until:
                return
            started_at.append(now)
            begin_record(raw)
            try:
                value = call(view(raw))
                if value is not None and value.__class__ not in _PLAIN_TYPES:
                    _check_finished(value)
                if check_result is not None:
                    value = check_result(value)
                values[index] = value
                states[index] = SUCCEEDED
            except TimeLimitInterrupt as interrupt:
                self.interrupted(index, now, interrupt)
            except Exception as error:
                self._raised(index, error, now)
            if self.stopped:
                return

    # The result of a record

    def _checked(self, value: Any) -> Any:
        if value is not None and type_of(value) not in _PLAIN_TYPES:
            _check_finished(value)
        return value if self._plan.check_result is None else self._plan.check_result(value)

    def _succeeded(self, index: int, value: Any, started_at: float) -> None:
        progress = self._progress
        progress.seconds[index] = time.monotonic() - started_at
        progress.values[index] = value
        progress.states[index] = SUCCEEDED

    def _raised(self, index: int, error: Exception, started_at: float) -> None:
        """Note an exception of a record, after an attempt to put the record into the dead letter if it is permanent."""
        if not isinstance(error, self._plan.permanent):
            self._failed(index, error, started_at)
            return
        try:
            if self._plan.send_to_dead_letter is not None:
                self._plan.send_to_dead_letter(self._progress.records[index], error)
        except Exception as sink_error:
            self._dead_letter_failed(index, error, sink_error, started_at)
        else:
            self._dead_lettered(index, error, started_at)

    async def _raised_async(self, index: int, error: Exception, started_at: float) -> None:
        if not isinstance(error, self._plan.permanent):
            self._failed(index, error, started_at)
            return
        try:
            if self._plan.send_to_dead_letter is not None:
                await self._plan.send_to_dead_letter(self._progress.records[index], error)
        except Exception as sink_error:
            self._dead_letter_failed(index, error, sink_error, started_at)
        else:
            self._dead_lettered(index, error, started_at)

    def _failed(self, index: int, error: BaseException, started_at: float) -> None:
        self._end(index, error, FAILED, started_at)
        self.log.record_failed(index, error)

    def _dead_lettered(self, index: int, error: Exception, started_at: float) -> None:
        self._end(index, error, DEAD_LETTERED, started_at)
        self.log.record_dead_lettered(index, error)

    def _dead_letter_failed(self, index: int, error: Exception, sink_error: Exception, started_at: float) -> None:
        self._end(index, error, FAILED, started_at)
        self.log.dead_letter_failed(index, error, sink_error)

    def _end(self, index: int, error: BaseException, state: int, started_at: float) -> None:
        progress = self._progress
        progress.seconds[index] = time.monotonic() - started_at
        progress.values[index] = error
        progress.states[index] = state
        if state == FAILED:
            if self._plan.order == "all":
                self.stopped = True
            elif self._plan.order == "group":
                group = self._group(index)
                if group is not None:
                    self._blocked_groups.add(group)

    # The deadline

    def interrupted(self, index: int, started_at: float, interrupt: BaseException | None) -> None:
        """Note that a record was still running shortly before the deadline; it is retried."""
        self.stopped = True
        reserve = self._plan.reserve
        error = TimeLimitReached(f"the record was still running {reserve:g} s before the deadline", margin=reserve)
        if interrupt is not None:
            error = error.with_traceback(_user_traceback(interrupt))
        self._failed(index, error, started_at)

    def abandon(self, running: Iterable[tuple[int, float]]) -> None:
        """Note that records could not be interrupted. Their results are ignored if they end after all.

        Args:
            running: the position of each such record, and the time at which it was started.
        """
        for index, started_at in list(running):
            if self._progress.states[index] == PENDING:
                self.interrupted(index, started_at, None)
        self._progress = type(self._progress)(self._progress.records)


def _user_traceback(interrupt: BaseException) -> Any:
    """Return the traceback of an interrupt from the function of the user on, without the kit's own frames above it."""
    found = interrupt.__traceback__
    while found is not None and found.tb_next is not None and found.tb_frame.f_code.co_filename.startswith(PACKAGE):
        found = found.tb_next
    return found


def _check_finished(value: Any) -> None:
    """Refuse a result that has not run yet: acknowledging its record would lose the record.

    Raises:
        BatchError: the value is a coroutine, another awaitable, or a generator.
    """
    cls: Any = type_of(value)
    is_unfinished = hasattr(cls, "__await__") or (hasattr(cls, "send") and hasattr(cls, "throw"))
    if not is_unfinished and not hasattr(cls, "__anext__"):
        return
    close: Any = getattr(value, "close", None) or getattr(value, "cancel", None)
    if close is not None:
        close()
    raise BatchError(
        f"the function returned a {cls.__name__}, which has not run: declare the function with async def, or return "
        "the result itself"
    )
