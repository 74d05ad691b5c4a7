"""One resource of the init cache: its value, its age, and the one build that may be under way.

The callable that users hold is a closure whose hit touches nothing but its own cells; all else happens here, under one
lock for all resources, which is never held while a factory or a `close` runs.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import threading
import time

from lambda_kit import _callables as callables
from lambda_kit import _event_loop, _lifecycle
from lambda_kit.errors import ResourceBuildError, ResourceCycle
from lambda_kit.invocation import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from asyncio import AbstractEventLoop, Future, Task
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.invocation import Invocation

_NEVER = float("-inf")
_FOREVER = float("inf")
_REFRESH_AHEAD = 0.8  # the share of the time to live after which a background refresh starts
_LONGEST_PAUSE = 30.0  # seconds between two tries of a factory that keeps failing
_PATIENCE = 1.0  # seconds that the end of an invocation waits for a background refresh
_SPARE = 0.1  # seconds before the deadline in which it does not wait

_lock = threading.Lock()
_order = itertools.count()
# The builds that the running code is part of, the outermost first.
_chain: contextvars.ContextVar[tuple[Flight, ...]] = contextvars.ContextVar("lambda_kit_builds", default=())


def renew_lock() -> None:
    """Replace the lock: in a forked child, it may be held by a thread that exists in the parent alone."""
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


class Held:
    """A value that was built.

    Attributes:
        born: the wall clock when its build began.
        order: its place among all builds of the process.
    """

    __slots__ = ("born", "order", "value")

    def __init__(self, value: Any, born: float) -> None:
        self.value = value
        self.born = born
        self.order = next(_order)


class Flight:
    """One build that is under way, which every caller shares."""

    __slots__ = ("_futures", "abandoned", "done", "entry", "error", "forced", "task", "value", "waits_for")

    def __init__(self, entry: Entry, *, forced: bool = False) -> None:
        self.entry = entry
        self.forced = forced  # asked for by refresh(): the old value is no answer if it fails
        self.done = threading.Event()
        self.value: Any = None
        self.error: Exception | None = None
        self.abandoned = False  # its builder was interrupted: whoever waits builds for itself
        self.task: Task[Any] | None = None
        self.waits_for: set[Flight] = set()
        self._futures: list[tuple[AbstractEventLoop, Future[None]]] = []

    def end(self, *, value: Any = None, error: Exception | None = None, abandoned: bool = False) -> None:
        self.value, self.error, self.abandoned = value, error, abandoned
        with _lock:
            self.done.set()
            futures, self._futures = self._futures, []
        for loop, future in futures:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake, future)

    async def wait(self) -> None:
        """Wait on the running event loop, without blocking it."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: Future[None] = loop.create_future()
        with _lock:
            if self.done.is_set():
                return
            self._futures.append((loop, future))
        await future

    def path_to(self, flights: tuple[Flight, ...]) -> list[Flight] | None:
        """Return how this build, through the builds that it waits for, comes to wait for one of `flights`."""
        paths: list[list[Flight]] = [[self]]
        seen: set[Flight] = {self}
        for path in paths:
            if path[-1] in flights:
                return path
            fresh = path[-1].waits_for - seen
            seen |= fresh
            paths += [[*path, flight] for flight in fresh]
        return None


def _stop_waiting(flight: Flight) -> None:
    if chain := _chain.get():
        with _lock:
            chain[-1].waits_for.discard(flight)


