"""Resources whose values are made of one call: by whom it is made, who waits for it, and what becomes of failures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ResourceBuildError
from lambda_kit.init_cache._build import next_sequence
from lambda_kit.init_cache._joint import build_together
from lambda_kit.init_cache._state import expire_at
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache
    from lambda_kit.init_cache._entry import Entry
    from lambda_kit.testing import FakeClock


class Together:
    """Resources by name, whose own factories count their calls, and one call that makes several of them."""

    def __init__(self, cache: InitCache) -> None:
        self._cache = cache
        self.resources: dict[str, Any] = {}
        self.alone: list[str] = []
        self.asked: list[list[str]] = []
        self.makers: dict[str, Callable[[], Any]] = {}
        self.fetching: Callable[[], object] = lambda: None

    def declare(self, *names: str, **options: Any) -> list[Any]:
        for name in names:
            self._declare(name, options)
        return [self.resources[name] for name in names]

    def _declare(self, name: str, options: dict[str, Any]) -> None:
        def factory() -> str:
            self.alone.append(name)
            return f"{name} alone"

        factory.__qualname__ = name
        self.resources[name] = self._cache.resource(**options)(factory)
        self.makers[name] = lambda: f"{name} together"

    def entry(self, name: str) -> Entry:
        entry: Entry = self.resources[name].info._entry
        return entry

    def build(self, *names: str, after: int = 0) -> dict[str, Exception]:
        by_entry = {self.entry(name): name for name in names}

        def fetch(entries: list[Entry]) -> dict[Entry, Callable[[], Any]]:
            wanted = [by_entry[entry] for entry in entries]
            self.asked.append(wanted)
            self.fetching()
            return {self.entry(name): self.makers[name] for name in wanted if name in self.makers}

        return {by_entry[entry]: error for entry, error in build_together(by_entry, fetch, after).items()}


@pytest.fixture
def together(cache: InitCache) -> Together:
    return Together(cache)


def test_all_that_need_a_value_are_built_with_one_call(together: Together, clock: FakeClock) -> None:
    a, b, c = together.declare("a", "b", "c", ttl=10)
    b()
    assert together.build("a", "b", "c") == {}
    assert [a(), b(), c()] == ["a together", "b alone", "c together"]
    assert (together.asked, a.info.builds) == ([["a", "c"]], 1)
    clock.advance(9)
    b.refresh()
    clock.advance(1)
    together.build("a", "b", "c")
    assert together.asked[1:] == [["a", "c"]]


def test_nothing_is_asked_for_if_all_have_values(together: Together) -> None:
    (a,) = together.declare("a")
    with a.override("x"):
        assert together.build("a") == {}
    assert together.asked == []


def test_a_sequence_number_asks_for_values_whose_build_started_after_it(together: Together) -> None:
    a, b = together.declare("a", "b", ttl=10)
    a()
    sequence = next_sequence()
    b()
    together.build("a", "b", after=sequence)
    assert together.asked == [["a"]]
    assert together.entry("a").built_after(sequence) == "a together"
    assert together.entry("a").built_after(next_sequence()) == "a alone"


def test_one_that_is_left_out_is_built_by_its_factory(together: Together) -> None:
    a, b = together.declare("a", "b")
    del together.makers["b"]
    assert together.build("a", "b") == {}
    assert [a(), b()] == ["a together", "b alone"]


def test_a_failure_is_that_of_the_factory_and_spoils_no_other(together: Together) -> None:
    a, b = together.declare("a", "b")
    together.makers["a"] = lambda: 1 // 0
    failed = together.build("a", "b")
    assert isinstance(failed["a"], ZeroDivisionError)
    assert a.info.last_error is failed["a"]
    assert [a(), b()] == ["a alone", "b together"]


def test_a_call_that_fails_fails_all_and_caches_nothing(together: Together) -> None:
    a, _ = together.declare("a", "b")
    together.fetching = lambda: 1 // 0
    assert set(together.build("a", "b")) == {"a", "b"}
    assert a() == "a alone"


def test_an_interrupt_leaves_no_build_behind(together: Together) -> None:
    class Interrupt(BaseException):
        pass

    def interrupt() -> None:
        raise Interrupt

    a, b = together.declare("a", "b")
    together.fetching = interrupt
    with pytest.raises(Interrupt):
        together.build("a", "b")
    together.fetching = lambda: None
    together.makers["a"] = interrupt
    with pytest.raises(Interrupt):
        together.build("a", "b")
    assert [a(), b()] == ["a alone", "b alone"]


def test_who_calls_one_meanwhile_waits_for_the_joint_build(
    together: Together, pool: ThreadPoolExecutor, steps: Any
) -> None:
    a, _ = together.declare("a", "b")
    go = threading.Event()
    together.fetching = lambda: go.wait(PATIENCE)
    building = pool.submit(together.build, "a", "b")
    steps.build(a)
    waiting = [pool.submit(a) for _ in range(4)]
    steps.waiting(a, 4)
    go.set()
    assert [one.result() for one in waiting] == ["a together"] * 4
    assert building.result() == {}
    assert together.alone == []


def test_waiters_of_a_joint_build_that_failed_get_the_error(
    together: Together, pool: ThreadPoolExecutor, steps: Any
) -> None:
    (a,) = together.declare("a")
    go = threading.Event()

    def fail() -> None:
        go.wait(PATIENCE)
        raise OSError("down")

    together.fetching = fail
    building = pool.submit(together.build, "a")
    steps.build(a)
    waiting = pool.submit(a)
    steps.waiting(a, 1)
    go.set()
    with pytest.raises(ResourceBuildError, match="OSError: down"):
        waiting.result()
    assert set(building.result()) == {"a"}


def test_one_that_is_being_built_elsewhere_is_left_to_that_build(
    together: Together, pool: ThreadPoolExecutor, steps: Any, cache: InitCache
) -> None:
    go = threading.Event()

    @cache.resource
    def slow() -> str:
        go.wait(PATIENCE)
        return "slow"

    together.resources["slow"] = slow
    together.declare("a")
    building = pool.submit(slow)
    steps.build(slow)
    together.build("slow", "a")
    assert together.asked == [["a"]]
    go.set()
    assert building.result() == "slow"


def test_a_value_may_expire_before_its_time_to_live(cache: InitCache, clock: FakeClock) -> None:
    ends = [clock.now + 4, clock.now + 100]
    built: list[int] = []

    @cache.resource(ttl=10)
    def resource() -> int:
        expire_at(ends[len(built)])
        built.append(1)
        return len(built)

    assert resource() == 1
    clock.advance(3.9)
    assert resource() == 1
    clock.advance(0.1)
    assert resource() == 2
    clock.advance(9.9)
    assert resource() == 2


def test_the_earliest_end_counts_and_one_in_the_past_leaves_the_value_to_its_caller(
    cache: InitCache, clock: FakeClock
) -> None:
    builds: list[int] = []

    @cache.resource(ttl=10)
    def resource() -> int:
        expire_at(clock.now - 50)
        expire_at(clock.now + 5)
        builds.append(1)
        return len(builds)

    assert [resource(), resource()] == [1, 2]


def test_an_early_end_has_the_grace_of_an_outage_and_the_refresh_ahead(cache: InitCache, clock: FakeClock) -> None:
    down: list[bool] = []

    @cache.resource(ttl=10, stale_if_error=5)
    def resource() -> str:
        if down:
            raise OSError
        expire_at(clock.now + 4)
        return "value"

    resource()
    down.append(True)
    clock.advance(8.9)
    assert resource() == "value"
    clock.advance(1)
    with pytest.raises(ResourceBuildError):
        resource()


def test_without_a_time_to_live_or_a_build_an_early_end_means_nothing(cache: InitCache, clock: FakeClock) -> None:
    builds: list[int] = []

    @cache.resource
    def resource() -> int:
        expire_at(clock.now + 2)
        builds.append(1)
        return len(builds)

    expire_at(clock.now)
    resource()
    clock.advance(5)
    assert resource() == 1
    assert resource.info.age == 5
