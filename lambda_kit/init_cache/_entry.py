"""One resource of the init cache: its value, the time for which it may be used, and the build that may be under way.

The callable that users hold is a closure whose hit touches nothing but its own variables; see `_hit`. Everything else
happens here, under one lock for all resources.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from types import CoroutineType

from lambda_kit._kernel import callables, lifecycle, log
from lambda_kit.errors import ConfigurationError, ResourceBuildError, ResourceCycle
from lambda_kit.init_cache._build import (
    Build,
    BuiltValue,
    Lifetime,
    current_builds,
    is_failure,
    locked,
    next_sequence,
    running_builds,
    shared,
)
from lambda_kit.init_cache._hit import forever, timed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.init_cache._override import Override


_FOREVER = float("inf")


class Entry:
    """A declared resource.

    Attributes:
        resource: the callable that users hold.
        name: module and qualified name of the factory.
        cache: the cache that it belongs to, which lives as long as it does.
        eager: whether the init phase builds it.
        translate: returns the exception to raise for one of the factory; None for a `ResourceBuildError` with it as the
            cause.
        is_final: returns True for an exception of the factory after which the old value must not be used any more.
        is_async: whether the factory is a coroutine function.
        close: called with a value that is no longer needed; None if there is nothing to close.
        built: the value; None if there is none.
        pending: the build that is under way; None if there is none.
        builds: the number of times that the factory has succeeded.
        build_time: the seconds that the last build took.
        last_error: the exception that the factory raised last; None once it has succeeded again.
        slow_hits: the number of calls that were answered from the cache, but not by the closure.
    """

    __slots__ = (
        "_clock",
        "_factory",
        "_hit",
        "_keep",
        "_lifetime",
        "_overrides",
        "build_time",
        "builds",
        "built",
        "cache",
        "close",
        "eager",
        "is_async",
        "is_final",
        "last_error",
        "name",
        "pending",
        "resource",
        "slow_hits",
        "translate",
    )

    def __init__(  # noqa: PLR0913  # the options of a resource
        self,
        cache: object,
        factory: Callable[[], Any],
        name: str,
        clock: Callable[[], float],
        *,
        ttl: float | None,
        eager: bool | str,
        refresh: str,
        stale_if_error: float,
        close: Callable[[Any], Any] | None,
        on_restore: str,
    ) -> None:
        self.cache = cache
        self.name = name
        self.eager = bool(eager)
        self.is_async = callables.is_coroutine_function(factory)
        self.close = close
        self.translate: Callable[[BaseException], Exception | None] | None = None
        self.is_final: Callable[[BaseException], bool] | None = None
        self._factory = factory
        self._clock = clock
        self._lifetime = Lifetime(ttl, stale_if_error, refresh == "background")
        self._keep = on_restore == "keep"
        self._overrides: list[Override] = []
        self._forget()
        obtain = self.obtain_async if self.is_async else self.obtain
        self.resource, self._hit = (forever if ttl is None else timed)(obtain, clock, is_async=self.is_async)
        functools.update_wrapper(self.resource, factory)
        self.resource.invalidate = self.invalidate
        self.resource.refresh = self.refresh_async if self.is_async else self.refresh
        self.resource.override = self.override

    def _forget(self) -> None:
        self.built: BuiltValue | None = None
        self.pending: Build | None = None
        self.slow_hits = 0
        self.builds = 0
        self.build_time: float | None = None
        self.last_error: BaseException | None = None
        self._lifetime.end_outage()

    # What users call

    @property
    def hits(self) -> int:
        return int(self._hit.hits()) + self.slow_hits

    @property
    def age(self) -> float | None:
        built = self.built
        return None if built is None else max(self._clock() - built.started_at, 0.0)

    def invalidate(self) -> None:
        self._drop()

    @locked
    def _drop(self) -> object:
        """Drop the value, and return it, so that its finaliser runs outside of the lock."""
        self.pending = None  # a build that is under way may have read what is now out of date
        self._hit.clear()
        old = self.built
        self._retire(old)
        self.built = None
        self._publish()
        return old

    def refresh(self) -> Any:
        return self.built_after(next_sequence())

    async def refresh_async(self) -> Any:
        return await self.obtain_async(*self._hit.read_clock(), after=next_sequence())

    def override(self, value: Any) -> Override:
        from lambda_kit.init_cache._override import Override

        return Override(value, self.push_override, self.pop_override)

    @locked
    def push_override(self, override: Override) -> None:
        self._overrides.append(override)
        self._publish()

    @locked
    def pop_override(self, override: Override) -> None:
        self._overrides.remove(override)
        self._publish()

    # What other rooms call

    def now(self) -> float:
        """Return the time by the clock of the cache."""
        return self._clock()

    def is_ready(self) -> bool:
        """Tell whether a call would be answered without a build."""
        built = self.built
        return bool(self._overrides) or (built is not None and self._clock() < self._lifetime.usable_until(built))

    def holds(self, value: object) -> bool:
        """Tell whether `value` is the value that is held."""
        return self.built is not None and self.built.value is value

    def built_after(self, sequence: int) -> Any:
        """Return a value whose build started after the sequence number was taken."""
        return self.obtain(*self._hit.read_clock(), after=sequence)

    def join(self, build: Build, after: int = 0) -> bool:
        """Start a joint build, and return whether there was need for it."""
        return self._join(build, after, *self._hit.read_clock())

    @locked
    def _join(self, build: Build, after: int, now: float, back: float) -> bool:
        self._note_clock(back)
        built = self.built
        good = built is not None and built.sequence > after and now < self._lifetime.usable_until(built)
        if self._overrides or self.pending is not None or good:
            return False
        build.thread = threading.get_ident()
        self._start(build)
        return True

    # What happens to the process and to the whole cache

    @locked
    def begin_anew(self, *, forked: bool) -> object:
        """Leave alone what was built before a fork or a restore: it is not closed, and used only if it is to be kept.

        A forked child does not even drop it, because its finaliser would act on what belongs to the parent. A restored
        environment drops it outside of the lock: it is returned.
        """
        old = self.built
        if forked:
            lifecycle.abandon((old, self.pending))
        self.pending = None
        if old is not None:
            old.inherited = True
        if not self._keep:
            self.built = None
        self._publish()
        return old

    def empty(self) -> list[BuiltValue]:
        """Forget everything but overrides, and return the values that are still to be closed."""
        if self._is_new():
            return []
        held = self.built  # dropped outside of the lock
        mine = self._empty()
        del held
        return mine

    def _is_new(self) -> bool:
        """Tell whether nothing has happened since it was declared or emptied: quick, because a cache may hold many."""
        idle = self.built is None and self.pending is None
        return idle and self.last_error is None and self.builds == self.hits == 0

    @locked
    def _empty(self) -> list[BuiltValue]:
        self._retire(self.built)
        mine = [one for one in shared.retired if one.owner is self]
        shared.retired[:] = [one for one in shared.retired if one.owner is not self]
        shared.refreshing.difference_update([one for one in shared.refreshing if one.owner is self])
        if self.close is not None or self._lifetime.background:
            from lambda_kit.init_cache import _closing

            _closing.unschedule_if_idle()
        self._hit.reset_hits()
        self._forget()
        self._publish()
        return mine

    # Obtaining the value when the closure has none that is fresh

    def obtain(self, now: float, back: float = 0.0, *, after: int = 0) -> Any:
        """Return the value. Build it, or wait for the build of another caller, if there is none.

        Args:
            now: the time.
            back: the number of seconds by which the clock was set back since it was last read.
            after: the sequence number that a build must have started after; 0 if any will do.
        """
        mine = Build(self)
        try:
            while True:
                built, build = self._claim(mine, now, back, after)
                if built is not None:
                    if build is mine:
                        self._refresh_in_thread(mine)
                    return built.value
                if build is mine:
                    return self.build(mine, after)
                build.done.wait()
                if not build.abandoned and build.sequence > after:
                    return self._result(build, after)
                now, back = self._hit.read_clock()
        finally:
            _stop_waiting(mine)
            if not mine.handed_over:
                self.abandon(mine)  # unless it has ended

    async def obtain_async(self, now: float, back: float = 0.0, *, after: int = 0) -> Any:
        """Do what `obtain` does, in a coroutine."""
        mine = Build(self)
        try:
            while True:
                built, build = self._claim(mine, now, back, after)
                if built is not None:
                    if build is mine:
                        self._refresh_in_task(mine)
                    return built.value
                if build is mine:
                    return await self.build_async(mine, after)
                await build.done.wait_async()
                if not build.abandoned and build.sequence > after:
                    return self._result(build, after)
                now, back = self._hit.read_clock()
        finally:
            _stop_waiting(mine)
            if not mine.handed_over:
                self.abandon(mine)

    @locked
    def _claim(self, mine: Build, now: float, back: float, after: int) -> tuple[BuiltValue | None, Any]:
        """Decide what a call does.

        Returns:
            The value to use, if there is one; and a build. If that is `mine`, the caller has to run it: beside the
            invocation if there is a value, at once if there is none. If it is another, the caller has to wait for it.
        """
        self._note_clock(back)
        if self._overrides:
            return BuiltValue(self, self._overrides[-1].value, now, 0), None
        built, build = self.built, self.pending
        if build is not None and build.is_stranded():
            build = None
        if built is not None and built.sequence > after and now < self._lifetime.usable_until(built):
            self.slow_hits += 1
            lifetime = self._lifetime
            if refresh := lifetime.background and build is None and now >= lifetime.refresh_from(built):
                from lambda_kit.init_cache import _closing

                self._start(mine)
                shared.refreshing.add(mine)
                _closing.schedule()
            self._publish()
            return built, mine if refresh else None
        chain = running_builds()
        (build or mine).refuse_cycle(chain)
        if chain:
            chain[-1].waits_for.pop(mine, None)
        if build is None:
            self._start(mine)
            build = mine
        elif chain:
            chain[-1].waits_for[mine] = build
        return None, build

    def _start(self, build: Build) -> None:
        build.sequence = next_sequence()
        self.pending = build

    def _note_clock(self, back: float) -> None:
        """Let nothing live longer because the clock was set back by `back` seconds."""
        if back > 0.0:
            self._lifetime.retry_at -= back
            if self.built is not None:
                self.built.started_at -= back
            self._publish()

    def _result(self, build: Build, after: int) -> Any:
        if build.error is None:
            return build.value
        if build.fallback is not None and build.fallback.sequence > after:
            return build.fallback.value
        raise self._error(build.error)

    def _error(self, error: BaseException) -> Exception:
        own = None if self.translate is None else self.translate(error)
        if own is not None:
            return own
        if isinstance(error, ResourceCycle):
            own = ResourceCycle(error.chain)
        else:
            own = ResourceBuildError(
                f"the resource {self.name} could not be built: {type(error).__name__}: {error}; nothing was cached, "
                "and the next call tries again",
                resource=self.name,
            )
        own.__cause__ = error
        return own

    # Building

    def build(self, build: Build, after: int = 0) -> Any:
        """Run the factory, note its outcome, and return the value."""
        build.thread = threading.get_ident()
        started_at, began = self._clock(), time.perf_counter()
        outer = running_builds()
        try:
            current_builds.set((*outer, build))
            value = self._factory()
            if isinstance(value, CoroutineType):
                value.close()
                raise ConfigurationError(
                    f"the factory {self.name} returned a coroutine, which can be awaited only once; declare the "
                    "resource with async def"
                )
        except BaseException as error:
            if not is_failure(error):
                raise
            self.fail(build, error, after)
        else:
            self.succeed(build, value, started_at, time.perf_counter() - began)
        finally:
            current_builds.set(outer)
        return self._result(build, after)

    async def build_async(self, build: Build, after: int = 0) -> Any:
        """Await the factory, note its outcome, and return the value."""
        import asyncio

        build.task = asyncio.current_task()
        started_at, began = self._clock(), time.perf_counter()
        token = current_builds.set((*running_builds(), build))
        try:
            value = await self._factory()
        except BaseException as error:
            if not is_failure(error):
                raise
            self.fail(build, error, after)
        else:
            self.succeed(build, value, started_at, time.perf_counter() - began)
        finally:
            with contextlib.suppress(ValueError):  # a coroutine that is thrown away ends in another context
                current_builds.reset(token)
        return self._result(build, after)

    def succeed(self, build: Build, value: Any, started_at: float, took: float) -> None:
        """Note the success of a build, and wake those that wait for it."""
        now, back = self._hit.read_clock()
        if started_at > now:  # the clock was set back while the factory ran
            started_at = now - took
        early_by = self._lifetime.early_by(started_at, build.expires_at)
        self._note_success(build, BuiltValue(self, value, started_at, build.sequence, early_by), back, took)

    @locked
    def _note_success(self, build: Build, built: BuiltValue, back: float, took: float) -> object:
        """Do what `succeed` does under the lock, and return the value before, to be dropped outside of it."""
        old = self.built
        self._note_clock(back)
        shared.refreshing.discard(build)
        if self.pending is build:
            self._retire(old)
            self.built = built
            self.pending = None
            self.builds += 1
            self.build_time = took
            self.last_error = None
            self._lifetime.end_outage()
            self._publish()
        else:  # given up or invalidated meanwhile: for the callers that wait for it, and no others
            self._retire(built)
        build.value = built.value
        build.done.open()
        return old

    def fail(self, build: Build, error: BaseException, after: int = 0) -> None:
        """Note the failure of a build, wake those that wait for it, and warn where nobody else would learn of it."""
        now, back = self._hit.read_clock()
        final = self.is_final is not None and self.is_final(error)
        before = self.built  # if it is dropped, its finaliser runs outside of the lock
        if self._note_failure(build, error, after, now, back, final):
            old = build.fallback
            what = "its value has expired" if old is None else f"a value {now - old.started_at:.1f} s old stays in use"
            log.warning("the resource %s could not be refreshed; %s", self.name, what, exc_info=error)
        del before

    @locked
    def _note_failure(
        self, build: Build, error: BaseException, after: int, now: float, back: float, final: bool
    ) -> bool:
        """Do what `fail` does under the lock, and return whether it has to warn."""
        self._note_clock(back)
        unseen = build in shared.refreshing
        shared.refreshing.discard(build)
        if self.pending is build:
            self.pending = None
            self.last_error = error
            self._lifetime.note_failure(now)
            self._publish()
        if final and self.built is not None and self.built.sequence < build.sequence:
            self._retire(self.built)
            self.built = None
            self._publish()
        built = self.built
        if built is not None and now < self._lifetime.usable_until(built):
            build.fallback = built
            unseen |= built.sequence > after
        warn = unseen and not self._lifetime.warned
        self._lifetime.warned |= warn
        build.error = error
        build.done.open()
        return warn

    def abandon(self, build: Build) -> None:
        """End a build that was interrupted; do nothing if it has ended."""
        if not build.done.is_open:
            self.discard(build)
            build.abandoned = True
        build.done.open()

    @locked
    def discard(self, build: Build) -> None:
        """Let the result of a build that is under way not become the value."""
        shared.refreshing.discard(build)
        if self.pending is build:
            self.pending = None
            self._publish()

    # Refreshing beside the invocation

    def _refresh_in_thread(self, build: Build) -> None:
        from lambda_kit.init_cache import _background

        try:
            _background.start_thread(build, self.build, self.abandon)
        except RuntimeError as error:  # no more threads can be started
            self.fail(build, error)

    def _refresh_in_task(self, build: Build) -> None:
        from lambda_kit.init_cache import _background

        _background.start_task(build, self.build_async, self.abandon)

    # The rest, under the lock

    def _retire(self, built: BuiltValue | None) -> None:
        if built is not None and self.close is not None and not built.inherited:
            from lambda_kit.init_cache import _closing

            shared.retired.append(built)
            _closing.schedule()

    def _publish(self) -> None:
        """Show the closure what it may return, and until when."""
        built = self.built
        if self._overrides:
            self._hit.publish(self._overrides[-1].value, _FOREVER)
        elif built is None:
            self._hit.clear()
        else:
            until = self._lifetime.usable_until(built)
            if self._lifetime.background and self.pending is None:
                until = min(until, self._lifetime.refresh_from(built))
            self._hit.publish(built.value, until)


def _stop_waiting(mine: Build) -> None:
    for build in current_builds.get():
        build.waits_for.pop(mine, None)
