"""Times to live by a clock that may jump, and old values where the factory fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ResourceBuildError
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache
    from lambda_kit.testing import FakeClock


class Source:
    """A factory that counts its calls, takes its time, and fails while it is down."""

    def __init__(self, clock: FakeClock, takes: float = 0.0) -> None:
        self.clock = clock
        self.takes = takes
        self.down = False
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        call = self.calls
        self.clock.advance(self.takes)
        if self.down:
            raise OSError(f"down at call {call}")
        return call


def test_a_value_is_used_for_less_than_its_time_to_live(declare: Any, clock: FakeClock) -> None:
    resource = declare(Source(clock), ttl=10)
    assert resource() == 1
    clock.advance(9.999)
    assert resource() == 1
    clock.advance(0.001)
    assert resource() == 2


def test_hits_do_not_prolong_a_life(declare: Any, clock: FakeClock) -> None:
    resource = declare(Source(clock), ttl=10)
    values: list[int] = []
    for _ in range(25):
        values.append(resource())
        clock.advance(1)
    assert values == [1] * 10 + [2] * 10 + [3] * 5


def test_age_counts_from_the_beginning_of_the_build(declare: Any, clock: FakeClock) -> None:
    resource = declare(Source(clock, takes=4), ttl=10)
    resource()
    assert resource.info.age == 4
    clock.advance(5.9)
    assert resource() == 1
    clock.advance(0.1)
    assert resource() == 2


def test_a_value_whose_build_took_longer_than_its_life_is_for_its_caller_alone(declare: Any, clock: FakeClock) -> None:
    resource = declare(Source(clock, takes=11), ttl=10)
    assert [resource(), resource(), resource()] == [1, 2, 3]


@pytest.mark.parametrize("back", [0.5, 8.0, 100.0, 1e9])
def test_a_clock_that_is_set_back_between_two_hits_prolongs_nothing(
    declare: Any, clock: FakeClock, back: float
) -> None:
    """Eight of ten seconds have been seen to pass; two are left, whatever the clock says then."""
    resource = declare(Source(clock), ttl=10)
    resource()
    clock.advance(8)
    assert resource() == 1
    clock.advance(-back)
    assert resource() == 1
    clock.advance(1.9)
    assert resource() == 1
    clock.advance(0.2)
    assert resource() == 2


def test_many_small_steps_back_prolong_nothing(declare: Any, clock: FakeClock) -> None:
    """The clock hovers around one time while time goes on: every second that a call saw is counted."""
    resource = declare(Source(clock), ttl=10)
    resource()
    lived = 0
    while resource() == 1:
        clock.advance(1)
        resource()
        clock.advance(-1)
        lived += 1
        assert lived <= 11
    assert lived == 10


def test_a_clock_that_is_set_back_during_the_build_prolongs_nothing(declare: Any, clock: FakeClock) -> None:
    resource = declare(Source(clock, takes=-1000), ttl=10)
    resource()
    assert resource.info.age < 1
    clock.advance(9.5)
    assert resource() == 1
    clock.advance(0.5)
    assert resource() == 2


def test_a_step_back_right_after_the_build_is_seen(declare: Any, clock: FakeClock) -> None:
    """The end of the build read the clock too: what the first hit sees is earlier than that."""
    resource = declare(Source(clock, takes=5), ttl=10)
    resource()
    clock.advance(-3)
    assert resource() == 1
    assert resource.info.age == 5
    clock.advance(4.9)
    assert resource() == 1
    clock.advance(0.2)
    assert resource() == 2


def test_a_refresh_after_a_step_back_is_as_young_as_it_is(declare: Any, clock: FakeClock) -> None:
    """What was seen before the refresh says nothing about the age of the new value."""
    resource = declare(Source(clock), ttl=10)
    resource()
    clock.advance(-1000)
    assert resource.refresh() == 2
    clock.advance(9)
    assert resource() == 2
    assert resource.info.age == 9


def test_a_step_back_during_somebody_elses_build_revives_nothing(
    cache: InitCache, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any
) -> None:
    """A value that has run out stays so for every thread, although the clock is back at a time of its life."""
    go_on = threading.Event()
    values = [1, 2]

    def build() -> int:
        value = values.pop(0)
        if value == 2:
            assert go_on.wait(PATIENCE)
        return value

    resource: Any = cache.resource(ttl=10)(build)
    resource()
    clock.advance(11)
    builder = pool.submit(resource)
    steps.build(resource)
    clock.advance(-6)
    first = pool.submit(resource)
    steps.waiting(resource, 1)
    second = pool.submit(resource)
    steps.waiting(resource, 2)
    go_on.set()
    assert (builder.result(PATIENCE), first.result(PATIENCE), second.result(PATIENCE)) == (2, 2, 2)


def test_a_step_back_that_a_failed_refresh_sees_first_prolongs_nothing(declare: Any, clock: FakeClock) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10)
    resource()
    clock.advance(8)
    resource()
    clock.advance(-100)
    source.down = True
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    clock.advance(1.9)
    assert resource() == 1
    clock.advance(0.2)
    with pytest.raises(ResourceBuildError):
        resource()


def test_a_step_back_during_a_build_that_fails_prolongs_nothing(declare: Any, clock: FakeClock) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10)
    resource()
    clock.advance(8)
    resource()
    source.takes, source.down = -100, True
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    clock.advance(1.9)
    assert resource() == 1
    clock.advance(0.2)
    with pytest.raises(ResourceBuildError):
        resource()


def test_a_step_back_that_a_late_build_sees_first_prolongs_nothing(
    cache: InitCache, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any
) -> None:
    go_on = threading.Event()
    calls = 0

    @cache.resource(ttl=10)
    def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        if mine == 1:
            assert go_on.wait(PATIENCE)
        return mine

    late = pool.submit(resource)
    steps.build(resource)
    resource.invalidate()
    assert resource() == 2
    clock.advance(8)
    assert resource() == 2
    clock.advance(-100)
    go_on.set()
    assert late.result(PATIENCE) == 1
    clock.advance(1.9)
    assert resource() == 2
    clock.advance(0.2)
    assert resource() == 3


def test_a_clock_that_jumps_ahead_ends_a_life_and_coming_back_ends_none(declare: Any, clock: FakeClock) -> None:
    resource = declare(Source(clock), ttl=10)
    resource()
    clock.advance(1_000_000)
    assert resource() == 2
    clock.advance(-1_000_000)
    assert resource() == 2
    clock.advance(9)
    assert resource() == 2
    clock.advance(1)
    assert resource() == 3


def test_an_error_after_the_time_to_live_is_raised_and_the_old_value_is_not_used(
    declare: Any, clock: FakeClock
) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10)
    resource()
    clock.advance(10)
    source.down = True
    for _ in range(3):
        with pytest.raises(ResourceBuildError):
            resource()
    source.down = False
    assert resource() == 5


def test_the_old_value_stays_in_use_within_the_bound_and_no_longer(declare: Any, clock: FakeClock) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10, stale_if_error=100)
    resource()
    source.down = True
    clock.advance(10)
    for _ in range(99):
        assert resource() == 1
        clock.advance(1)
    assert resource() == 1
    clock.advance(1)
    with pytest.raises(ResourceBuildError):
        resource()


def test_a_failing_factory_is_tried_again_after_1_2_4_and_at_most_30_seconds(declare: Any, clock: FakeClock) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10, stale_if_error=1000)
    resource()
    source.down = True
    clock.advance(10)
    tried: list[float] = []
    for second in range(200):
        before = source.calls
        assert resource() == 1
        if source.calls > before:
            tried.append(second)
        clock.advance(1)
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181]


def test_the_first_success_ends_the_outage_and_the_next_one_begins_at_one_second(
    declare: Any, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10, stale_if_error=1000)
    resource()
    for outage in range(2):
        source.down = True
        clock.advance(10)
        resource()
        clock.advance(1)
        resource()
        clock.advance(2)
        source.down = False
        assert resource() == source.calls
        assert resource.info.last_error is None
        assert len(caplog.records) == outage + 1
    record = caplog.records[0]
    assert (record.name, record.levelno) == ("lambda_kit", logging.WARNING)
    assert "a value 10.0 s old stays in use" in record.getMessage()
    assert record.exc_info is not None


def test_an_outage_that_a_refresh_saw_first_is_still_warned_of(
    declare: Any, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10, stale_if_error=1000)
    resource()
    source.down = True
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    assert caplog.records == []
    clock.advance(10)
    assert resource() == 1
    assert len(caplog.records) == 1


def test_a_refresh_that_fails_raises_and_keeps_the_old_value(declare: Any, clock: FakeClock) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10, stale_if_error=1000)
    resource()
    source.down = True
    with pytest.raises(ResourceBuildError, match="down at call 2"):
        resource.refresh()
    assert resource() == 1
    clock.advance(10)
    with pytest.raises(ResourceBuildError, match="down at call 3"):
        resource.refresh()
    assert resource() == 1


def test_hits_after_a_failed_refresh_are_answered_by_the_closure(declare: Any, clock: FakeClock, steps: Any) -> None:
    """They do not all go the long way until the value has run out."""
    source = Source(clock)
    resource = declare(source, ttl=300)
    resource()
    source.down = True
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    clock.advance(100)
    resource()
    long_way = steps.entry(resource).state.slow_hits
    resource()
    assert steps.entry(resource).state.slow_hits == long_way


def test_who_waits_for_a_refresh_that_fails_gets_the_old_value_where_it_may_be_used(
    cache: InitCache, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any
) -> None:
    go_on = threading.Event()
    calls = 0

    def build() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            return "old"
        assert go_on.wait(PATIENCE)
        raise OSError("down")

    resource: Any = cache.resource(ttl=10, stale_if_error=100)(build)
    resource()
    clock.advance(10)
    refresh = pool.submit(resource.refresh)
    steps.build(resource)
    call = pool.submit(resource)
    steps.waiting(resource, 1)
    go_on.set()
    assert isinstance(refresh.exception(20), ResourceBuildError)
    assert call.result(PATIENCE) == "old"


def test_a_step_back_of_the_clock_prolongs_no_pause_and_no_stale_life(declare: Any, clock: FakeClock) -> None:
    source = Source(clock)
    resource = declare(source, ttl=10, stale_if_error=3)
    resource()
    source.down = True
    clock.advance(10)
    assert resource() == 1
    clock.advance(-1000)
    assert resource() == 1
    calls = source.calls
    clock.advance(1)
    assert resource() == 1
    assert source.calls == calls + 1
    clock.advance(2)
    with pytest.raises(ResourceBuildError):
        resource()


def test_tasks_that_wait_in_an_outage_all_get_the_old_value(cache: InitCache, clock: FakeClock) -> None:
    down = False

    @cache.resource(ttl=10, stale_if_error=10)
    async def resource() -> str:
        await asyncio.sleep(0)
        if down:
            raise OSError("down")
        return "old"

    async def main() -> list[str]:
        nonlocal down
        await resource()
        down = True
        clock.advance(10)
        return await asyncio.gather(*(resource() for _ in range(5)))

    assert asyncio.run(main()) == ["old"] * 5
