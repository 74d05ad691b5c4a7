"""One cache on a clock that the test moves, resources called alike whether sync or async, threads that are stepped."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import event_loop
from lambda_kit.init_cache import InitCache
from lambda_kit.testing import FakeClock
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.init_cache._build import Flight
    from lambda_kit.init_cache._entry import Entry


class Driver:
    """A resource that is called and refreshed without `await`, whatever its factory is."""

    def __init__(self, resource: Any) -> None:
        self.resource = resource
        self.entry: Entry = resource.info._entry
        self.info = resource.info
        self.invalidate = resource.invalidate
        self.override = resource.override

    def __call__(self) -> Any:
        value = self.resource()
        return event_loop.run(value) if self.entry.is_async else value

    def refresh(self) -> Any:
        value = self.resource.refresh()
        return event_loop.run(value) if self.entry.is_async else value


class Declare:
    """Declares plain functions as resources, as they are or behind a coroutine function."""

    def __init__(self, cache: InitCache, waits: bool) -> None:
        self.cache = cache
        self.waits = waits

    def __call__(self, factory: Callable[[], Any], **options: Any) -> Driver:
        if not self.waits:
            return Driver(self.cache.resource(**options)(factory))

        async def waiting() -> Any:
            return factory()

        waiting.__qualname__ = getattr(factory, "__qualname__", waiting.__qualname__)
        return Driver(self.cache.resource(**options)(waiting))


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

    def flight(self, resource: Any) -> Flight:
        """Return the build of `resource` that is under way, once there is one."""
        entry: Entry = resource.info._entry
        self.until(lambda: entry._flight is not None)
        flight = entry._flight
        assert flight is not None
        return flight

    def waiting(self, resource: Any, count: int) -> Flight:
        """Return the build of `resource` that is under way, once so many threads and tasks wait for it."""
        flight = self.flight(resource)
        event: Any = flight.done
        self.until(lambda: len(event._cond._waiters) + len(flight._waiters) == count)
        return flight

    def landed(self, resource: Any) -> None:
        """Wait until no build of `resource` is under way."""
        entry: Entry = resource.info._entry
        self.until(lambda: entry._flight is None)

    def threads_ended(self) -> None:
        """Wait until no thread of the kit is running."""
        self.until(lambda: not any(thread.name.startswith("lambda_kit-") for thread in threading.enumerate()))


@pytest.fixture
def steps() -> Steps:
    return Steps()
