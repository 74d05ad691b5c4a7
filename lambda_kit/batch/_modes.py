"""The ways to go through the records of a batch: one after another, in threads, or in tasks."""

from __future__ import annotations

import contextvars
import threading
import time

from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from lambda_kit.batch._run import Run

_PATIENCE = 0.05  # seconds that threads and tasks have to end once they are interrupted


def one_by_one(run: Run) -> None:
    """Run the records in this thread, one after another."""
    delay = run.run_until - time.monotonic()
    if delay == float("inf") or delay <= 0:  # in the latter case none is begun
        run.one_by_one()
        return
    from lambda_kit._kernel import interrupt as interrupts

    def interrupt(_: object) -> None:
        run.rang = True
        raise TimeLimitInterrupt

    disarm = interrupts.arm(delay, interrupt)
    try:
        try:
            run.one_by_one()
        finally:
            disarm()
    except TimeLimitInterrupt:  # between two records
        disarm()
        if not run.rang:
            raise


def in_threads(run: Run, count: int) -> None:
    """Run the records in at most `count` threads, each in a copy of the context."""
    _Threads(run).go(count)


class _Threads:
    """The threads of one batch.

    Attributes:
        running: for each thread the position of its record, and when that was begun.
        trouble: what ends the process, and not a record.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lanes = run.lanes()
        self._turn = threading.Lock()
        self._context = contextvars.copy_context()
        self.running: dict[int, tuple[int, float]] = {}
        self.trouble: list[BaseException] = []

    def go(self, count: int) -> None:
        run = self._run
        names = (f"lambda_kit-batch-{number}" for number in range(min(count, run.count)))
        threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                left = run.run_until - time.monotonic()
                thread.join(None if left == float("inf") else max(left, 0.0))
        except BaseException:
            run.stopped = True
            raise
        if any(thread.is_alive() for thread in threads):
            self._interrupt(threads)
        if self.trouble:
            raise self.trouble[0]

    def _work(self) -> None:
        run = self._run
        try:
            while not run.stopped:
                with self._turn:
                    lane = next(self._lanes, None)
                if lane is None:
                    return
                for index in lane:
                    if run.may_begin(index):
                        self._one(index)
        except TimeLimitInterrupt:
            pass  # it came between two records
        except BaseException as error:  # the thread of the batch raises it
            self.trouble.append(error)
            run.stopped = True

    def _one(self, index: int) -> None:
        me = threading.get_ident()
        self.running[me] = index, time.monotonic()
        try:
            self._context.copy().run(self._run.one, index)
        finally:
            self.running.pop(me, None)

    def _interrupt(self, threads: list[threading.Thread]) -> None:
        """Interrupt the threads that are still running; what they do not end at once has failed."""
        from lambda_kit._kernel import interrupt as interrupts

        self._run.stopped = True
        for ident in list(self.running):
            interrupts.raise_in(ident, TimeLimitInterrupt)
        end = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0.0))
        self._run.give_up(self.running.values())


async def one_by_one_async(run: Run) -> None:
    """Await the records, one after another."""
    import asyncio

    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine that runs on a loop runs in a task

    def cancel() -> None:
        run.rang = run.stopped = True
        task.cancel()

    try:
        with _Alarm(run.run_until, cancel):
            for index in range(run.count):
                if run.may_begin(index):
                    await run.one_async(index)
                elif run.is_over():
                    break
        if run.rang:
            await asyncio.sleep(0)  # where a cancellation that found nothing to cancel comes out
    except asyncio.CancelledError:
        if not run.rang:
            raise
    if run.rang:
        task.uncancel()


async def in_tasks(run: Run, count: int) -> None:
    """Await the records in at most `count` tasks at a time, each in a copy of the context."""
    await _Tasks(run).go(count)


class _Tasks:
    """The tasks of one batch: workers, each of which has one task for one record at a time.

    Attributes:
        running: for each task the position of its record, and when that was begun.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lanes: Iterator[Sequence[int]] = run.lanes()
        self._context = contextvars.copy_context()
        self.running: dict[asyncio.Task[None], tuple[int, float]] = {}

    async def go(self, count: int) -> None:
        import asyncio

        run = self._run
        loop = asyncio.get_running_loop()
        workers = [loop.create_task(self._work(loop)) for _ in range(min(count, run.count))]
        left = run.run_until - time.monotonic()
        try:
            with _Alarm(run.run_until, self._cancel):
                await asyncio.wait(workers, timeout=None if left == float("inf") else max(left, 0.0) + _PATIENCE)
        finally:
            late = dict(self.running)
            for task in (*workers, *late):
                task.cancel()
        if late:
            run.give_up(late.values())
        for worker in workers:
            if worker.done() and not worker.cancelled():
                worker.result()  # raises what ended it

    async def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        run = self._run
        for lane in self._lanes:
            for index in lane:
                if run.may_begin(index):
                    task = loop.create_task(run.one_async(index), context=self._context.copy())
                    self.running[task] = index, time.monotonic()
                    try:
                        await task
                    finally:
                        self.running.pop(task, None)
            if run.stopped:
                return

    def _cancel(self) -> None:
        self._run.rang = self._run.stopped = True
        for task in list(self.running):
            task.cancel()


class _Alarm:
    """Calls `cancel` at a time, on the loop; and interrupts a step of a task that blocks the loop then."""

    __slots__ = ("_cancel", "_disarm", "_timer", "_until")

    def __init__(self, until: float, cancel: Callable[[], object]) -> None:
        self._until = until
        self._cancel = cancel
        self._timer: Any = None
        self._disarm: Callable[[], None] | None = None

    def __enter__(self) -> None:
        delay = self._until - time.monotonic()
        if delay == float("inf") or delay <= 0:  # in the latter case none is begun
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
