"""The event loop on which async handlers and async resources run: one for the life of the environment.

It is kept from one invocation to the next, so that what is bound to a loop (a client session, a connection pool, a
lock) is reused by warm invocations. A forked child and a restored snapshot get a new one. Other threads get one each.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from lambda_kit._kernel import callables, lifecycle
from lambda_kit.errors import EventLoopRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Coroutine, Iterable
    from typing import Any, TypeVar

    T = TypeVar("T")


class _Kept:
    """A loop that is closed when its thread ends."""

    __slots__ = ("loop", "process")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.process = os.getpid()

    def __del__(self) -> None:
        if self.loop.is_closed():
            return
        if self.process != os.getpid():  # a fork drops what is local to the threads that are gone in the child
            _leave_to_parent(self.loop)
        elif sys.is_finalizing():  # what closing needs may be gone
            _pass_for_closed(self.loop)
        elif not self.loop.is_running():
            self.loop.close()


class _State(threading.local):
    kept: _Kept | None = None


_state = _State()
_scheduled: set[Task[Any]] = set()  # the loop itself keeps weak references only
_UNWINDING = 0.1  # seconds that cancelled tasks have to end
_registered = False


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end on the kept loop of this thread and return its result.

    Raises:
        EventLoopRunning: this thread is running an event loop already.
    """
    import asyncio

    if asyncio._get_running_loop() is not None:  # the public function raises where there is none
        coroutine.close()
        raise EventLoopRunning(
            f"{callables.name_of(coroutine)} has to be waited for, and this thread is running an event loop already; "
            "in async code await handler.__wrapped__(event, context) for the function without its layers, or call the "
            "handler with asyncio.to_thread(handler, event, context)"
        )
    loop = kept_loop()
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    finally:
        if not task.done():  # an interrupt ended the loop: what is left must not run in the next invocation
            _unwind(loop, [task])


def kept_loop() -> AbstractEventLoop:
    """Return the kept loop of this thread, a new one where there is none or it was closed."""
    kept = _state.kept
    if kept is not None and not kept.loop.is_closed():
        return kept.loop
    import asyncio

    _register()
    kept = _state.kept = _Kept(asyncio.new_event_loop())
    return kept.loop


def _register() -> None:
    """See to it, once, that the loop does not outlive a fork, a restore or a test."""
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_fork(_after_fork)
        lifecycle.on_restore(close, base=True)  # values are built anew on the new loop
        lifecycle.on_reset(close, base=True)  # and closed on the old one


def run_or_schedule(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run `coroutine` to its end; on a thread whose event loop is running, start it as a task of that loop instead."""
    import asyncio

    if (loop := asyncio._get_running_loop()) is None:
        run(coroutine)
    else:
        task = loop.create_task(coroutine)
        _scheduled.add(task)
        task.add_done_callback(_scheduled.discard)


def is_running(loop: AbstractEventLoop) -> bool:
    """Tell whether this thread is running `loop`."""
    import asyncio

    return asyncio._get_running_loop() is loop


def give_time(task: Task[Any], seconds: float) -> bool:
    """Run the kept loop of this thread until `task` has ended, so many seconds at the most; cancel it if it has not.

    Returns:
        Whether `task` is one of that loop. Where it is not, nothing was done.
    """
    import asyncio

    kept = _state.kept
    if kept is None or kept.loop is not task.get_loop() or kept.loop.is_closed():
        return False
    if asyncio._get_running_loop() is not None:  # another one, on this thread
        return False
    if not task.done():
        kept.loop.run_until_complete(asyncio.wait({task}, timeout=seconds))
    if not task.done():
        _unwind(kept.loop, [task])
    return True


def close() -> None:
    """Cancel what is left on the kept loop of this thread and close it; the next coroutine gets a new one."""
    import asyncio

    kept = _state.kept
    if kept is None or kept.loop.is_running():
        return
    _state.kept = None
    if not kept.loop.is_closed() and asyncio._get_running_loop() is None:
        _unwind(kept.loop, asyncio.all_tasks(kept.loop))
        kept.loop.run_until_complete(kept.loop.shutdown_asyncgens())
    kept.loop.close()


def _unwind(loop: AbstractEventLoop, tasks: Iterable[Task[Any]]) -> None:
    import asyncio

    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=_UNWINDING))


def _after_fork() -> None:
    _state.kept = None


def _leave_to_parent(loop: AbstractEventLoop) -> None:
    # Closing a loop takes its wake-up pipe out of the epoll set that child and parent share. The loop's finaliser would
    # do so too, at the latest when the child exits, unless the loop passes for closed.
    lifecycle.abandon(loop)
    _pass_for_closed(loop)


def _pass_for_closed(loop: AbstractEventLoop) -> None:
    own: Any = loop
    with contextlib.suppress(AttributeError):  # it is not asyncio's own
        own._closed = True
