"""One build of a resource: the thread or task that runs it, those that wait for it, its value and the value's lifetime.

An interrupt (a time limit, a signal handler that raises, `KeyboardInterrupt`) may strike at any bytecode. So waiting is
one call of a bare lock, and `locked` releases the lock of all resources wherever its function was interrupted.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import sys
import threading

from lambda_kit._kernel import lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import Callable
    from typing import Any, ParamSpec, Protocol, TypeVar

    from lambda_kit.errors import ResourceCycle
    from lambda_kit.invocation import Invocation

    P = ParamSpec("P")
    R = TypeVar("R")

    class Owner(Protocol):
        """The part of a resource's state that its builds and values know."""

        name: str
        close: Callable[[Any], Any] | None
        pending: Build | None

        def holds(self, value: object) -> bool: ...
        def discard(self, build: Build) -> None: ...


class _Shared:
    """The state of all resources of the process.

    Attributes:
        lock: held while the state of a resource changes; never while a factory or a `close` runs. It can be taken again
            by the thread that holds it, because a finaliser or a signal handler may call a resource there.
        refreshing: the background refreshes that run beside the invocation.
        retired: values that were replaced, and are closed when the invocation ends.
    """

    __slots__ = ("lock", "refreshing", "retired")

    def __init__(self) -> None:
        self.lock: Any = lifecycle.make_lock()
        self.refreshing: set[Build] = set()
        self.retired: list[BuiltValue] = []


def locked(section: Callable[P, R]) -> Callable[P, R]:
    """Run a function under the lock of all resources, which is released wherever an interrupt strikes.

    A `with` statement would not do: from Python 3.14 on, an interrupt may strike when the lock is taken and the block
    has not been entered.
    """

    @functools.wraps(section)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        lock = shared.lock
        if lock._is_owned():
            return section(*args, **kwargs)
        try:
            lock.acquire()
            result = section(*args, **kwargs)
            lock.release()
            return result
        finally:
            if lock._is_owned():
                lock.release()

    return run


_sequence = itertools.count(1)


def next_sequence() -> int:
    """Return the next number of a sequence that all builds and refreshes of the process share.

    A build takes one as it starts and one as it ends, so every build that starts from now on has a larger one.
    """
    return next(_sequence)


class BuiltValue:
    """A value that was built.

    Attributes:
        owner: the state of the resource.
        value: the value itself.
        started_at: the wall clock when its build started.
        sequence: the sequence number that the build took as it started.
        end_sequence: the sequence number that it took as it ended.
        early_by: the number of seconds by which it expires before its time to live ends.
        inherited: whether it was built before a fork or a restore, so that this process must not close it.
    """

    __slots__ = ("early_by", "end_sequence", "inherited", "owner", "sequence", "started_at", "value")

    def __init__(self, owner: Owner, value: Any, started_at: float, sequence: int, early_by: float = 0.0) -> None:
        self.owner = owner
        self.value = value
        self.started_at = started_at
        self.sequence = sequence
        self.early_by = early_by
        self.end_sequence = next_sequence()
        self.inherited = False


_NEVER = float("-inf")
_FOREVER = float("inf")
_REFRESH_FROM = 0.8  # the share of the time to live after which a background refresh starts
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds between two tries of a factory that keeps failing


class Lifetime:
    """The time for which the values of one resource may be used, and the pauses while its factory fails.

    Args:
        ttl: seconds that a value may be used for; None for the life of the environment.
        stale_if_error: seconds beyond it in which the value may be used if the factory fails.
        background: whether a value is refreshed in the last fifth of its time to live.

    Attributes:
        retry_at: the time at which the factory may be tried again after a failure.
        warned: whether this outage was logged.
    """

    __slots__ = ("_failures", "_stale_if_error", "_ttl", "background", "retry_at", "warned")

    def __init__(self, ttl: float | None, stale_if_error: float, background: bool) -> None:
        self._ttl = _FOREVER if ttl is None else ttl
        self._stale_if_error = stale_if_error
        self.background = background
        self.end_outage()

    def usable_until(self, built: BuiltValue) -> float:
        """Return the time until which a call may return the value."""
        end = built.started_at + self._ttl - built.early_by
        return max(end, min(self.retry_at, end + self._stale_if_error))

    def refresh_from(self, built: BuiltValue) -> float:
        """Return the time from which on a call starts a background refresh."""
        return max(built.started_at + (self._ttl - built.early_by) * _REFRESH_FROM, self.retry_at)

    def early_by(self, started_at: float, expires_at: float) -> float:
        """Return the number of seconds by which a value expires before its time to live ends."""
        if _FOREVER in (self._ttl, expires_at):
            return 0.0
        return min(max(started_at + self._ttl - expires_at, 0.0), self._ttl)

    def note_failure(self, now: float) -> None:
        """Note that the factory has failed."""
        self.retry_at = now + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
        self._failures += 1

    def end_outage(self) -> None:
        """Note that the factory has succeeded, or that all is forgotten."""
        self._failures = 0
        self.retry_at = _NEVER
        self.warned = False


