"""One cache on a clock that the test moves, resources called alike whether sync or async, threads that are stepped."""

from __future__ import annotations

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import event_loop
from lambda_kit.init_cache import InitCache, _closing
from lambda_kit.testing import FakeClock
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.init_cache._build import Build
    from lambda_kit.init_cache._entry import Entry


def entry_of(resource: Any) -> Entry:
    """Return the entry behind a resource."""
    entry: Entry = resource.info._entry
    return entry


class Driver:
    """A resource that is called and refreshed without `await`, whatever its factory is."""

    def __init__(self, resource: Any, cache: InitCache) -> None:
        self.resource = resource
        self.is_async = entry_of(resource).is_async
        self.info = resource.info
        self.cache = cache
        self.invalidate = resource.invalidate
        self.override = resource.override

    def __call__(self) -> Any:
        value = self.resource()
        return event_loop.run(value) if self.is_async else value

    def refresh(self) -> Any:
        value = self.resource.refresh()
        return event_loop.run(value) if self.is_async else value


class Declare:
    """Declares plain functions as resources, as they are or behind a coroutine function."""

    def __init__(self, cache: InitCache, waits: bool) -> None:
        self.cache = cache
        self.waits = waits

    def __call__(self, factory: Callable[[], Any], **options: Any) -> Driver:
        if not self.waits:
            return Driver(self.cache.resource(**options)(factory), self.cache)

        async def waiting() -> Any:
            return factory()

        waiting.__qualname__ = getattr(factory, "__qualname__", waiting.__qualname__)
        return Driver(self.cache.resource(**options)(waiting), self.cache)


@pytest.fixture(autouse=True)
def _nothing_pending() -> Iterator[None]:
    """Forget what tests, those of other rooms too, left for the end of an invocation, which all caches share."""
    _closing.forget()
    yield
    _closing.forget()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def cache(clock: FakeClock) -> InitCache:
    return InitCache(clock=clock)


@pytest.fixture(params=["sync", "async"])
def declare(request: pytest.FixtureRequest, cache: InitCache) -> Declare:
    return Declare(cache, request.param == "async")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


class Steps:
    """What a test waits for before it takes its next step."""

    def until(self, predicate: Callable[[], object]) -> None:
        """Wait until `predicate` is true; a test that would hang fails instead."""
        end = time.monotonic() + PATIENCE
        while not predicate():
            assert time.monotonic() < end, "what the test waits for did not happen"
            time.sleep(0.0005)

    async def until_async(self, predicate: Callable[[], object]) -> None:
        """Do what `until` does, without blocking the event loop."""
        end = time.monotonic() + PATIENCE
        for pause in itertools.chain([0.0] * 20, itertools.repeat(0.0005)):
            if predicate():
                return
            assert time.monotonic() < end, "what the test waits for did not happen"
            await asyncio.sleep(pause)

    def build(self, resource: Any) -> Build:
        """Return the build of `resource` that is under way, once there is one."""
        entry = entry_of(resource)
        self.until(lambda: entry.state.pending is not None)
        build = entry.state.pending
        assert build is not None
        return build

    def waiting(self, resource: Any, count: int) -> Build:
        """Return the build of `resource` that is under way, once so many threads and tasks wait for it."""
        build = self.build(resource)
        self.until(lambda: len(build.done._wakers) == count)
        return build

    def ended(self, resource: Any) -> None:
        """Wait until no build of `resource` is under way."""
        entry = entry_of(resource)
        self.until(lambda: entry.state.pending is None)

    async def ended_async(self, resource: Any) -> None:
        """Do what `ended` does, without blocking the event loop."""
        entry = entry_of(resource)
        await self.until_async(lambda: entry.state.pending is None)

    def entry(self, resource: Any) -> Entry:
        """Return the entry behind a resource."""
        return entry_of(resource)

    def is_building(self, resource: Any) -> bool:
        """Tell whether a build of `resource` is under way."""
        return entry_of(resource).state.pending is not None


@pytest.fixture
def steps() -> Steps:
    return Steps()
