"""`time_limit`: interrupts the handler before Lambda kills the process."""

from __future__ import annotations

import functools
import sys
import traceback
from _thread import allocate_lock, start_new_thread
from contextvars import copy_context

from lambda_kit._kernel import PACKAGE, callables, log
from lambda_kit._kernel.interrupt import (
    BETWEEN_STEPS,
    Alarm,
    frames_above,
    frames_in,
    traceback_of,
    user_traceback,
    uses_signal,
)
from lambda_kit._kernel.lifecycle import release_locks
from lambda_kit.errors import ConfigurationError, TimeLimitInterrupt, TimeLimitReached
from lambda_kit.invocation import current, current_invocation, current_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from lambda_kit._kernel.layers import Layer

_REPORT_SECONDS = 0.2  # the longest wait for the thread that logs the stack
_COROUTINES = 0x80 | 0x100 | 0x200  # flags of code: coroutine, generator-based coroutine, asynchronous generator
_NO_LIMIT = float("inf")  # seconds to the deadline, if the context knows none


def time_limit(margin: float = 0.5) -> Layer:
    """Return a layer that interrupts the handler `margin` seconds before the deadline of the invocation.

    Lambda kills the process at the deadline: nothing is cleaned up, and buffered output is lost. This layer logs the
    stack of the handler, interrupts it so that each layer inside is left, flushes the standard streams, and raises
    `TimeLimitReached` to the layers outside.

    A synchronous handler sees `TimeLimitInterrupt`, which `except Exception` does not catch. An asynchronous handler is
    cancelled, as by `asyncio.timeout`, or sees `TimeLimitInterrupt` if it blocks the event loop. Either may catch the
    interrupt to return a response in the last moment.

    On the main thread, where the runtime calls handlers, the interrupt comes by `SIGALRM` and also ends a call that
    blocks. On other threads, and where that signal does not exist, a synchronous handler is interrupted between two
    bytecodes, and an asynchronous one while it awaits.

    The interrupt can strike anywhere in the handler. The kit stays usable afterwards. Other libraries may be left with
    a lock that is never released, or a connection with half of a reply: see the guide.

    In a run of a durable execution `TimeLimitReached` is also an `InvocationError` of AWS's SDK: it ends the run and
    not the execution. Lambda tries the run again, from the last checkpoint. The SDK runs handlers on its own threads.

    Args:
        margin: seconds between the limit and the deadline, 0 or more, default 0.5. It has to be long enough for the
            clean-up of the layers. If it is not smaller than the time that is left at the call, an ERROR is logged, and
            half of that time is the margin.

    Raises:
        ConfigurationError: `margin` is not a number of seconds that is 0 or more.
        TimeLimitReached: when running.
    """
    if not callables.is_number(margin) or margin < 0:
        raise ConfigurationError(f"time_limit(margin={margin!r}): pass the seconds before the deadline, 0 or more")

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        callables.refuse_handler(fn, "time_limit(...)")
        limit = _for_coroutine if callables.is_coroutine_function(fn) else _for_function
        return functools.update_wrapper(limit(fn, callables.name_of(fn), float(margin)), fn)

    return decorate


