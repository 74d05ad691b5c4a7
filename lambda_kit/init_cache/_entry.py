"""One resource of the init cache: its value, its age, and the one build that may be under way.

The callable that users hold is a closure whose hit touches nothing but its own cells; all else happens here, under one
lock for all resources, which is never held while a factory or a `close` runs.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import itertools
import threading
import time
from types import CoroutineType

from lambda_kit._kernel import callables, lifecycle, log
from lambda_kit.errors import ConfigurationError, ResourceBuildError, ResourceCycle
from lambda_kit.init_cache._build import Flight, building
from lambda_kit.init_cache._hit import forever, timed
from lambda_kit.invocation import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    from lambda_kit.invocation import Invocation

_NEVER = float("-inf")
_FOREVER = float("inf")
_REFRESH_AHEAD = 0.8  # the share of the time to live after which a background refresh starts
_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds between two tries of a factory that keeps failing
_PATIENCE = 1.0  # seconds that the end of an invocation waits for background refreshes
_SPARE = 0.1  # seconds before the deadline in which it does not wait

# A finaliser or a signal handler may call a resource on the thread that holds the lock.
_lock = threading.RLock()
_tickets = itertools.count(1)  # drawn as a build begins and as it ends, and by each refresh: a later one is larger
_refreshing: set[Flight] = set()  # beside the invocation
_retired: list[Held] = []  # no longer needed, and to be closed when the invocation ends


class Held:
    """A value that was built.

    Attributes:
        born: the wall clock when its build began.
        begun: the ticket that was drawn as its build began.
        landed: the one that was drawn as it ended.
        early: by how many seconds it runs out before its time to live ends.
        inherited: whether it was built before a fork or a restore, so that closing it is not for this process.
    """

    __slots__ = ("begun", "born", "early", "entry", "inherited", "landed", "value")

    def __init__(self, entry: Entry, value: Any, born: float, begun: int, early: float = 0.0) -> None:
        self.entry = entry
        self.value = value
        self.born = born
        self.begun = begun
        self.early = early
        self.landed = next(_tickets)
        self.inherited = False


def after_fork() -> None:
    """Leave to the parent what is under way there. Its other threads, one of which may hold the lock, are gone."""
    global _lock
    _lock = threading.RLock()
    lifecycle.abandon((*_retired, *_refreshing))
    forget_pending()


def forget_pending() -> None:
    """Forget what was to be done at the end of the invocation."""
    _retired.clear()
    _refreshing.clear()
    at_end.pop(_end_invocation, None)


def close_in_reverse(values: list[Held]) -> None:
    """Close values, the one that was built last first; each once, and none that its resource still holds."""
    # A factory may return the same object again. It stays alive through `values`, so that its id is its own.
    closed: set[tuple[Entry, int]] = set()
    for held in sorted(values, key=lambda one: one.landed, reverse=True):
        key = (held.entry, id(held.value))
        if key not in closed and not held.entry.holds(held.value):
            closed.add(key)
            held.entry.close(held.value)


def _end_invocation(invocation: Invocation) -> None:
    """Wait for the refreshes that are under way, give up those that take too long, and close what was replaced."""
    at_end.pop(_end_invocation, None)
    patience = max(min(_PATIENCE, invocation.remaining() - _SPARE), 0.0)
    end = time.monotonic() + patience
    for flight in list(_refreshing):
        if not _await_refresh(flight, max(end - time.monotonic(), 0.0)):
            flight.entry.discard(flight)
            log.warning(
                "the refresh of the resource %s was still running %.1f s after the handler had ended; its result is "
                "discarded, because Lambda freezes the process between invocations",
                flight.entry.name,
                patience,
            )
    with _lock:
        retired = _retired[:]
        _retired.clear()
    close_in_reverse(retired)


def _await_refresh(flight: Flight, patience: float) -> bool:
    if flight.task is None:
        return flight.done.wait(patience)
    from lambda_kit._kernel import event_loop

    if event_loop.is_running(flight.task.get_loop()):
        return True  # the handler was called in the middle of a loop that goes on: this is not Lambda
    if not event_loop.give_time(flight.task, patience):
        return flight.done.wait(patience)
    return not flight.abandoned


def build_together(
    entries: Iterable[Entry], fetch: Callable[[list[Entry]], dict[Entry, Callable[[], Any]]], after: int = 0
) -> dict[Entry, Exception]:
    """Build the values of several synchronous resources with one call, where they are needed.

    Whoever calls one of them meanwhile waits for this build. A resource that has a good value, or is being built, is
    left alone.

    Args:
        entries: the resources.
        fetch: takes those that need a value, and returns for each the function that makes it of what was fetched,
            which calls no resource. One that is left out is built by its own factory when called.
        after: the ticket that a value must have been built after to be good; 0 if any will do.

    Returns:
        What went wrong, with all if `fetch` raised. A failure counts as one of the factory.
    """
    failed: dict[Entry, Exception] = {}
    mine = [Flight(entry) for entry in entries]  # before they are begun: an interrupt must leave none behind
    try:
        flights = [flight for flight in mine if flight.entry.join(flight, after)]
        if not flights:
            return failed
        began = time.perf_counter()
        born = {flight.entry: flight.entry.now() for flight in flights}
        try:
            makers = fetch([flight.entry for flight in flights])
        except Exception as error:
            makers = {flight.entry: functools.partial(_raise, error) for flight in flights}
        for flight in flights:
            entry = flight.entry
            if entry not in makers:
                continue
            try:
                value = makers[entry]()
            except Exception as error:
                failed[entry] = error
                entry._fail(flight, error, after)
            else:
                entry._land(flight, value, born[entry], time.perf_counter() - began)
    finally:
        for flight in mine:
            flight.entry._abandon(flight)
    return failed


def _raise(error: Exception) -> NoReturn:
    raise error


def draw_ticket() -> int:
    """Return a ticket: every build that is begun from now on has a later one."""
    return next(_tickets)


def run_out_at(end: float) -> None:
    """Let the value that is being built run out at the time `end`, if its time to live ends later.

    For a factory that knows. Does nothing outside of a build, and where there is no time to live.
    """
    if chain := building.get():
        chain[-1].ends = min(chain[-1].ends, end)


class Entry:
    """A declared resource.

    Attributes:
        resource: the callable that users hold.
        builds: how often the factory has succeeded.
        build_time: how long the last build took, in seconds.
        cache: the cache that it belongs to, which lives as long as it does.
        last_error: what the factory raised last, None once it has succeeded again.
    """

    __slots__ = (
        "_background",
        "_cells",
        "_clock",
        "_close",
        "_factory",
        "_failures",
        "_flight",
        "_held",
        "_keep",
        "_overrides",
        "_retry_at",
        "_slow_hits",
        "_stale_if_error",
        "_ttl",
        "_warned",
        "build_time",
        "builds",
        "cache",
        "eager",
        "is_async",
        "last_error",
        "name",
        "resource",
    )

    def __init__(  # noqa: PLR0913  # the options of a resource
        self,
        cache: object,
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
        self.cache = cache
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
        self._forget()
        self.resource, self._cells = (forever if ttl is None else timed)(self, clock)
        functools.update_wrapper(self.resource, factory)
        self.resource.invalidate = self.invalidate
        self.resource.refresh = self.refresh_async if self.is_async else self.refresh
        self.resource.override = functools.partial(Override, self)

    def _forget(self) -> None:
        self._held: Held | None = None
        self._flight: Flight | None = None
        self._slow_hits = 0
        self.builds = 0
        self.build_time: float | None = None
        self.last_error: BaseException | None = None
        self._end_outage()

    def _end_outage(self) -> None:
        self._failures = 0
        self._retry_at = _NEVER
        self._warned = False

    # What users call

    @property
    def hits(self) -> int:
        return int(self._cells.hits()) + self._slow_hits

    @property
    def age(self) -> float | None:
        held = self._held
        return None if held is None else max(self._clock() - held.born, 0.0)

    def invalidate(self) -> None:
        with _lock:
            self._flight = None  # a build that is under way may have read what is now out of date
            held, self._held = self._held, None
            self._retire(held)
            self._publish()

    def refresh(self) -> Any:
        return self.obtain(*self._cells.look(), after=next(_tickets))

    async def refresh_async(self) -> Any:
        return await self.obtain_async(*self._cells.look(), after=next(_tickets))

    def push_override(self, override: Override) -> None:
        with _lock:
            self._overrides.append(override)
            self._publish()

    def pop_override(self, override: Override) -> None:
        with _lock:
            self._overrides.remove(override)
            self._publish()

    # What happens to the process and to the whole cache

    def is_ready(self) -> bool:
        """Tell whether a call would be answered without a build."""
        return bool(self._overrides) or (self._held is not None and self._clock() < self._usable_until(self._held))

    def now(self) -> float:
        """Return the time by the clock of the cache."""
        return self._clock()

    def join(self, flight: Flight, after: int = 0) -> bool:
        """Begin a build that is made together with those of others, unless there is no need for one."""
        now, back = self._cells.look()
        with _lock:
            self._set_back(back)
            held = self._held
            good = held is not None and held.begun > after and now < self._usable_until(held)
            if self._overrides or self._flight is not None or good:
                return False
            self._begin(flight)
            flight.thread = threading.get_ident()
            return True

    def built_after(self, ticket: int) -> Any:
        """Return a value whose build was begun after `ticket` was drawn."""
        return self.obtain(*self._cells.look(), after=ticket)

    def holds(self, value: Any) -> bool:
        return self._held is not None and self._held.value is value

    def begin_anew(self, *, forked: bool) -> None:
        """Leave what was built before a fork or a restore alone: it is not closed, and used only if it is to be kept.

        A forked child does not even drop it, because its finaliser would act on what belongs to the parent.
        """
        with _lock:
            if forked:
                lifecycle.abandon((self._held, self._flight))
            self._flight = None
            if self._held is not None:
                self._held.inherited = True
            if not self._keep:
                self._held = None
            self._publish()

    def empty(self) -> list[Held]:
        """Forget everything but overrides, and return the values that are still to be closed."""
        with _lock:
            self._retire(self._held)
            mine = [one for one in _retired if one.entry is self]
            _retired[:] = [one for one in _retired if one.entry is not self]
            _refreshing.difference_update([one for one in _refreshing if one.entry is self])
            if not _retired and not _refreshing:
                at_end.pop(_end_invocation, None)
            held, self._held = self._held, None  # dropped outside of the lock
            self._cells.forget_hits()
            self._forget()
            self._publish()
        del held
        return mine

    def close(self, value: Any) -> None:
        """Call `close`, and log what it raises."""
        assert self._close is not None  # noqa: S101  # else nothing is retired
        try:
            closing = self._close(value)
            if hasattr(closing, "__await__"):
                from lambda_kit._kernel import event_loop

                event_loop.run_or_schedule(self._finish_closing(closing))
        except Exception:
            self._log_close()

    async def _finish_closing(self, closing: Any) -> None:
        try:
            await closing
        except Exception:
            self._log_close()

    def _log_close(self) -> None:
        log.exception("closing the resource %s failed", self.name)

    # Obtaining the value when the closure has none that is fresh

    def obtain(self, now: float, back: float = 0.0, *, after: int = 0) -> Any:
        """Return the value, building it or waiting for a build.

        Args:
            now: the time.
            back: by how many seconds the clock was set back since it was read last.
            after: the ticket that a build must have been begun after; 0 if any will do.
        """
        mine = Flight(self)
        try:
            while True:
                held, flight = self._claim(mine, now, back, after)
                if held is not None:
                    if flight is mine:
                        self._build_in_thread(mine)
                    return held.value
                if flight is mine:
                    return self._build(mine, after)
                try:
                    flight.done.wait()
                finally:
                    _stop_waiting(flight)
                if not flight.abandoned and flight.ticket > after:
                    return self._result(flight, after)
                now, back = self._cells.look()
        finally:
            if not mine.handed_over:
                self._abandon(mine)  # unless it has ended

    async def obtain_async(self, now: float, back: float = 0.0, *, after: int = 0) -> Any:
        """Do what `obtain` does, in a coroutine."""
        mine = Flight(self)
        try:
            while True:
                held, flight = self._claim(mine, now, back, after)
                if held is not None:
                    if flight is mine:
                        self._build_in_task(mine)
                    return held.value
                if flight is mine:
                    return await self._build_async(mine, after)
                try:
                    await flight.wait()
                finally:
                    _stop_waiting(flight)
                if not flight.abandoned and flight.ticket > after:
                    return self._result(flight, after)
                now, back = self._cells.look()
        finally:
            if not mine.handed_over:
                self._abandon(mine)

    def _claim(self, mine: Flight, now: float, back: float, after: int) -> tuple[Held | None, Any]:
        """Decide what a call does.

        Returns:
            The value to use if there is one; and a build. If that is `mine`, the caller has to run it: beside the
            invocation if there is a value, at once if there is none. If it is another, the caller has to wait for it.
        """
        with _lock:
            self._set_back(back)
            if self._overrides:
                return Held(self, self._overrides[-1].value, now, 0), None
            held, flight = self._held, self._flight
            if flight is not None and flight.is_stranded():
                flight = None
            if held is not None and held.begun > after and now < self._usable_until(held):
                self._slow_hits += 1
                if ahead := self._background and flight is None and now >= self._ahead_from(held):
                    self._begin(mine)
                    _refreshing.add(mine)
                    at_end[_end_invocation] = _end_invocation
                self._publish()
                return held, mine if ahead else None
            chain = building.get()
            (flight or mine).refuse_cycle(chain)
            if flight is None:
                flight = self._begin(mine)
            elif chain:
                chain[-1].waits_for.append(flight)
            return None, flight

    def _begin(self, flight: Flight) -> Flight:
        self._flight = flight
        flight.ticket = next(_tickets)
        return flight

    def _set_back(self, seconds: float) -> None:
        """Let nothing live longer because the clock was set back."""
        if seconds > 0.0:
            self._retry_at -= seconds
            if self._held is not None:
                self._held.born -= seconds
            self._publish()

    def _usable_until(self, held: Held) -> float:
        end = held.born + self._ttl - held.early
        return max(end, min(self._retry_at, end + self._stale_if_error))

    def _early(self, born: float, ends: float) -> float:
        return 0.0 if _FOREVER in (self._ttl, ends) else min(max(born + self._ttl - ends, 0.0), self._ttl)

    def _ahead_from(self, held: Held) -> float:
        return max(held.born + (self._ttl - held.early) * _REFRESH_AHEAD, self._retry_at)

    def _result(self, flight: Flight, after: int) -> Any:
        if flight.error is None:
            return flight.value
        if flight.fallback is not None and flight.fallback.begun > after:
            return flight.fallback.value
        raise self._error(flight.error) from flight.error

    def _error(self, error: Exception) -> Exception:
        if isinstance(error, ResourceCycle):
            return ResourceCycle(error.chain)
        return ResourceBuildError(
            f"the resource {self.name} could not be built: {type(error).__name__}: {error}; nothing was cached, and "
            "the next call tries again",
            resource=self.name,
        )

    # Building

    def _build(self, flight: Flight, after: int = 0) -> Any:
        flight.thread = threading.get_ident()
        born, began = self._clock(), time.perf_counter()
        token = building.set((*building.get(), flight))
        try:
            value = self._factory()
            if isinstance(value, CoroutineType):
                value.close()
                raise ConfigurationError(
                    f"the factory {self.name} returned a coroutine, which can be awaited only once; declare the "
                    "resource with async def"
                )
        except Exception as error:
            self._fail(flight, error, after)
        else:
            self._land(flight, value, born, time.perf_counter() - began)
        finally:
            building.reset(token)
        return self._result(flight, after)

    async def _build_async(self, flight: Flight, after: int = 0) -> Any:
        import asyncio

        flight.task = asyncio.current_task()
        born, began = self._clock(), time.perf_counter()
        token = building.set((*building.get(), flight))
        try:
            value = await self._factory()
        except Exception as error:
            self._fail(flight, error, after)
        else:
            self._land(flight, value, born, time.perf_counter() - began)
        finally:
            with contextlib.suppress(ValueError):  # a coroutine that is thrown away ends in another context
                building.reset(token)
        return self._result(flight, after)

    def _land(self, flight: Flight, value: Any, born: float, took: float) -> None:
        """Note the success of a build."""
        now, back = self._cells.look()
        born = born if born <= now else now - took
        held = Held(self, value, born, flight.ticket, self._early(born, flight.ends))
        with _lock:
            self._set_back(back)
            _refreshing.discard(flight)
            if self._flight is flight:
                self._flight = None
                old, self._held = self._held, held
                self._retire(old)
                self.builds += 1
                self.build_time = took
                self.last_error = None
                self._end_outage()
                self._publish()
            else:  # given up or invalidated meanwhile: for the callers that wait for it, and no others
                self._retire(held)
            flight.value = value
            flight.end()

    def _fail(self, flight: Flight, error: Exception, after: int = 0) -> None:
        """Note the failure of a build."""
        now, back = self._cells.look()
        with _lock:
            self._set_back(back)
            unseen = flight in _refreshing
            _refreshing.discard(flight)
            if self._flight is flight:
                self._flight = None
                self.last_error = error
                self._retry_at = now + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
                self._failures += 1
                self._publish()
            held = self._held
            if held is not None and now < self._usable_until(held):
                flight.fallback = held
                unseen |= held.begun > after
            warn = unseen and not self._warned
            self._warned |= warn
            flight.error = error
            flight.end()
        if warn:
            old = flight.fallback
            what = "its value has run out" if old is None else f"its value of {now - old.born:.1f} s ago stays in use"
            log.warning("the resource %s could not be refreshed; %s", self.name, what, exc_info=error)

    def _abandon(self, flight: Flight) -> None:
        """End a build that was interrupted; do nothing if it has ended."""
        if not flight.done.is_set():
            self.discard(flight)
            flight.abandoned = True
        flight.end()

    def discard(self, flight: Flight) -> None:
        """Let the result of a build that is under way not become the value."""
        with _lock:
            _refreshing.discard(flight)
            if self._flight is flight:
                self._flight = None
                self._publish()

    # Refreshing beside the invocation

    def _build_in_thread(self, flight: Flight) -> None:
        context = contextvars.copy_context()
        context.run(building.set, ())
        try:
            threading.Thread(
                target=context.run, args=(self._refresh_quietly, flight), name=f"lambda_kit-{self.name}", daemon=True
            ).start()
            flight.handed_over = True
        except RuntimeError as error:  # no more threads can be started
            self._fail(flight, error)

    def _refresh_quietly(self, flight: Flight) -> None:
        try:
            self._build(flight)
        except (ResourceBuildError, ResourceCycle):
            pass  # was logged
        finally:
            self._abandon(flight)

    def _build_in_task(self, flight: Flight) -> None:
        import asyncio

        context = contextvars.copy_context()
        context.run(building.set, ())
        flight.task = asyncio.get_running_loop().create_task(self._refresh_quietly_async(flight), context=context)
        # Not in a `finally` of the coroutine: a task that is cancelled before its first step never enters it.
        flight.task.add_done_callback(lambda _: self._abandon(flight))
        flight.handed_over = True

    async def _refresh_quietly_async(self, flight: Flight) -> None:
        with contextlib.suppress(ResourceBuildError, ResourceCycle):  # was logged
            await self._build_async(flight)

    # The rest, under the lock

    def _retire(self, held: Held | None) -> None:
        if held is not None and self._close is not None and not held.inherited:
            _retired.append(held)
            at_end[_end_invocation] = _end_invocation

    def _publish(self) -> None:
        """Show the closure what it may return, and until when."""
        held = self._held
        if self._overrides:
            self._cells.put(self._overrides[-1].value, _FOREVER)
        elif held is None:
            self._cells.clear()
        else:
            until = self._usable_until(held)
            if self._background and self._flight is None:
                until = min(until, self._ahead_from(held))
            self._cells.put(held.value, until)


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


def _stop_waiting(flight: Flight) -> None:
    if chain := building.get():
        with _lock:
            chain[-1].waits_for.remove(flight)
