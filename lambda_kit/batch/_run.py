"""Running the records of one event, and noting the result of each.

A record is `PENDING` until its function has returned or raised. So whatever ends the run, a record that did not succeed
is retried. There are no locks here: an interrupt may strike anywhere, and must leave nothing locked.
"""

from __future__ import annotations

import time

from lambda_kit._kernel import type_of
from lambda_kit.batch._progress import DEAD_LETTERED, FAILED, SUCCEEDED
from lambda_kit.batch._record_function import PLAIN_TYPES, check_finished
from lambda_kit.errors import TimeLimitInterrupt, TimeLimitReached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextvars import Context
    from types import FrameType
    from typing import Any

    from lambda_kit.batch._failure_log import FailureLog
    from lambda_kit.batch._plan import Plan
    from lambda_kit.batch._progress import Progress

_ENDS_INVOCATION = (KeyboardInterrupt, SystemExit, GeneratorExit, TimeLimitInterrupt)


def ends_invocation(error: BaseException) -> bool:
    """Tell whether an exception of a record is meant for the whole invocation, so that it must go on.

    These are also the errors by which AWS's SDK for durable executions ends a run that will be replayed or tried again:
    a record that was reported as failed would come again in another execution, and run its steps twice. All others are
    failures of the record alone, also those that do not derive from `Exception`, like the panics of libraries that are
    written in Rust. A cancellation is not decided here: it depends on who has cancelled what.
    """
    if isinstance(error, _ENDS_INVOCATION):
        return True
    from lambda_kit._kernel.durable import ends_run

    return ends_run(error)