def _wake(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Entry:
    """A declared resource.

    Attributes:
        resource: the callable that users hold.
        builds: how often the factory has succeeded.
        build_time: how long the last build took, in seconds.
        last_error: what the factory raised last, None once it has succeeded again.
    """

    __slots__ = (
        "_background",
        "_clear",
        "_clock",
        "_close",
        "_factory",
        "_failures",
        "_flight",
        "_held",
        "_keep",
        "_overrides",
        "_put",
        "_retired",
        "_retry_at",
        "_slow_hits",
        "_stale_if_error",
        "_take_hits",
        "_ttl",
        "build_time",
        "builds",
        "eager",
        "is_async",
        "last_error",
        "name",
        "resource",
    )

    def __init__(  # noqa: PLR0913  # the options of a resource
        self,
        factory: Callable[[], Any],
        name: str,
        clock: Callable[[], float],
        *,
        ttl: float | None,
        eager: bool,
        refresh: str,
        stale_if_error: float,
        close: Callable[[Any], Any] | None,
        on_restore: str,
    ) -> None:
        self.name = name
        self.eager = eager
        self.is_async = callables.is_coroutine_function(factory)
        self._factory = factory
        self._clock = clock
        self._ttl = _FOREVER if ttl is None else ttl
        self._background = refresh == "background"
        self._stale_if_error = stale_if_error
        self._close = close
        self._keep = on_restore == "keep"
        self._overrides: list[Override] = []
        self._retired: list[Held] = []
        self._forget()
        make = _async if self.is_async else _forever if ttl is None else _timed
        self.resource, self._put, self._clear, self._take_hits = make(self, clock)
        functools.update_wrapper(self.resource, factory)
        self.resource.invalidate = self.invalidate
        self.resource.refresh = self.refresh_async if self.is_async else self.refresh
        self.resource.override = functools.partial(Override, self)

    def _forget(self) -> None:
        self._held: Held | None = None
        self._flight: Flight | None = None
        self._failures = 0
        self._retry_at = _NEVER
        self._slow_hits = 0
        self.builds = 0
        self.build_time: float | None = None
        self.last_error: BaseException | None = None

    # What users call

    @property
    def hits(self) -> int:
        return int(self._take_hits()) + self._slow_hits

    @property
    def age(self) -> float | None:
        held = self._held
        return None if held is None else max(self._clock() - held.born, 0.0)

    def invalidate(self) -> None:
        with _lock:
            self._flight = None  # a build that is under way may have read what is now out of date
            self._retire()
            self._failures, self._retry_at = 0, _NEVER
            self._publish()

    def refresh(self) -> Any:
        if self._overrides:
            return self._overrides[-1].value
        return self._build(self._new_flight())

    async def refresh_async(self) -> Any:
        if self._overrides:
            return self._overrides[-1].value
        return await self._build_async(self._new_flight())

    def push_override(self, override: Override) -> None:
        with _lock:
            self._overrides.append(override)
            self._publish()

    def pop_override(self, override: Override) -> None:
        with _lock:
            self._overrides.remove(override)
            self._publish()

    # What happens to the process and to the whole cache

    def holds_value(self) -> bool:
        return self._held is not None or bool(self._overrides)

    def inherit(self) -> None:
        """Begin anew in a forked child, without touching what belongs to the parent."""
        self._flight = None
        _lifecycle.abandon(self._retired)
        self._retired = []
        if not self._keep:
            _lifecycle.abandon(self._held)
            self._held = None
        self._publish()

    def restore(self) -> None:
        """Begin anew in an environment that was restored from a snapshot."""
        with _lock:
            self._flight = None
            self._retired = []
            if not self._keep:
                self._held = None
            self._publish()

    def empty(self) -> list[Held]:
        """Forget everything but overrides, and return the values that are still to be closed."""
        with _lock:
            self._retire()
            retired, self._retired = self._retired, []
            at_end.pop(self, None)
            self._take_hits(forget=True)
            self._forget()
            self._publish()
        return retired

    def close_value(self, value: Any) -> None:
        """Call `close`, and log what it raises."""
        try:
            closing = None if self._close is None else self._close(value)
            if hasattr(closing, "__await__"):
                _event_loop.run_or_schedule(_awaited(closing))
        except Exception:
            _logger().exception("closing the resource %s failed", self.name)

    # Obtaining the value when the closure has none that is fresh

    def obtain(self, now: float, back: float) -> Any:
        """Return the value, building it or waiting for a build. `back` is by how much the clock was set back."""
        while True:
            held, flight, mine = self._claim(now, back)
            if held is not None:
                if flight is not None:
                    self._build_in_thread(flight)
                return held.value
            assert flight is not None  # noqa: S101
            if mine:
                return self._build(flight)
            try:
                flight.done.wait()
            finally:
                _stop_waiting(flight)
            if not flight.abandoned:
                return self._result(flight)
            now, back = self._clock(), 0.0

    async def obtain_async(self, now: float, back: float) -> Any:
        """Do what `obtain` does, in a coroutine."""
        while True:
            held, flight, mine = self._claim(now, back)
            if held is not None:
                if flight is not None:
                    self._build_in_task(flight)
                return held.value
            assert flight is not None  # noqa: S101
            if mine:
                return await self._build_async(flight)
            try:
                await flight.wait()
            finally:
                _stop_waiting(flight)
            if not flight.abandoned:
                return self._result(flight)
            now, back = self._clock(), 0.0

    def _claim(self, now: float, back: float) -> tuple[Held | None, Flight | None, bool]:
        """Decide what a call does.

        Returns:
            The value to use if there is one; a build, which the caller has to start if there is a value too or the
            last is true, and to wait for otherwise; whether the build is the caller's.
        """
        chain = _chain.get()
        with _lock:
            if back > 0.0:
                if self._held is not None:
                    self._held.born -= back
                self._retry_at -= back
            if self._overrides:
                return Held(self._overrides[-1].value, now), None, False
            held, flight = self._held, self._flight
            if held is not None and self._may_use(held, now):
                self._slow_hits += 1
                ahead = self._background and flight is None and now >= max(self._retry_at, self._ahead(held))
                if ahead:
                    flight = self._flight = Flight(self)
                    at_end[flight] = self._finish_refresh
                self._publish()
                return held, flight if ahead else None, ahead
            mine = flight is None
            if flight is None:
                flight = Flight(self)
            self._refuse_cycle(flight, chain)
            if chain and not mine:
                chain[-1].waits_for.add(flight)
            self._flight = flight
            return None, flight, mine

    def _may_use(self, held: Held, now: float) -> bool:
        age = now - held.born
        return age < self._ttl or (now < self._retry_at and age < self._ttl + self._stale_if_error)

    def _ahead(self, held: Held) -> float:
        return held.born + self._ttl * _REFRESH_AHEAD

    def _refuse_cycle(self, flight: Flight, chain: tuple[Flight, ...]) -> None:
        running = tuple(one for one in chain if not one.done.is_set())
        for i, one in enumerate(running):
            if one.entry is self:
                raise ResourceCycle([*(two.entry.name for two in running[i:]), self.name])
        path = flight.path_to(running)
        if path is not None:
            start = running.index(path[-1])
            raise ResourceCycle([one.entry.name for one in (*running[start:], *path)])

    def _result(self, flight: Flight) -> Any:
        if flight.error is None:
            return flight.value
        raise self._error(flight.error) from flight.error

    def _new_flight(self) -> Flight:
        with _lock:
            flight = Flight(self, forced=True)
            self._refuse_cycle(flight, _chain.get())
            self._flight = flight
        return flight

    # Building

    def _build(self, flight: Flight) -> Any:
        born, began = self._clock(), time.perf_counter()
        token = _chain.set((*_chain.get(), flight))
        try:
            value = self._factory()
        except BaseException as error:
            return self._failed(flight, error)
        finally:
            _chain.reset(token)
        return self._succeeded(flight, value, born, time.perf_counter() - began)

    async def _build_async(self, flight: Flight) -> Any:
        born, began = self._clock(), time.perf_counter()
        token = _chain.set((*_chain.get(), flight))
        try:
            value = await self._factory()
        except BaseException as error:
            return self._failed(flight, error)
        finally:
            _chain.reset(token)
        return self._succeeded(flight, value, born, time.perf_counter() - began)

    def _succeeded(self, flight: Flight, value: Any, born: float, took: float) -> Any:
        with _lock:
            at_end.pop(flight, None)
            held = Held(value, min(born, self._clock()))
            if self._flight is flight:
                self._flight = None
                self._retire()
                self._held = held
                self.builds += 1
                self.build_time = took
                self.last_error = None
                self._failures, self._retry_at = 0, _NEVER
                self._publish()
            else:  # invalidated meanwhile: for the callers that asked before that, and no others
                self._retire(held)
        flight.end(value=value)
        return value

    def _failed(self, flight: Flight, error: BaseException) -> Any:
        with _lock:
            at_end.pop(flight, None)
            current = self._flight is flight
            if current:
                self._flight = None
            held = None
            if current and isinstance(error, Exception):
                self.last_error = error
                self._failures += 1
                now = self._clock()
                self._retry_at = now + min(2.0 ** (self._failures - 1), _LONGEST_PAUSE)
                if not flight.forced and self._held is not None and self._may_use(self._held, now):
                    held = self._held
                    self._publish()
        if not isinstance(error, Exception):
            flight.end(abandoned=True)
            raise error
        if held is not None:
            if self._failures == 1:
                _logger().warning(
                    "the resource %s could not be refreshed; its value of %.1f s ago stays in use",
                    self.name,
                    self._clock() - held.born,
                    exc_info=error,
                )
            flight.end(value=held.value)
            return held.value
        flight.end(error=error)
        raise self._error(error) from error

    def _error(self, error: Exception) -> Exception:
        if isinstance(error, ResourceCycle):
            return ResourceCycle(error.chain)
        return ResourceBuildError(
            f"the resource {self.name} could not be built: {type(error).__name__}: {error}; nothing was cached, and "
            "the next call tries again",
            resource=self.name,
        )

    # Refreshing beside the invocation

    def _build_in_thread(self, flight: Flight) -> None:
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._refresh_quietly, flight), name=f"lambda_kit-{self.name}", daemon=True
        ).start()

    def _refresh_quietly(self, flight: Flight) -> None:
        _chain.set(())
        try:
            self._build(flight)
        except Exception as error:
            self._log_refresh(error)

    def _build_in_task(self, flight: Flight) -> None:
        import asyncio

        flight.task = asyncio.get_running_loop().create_task(self._refresh_quietly_async(flight))

    async def _refresh_quietly_async(self, flight: Flight) -> None:
        _chain.set(())
        try:
            await self._build_async(flight)
        except Exception as error:
            self._log_refresh(error)

    def _log_refresh(self, error: Exception) -> None:
        _logger().warning(
            "the resource %s could not be refreshed, and its value has run out", self.name, exc_info=error
        )

    def _finish_refresh(self, invocation: Invocation) -> None:
        """Wait for the refresh as the invocation ends; give it up if that takes too long."""
        flight = self._flight
        if flight is None:
            return
        at_end.pop(flight, None)
        patience = max(min(_PATIENCE, invocation.remaining() - _SPARE), 0.0)
        finished = flight.done.wait(patience) if flight.task is None else _event_loop.finish(flight.task, patience)
        if not finished:
            with _lock:
                if self._flight is flight:
                    self._flight = None
            _logger().warning(
                "the refresh of the resource %s was still running %.1f s after the handler had ended; its result is "
                "discarded, because Lambda freezes the process between invocations",
                self.name,
                patience,
            )

    # The rest, under the lock

    def _retire(self, held: Held | None = None) -> None:
        if held is None:
            held, self._held = self._held, None
        if held is not None and self._close is not None:
            self._retired.append(held)
            at_end[self] = self._close_retired

    def _close_retired(self, _invocation: Invocation) -> None:
        with _lock:
            retired, self._retired = self._retired, []
            at_end.pop(self, None)
        for held in reversed(retired):
            self.close_value(held.value)

    def _publish(self) -> None:
        """Show the closure what it may return, and until when."""
        held = self._held
        if self._overrides:
            self._put(self._overrides[-1].value, _FOREVER)
        elif held is None:
            self._clear()
        elif self._retry_at > _NEVER:
            self._put(held.value, min(self._retry_at, held.born + self._ttl + self._stale_if_error))
        else:
            self._put(held.value, self._ahead(held) if self._background else held.born + self._ttl)