class _Limit:
    """One time limit of one invocation.

    Attributes:
        delay: seconds from now to the limit; `inf` if the context knows no deadline.
        margin: seconds between the limit and the deadline.
        reached: True once the limit was reached.
    """

    __slots__ = ("_reported", "delay", "margin", "name", "reached")

    def __init__(self, name: str, margin: float) -> None:
        left = (current.get(None) or current_invocation()).remaining()
        if margin >= left:
            margin = _smaller_margin(name, margin, left)
        self.name = name
        self.margin = margin
        self.delay = left - margin
        self.reached = False
        self._reported: Any = None

    def reach(self, stack: list[traceback.FrameSummary], *, in_handler: bool = False) -> None:
        """Log the stack of the running code, once, and flush the standard streams.

        Args:
            stack: the frames.
            in_handler: True in the handler of a signal. It may have interrupted code that holds a lock of `logging` or
                of a stream, so that another thread has to wait for that lock.
        """
        if self.reached:
            return
        self.reached = True
        if not in_handler:
            self._report(stack)
            return
        self._reported = allocate_lock()
        self._reported.acquire()
        run: Any = copy_context().run
        try:
            start_new_thread(run, (self._report, stack))
        except RuntimeError:  # no more threads can be started: the code is interrupted without a report
            self._reported = None

    def _report(self, stack: list[traceback.FrameSummary]) -> None:
        try:
            frames = [one for one in stack if not one.filename.startswith(PACKAGE)]
            log.error(
                "time limit reached: %s was interrupted %g s before the deadline; it stood at\n%s",
                self.name,
                self.margin,
                "".join(traceback.format_list(frames)).rstrip(),
            )
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except Exception as error:
            log.debug("the time limit of %s could not be reported: %r", self.name, error)
        finally:
            if self._reported is not None:
                self._reported.release()

    def finish_report(self) -> None:
        """Wait a moment until the stack is logged: after the handler's end, Lambda freezes the process."""
        reported = self._reported
        if reported is not None and reported.acquire(timeout=min(self.margin / 4, _REPORT_SECONDS)):
            reported.release()

    def error_at(self, stop: BaseException) -> TimeLimitReached:
        """Return the error for the layers outside, with the traceback of the interrupted code.

        The runtime reports one traceback and no chained ones, so that it has to be this one.
        """
        message = f"{self.name} reached its time limit {self.margin:g} s before the deadline"
        return _error_class()(message, margin=self.margin).with_traceback(user_traceback(stop.__traceback__))


def _error_class() -> type[TimeLimitReached]:
    """Return the class of the error. In a durable execution it ends the run, and AWS's SDK has Lambda try it again."""
    if current_place.get() is None:
        return TimeLimitReached
    from lambda_kit._kernel.durable import retryable

    return retryable(TimeLimitReached)


def _smaller_margin(name: str, margin: float, left: float) -> float:
    """Return half of the time that is left, and log that the margin is too large.

    Otherwise a margin that is not smaller than the timeout of the function would end every invocation unstarted.

    Raises:
        TimeLimitReached: no time is left.
    """
    if left <= 0:
        raise _error_class()(f"{name} was not started, because no time was left before the deadline", margin=margin)
    log.error(
        "time_limit(margin=%g): %s was called with only %.3f s left before the deadline, so its margin is %.3f s in "
        "this invocation; pass a smaller margin, or raise the timeout of the function",
        margin,
        name,
        left,
        left / 2,
    )
    return left / 2


def _for_function(fn: Callable[..., Any], name: str, margin: float) -> Callable[..., Any]:
    """Return `fn` under a limit that lies `margin` seconds before the deadline of the invocation."""

    def limited(*args: Any, **kwargs: Any) -> Any:
        limit = _Limit(name, margin)
        if limit.delay == _NO_LIMIT:
            return fn(*args, **kwargs)

        def interrupt(frame: FrameType | None) -> None:
            limit.reach(_stack_below(frame), in_handler=uses_signal())
            raise TimeLimitInterrupt

        alarm = Alarm(interrupt, owner=sys._getframe())
        try:
            try:
                alarm.start(limit.delay)
                return fn(*args, **kwargs)
            finally:
                alarm.stop()
        except TimeLimitInterrupt as stop:
            alarm.stop()  # again: the interrupt may have struck while it ran
            release_locks()
            if not limit.reached:  # it is the interrupt of a limit around this one
                raise
            raise limit.error_at(stop) from None
        finally:
            if limit.reached:
                limit.finish_report()

    return limited


