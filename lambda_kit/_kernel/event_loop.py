"""The event loop on which async handlers and async resources run: one for the life of the environment.

The loop is kept from one invocation to the next, so that warm invocations can reuse what is bound to a loop: a client
session, a connection pool, a lock. A forked child and a restored snapshot get a new loop. Each thread has its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from lambda_kit._kernel import callables, lifecycle
from lambda_kit.errors import EventLoopRunning, UnexpectedCancellation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Coroutine, Iterable
    from typing import Any, TypeVar

    T = TypeVar("T")


class _KeptLoop:
    """An event loop that is closed when its thread ends."""

    __slots__ = ("loop", "process")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.process = os.getpid()
        self.loop = loop

    def __del__(self) -> None:
        if not hasattr(self, "loop") or self.loop.is_closed():  # without a loop, `__init__` was interrupted
            return
        if self.process != os.getpid():  # in a forked child, the threads of the parent are gone
            _leave_to_parent(self.loop)
        elif sys.is_finalizing():  # modules that closing needs may be gone
            _mark_closed(self.loop)
        elif not self.loop.is_running():
            self.loop.close()


class _State(threading.local):
    kept: _KeptLoop | None = None


_state = _State()
_scheduled: set[Task[Any]] = set()  # strong references: the loop has only weak ones
_UNWIND_SECONDS = 0.1  # time that cancelled tasks have to end
_registered = False


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` on the kept loop of this thread and return its result.

    Raises:
        EventLoopRunning: an event loop is already running on this thread.
        UnexpectedCancellation: the coroutine ended with a `CancelledError`, and nobody has cancelled its task.
    """
    import asyncio

    if asyncio._get_running_loop() is not None:  # the public function raises if no loop runs
        coroutine.close()
        raise EventLoopRunning(
            f"{callables.name_of(coroutine)} cannot be run here, because an event loop is already running on this "
            "thread; in async code, call await asyncio.to_thread(handler, event, context), or await "
            "handler.__wrapped__(event, context) to call the function without its layers"
        )
    loop: AbstractEventLoop | None = None
    task: Task[T] | None = None
    try:
        loop = kept_loop()
        task = loop.create_task(coroutine)
        return loop.run_until_complete(task)
    except BaseException as error:
        if loop is None:
            coroutine.close()
        elif task is None or not task.done() or not (task.cancelled() or task.exception() is error):
            _end_interrupted(loop, coroutine)
        elif task.cancelled() and not task.cancelling():
            raise UnexpectedCancellation(
                f"{callables.name_of(coroutine)} ended with asyncio.CancelledError, and nobody has cancelled its task: "
                "it awaited a task or a future that was cancelled; catch CancelledError where that is awaited"
            ) from error
        raise


def kept_loop() -> AbstractEventLoop:
    """Return the kept loop of this thread. Make a new one if there is none or it was closed."""
    kept = _state.kept
    if kept is not None and not kept.loop.is_closed():
        return kept.loop
    import asyncio

    _register()
    kept = _state.kept = _KeptLoop(asyncio.new_event_loop())
    return kept.loop


def _register() -> None:
    """Register once what drops the loop at a fork, a restore from a snapshot, and the end of a test."""
    global _registered
    if not _registered:
        lifecycle.on_fork(_after_fork)
        lifecycle.on_restore(close, base=True)  # before resources are rebuilt, on the new loop
        lifecycle.on_reset(close, base=True)  # after resources are closed, on the old loop
        _registered = True  # now: an interrupt may strike in between, and to register twice does no harm


def _end_interrupted(loop: AbstractEventLoop, coroutine: Coroutine[Any, Any, object]) -> None:
    """End a coroutine and its loop after an interrupt that struck outside the steps of the coroutine.

    The coroutine must not go on in the next invocation. The loop may be left with a callback that stops it, or without
    one that it needs, so that the next coroutine gets a new loop.
    """
    import asyncio

    _state.kept = None
    tasks = [one for one in asyncio.all_tasks(loop) if one.get_coro() is coroutine]
    if loop.is_running() or asyncio._get_running_loop() is loop:  # it struck in the clean-up of the loop
        asyncio._set_running_loop(None)
        lifecycle.abandon((loop, tasks))
        _mark_closed(loop)
    else:
        with contextlib.suppress(RuntimeError):  # a callback that is left stops the loop early
            _unwind(loop, tasks)
        loop.close()
    with contextlib.suppress(RuntimeError):  # the coroutine ignores that it is closed
        coroutine.close()


def run_or_schedule(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run `coroutine` to its end. If an event loop is running on this thread, start it there as a task instead."""
    import asyncio

    if (loop := asyncio._get_running_loop()) is None:
        run(coroutine)
    else:
        task = loop.create_task(coroutine)
        _scheduled.add(task)
        task.add_done_callback(_scheduled.discard)


def is_running(loop: AbstractEventLoop) -> bool:
    """Return True if `loop` is running on this thread."""
    import asyncio

    return asyncio._get_running_loop() is loop


def give_time(task: Task[Any], seconds: float) -> bool:
    """Run the kept loop of this thread until `task` has ended. Cancel the task if it takes longer than `seconds`.

    Returns:
        False if `task` belongs to another loop. Nothing was done then.
    """
    import asyncio

    kept = _state.kept
    if kept is None or kept.loop is not task.get_loop() or kept.loop.is_closed():
        return False
    if asyncio._get_running_loop() is not None:  # another loop is running on this thread
        return False
    if not task.done():
        kept.loop.run_until_complete(asyncio.wait({task}, timeout=seconds))
    if not task.done():
        _unwind(kept.loop, [task])
    return True


def close() -> None:
    """Cancel the remaining tasks of the kept loop of this thread, and close it. The next coroutine gets a new loop."""
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
        loop.run_until_complete(asyncio.wait(tasks, timeout=_UNWIND_SECONDS))


def _after_fork() -> None:
    _state.kept = None


def _leave_to_parent(loop: AbstractEventLoop) -> None:
    # Closing the loop would remove its wake-up pipe from the epoll set, which child and parent share. The finaliser of
    # the loop does the same when the child exits, unless the loop is marked as closed.
    lifecycle.abandon(loop)
    _mark_closed(loop)


def _mark_closed(loop: AbstractEventLoop) -> None:
    own: Any = loop
    with contextlib.suppress(AttributeError):  # the loop is not asyncio's own
        own._closed = True