class Override:
    """A value that every call gets while this context manager is entered."""

    __slots__ = ("_entry", "value")

    def __init__(self, entry: Entry, value: Any) -> None:
        self._entry = entry
        self.value = value

    def __enter__(self) -> None:
        self._entry.push_override(self)

    def __exit__(self, *exc_info: object) -> None:
        self._entry.pop_override(self)


# The callables that users hold. A hit is a closure that reads its own cells: an instance with `__call__` costs twice as
# much, and comparing with a sentinel a fifth more than leaving the cell empty. A float counts hits faster than an int.
# Each maker returns the callable, and the functions that fill its cells, empty them, and read (or forget) its hits.


def _forever(entry: Entry, clock: Callable[[], float]) -> tuple[Any, Any, Any, Any]:
    value: Any
    hits = 0.0

    def resource() -> Any:
        nonlocal hits
        try:
            hits += 1.0
            return value
        except NameError:  # the cell is empty
            hits -= 1.0
        return entry.obtain(clock(), 0.0)

    def put(new: Any, _until: float) -> None:
        nonlocal value
        value = new

    def clear() -> None:
        nonlocal value
        value = None
        del value

    def take_hits(*, forget: bool = False) -> float:
        nonlocal hits
        taken = hits
        if forget:
            hits = 0.0
        return taken

    return resource, put, clear, take_hits