class Gate:
    """An event that happens once. Threads and tasks wait until it is opened.

    In place of `threading.Event`, whose lock stays taken if an interrupt strikes inside it. Here each thread that waits
    has a lock of its own, and opening the gate again wakes those that an interrupted `open` has left out.

    Attributes:
        is_open: whether it was opened.
    """

    __slots__ = ("_wakers", "is_open")

    def __init__(self) -> None:
        self.is_open = False
        self._wakers: list[Callable[[], object]] = []

    def open(self) -> None:
        """Wake everyone who waits."""
        self.is_open = True
        for wake in tuple(self._wakers):
            with contextlib.suppress(RuntimeError):  # it was woken before, or its event loop was closed
                wake()

    def wait(self, timeout: float = -1.0) -> bool:
        """Block until the gate is open, and tell whether it is.

        Args:
            timeout: seconds to wait at most; -1 to wait without a limit.
        """
        own = threading.Lock()
        own.acquire()
        self._wakers.append(own.release)
        # `open` sets `is_open` before it looks for those to wake, so one of the two sees the other.
        return self.is_open or own.acquire(timeout=timeout)

    async def wait_async(self) -> None:
        """Wait on the running event loop, without blocking it."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: Future[None] = loop.create_future()
        self._wakers.append(lambda: loop.call_soon_threadsafe(_wake, future))
        if not self.is_open:
            await future


def _wake(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Build:
    """One build, which every caller that needs its value shares.

    Attributes:
        owner: the state of the resource.
        sequence: the sequence number that it took as it started; -1 before.
        done: opened when the build has ended, in one of three ways: with a value, with an error, or abandoned.
        value: the value that the factory returned.
        error: the exception that the factory raised.
        expires_at: the time at which the value expires at the latest, by the clock of its cache; infinity if only the
            time to live decides.
        fallback: the old value, where it may be used in place of the error.
        abandoned: whether the builder was interrupted; each caller that waits then tries again.
        thread: the thread that runs the factory of a synchronous resource.
        task: the task that runs the factory of an asynchronous resource.
        invocation: the invocation that was running when it started; None if there was none.
        handed_over: whether that thread or task belongs to this build alone, and not to the caller that started it.
        waits_for: the builds that this one waits for, by the calls that wait.
    """

    __slots__ = (
        "abandoned",
        "done",
        "error",
        "expires_at",
        "fallback",
        "handed_over",
        "invocation",
        "owner",
        "sequence",
        "task",
        "thread",
        "value",
        "waits_for",
    )

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.sequence = -1
        self.done = Gate()
        self.value: Any = None
        self.error: BaseException | None = None
        self.expires_at = float("inf")
        self.fallback: BuiltValue | None = None
        self.abandoned = False
        self.thread: int | None = None
        self.task: Task[Any] | None = None
        self.handed_over = False
        self.invocation: Invocation | None = None
        self.waits_for: dict[object, Build] = {}

    def is_stranded(self) -> bool:
        """Tell whether it may never end: its event loop has stopped, or Lambda may have frozen it in its request."""
        if self.invocation is not None and self.invocation.ended:
            return True
        return self.task is not None and not self.task.get_loop().is_running()

    def refuse_cycle(self, running: tuple[Build, ...]) -> None:
        """Raise `ResourceCycle` if this build cannot end before the running builds that are about to wait for it."""
        for i, one in enumerate(running):
            if one.owner is self.owner:
                raise _cycle([*(two.owner.name for two in running[i:]), self.owner.name])
        if self.thread == threading.get_ident():  # the chain was lost, in an empty context or a signal handler
            raise _cycle([self.owner.name, self.owner.name])
        path = self._path_to(running)
        if path is not None:
            start = running.index(path[-1])
            raise _cycle([one.owner.name for one in (*running[start:], *path)])

    def _path_to(self, builds: tuple[Build, ...]) -> list[Build] | None:
        """Return the builds through which this one waits for one of `builds`, or None if it does not."""
        paths: list[list[Build]] = [[self]]
        seen: set[Build] = {self}
        for path in paths:
            if path[-1] in builds:
                return path
            new = {one for one in tuple(path[-1].waits_for.values()) if not one.done.is_open} - seen
            seen |= new
            paths += [[*path, build] for build in new]
        return None


def _cycle(chain: list[str]) -> ResourceCycle:
    from lambda_kit import errors

    return errors.ResourceCycle(chain)


def is_failure(error: BaseException) -> bool:
    """Tell whether a factory has failed, in contrast to an interrupt of the thread or the task that runs it.

    A `CancelledError` is an interrupt only if that task was cancelled. Else the factory has met the cancellation of
    another task, for example one that it awaits.
    """
    if isinstance(error, Exception):
        return True
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or not isinstance(error, asyncio.CancelledError):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop is running on this thread
        return True
    return task is None or not task.cancelling()


current_builds: contextvars.ContextVar[tuple[Build, ...]] = contextvars.ContextVar("lambda_kit_builds", default=())
"""The builds that the running code is part of, the outermost first."""


def running_builds() -> tuple[Build, ...]:
    """Return the current builds that have not ended. One that has ended is left there by an interrupt, and harmless."""
    return tuple([build for build in current_builds.get() if not build.done.is_open])


def stop_waiting(mine: Build) -> None:
    """Note that the call that has made `mine` waits for no other build any more."""
    for build in current_builds.get():
        build.waits_for.pop(mine, None)


shared = _Shared()
