"""One resource of the init cache: the calls that users make, and the run of its factory.

The callable that users hold is a closure whose hit touches nothing but its own variables: see `_hit`. A call that it
cannot answer comes here. The value, and the steps of a build from its claim to its end, are in `_state`.
"""

from __future__ import annotations

import contextlib
import functools
import time
from threading import get_ident
from types import CoroutineType

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.init_cache._build import (
    Build,
    Lifetime,
    current_builds,
    is_failure,
    next_sequence,
    running_builds,
    stop_waiting,
)
from lambda_kit.init_cache._hit import forever, timed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.init_cache._override import Override
    from lambda_kit.init_cache._state import State


class Entry:
    """A declared resource.

    Attributes:
        resource: the callable that users hold.
        name: module and qualified name of the factory.
        cache: the cache that it belongs to, which lives as long as it does.
        state: its value, its overrides, and the build that is under way.
        eager: whether the init phase builds it.
        translate: returns the exception to raise for one of the factory; None for a `ResourceBuildError` with it as the
            cause.
        is_async: whether the factory is a coroutine function.
    """

    __slots__ = (
        "_factory",
        "_set_clock",
        "cache",
        "clock",
        "eager",
        "is_async",
        "name",
        "resource",
        "state",
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
        from lambda_kit.init_cache._state import State  # the first declaration loads it

        self.cache = cache
        self.name = name
        self.eager = bool(eager)
        self.is_async = callables.is_coroutine_function(factory)
        self.translate: Callable[[BaseException], Exception | None] | None = None
        self._factory = factory
        self.clock = clock
        obtain = self.obtain_async if self.is_async else self.obtain
        self.resource, hit = (forever if ttl is None else timed)(obtain, clock, is_async=self.is_async)
        self._set_clock = hit.set_clock
        lifetime = Lifetime(ttl, stale_if_error, refresh == "background")
        self.state: State = State(name, hit, lifetime, close, keep=on_restore == "keep")
        functools.update_wrapper(self.resource, factory)
        self.resource.invalidate = self.invalidate
        self.resource.refresh = self.refresh_async if self.is_async else self.refresh
        self.resource.override = self.override

    @property
    def age(self) -> float | None:
        """The seconds since the build of the value started; None if no value is held."""
        built = self.state.built
        return None if built is None else max(self.clock() - built.started_at, 0.0)

    def now(self) -> float:
        """Return the time by the clock of the cache."""
        return self.clock()

    def use_clock(self, clock: Callable[[], float]) -> None:
        """Read another clock from now on: tests freeze it."""
        self.clock = clock
        self._set_clock(clock)

    def is_ready(self) -> bool:
        """Tell whether a call would be answered without a build."""
        return self.state.is_ready(self.clock())

    # What users call, when the closure has no fresh value or something has to change

    def obtain(self, now: float, back: float = 0.0, *, after: int = 0) -> Any:
        """Return the value. Build it, or wait for the build of another caller, if there is none.

        Args:
            now: the time.
            back: the number of seconds by which the clock was set back since it was last read.
            after: the sequence number that a build must have started after; 0 if any will do.
        """
        state = self.state
        mine = Build(state)
        try:
            while True:
                built, build = state.claim(mine, now, back, after)
                if built is not None:
                    if build is mine:
                        self._refresh_in_thread(mine)
                    return built.value
                if build is mine:
                    return self.build(mine, after)
                build.done.wait()
                if not build.abandoned and build.sequence > after:
                    return self._result(build, after)
                now, back = state.read_clock()
        finally:
            stop_waiting(mine)
            if not mine.handed_over:
                state.abandon(mine)  # unless it has ended

    async def obtain_async(self, now: float, back: float = 0.0, *, after: int = 0) -> Any:
        """Do what `obtain` does, in a coroutine."""
        state = self.state
        mine = Build(state)
        try:
            while True:
                built, build = state.claim(mine, now, back, after)
                if built is not None:
                    if build is mine:
                        self._refresh_in_task(mine)
                    return built.value
                if build is mine:
                    return await self.build_async(mine, after)
                await build.done.wait_async()
                if not build.abandoned and build.sequence > after:
                    return self._result(build, after)
                now, back = state.read_clock()
        finally:
            stop_waiting(mine)
            if not mine.handed_over:
                state.abandon(mine)

    def built_after(self, sequence: int) -> Any:
        """Return a value whose build started after the sequence number was taken."""
        return self.obtain(*self.state.read_clock(), after=sequence)

    def refresh(self) -> Any:
        """Build now, and return the new value."""
        return self.built_after(next_sequence())

    async def refresh_async(self) -> Any:
        """Do what `refresh` does, in a coroutine."""
        return await self.obtain_async(*self.state.read_clock(), after=next_sequence())

    def invalidate(self) -> None:
        """Drop the value, so that the next call builds."""
        self.state.drop()

    def override(self, value: Any) -> Override:
        """Return a context manager in which every call gets `value`."""
        from lambda_kit.init_cache._override import Override

        return Override(value, self.state.push_override, self.state.pop_override)

    # The run of the factory

    def build(self, build: Build, after: int = 0) -> Any:
        """Run the factory, note its outcome, and return the value."""
        build.thread = get_ident()
        started_at, began = self.clock(), time.perf_counter()
        outer = running_builds()
        token: Any = None
        try:
            token = current_builds.set((*outer, build))
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
            self.state.fail(build, error, after)
        else:
            self.state.succeed(build, value, started_at, time.perf_counter() - began)
        finally:
            if token is not None:
                current_builds.reset(token)  # a variable that stays set makes all others slower to set
            else:
                current_builds.set(outer)  # an interrupt struck before the token was assigned
        return self._result(build, after)

    async def build_async(self, build: Build, after: int = 0) -> Any:
        """Await the factory, note its outcome, and return the value."""
        import asyncio

        build.task = asyncio.current_task()
        started_at, began = self.clock(), time.perf_counter()
        token = current_builds.set((*running_builds(), build))
        try:
            value = await self._factory()
        except BaseException as error:
            if not is_failure(error):
                raise
            self.state.fail(build, error, after)
        else:
            self.state.succeed(build, value, started_at, time.perf_counter() - began)
        finally:
            with contextlib.suppress(ValueError):  # a coroutine that is thrown away ends in another context
                current_builds.reset(token)
        return self._result(build, after)

    def _refresh_in_thread(self, build: Build) -> None:
        from lambda_kit.init_cache import _background

        try:
            _background.start_thread(build, self.build, self.state.abandon)
        except RuntimeError as error:  # no more threads can be started
            self.state.fail(build, error)

    def _refresh_in_task(self, build: Build) -> None:
        from lambda_kit.init_cache import _background

        _background.start_task(build, self.build_async, self.state.abandon)

    def _result(self, build: Build, after: int) -> Any:
        """Return the value of a build that has ended, or the old one that may be used in its place.

        Raises:
            ResourceBuildError: the factory raised, and there is no old value that may be used.
            ResourceCycle: the factory needs this resource itself.
            Exception: what `translate` has made of the exception of the factory.
        """
        if build.error is None:
            return build.value
        if build.fallback is not None and build.fallback.sequence > after:
            return build.fallback.value
        raise self._error(build.error)

    def _error(self, error: BaseException) -> Exception:
        own = None if self.translate is None else self.translate(error)
        if own is not None:
            return own
        from lambda_kit.errors import ResourceBuildError, ResourceCycle

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
