"""Running the records of a batch on an event loop: one after another, or in tasks."""

from __future__ import annotations

import contextvars
import time

from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from lambda_kit.batch._run import Run

_GRACE = 0.05  # seconds that cancelled tasks have to end


async def run_serially_async(run: Run) -> None:
    """Await the records one after another, in the task of the handler."""
    import asyncio

    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine that runs on a loop runs in a task

    def cancel() -> None:
        run.timed_out = run.stopped = True
        task.cancel()

    try:
        with _Deadline(run.interrupt_at, cancel):
            for index in range(run.count):
                if run.may_start(index):
                    await run.run_record_async(index)
                elif run.is_over():
                    break
        if run.timed_out:
            await asyncio.sleep(0)  # the cancellation comes out here, if no record was running
    except asyncio.CancelledError:
        if not run.timed_out:
            raise
    if run.timed_out:
        task.uncancel()


async def run_in_tasks(run: Run, count: int) -> None:
    """Await the records in at most `count` tasks at a time, each in a copy of the context."""
    await _Workers(run).run(count)


class _Workers:
    """The tasks of one batch: `count` workers, each of which starts a task for one record at a time.

    Attributes:
        running: for each task the position of its record, and the time at which that was started.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sequences: Iterator[Sequence[int]] = run.sequences()
        self._context = contextvars.copy_context()
        self.running: dict[asyncio.Task[None], tuple[int, float]] = {}

    async def run(self, count: int) -> None:
        import asyncio

        run = self._run
        loop = asyncio.get_running_loop()
        workers = [loop.create_task(self._work(loop)) for _ in range(min(count, run.count))]
        left = run.interrupt_at - time.monotonic()
        try:
            with _Deadline(run.interrupt_at, self._cancel):
                await asyncio.wait(workers, timeout=None if left == float("inf") else max(left, 0.0) + _GRACE)
        finally:
            late = dict(self.running)
            for task in (*workers, *late):
                task.cancel()
        if late:
            run.abandon(late.values())
        for worker in workers:
            if worker.done() and not worker.cancelled():
                worker.result()  # raises the exception that ended it

    async def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        run = self._run
        for sequence in self._sequences:
            for index in sequence:
                if run.may_start(index):
                    task = loop.create_task(run.run_record_async(index), context=self._context.copy())
                    self.running[task] = index, time.monotonic()
                    try:
                        await task
                    finally:
                        self.running.pop(task, None)
            if run.stopped:
                return

    def _cancel(self) -> None:
        self._run.timed_out = self._run.stopped = True
        for task in list(self.running):
            task.cancel()


class _Deadline:
    """Calls `cancel` at a time, on the loop; a step of a task that blocks the loop at that time is interrupted."""

    __slots__ = ("_at", "_cancel", "_disarm", "_timer")

    def __init__(self, at: float, cancel: Callable[[], object]) -> None:
        self._at = at
        self._cancel = cancel
        self._timer: Any = None
        self._disarm: Callable[[], None] | None = None

    def __enter__(self) -> None:
        delay = self._at - time.monotonic()
        if delay == float("inf") or delay <= 0:  # there is no deadline; or no record is started
            return
        import asyncio

        from lambda_kit._kernel import interrupt as interrupts

        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(delay, self._cancel)

        def interrupt(_: object) -> None:
            if asyncio.current_task(loop) is not None:
                raise TimeLimitInterrupt

        self._disarm = interrupts.arm(delay, interrupt)

    def __exit__(self, *exc_info: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._disarm is not None:
            self._disarm()