class _TaskLimit(_Limit):
    """One time limit of a coroutine.

    The event loop cancels the task while it waits. A step that blocks is interrupted by the alarm.
    """

    __slots__ = ("_alarm", "_cancellations", "_cancelled", "_ended", "_loop", "_task", "_timer", "coroutine")

    def __init__(self, name: str, margin: float) -> None:
        import asyncio

        super().__init__(name, margin)
        self._loop = loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a coroutine that runs on a loop runs in a task
        self._task = task
        self._cancellations = task.cancelling()
        self._cancelled = self._ended = False
        self._timer: Any = None
        self._alarm = Alarm(self._interrupt, is_alive=lambda: loop.is_running() and not task.done())
        self.coroutine: Any = None

    def start(self) -> None:
        self._timer = self._loop.call_later(self.delay, self._cancel)
        if uses_signal():
            self._alarm.start(self.delay)

    def stop(self) -> None:
        """End the limit. It may be called several times."""
        self._ended = True
        self._alarm.stop()
        if self._timer is not None:
            self._timer.cancel()
        if self.coroutine is not None:
            self.coroutine.close()  # it was not started if the interrupt struck before its first step
        if self._cancelled:
            self._cancelled = False
            self._task.uncancel()

    def has_ended_with(self, stop: BaseException) -> bool:
        """Return True if this limit has raised `stop`, and not a limit around it, or other code that cancels."""
        import asyncio

        if isinstance(stop, asyncio.CancelledError) and self._task.cancelling() > self._cancellations:
            return False
        return self.reached

    def _cancel(self) -> None:
        if not self._ended and not self._cancelled:
            self.reach(traceback.extract_tb(traceback_of(frames_in(self.coroutine))))
            self._cancelled = self._task.cancel()

    def _interrupt(self, frame: FrameType | None) -> None:
        import asyncio

        current = asyncio.current_task(self._loop)
        if current is None or not _is_in_coroutine(frame):
            # It came between two steps, where an exception would stop the loop, or keep a task from its next step. The
            # loop cancels soon, unless the next step blocks. Its timer is off if a finaliser swallowed an interrupt.
            if not self._cancelled:
                self._loop.call_soon_threadsafe(self._cancel)
                self._alarm.start(BETWEEN_STEPS)
            return
        if self._cancelled and current is self._task:
            return  # what runs is its clean-up, which belongs to it, as that of a function does
        self.reach(_stack_below(frame), in_handler=True)
        if current is self._task:
            self._timer.cancel()  # the interrupt unwinds the task; a cancellation would disturb its clean-up
        raise TimeLimitInterrupt


def _for_coroutine(fn: Callable[..., Any], name: str, margin: float) -> Callable[..., Any]:
    """Return the coroutine function `fn` under a limit that lies `margin` seconds before the deadline."""

    async def limited(*args: Any, **kwargs: Any) -> Any:
        import asyncio

        limit = _TaskLimit(name, margin)
        if limit.delay == _NO_LIMIT:
            return await fn(*args, **kwargs)
        try:
            try:
                limit.coroutine = fn(*args, **kwargs)
                limit.start()
                return await limit.coroutine
            finally:
                limit.stop()
        except (asyncio.CancelledError, TimeLimitInterrupt) as stop:
            limit.stop()  # again: the interrupt may have struck while it ran
            release_locks()
            if not limit.has_ended_with(stop):
                raise
            raise limit.error_at(stop) from None
        finally:
            if limit.reached:
                limit.finish_report()

    return limited


def _is_in_coroutine(frame: FrameType | None) -> bool:
    """Return True if a frame runs inside a step of a coroutine, and not in the code of the event loop around it."""
    while frame is not None and frame.f_code.co_name != "_run_once":
        if frame.f_code.co_flags & _COROUTINES:
            return True
        frame = frame.f_back
    return False


def _stack_below(frame: FrameType | None) -> list[traceback.FrameSummary]:
    """Return the frames of a running function, from its time limit inwards."""
    return traceback.extract_tb(traceback_of(frames_above(frame, __file__)))
