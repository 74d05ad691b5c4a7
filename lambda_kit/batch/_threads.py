"""Running the records of a batch in threads."""

from __future__ import annotations

import contextvars
import threading
import time

from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.batch._run import Run

_GRACE = 0.05  # seconds that interrupted threads have to end


def run_in_threads(run: Run, count: int) -> None:
    """Run the records in at most `count` threads, each record in a copy of the context."""
    _Workers(run).run(count)


class _Workers:
    """The threads of one batch.

    Attributes:
        running: for each thread the position of its record, and the time at which that was started.
        fatal: the exceptions that end the invocation, and not a record alone.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sequences = run.sequences()
        self._next_sequence = threading.Lock()
        self._context = contextvars.copy_context()
        self.running: dict[int, tuple[int, float]] = {}
        self.fatal: list[BaseException] = []

    def run(self, count: int) -> None:
        run = self._run
        names = (f"lambda_kit-batch-{number}" for number in range(min(count, run.count)))
        threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        try:
            for thread in threads:
                thread.start()
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
                with self._next_sequence:
                    sequence = next(self._sequences, None)
                if sequence is None:
                    return
                for index in sequence:
                    if run.may_start(index):
                        self._run_record(index)
        except TimeLimitInterrupt:
            pass  # it came between two records
        except BaseException as error:  # the thread of the handler raises it
            self.fatal.append(error)
            run.stopped = True

    def _run_record(self, index: int) -> None:
        thread = threading.get_ident()
        self.running[thread] = index, time.monotonic()
        try:
            self._context.copy().run(self._run.run_record, index)
        finally:
            self.running.pop(thread, None)

    def _interrupt(self, threads: list[threading.Thread]) -> None:
        """Interrupt the threads that are still running. A record that does not end within the grace has failed."""
        from lambda_kit._kernel import interrupt as interrupts

        self._run.stopped = True
        for thread_id in list(self.running):
            interrupts.raise_in(thread_id, TimeLimitInterrupt)
        end = time.monotonic() + _GRACE
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0.0))
        self._run.abandon(self.running.values())
