"""Interrupting code that is running when its time limit is reached: the clockwork of `time_limit`, and of batches."""

from __future__ import annotations

import sys
import threading
import time
import traceback

from lambda_kit.errors import TimeLimitInterrupt, TimeLimitReached
from lambda_kit.invocation import current_invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


_PACKAGE = __file__.rpartition("_deadline")[0]


class _Limit:
    """One time limit of one invocation: when it is reached, and what happens then.

    Attributes:
        delay: seconds from now; `inf` where the context knows no deadline.
        reached: whether it was reached.
    """

    __slots__ = ("delay", "margin", "name", "reached")

    def __init__(self, name: str, margin: float) -> None:
        self.name = name
        self.margin = margin
        self.reached = False
        self.delay = current_invocation().remaining() - margin
        if self.delay <= 0:
            raise TimeLimitReached(
                f"{name} was not started: {self.delay + margin:.3f} s were left before the deadline, and its time "
                f"limit keeps {margin:g} s",
                margin=margin,
            )

    def reach(self, stack: list[str]) -> None:
        """Log where the code stands, once, and write out what the process holds back."""
        if self.reached:
            return
        self.reached = True
        import logging

        logging.getLogger("lambda_kit").error(
            "time limit reached: %s was interrupted %g s before the deadline; it stood at\n%s",
            self.name,
            self.margin,
            "".join(stack).rstrip(),
        )
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()

    def error_at(self, stop: BaseException) -> TimeLimitReached:
        """Return the error for the layers outside, with the traceback of where the code stood.

        The runtime reports one traceback and no chained ones, so it has to be in this one.
        """
        message = f"{self.name} reached its time limit {self.margin:g} s before the deadline"
        inner = None if stop.__traceback__ is None else stop.__traceback__.tb_next
        return TimeLimitReached(message, margin=self.margin).with_traceback(inner)


def for_function(fn: Callable[..., Any], name: str, margin: float) -> Callable[..., Any]:
    """Return `fn` under a limit that lies `margin` seconds before the deadline of the invocation."""

    def limited(*args: Any, **kwargs: Any) -> Any:
        limit = _Limit(name, margin)
        if limit.delay == float("inf"):
            return fn(*args, **kwargs)

        def interrupt(frame: FrameType | None) -> None:
            limit.reach(_stack_below(frame))
            raise TimeLimitInterrupt

        disarm = arm(limit.delay, interrupt)
        try:
            try:
                return fn(*args, **kwargs)
            finally:
                disarm()
        except TimeLimitInterrupt as stop:
            disarm()  # again: the interrupt may have struck while it ran
            if not limit.reached:  # it is the interrupt of a limit around this one
                raise
            raise limit.error_at(stop) from None

    return limited


def for_coroutine(fn: Callable[..., Any], name: str, margin: float) -> Callable[..., Any]:
    """Return the coroutine function `fn` under a limit that lies `margin` seconds before the deadline."""

    async def limited(*args: Any, **kwargs: Any) -> Any:
        import asyncio

        limit = _Limit(name, margin)
        if limit.delay == float("inf"):
            return await fn(*args, **kwargs)
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine that runs on a loop runs in a task
        cancelled = False

        def cancel() -> None:
            nonlocal cancelled
            limit.reach(_stack_of(coroutine))
            cancelled = task.cancel()

        def interrupt(frame: FrameType | None) -> None:
            # A step of a task that blocks keeps the loop from cancelling anything; between steps the loop does it.
            if asyncio.current_task(loop) is not None:
                limit.reach(_stack_below(frame))
                raise TimeLimitInterrupt

        coroutine = fn(*args, **kwargs)
        timer = loop.call_later(limit.delay, cancel)
        disarm = arm(limit.delay, interrupt)
        try:
            try:
                return await coroutine
            finally:
                disarm()
                timer.cancel()
                if cancelled:
                    task.uncancel()
        except (asyncio.CancelledError, TimeLimitInterrupt) as stop:
            disarm()
            timer.cancel()
            if not limit.reached:
                raise
            raise limit.error_at(stop) from None

    return limited


def _stack_below(frame: FrameType | None) -> list[str]:
    """Format where a function stands, from the limit inwards, without the frames of the kit."""
    frames = traceback.extract_stack(frame)
    limits = [i for i, one in enumerate(frames) if one.filename == __file__]
    inside = frames[limits[-1] + 1 :] if limits else frames
    return traceback.format_list([one for one in inside if not one.filename.startswith(_PACKAGE)])


def _stack_of(coroutine: Any) -> list[str]:
    """Format where a suspended coroutine stands, through the coroutines that it awaits."""
    frames: list[traceback.FrameSummary] = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        frames += traceback.extract_stack(frame, limit=1)
        coroutine = coroutine.cr_await
    return traceback.format_list(frames)


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
