"""Running the records of a batch on an event loop: one after another, or in tasks."""

from __future__ import annotations

import contextvars
import time

from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.invocation import current_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import Callable, Iterator
    from typing import Any

    from lambda_kit._kernel.interrupt import Alarm
    from lambda_kit.batch._run import Run

_GRACE = 0.05  # seconds that cancelled tasks have to end


async def run_serially_async(run: Run) -> None:
    """Await the records one after another, in the task of the handler."""
    import asyncio

    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine that runs on a loop runs in a task
    cancellations = task.cancelling()
    run.fill()

    def cancel() -> None:
        run.timed_out = run.stopped = True
        task.cancel()

    token = current_record.set(run.serial_record)
    try:
        with _Deadline(run, cancel):
            for index in range(run.count):
                if run.may_start(index):
                    await run.run_record_async(index, task, cancellations)
                elif run.is_over():
                    break
    finally:
        current_record.reset(token)
    if run.timed_out and task.uncancel() > cancellations:
        raise asyncio.CancelledError  # the caller has cancelled the batch, too


async def run_in_tasks(run: Run, count: int) -> None:
    """Await the records in at most `count` tasks at a time, each in a copy of the context."""
    await _Tasks(run).run(count)


class _Tasks:
    """The tasks of one batch, one for each record; when a record ends, the next one is started."""

    def __init__(self, run: Run) -> None:
        import asyncio

        self._run = run
        self._loop = asyncio.get_running_loop()
        self._sequences = run.sequences()
        self._context = contextvars.copy_context()
        # The position of its record, when it started, and the context that it runs in.
        self._running: dict[Task[None], tuple[int, float, contextvars.Context]] = {}
        self._active = 0  # sequences that have not ended
        self._all_ended: Future[None] = self._loop.create_future()
        self._fatal: BaseException | None = None

    async def run(self, count: int) -> None:
        import asyncio

        run = self._run
        left = run.interrupt_at - time.monotonic()
        timeout = None if left == float("inf") else max(left, 0.0) + _GRACE
        try:
            with _Deadline(run, self._cancel):
                self._start_first(min(count, run.count))
                await asyncio.wait((self._all_ended,), timeout=timeout)
        finally:
            run.cancelled = run.stopped = True
            for task in list(self._running):
                task.cancel()
        if self._running:
            from lambda_kit._kernel.interrupt import frames_in

            run.abandon([(*one, frames_in(task.get_coro())) for task, one in self._running.items()])
        if self._fatal is not None:
            raise self._fatal

    def _start_first(self, count: int) -> None:
        for _ in range(count):
            self._active += 1
            self._start_next(iter(()))

    def _start_next(self, sequence: Iterator[int]) -> None:
        """Start the next record of a sequence, or of the next sequence if this one has ended."""
        run = self._run
        while True:
            for index in sequence:
                if run.may_start(index):
                    self._start(index, sequence)
                    return
            following = None if run.stopped else next(self._sequences, None)
            if following is None:
                break
            sequence = iter(following)
        self._active -= 1
        if not self._active and not self._all_ended.done():
            self._all_ended.set_result(None)

    def _start(self, index: int, sequence: Iterator[int]) -> None:
        context = self._context.copy()
        task = self._loop.create_task(self._run_record(index), context=context)
        self._running[task] = index, time.monotonic(), context

        def ended(task: Task[None]) -> None:
            try:
                self._running.pop(task, None)
                if not task.cancelled() and (error := task.exception()) is not None:
                    self._end(error)
                self._start_next(sequence)
            except BaseException as error:  # the loop would log it, and nobody would end the batch
                self._end(error)
                if not self._all_ended.done():
                    self._all_ended.set_result(None)

        task.add_done_callback(ended)

    def _end(self, fatal: BaseException) -> None:
        """Start no further record; the task of the batch raises the exception."""
        self._run.stopped = True
        self._fatal = self._fatal or fatal

    async def _run_record(self, index: int) -> None:
        import asyncio

        if not self._run.cancelled:  # an interrupt may have ended the batch before anybody knew of this task
            await self._run.run_record_async(index, asyncio.current_task(), None)

    def _cancel(self) -> None:
        self._run.timed_out = self._run.stopped = True
        for task in list(self._running):
            task.cancel()


class _Deadline:
    """Calls `cancel` at a time, on the loop; a function that blocks the loop at that time is interrupted."""

    __slots__ = ("_alarm", "_cancel", "_run", "_timer")

    def __init__(self, run: Run, cancel: Callable[[], object]) -> None:
        self._run = run
        self._cancel = cancel
        self._timer: Any = None
        self._alarm: Alarm | None = None

    def __enter__(self) -> None:
        run = self._run
        delay = run.interrupt_at - time.monotonic()
        if delay == float("inf") or delay <= 0:  # there is no deadline; or no record is started
            return
        import asyncio

        from lambda_kit._kernel.interrupt import BETWEEN_STEPS, Alarm

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        self._timer = loop.call_later(delay, self._cancel)

        def interrupt(_: object) -> None:
            if run.timed_out:  # the records are cancelled already, and clean up
                return
            # Only the function of the user: the loop, and what the kit logs, would not stand it.
            if run.in_tasks and asyncio.current_task(loop) in run.in_tasks:
                raise TimeLimitInterrupt
            alarm.start(BETWEEN_STEPS)  # the loop cancels the records soon, unless the next step of one blocks

        alarm = self._alarm = Alarm(interrupt, is_alive=lambda: task is not None and not task.done())
        alarm.start(delay)

    def __exit__(self, *exc_info: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._alarm is not None:
            self._alarm.stop()
