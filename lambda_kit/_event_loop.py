"""The event loop on which async handlers and async resources run: one for the life of the environment.

It is kept from one invocation to the next, so that what is bound to a loop (a client session, a connection pool, a
lock) is reused by warm invocations. A forked child and a restored snapshot get a new one. Other threads get one each.
"""

from __future__ import annotations

import threading

from lambda_kit import _lifecycle
from lambda_kit.errors import EventLoopRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
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
_registered = False


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end on the kept loop of this thread and return its result.

    Raises:
        EventLoopRunning: this thread is running an event loop already.
    """
    import asyncio

    if asyncio._get_running_loop() is not None:  # noqa: SLF001  # the public function raises where there is none
        coroutine.close()
        raise EventLoopRunning(
            f"{coroutine.__qualname__} waits for a coroutine, and this thread is running an event loop already; in "
            "async code await handler.__wrapped__(event, context) for the function without its layers, or call the "
            "handler with asyncio.to_thread(handler, event, context)"
        )
    return kept_loop().run_until_complete(coroutine)


def kept_loop() -> AbstractEventLoop:
    """Return the kept loop of this thread, a new one where there is none or it was closed."""
    kept = _state.kept
    if kept is not None and not kept.loop.is_closed():
        return kept.loop
    import asyncio

    global _registered  # noqa: PLW0603
    if not _registered:
        _registered = True
        _lifecycle.on_fork(_leave_to_parent)
        _lifecycle.on_restore(close)
    kept = _state.kept = _Kept(asyncio.new_event_loop())
    return kept.loop


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
