"""Waiting for OpenTelemetry's export at the end of an invocation: Lambda freezes the process afterwards."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread

from opentelemetry import trace

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAIT = 30.0  # seconds; what OpenTelemetry allows an export by default
RESERVE = 0.1  # seconds before the deadline that are left to the runtime, which has to send the response
_SLICE = 0.1  # seconds after which a thread that waits looks again


class Export:
    """The export of the spans of one process, one at a time.

    Args:
        clock: a monotonic clock, in seconds.
    """

    __slots__ = ("_clock", "running")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.running: _Flush | None = None

    def flush(self, remaining: float) -> None:
        """Call the provider's `force_flush` and wait for it, for at most 30 seconds.

        It runs in a thread, because the SDK's own `force_flush` exceeds the time that it is given.

        Args:
            remaining: seconds until the deadline of the invocation.
        """
        seconds = min(remaining - RESERVE, MAX_WAIT)
        force_flush = getattr(trace.get_tracer_provider(), "force_flush", None)
        if force_flush is None or seconds <= 0:
            return
        deadline = self._clock() + seconds
        flush = self.running
        if flush is not None:  # it may be unfinished: Lambda may have frozen it after an earlier invocation
            flush.wait(seconds)
        if flush is None or flush.has_ended():
            left = max(deadline - self._clock(), 0)
            flush = _Flush(force_flush, int(left * 1000))
            # Not `threading.Thread`: an interrupt in its start can leave a lock of that module locked for good.
            try:
                start_new_thread(flush.run, (self,))
            except RuntimeError as error:
                log.warning("no thread can be started (%s): the spans are kept for the next invocation", error)
                return
            flush.wait(left)
        if not flush.has_ended():
            log.warning(
                "the export of spans did not finish within %.1f s and continues in the next invocation; check the "
                "exporter's endpoint, and give it a short timeout",
                seconds,
            )


class _Flush:
    """One call of `force_flush` in a thread.

    Args:
        flush: the `force_flush` of the provider.
        milliseconds: what it is given.
    """

    __slots__ = ("_ended", "_flush", "_milliseconds", "_pid", "_running")

    def __init__(self, flush: Callable[[int], object], milliseconds: int) -> None:
        self._flush = flush
        self._milliseconds = milliseconds
        self._ended = False
        self._pid = os.getpid()
        self._running = allocate_lock()
        self._running.acquire()

    def run(self, export: Export) -> None:
        """Flush; called in the thread, so that an interrupt of the one that started it leaves a thread that is known.

        Args:
            export: learns of this flush.
        """
        export.running = self
        try:
            self._flush(self._milliseconds)
        except Exception:
            log.exception("the tracer provider failed to export spans")
        finally:
            self._ended = True
            self._running.release()

    def has_ended(self) -> bool:
        """Tell whether it has ended, or was left behind in the parent of a fork."""
        return self._ended or self._pid != os.getpid()

    def wait(self, seconds: float) -> None:
        """Wait for its end, for at most some seconds."""
        end = time.monotonic() + seconds
        # In slices: a thread that waited and was interrupted may have kept the lock.
        while not self.has_ended() and (left := end - time.monotonic()) > 0:
            self._running.acquire(timeout=min(left, _SLICE))