class Run:
    """The run of one event's records.

    Args:
        plan: the settings.
        progress: the state of the records.
        call: calls the function for the view of a record; returns the coroutine of an async function.
        start_until: the time after which no further record is started, by the monotonic clock.
        interrupt_at: the time at which running records are interrupted.
        reserve: the seconds between that time and the deadline.

    Attributes:
        interrupt_at: as it was given.
        stopped: whether no further record is started.
        timed_out: whether the time to interrupt running records has come.
        cancelled: whether the records in tasks are cancelled because the batch is.
        in_tasks: the tasks that run the function of the user right now.
    """

    # Defaults stand on the class: most runs change none of them, and setting each takes time in every invocation.
    cancelled = stopped = timed_out = False
    in_tasks: set[Task[Any] | None] | None = None
    _blocked_groups: set[Any] | None = None
    _in_function = False
    _token: object = None

    def __init__(
        self,
        plan: Plan,
        progress: Progress,
        call: Callable[[Any], Any],
        start_until: float,
        interrupt_at: float,
        reserve: float,
    ) -> None:
        self._plan = plan
        self._progress = progress
        self._call = call
        self._start_until = start_until
        self.interrupt_at = interrupt_at
        self._reserve = reserve
        if plan.order == "group":
            self._blocked_groups = set()

    @property
    def log(self) -> FailureLog:
        """The log of failures, made when it is first asked for."""
        found: Any = self.__dict__.get("_failure_log")
        if found is None:
            from lambda_kit.batch._failure_log import FailureLog

            # The records of two threads may fail at the same time: this is one step, and the first log counts.
            found = self.__dict__.setdefault("_failure_log", FailureLog(self._plan.source, self._progress))
        return found  # type: ignore[no-any-return]

    def finish(self) -> None:
        """Log the failures that are not logged yet, once all records have ended."""
        if "_failure_log" in self.__dict__:
            self.log.finish()

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

    def fill(self) -> None:
        """Make a place for each result, before any record is started that is not run by `run_serially`."""
        self._progress.fill()

    def sequences(self) -> Iterator[Sequence[int]]:
        """Return the positions of records that have to run one after another: those of a group, if order is kept.

        Each step of the iterator is one step of the interpreter, so that threads can share it.
        """
        self.fill()
        indexes = range(self.count)
        if self._plan.order == "none":
            return zip(indexes, strict=True)
        found: dict[Any, list[int]] = {}
        for index in indexes:
            group = self._group(index)
            found.setdefault(("no group", index) if group is None else ("group", group), []).append(index)
        return iter(list(found.values()))

    def _group(self, index: int) -> Any:
        return self._plan.source.group_of(self._progress.records[index])

    # All records in this thread

    def run_serially(self) -> None:
        """Run all records in this thread, one after another."""
        progress = self._progress
        try:
            self._run_until_blocked()
        except TimeLimitInterrupt as interrupt:
            if progress.is_serial_record_running():
                self._token = progress.started_at[-1]
                self.interrupted(len(progress.values), progress.started_at[-1], interrupt)
            elif not self.timed_out:  # the interrupt of a time limit around the batch, between two records
                raise
            self.stopped = True
        finally:
            progress.end_serial(time.monotonic())
        if self._blocked_groups:
            for index in range(len(progress.started_at), self.count):
                if self.may_start(index):
                    self._token = object()
                    self._in_function = True
                    if self.stopped:  # the time to interrupt came after `may_start` had read the clock
                        return
                    self.run_record(index, self.leave)
                    self._token = None
                elif self.is_over():
                    return

    def leave(self) -> None:
        """Note that the function of a record, which runs in this thread, has ended."""
        self._in_function = False

    def _run_until_blocked(self) -> None:
        """Run records until one of them blocks a group, with all names local: this loop is most of a batch's cost."""
        progress, plan = self._progress, self._plan
        view, call, check_result = plan.view, self._call, plan.check_result
        started_at, values, states = progress.started_at, progress.values, progress.states
        start, end, until, clock = started_at.append, values.append, self._start_until, time.monotonic
        for raw in progress.records:
            now = clock()
            if now >= until:
                return
            start(now)
            try:
                value = call(view(raw))
                if value is not None and value.__class__ not in PLAIN_TYPES:
                    check_finished(value)
                if check_result is not None:
                    value = check_result(value)
                end(value)
            except BaseException as error:
                index = len(values)
                if index == len(started_at) or ends_invocation(error):  # in the first case the function had ended
                    raise
                states[index] = FAILED  # first of all: what is not marked and has ended has succeeded
                self._token = now  # the line of the failure has the fields that the record appended
                end(error)
                self._raised(index, error, now)
                self._token = None
                if self.stopped or self._blocked_groups:
                    return

    def interrupt_serial(self, frame: FrameType | None) -> None:
        """Interrupt the function of the user, if it is running in this thread; no further record is started.

        Args:
            frame: the frame that is running.

        Raises:
            TimeLimitInterrupt: it is running, or the loop over the records is.
        """
        self.timed_out = True
        in_loop = frame is not None and frame.f_code is Run._run_until_blocked.__code__
        if in_loop or self._in_function or self._progress.is_serial_record_running():
            raise TimeLimitInterrupt
        self.stopped = True  # the kit's own code goes on: what it logs, for example, takes locks

    def serial_record(self) -> object:
        """Return an object that stands for the record that runs alone now, and for no other one; None for none."""
        progress = self._progress
        return progress.started_at[-1] if progress.is_serial_record_running() else self._token

    # One record

    def run_record(self, index: int, leave: Callable[[], object]) -> None:
        """Run one record in this thread.

        Args:
            index: its position.
            leave: is called when the function has ended; once it has returned, no interrupt of the margin strikes any
                more. It raises `TimeLimitInterrupt` if one was on its way.
        """
        raw = self._progress.records[index]
        started_at = time.monotonic()
        try:
            try:
                value = self._checked(self._call(self._plan.view(raw)))
            except BaseException as error:
                if ends_invocation(error):
                    raise
                leave()
                self._raised(index, error, started_at)
            else:
                leave()
                self._end(index, SUCCEEDED, value, started_at)
        except TimeLimitInterrupt as interrupt:
            self.interrupted(index, started_at, interrupt)

    async def run_record_async(self, index: int, task: Task[Any] | None, cancellations: int | None) -> None:
        """Await one record.

        Args:
            index: its position.
            task: the current task.
            cancellations: how often the task of the batch had been cancelled before; None if this task is the record's
                own one.
        """
        from asyncio import CancelledError

        raw = self._progress.records[index]
        started_at = time.monotonic()
        in_tasks = self.in_tasks
        if in_tasks is None:
            in_tasks = self.in_tasks = set()
        try:
            try:
                self._token = None if cancellations is None else object()
                in_tasks.add(task)
                value = self._checked(await self._call(self._plan.view(raw)))
            except BaseException as error:
                in_tasks.discard(task)
                if ends_invocation(error):
                    raise
                if isinstance(error, CancelledError) and (self.timed_out or self._is_cancelled(task, cancellations)):
                    raise
                await self._raised_async(index, error, started_at, task, cancellations)
            else:
                in_tasks.discard(task)
                self._end(index, SUCCEEDED, value, started_at)
        except TimeLimitInterrupt as interrupt:
            in_tasks.discard(task)
            self.interrupted(index, started_at, interrupt)
        except CancelledError as cancellation:
            if not self.timed_out:
                raise
            self.interrupted(index, started_at, cancellation)

    def _is_cancelled(self, task: Task[Any] | None, cancellations: int | None) -> bool:
        """Tell whether the batch was cancelled, and not something that a record was waiting for."""
        if cancellations is None:
            return self.cancelled
        return task is not None and task.cancelling() > cancellations

    # The result of a record

    def _checked(self, value: Any) -> Any:
        if value is not None and type_of(value) not in PLAIN_TYPES:
            check_finished(value)
        return value if self._plan.check_result is None else self._plan.check_result(value)

    def _raised(self, index: int, error: BaseException, started_at: float) -> None:
        """Note an exception of a record, after an attempt to put the record into the dead letter if it is permanent."""
        send = self._plan.send_to_dead_letter
        if not isinstance(error, self._plan.permanent):
            self._failed(index, error, started_at)
            return
        if send is not None and not self._is_given_up(index):
            try:
                try:
                    self._in_function = True
                    send(self._progress.records[index], error)
                finally:
                    self._in_function = False
            except BaseException as sink_error:
                if isinstance(sink_error, TimeLimitInterrupt):
                    self.stopped = True
                elif ends_invocation(sink_error):
                    raise
                self._dead_letter_failed(index, error, sink_error, started_at)
                return
        self._dead_lettered(index, error, started_at)

    async def _raised_async(
        self, index: int, error: BaseException, started_at: float, task: Task[Any] | None, cancellations: int | None
    ) -> None:
        from asyncio import CancelledError

        send = self._plan.send_to_dead_letter
        if not isinstance(error, self._plan.permanent):
            self._failed(index, error, started_at)
            return
        if send is not None and self.in_tasks is not None and not self._is_given_up(index):
            try:
                try:
                    self.in_tasks.add(task)
                    await send(self._progress.records[index], error)
                finally:
                    self.in_tasks.discard(task)
            except BaseException as sink_error:
                if ends_invocation(sink_error):
                    raise
                if isinstance(sink_error, CancelledError) and self._is_cancelled(task, cancellations):
                    raise
                self._dead_letter_failed(index, error, sink_error, started_at)
                return
        self._dead_lettered(index, error, started_at)

    def _is_given_up(self, index: int) -> bool:
        """Tell whether the record did not end in time: it comes again, so no letter tells of what failed meanwhile."""
        return index in self._progress.ends

    def _failed(self, index: int, error: BaseException, started_at: float) -> None:
        if self._end(index, FAILED, error, started_at):
            self.log.record_failed(index, error)

    def _dead_lettered(self, index: int, error: BaseException, started_at: float) -> None:
        if self._end(index, DEAD_LETTERED, error, started_at):
            self.log.record_dead_lettered(index, error)

    def _dead_letter_failed(
        self, index: int, error: BaseException, sink_error: BaseException, started_at: float
    ) -> None:
        if self._end(index, FAILED, error, started_at):
            self.log.dead_letter_failed(index, error, sink_error)

    def _end(self, index: int, state: int, value: Any, started_at: float) -> bool:
        """Note the end of a record; return False if another one was noted before."""
        if not self._progress.end(index, state, value, time.monotonic() - started_at):
            return False
        if state == FAILED:
            if self._plan.order == "all":
                self.stopped = True
            elif self._plan.order == "group":
                group = self._group(index)
                if group is not None and self._blocked_groups is not None:
                    self._blocked_groups.add(group)
        return True

    # The deadline

    def interrupted(
        self, index: int, started_at: float, interrupt: BaseException | None, frames: Sequence[FrameType] = ()
    ) -> None:
        """Note that a record was still running shortly before the deadline; it is retried.

        Args:
            index: the position of the record.
            started_at: the time at which it was started.
            interrupt: the exception that has interrupted it; None if it is still running.
            frames: where it is still running, the outermost frame first.
        """
        self.stopped = True
        self.leave()
        reserve = self._reserve
        error = TimeLimitReached(f"the record was still running {reserve:g} s before the deadline", margin=reserve)
        if interrupt is not None or frames:
            from lambda_kit._kernel.interrupt import traceback_of, user_traceback

            where = traceback_of(frames) if interrupt is None else interrupt.__traceback__
            error = error.with_traceback(user_traceback(where))
        self._failed(index, error, started_at)

    def abandon(self, running: Iterable[tuple[int, float, Context, Sequence[FrameType]]]) -> None:
        """Note that records could not be interrupted. Their results are ignored if they end after all.

        Args:
            running: the position of each such record, the time at which it was started, the context that it runs in, so
                that its failure is logged with the fields that it has appended, and the frames in which it runs.
        """
        for index, started_at, context, frames in running:
            context.copy().run(self.interrupted, index, started_at, None, frames)
