"""Interrupting code that is running: the clockwork behind time limits, and behind the margin of batches."""

from __future__ import annotations

import sys
import threading
import time

from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


_alarms: list[_Alarm] = []


class _Alarm:
    """What `SIGALRM` is armed for; alarms nest, and the one that is due first is on the timer."""

    __slots__ = ("due", "interrupt")

    def __init__(self, due: float, interrupt: Callable[[FrameType | None], None]) -> None:
        self.due = due
        self.interrupt = interrupt


def arm(delay: float, interrupt: Callable[[FrameType | None], None]) -> Callable[[], None]:
    """Call `interrupt` on this thread in `delay` seconds, unless the function that is returned is called before."""
    import signal

    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return _arm_thread(delay, interrupt)

    alarm = _Alarm(time.monotonic() + delay, interrupt)
    if _alarms and _alarms[-1].due <= alarm.due:
        return nothing  # the limit around this one comes first

    def ring(_signum: int, frame: FrameType | None) -> None:
        if _alarms and _alarms[-1] is alarm:
            alarm.interrupt(frame)

    # The function beneath that of `signal`, which takes longer than all the rest for turning numbers into enumerations.
    handle = sys.modules["_signal"].signal
    previous = handle(signal.SIGALRM, ring)
    left, _ = signal.setitimer(signal.ITIMER_REAL, delay)
    _alarms.append(alarm)
    started = time.monotonic()

    def disarm() -> None:
        if alarm not in _alarms:
            return
        _alarms.remove(alarm)
        signal.setitimer(signal.ITIMER_REAL, 0)
        handle(signal.SIGALRM, signal.SIG_DFL if previous is None else previous)
        if left:  # a timer that was running before goes on, at once if it is overdue
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 1e-6))

    return disarm


def nothing() -> None:
    """Do nothing."""


def _arm_thread(delay: float, interrupt: Callable[[FrameType | None], None]) -> Callable[[], None]:
    target = threading.get_ident()
    armed = threading.Lock()  # held by whoever decides between ringing and disarming
    over = False

    def ring() -> None:
        nonlocal over
        with armed:
            if over:
                return
            over = True
            try:
                interrupt(sys._current_frames().get(target))
            except TimeLimitInterrupt:
                raise_in(target, TimeLimitInterrupt)

    timer = threading.Timer(delay, ring)
    timer.daemon = True
    timer.start()

    def disarm() -> None:
        nonlocal over
        with armed:
            over = True
        timer.cancel()

    return disarm


def raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise `error` in another thread, between two of its bytecodes; a call that blocks is not ended."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
