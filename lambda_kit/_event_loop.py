"""The event loop on which async handlers and async resources run: one for the life of the environment.

It is kept from one invocation to the next, so that what is bound to a loop (a client session, a connection pool, a
lock) is reused by warm invocations. A forked child and a restored snapshot get a new one. Other threads get one each.
"""

from __future__ import annotations

import atexit
import threading

from lambda_kit import _callables as callables
from lambda_kit import _lifecycle
from lambda_kit.errors import EventLoopRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Coroutine
    from typing import Any, TypeVar

    T = TypeVar("T")


class _Kept:
    """A loop that is closed when its thread ends."""

    __slots__ = ("loop",)

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop

    def __del__(self) -> None:
        if not self.loop.is_running():
            self.loop.close()


class _State(threading.local):
    kept: _Kept | None = None


_state = _State()
_scheduled: set[Task[Any]] = set()  # the loop itself keeps weak references only
_CANCEL = 0.1  # seconds that a cancelled task has to unwind
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
    return kept_loop().run_until_complete(coroutine)


def kept_loop() -> AbstractEventLoop:
    """Return the kept loop of this thread, a new one where there is none or it was closed."""
    kept = _state.kept
    if kept is not None and not kept.loop.is_closed():
        return kept.loop
    import asyncio

    register()
    kept = _state.kept = _Kept(asyncio.new_event_loop())
    return kept.loop


def register() -> None:
    """See to it, once, that the loop does not outlive a fork, a restore or a test."""
    global _registered  # noqa: PLW0603
    if not _registered:
        _registered = True
        _lifecycle.on_fork(_leave_to_parent)
        _lifecycle.on_restore(close)
        _lifecycle.on_reset(close)
        atexit.register(close)  # while the modules that a loop closes itself with are still there


def run_or_schedule(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run `coroutine` to its end; on a thread whose event loop is running, start it as a task of that loop instead."""
    import asyncio

    if (loop := asyncio._get_running_loop()) is None:
        run(coroutine)
    else:
        task = loop.create_task(coroutine)
        _scheduled.add(task)
        task.add_done_callback(_scheduled.discard)


def finish(task: Task[Any], patience: float) -> bool:
    """Run the loop of `task` until that has ended, `patience` seconds at the most; cancel it if it has not."""
    import asyncio

    loop = task.get_loop()
    if task.done() or loop.is_running() or loop.is_closed():
        return task.done()
    loop.run_until_complete(asyncio.wait({task}, timeout=patience))
    if task.done():
        return True
    task.cancel()
    loop.run_until_complete(asyncio.wait({task}, timeout=_CANCEL))
    return False


def close() -> None:
    """Close the kept loop of this thread; the next coroutine gets a new one."""
    kept = _state.kept
    if kept is not None and not kept.loop.is_running():
        _state.kept = None
        kept.loop.close()


def _leave_to_parent() -> None:
    # Closing it here would take the parent's wake-up pipe out of the epoll set that both share.
    if _state.kept is not None:
        _lifecycle.abandon(_state.kept)
        _state.kept = None
