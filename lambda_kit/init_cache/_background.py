"""Background refreshes: builds that run beside the invocation, on a thread or in a task of their own."""

from __future__ import annotations

import _thread
import contextlib
import contextvars

from lambda_kit.errors import ResourceBuildError, ResourceCycle
from lambda_kit.init_cache._build import current_builds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from lambda_kit.init_cache._build import Build


def start_thread(build: Build, run: Callable[[Build], Any], abandon: Callable[[Build], None]) -> None:
    """Run a build on a thread of its own.

    Args:
        build: the build.
        run: runs its factory; errors of the factory were logged before it raises.
        abandon: ends the build if `run` has not.

    Raises:
        RuntimeError: no more threads can be started.
    """

    def refresh() -> None:
        try:
            run(build)
        except (ResourceBuildError, ResourceCycle):
            pass  # it was logged
        finally:
            abandon(build)

    # `threading.Thread.start` waits for the thread with an event; an interrupt in it would leave the thread hanging.
    _thread.start_new_thread(_outside_of_builds().run, (refresh,))
    build.handed_over = True


def start_task(
    build: Build, run: Callable[[Build], Coroutine[Any, Any, Any]], abandon: Callable[[Build], None]
) -> None:
    """Run a build in a task of its own on the running event loop; the arguments are those of `start_thread`."""
    import asyncio

    async def refresh() -> None:
        with contextlib.suppress(ResourceBuildError, ResourceCycle):  # it was logged
            await run(build)

    build.task = asyncio.get_running_loop().create_task(refresh(), context=_outside_of_builds())
    # Not in a `finally` of the coroutine: a task that is cancelled before its first step never enters it.
    build.task.add_done_callback(lambda _: abandon(build))
    build.handed_over = True


def _outside_of_builds() -> contextvars.Context:
    """Return a copy of the context in which no build is under way."""
    context = contextvars.copy_context()
    context.run(current_builds.set, ())
    return context
