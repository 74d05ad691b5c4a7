"""Waiting for OpenTelemetry's export at the end of an invocation: Lambda freezes the process afterwards."""

from __future__ import annotations

import threading
import time

from opentelemetry import trace

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAIT = 30.0  # seconds; what OpenTelemetry allows an export by default
RESERVE = 0.1  # seconds before the deadline that are left to the runtime, which has to send the response


class Export:
    """The export of the spans of one process, one at a time.

    Args:
        clock: a monotonic clock, in seconds.
    """

    __slots__ = ("_clock", "_thread")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread: threading.Thread | None = None

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
        thread = self._thread
        if thread is not None:  # it may be unfinished: Lambda may have frozen it after an earlier invocation
            thread.join(seconds)
        if thread is None or not thread.is_alive():
            left = max(deadline - self._clock(), 0)
            thread = self._thread = threading.Thread(
                target=_force_flush, args=(force_flush, int(left * 1000)), name="lambda_kit-export", daemon=True
            )
            thread.start()
            thread.join(left)
        if thread.is_alive():
            log.warning(
                "the export of spans did not finish within %.1f s and continues in the next invocation; check the "
                "exporter's endpoint, and give it a short timeout",
                seconds,
            )


def _force_flush(flush: Callable[[int], object], milliseconds: int) -> None:
    try:
        flush(milliseconds)
    except Exception:
        log.exception("the tracer provider failed to export spans")
