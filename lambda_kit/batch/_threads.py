"""Running the records of a batch in threads."""

from __future__ import annotations

import contextvars
import sys
import threading
import time

from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from lambda_kit.batch._run import Run

_GRACE = 0.05  # seconds that interrupted threads have to end


def run_in_threads(run: Run, count: int) -> None:
    """Run the records in at most `count` threads, each record in a copy of the context."""
    _Workers(run).run(count)


class _Running:
    """A record that runs in a thread.

    The worker and the thread of the handler race for its gate, at the end of the function and at the end of the time.
    If the worker is first, no interrupt is sent: it would strike while something else is running, such as a log line.

    Attributes:
        index: the position of the record.
        started_at: the time at which it was started.
        context: the context that it runs in.
    """

    __slots__ = ("_gate", "context", "index", "started_at")

    def __init__(self, index: int, context: contextvars.Context) -> None:
        self.index = index
        self.context = context
        self.started_at = time.monotonic()
        self._gate = threading.Lock()  # taken once, and never given back

    def leave(self) -> None:
        """Take the gate, as the worker does.

        Raises:
            TimeLimitInterrupt: the handler was first.
        """
        if not self._gate.acquire(blocking=False):
            for _ in range(1_000):
                time.sleep(0.001)  # the interrupt strikes here

    def is_interrupted(self) -> bool:
        """Take the gate, as the handler does; return False if the worker was first."""
        return self._gate.acquire(blocking=False)


class _Workers:
    """The threads of one batch.

    Attributes:
        running: for each thread the record that it runs.
        fatal: the exceptions that end the invocation, and not a record alone.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sequences = run.sequences()
        self._context = contextvars.copy_context()
        self.running: dict[int, _Running] = {}
        self.fatal: list[BaseException] = []

    def run(self, count: int) -> None:
        run = self._run
        names = (f"lambda_kit-batch-{number}" for number in range(min(count, run.count)))
        threads: list[threading.Thread] = []
        try:
            for name in names:
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # no more threads can be started: those that were run all records
                    if not threads:
                        raise
                    break
                threads.append(thread)
            for thread in threads:
                left = run.interrupt_at - time.monotonic()
                thread.join(None if left == float("inf") else max(left, 0.0))
        except BaseException:
            run.stopped = True
            raise
        if any(thread.is_alive() for thread in threads):
            self._interrupt(threads)
        if self.fatal:
            raise self.fatal[0]

    def _work(self) -> None:
        run = self._run
        try:
            while not run.stopped:
                sequence = next(self._sequences, None)
                if sequence is None:
                    return
                for index in sequence:
                    if run.may_start(index):
                        self._run_record(index)
        except BaseException as error:  # the thread of the handler raises it
            self.fatal.append(error)
            run.stopped = True

    def _run_record(self, index: int) -> None:
        thread = threading.get_ident()
        context = self._context.copy()
        running = _Running(index, context)
        try:
            self.running[thread] = running
            if self._run.stopped:  # `_interrupt` may have looked for running records before this one was there
                running.leave()
                return
            context.run(self._run.run_record, index, running.leave)
        except TimeLimitInterrupt as interrupt:  # it struck before `run_record` could catch it
            context.run(self._run.interrupted, index, running.started_at, interrupt)
        finally:
            self.running.pop(thread, None)

    def _interrupt(self, threads: list[threading.Thread]) -> None:
        """Interrupt the threads that are still running. A record that does not end within the grace has failed."""
        from lambda_kit._kernel import interrupt as interrupts

        self._run.stopped = True
        for thread_id, running in list(self.running.items()):
            if running.is_interrupted():
                interrupts.raise_in(thread_id, TimeLimitInterrupt)
        end = time.monotonic() + _GRACE
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0.0))
        left = list(self.running.items())
        self._run.abandon([(one.index, one.started_at, one.context, _frames_of(thread_id)) for thread_id, one in left])


def _frames_of(thread_id: int) -> list[FrameType]:
    """Return the frames in which a thread runs its record, the outermost first."""
    from lambda_kit._kernel.interrupt import frames_above

    return frames_above(sys._current_frames().get(thread_id), __file__)
