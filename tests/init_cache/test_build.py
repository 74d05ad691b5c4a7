"""The parts of one build: its lock, its number, the context in which it runs, the exception that it raises."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import init_cache
from lambda_kit.errors import ResourceBuildError
from lambda_kit.init_cache import _build, _entry, _process
from lambda_kit.init_cache._state import expire_at
from lambda_kit.testing import FakeClock
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache


def test_a_locked_section_holds_the_lock_until_the_outermost_one_ends() -> None:
    lock = _build.shared.lock
    held: list[bool] = []

    @_build.locked
    def inner() -> str:
        held.append(lock._is_owned())
        return "inner"

    @_build.locked
    def outer() -> str:
        value = inner()
        held.append(lock._is_owned())
        return value

    assert outer() == "inner"
    assert held == [True, True]
    assert not lock._is_owned()


@pytest.mark.parametrize("strikes_at", [2, 3])
def test_an_interrupt_of_the_clean_up_leaves_the_lock_free(strikes_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lock:
        """A lock whose release, or the question after it, is interrupted."""

        def __init__(self) -> None:
            self.lock: Any = threading.RLock()
            self.acquire = self.lock.acquire
            self.steps = 0

        def _is_owned(self) -> bool:
            self.step()
            return bool(self.lock._is_owned())

        def release(self) -> None:
            self.step()
            self.lock.release()

        def step(self) -> None:
            self.steps += 1
            if self.steps == strikes_at:
                raise KeyboardInterrupt

    lock = Lock()
    monkeypatch.setattr(_build.shared, "lock", lock)
    section = _build.locked(lambda: "done")
    with pytest.raises(KeyboardInterrupt):
        section()
    assert not lock.lock._is_owned()
    assert section() == "done"


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
def test_the_first_build_of_a_process_is_shared_by_those_who_wait_for_it(
    is_async: bool, cache: InitCache, pool: ThreadPoolExecutor, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_build, "_sequence", itertools.count(1))
    go_on = threading.Event()
    builds: list[int] = []

    def build() -> int:
        builds.append(1)
        assert go_on.wait(PATIENCE)
        return len(builds)

    async def build_async() -> int:
        builds.append(1)
        await steps.until_async(go_on.is_set)
        return len(builds)

    resource: Any = cache.resource(build_async if is_async else build)
    calls = [pool.submit(lambda: asyncio.run(resource()) if is_async else resource()) for _ in range(2)]
    steps.waiting(resource, 1)
    go_on.set()
    assert [call.result(PATIENCE) for call in calls] == [1, 1]
    assert steps.entry(resource).is_ready()


@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "fails"])
def test_the_context_of_the_caller_is_as_it_was_after_a_build(fails: bool, cache: InitCache) -> None:
    def build() -> str:
        if fails:
            raise OSError
        return "value"

    async def build_async() -> str:
        return build()

    async def call_async() -> Any:
        try:
            return await resource_async()
        except ResourceBuildError:
            return None
        finally:
            assert _build.current_builds.get() == ()

    resource, resource_async = cache.resource(build), cache.resource(build_async)
    try:
        assert resource() == "value"
    except ResourceBuildError:
        assert fails
    assert _build.current_builds.get() == ()
    assert asyncio.run(call_async()) == (None if fails else "value")


def test_an_interrupt_as_a_build_enters_its_context_leaves_it_again(
    cache: InitCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = _build.current_builds

    class Struck:
        """The variable, whose first change is interrupted as it returns."""

        def set(self, value: Any) -> Any:
            variable.set(value)
            monkeypatch.setattr(_entry, "current_builds", variable)
            raise KeyboardInterrupt

    monkeypatch.setattr(_entry, "current_builds", Struck())
    resource = cache.resource(object)
    with pytest.raises(KeyboardInterrupt):
        resource()
    assert variable.get() == ()
    assert resource() is resource()


def test_other_rooms_name_the_exception_of_a_factory(clock: FakeClock) -> None:
    class Missing(Exception):
        pass

    def fail() -> None:
        raise LookupError("no such table")

    entry = init_cache.declare(fail, translate=lambda error: Missing(str(error)))
    with pytest.raises(Missing, match="no such table"):
        entry.resource()
    entry = init_cache.declare(fail, translate=lambda _: None)
    with pytest.raises(ResourceBuildError, match="no such table"):
        entry.resource()


def test_a_cache_reads_another_clock_from_then_on(cache: InitCache, clock: FakeClock) -> None:
    built: list[int] = []

    def build() -> int:
        built.append(1)
        return len(built)

    timed, late = cache.resource(ttl=10)(build), cache.resource(ttl=10)(build)
    lasting = cache.resource(build)
    assert (timed(), lasting()) == (1, 2)
    other = FakeClock()
    cache._replace_clock(clock, other)
    other.advance(9.9)
    assert timed() == 1
    other.advance(0.1)
    assert timed() == 3
    assert (timed.info.age, lasting.info.age) == (0.0, 10.0)
    assert late() == 4
    cache._replace_clock(clock, clock)  # no resource reads it any more
    other.advance(10)
    assert late() == 5


def test_a_wait_that_was_interrupted_makes_no_circle(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, asked = threading.Event(), threading.Event()

    @cache.resource
    def slow() -> str:
        entered.set()
        assert asked.wait(PATIENCE)
        return patient() + " slow"

    def interrupt(_gate: object) -> None:
        raise KeyboardInterrupt

    @cache.resource
    def patient() -> str:
        assert entered.wait(PATIENCE)
        with monkeypatch.context() as patch:
            patch.setattr(_build.Gate, "wait", interrupt)
            with pytest.raises(KeyboardInterrupt):
                slow()
        asked.set()
        waiters = steps.build(patient).done._wakers
        steps.until(lambda: waiters or other.done())
        return "patient"

    other = pool.submit(slow)
    assert patient() == "patient"
    assert other.result(PATIENCE) == "patient slow"


def test_a_wait_of_a_task_that_was_cancelled_makes_no_circle(cache: InitCache) -> None:
    @cache.resource
    async def slow() -> str:
        await asyncio.sleep(0)
        entered.set()
        await asked.wait()
        return await patient() + " slow"

    @cache.resource
    async def patient() -> str:
        waiting = asyncio.ensure_future(slow())
        await entered.wait()
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        asked.set()
        await asyncio.sleep(0)
        return "patient"

    entered, asked = asyncio.Event(), asyncio.Event()

    async def main() -> list[str]:
        return list(await asyncio.gather(slow(), patient()))

    assert asyncio.run(main()) == ["patient slow", "patient"]


@pytest.mark.parametrize("ttl", [None, 10.0])
def test_hits_are_counted_from_the_first_value_to_the_reset(ttl: float | None, declare: Any, cache: InitCache) -> None:
    resource = declare(object, ttl=ttl, eager=True)
    for _ in range(2):
        counts = [resource.info.hits]
        for call in (resource, resource, resource, resource.refresh, resource):
            call()
            counts.append(resource.info.hits)
        cache.warm()  # it is ready, and not asked
        assert counts == [0, 0, 1, 2, 2, 3]
        assert resource.info.hits == 3
        cache.reset()


def test_a_value_without_a_time_to_live_ages_with_the_clock_alone(declare: Any, clock: FakeClock) -> None:
    down: list[bool] = []

    def build() -> str:
        if down:
            raise OSError
        return "value"

    resource = declare(build)
    resource()
    down.append(True)
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    assert resource.info.age == 0.0
    clock.advance(5)
    assert resource.info.age == 5.0


def test_a_value_that_expires_early_is_refreshed_in_the_last_fifth_of_its_own_life(
    cache: InitCache, clock: FakeClock, steps: Any
) -> None:
    built: list[int] = []

    @cache.resource(ttl=10, refresh="background")
    def resource() -> int:
        expire_at(clock.now + 4)
        built.append(1)
        return len(built)

    assert resource() == 1
    clock.advance(3.1)
    assert resource() == 1
    steps.ended(resource)
    assert (built, resource.info.hits) == ([1], 1)
    clock.advance(0.2)
    assert resource() == 1
    steps.ended(resource)
    assert resource() == 2
    assert resource.info.hits == 3


def test_a_restored_environment_keeps_the_values_that_it_is_told_to_and_builds_the_others_anew(
    cache: InitCache,
) -> None:
    closed: list[object] = []
    kept = cache.resource(on_restore="keep", close=closed.append)(object)
    anew = cache.resource(close=closed.append)(object)
    eager = cache.resource(eager=True)(object)
    before = kept(), anew()
    _process.after_restore([cache])
    assert kept() is before[0]
    assert anew() is not before[1]
    assert (eager.info.builds, eager.info.hits) == (1, 0)
    cache.reset()
    assert len(closed) == 1, "what was built before the restore is closed by nobody"
    assert closed != [before[1]]
