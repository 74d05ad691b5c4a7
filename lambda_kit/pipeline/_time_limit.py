"""`time_limit`: the handler is ended before Lambda would end the process."""

from __future__ import annotations

import functools
import sys
import traceback

from lambda_kit._kernel import PACKAGE, callables, log
from lambda_kit._kernel.interrupt import arm
from lambda_kit.errors import ConfigurationError, TimeLimitInterrupt, TimeLimitReached
from lambda_kit.invocation import current_invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from lambda_kit._kernel.layers import Layer


def time_limit(margin: float = 0.5) -> Layer:
    """Make a layer that ends the handler `margin` seconds before Lambda would.

    Lambda kills the process at the deadline: nothing is cleaned up, and what is buffered is lost. This layer instead
    logs where the handler stands, interrupts it so that every layer inside unwinds, flushes the standard streams, and
    raises `TimeLimitReached` to the layers outside. If less than `margin` is left to begin with, the handler is not
    started.

    A synchronous handler sees `TimeLimitInterrupt`, which `except Exception` does not catch; an asynchronous one is
    cancelled, as by `asyncio.timeout`. Either may catch it to answer in its last moment. The interrupt comes by
    `SIGALRM` on the main thread, where the runtime calls handlers, and also ends a call that blocks. On another thread,
    and where that signal does not exist, it comes between two bytecodes, so that a blocking call is not ended.

    Args:
        margin: seconds before the deadline, 0 or more. Enough for the clean-up of the layers.

    Raises:
        ConfigurationError: `margin` is not a number of seconds that is 0 or more.
        TimeLimitReached: when running.
    """
    if not callables.is_number(margin) or margin < 0:
        raise ConfigurationError(f"time_limit(margin={margin!r}): pass the seconds before the deadline, 0 or more")

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        limit = _for_coroutine if callables.is_coroutine_function(fn) else _for_function
        return functools.update_wrapper(limit(fn, callables.name_of(fn), float(margin)), fn)

    return decorate


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
        log.error(
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


def _for_function(fn: Callable[..., Any], name: str, margin: float) -> Callable[..., Any]:
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


def _for_coroutine(fn: Callable[..., Any], name: str, margin: float) -> Callable[..., Any]:
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
    """Format the stack of a running function from the time limit inwards, without the frames of the kit."""
    frames = traceback.extract_stack(frame)
    limits = [i for i, one in enumerate(frames) if one.filename == __file__]
    return _format_frames(frames[limits[-1] + 1 :] if limits else frames)


def _stack_of(coroutine: Any) -> list[str]:
    """Format the stack of a suspended coroutine and of the coroutines that it awaits, without the frames of the kit."""
    frames: list[traceback.FrameSummary] = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        frames += traceback.extract_stack(frame, limit=1)
        coroutine = coroutine.cr_await
    return _format_frames(frames)


def _format_frames(frames: list[traceback.FrameSummary]) -> list[str]:
    return traceback.format_list([one for one in frames if not one.filename.startswith(PACKAGE)])