def _timed(entry: Entry, clock: Callable[[], float]) -> tuple[Any, Any, Any, Any]:
    value: Any = None
    fresh_until = seen = _NEVER
    hits = 0.0

    def resource() -> Any:
        nonlocal hits, seen
        # `seen` is the latest time that was read: a clock that is set back shows as an earlier one.
        if seen <= (now := clock()) < fresh_until:
            seen = now
            hits += 1.0
            return value
        back, seen = seen - now, now
        return entry.obtain(now, back)

    def put(new: Any, until: float) -> None:
        nonlocal value, fresh_until
        value, fresh_until = new, until

    def clear() -> None:
        put(None, _NEVER)

    def take_hits(*, forget: bool = False) -> float:
        nonlocal hits
        taken = hits
        if forget:
            hits = 0.0
        return taken

    return resource, put, clear, take_hits


def _async(entry: Entry, clock: Callable[[], float]) -> tuple[Any, Any, Any, Any]:
    value: Any = None
    fresh_until = seen = _NEVER
    hits = 0.0

    async def resource() -> Any:
        nonlocal hits, seen
        if seen <= (now := clock()) < fresh_until:
            seen = now
            hits += 1.0
            return value
        back, seen = seen - now, now
        return await entry.obtain_async(now, back)

    def put(new: Any, until: float) -> None:
        nonlocal value, fresh_until
        value, fresh_until = new, until

    def clear() -> None:
        put(None, _NEVER)

    def take_hits(*, forget: bool = False) -> float:
        nonlocal hits
        taken = hits
        if forget:
            hits = 0.0
        return taken

    return resource, put, clear, take_hits


async def _awaited(awaitable: Any) -> None:
    await awaitable


def _logger() -> logging.Logger:
    import logging

    return logging.getLogger("lambda_kit")
