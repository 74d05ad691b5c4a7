"""How values end: closed once, in reverse order, when they are no longer needed; and what tests put in their place."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import ResourceBuildError
from lambda_kit.init_cache import InitCache
from lambda_kit.invocation import at_end
from lambda_kit.testing import FakeClock, make_context, reset
from tests.effort import scaled
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


class Value:
    """Something to be closed, which says so."""

    def __init__(self) -> None:
        self.times_closed = 0

    def close(self) -> None:
        self.times_closed += 1

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.times_closed += 1


CLOSES = [Value.close, Value.aclose]


@handler
def nothing(event: object, context: object) -> None:
    pass


def test_reset_closes_in_the_reverse_order_of_building(cache: InitCache) -> None:
    closed: list[str] = []

    @cache.resource(close=closed.append)
    def outer() -> str:
        return f"{inner()} outer"

    @cache.resource(close=closed.append)
    def unused() -> str:
        return "unused"

    @cache.resource(close=closed.append)
    def inner() -> str:
        return "inner"

    @cache.resource(close=closed.append)
    def first() -> str:
        return "first"

    first()
    outer()
    cache.reset()
    assert closed == ["inner outer", "inner", "first"]
    cache.reset()
    assert len(closed) == 3


@pytest.mark.parametrize("close", CLOSES)
def test_a_close_that_fails_is_logged_and_the_others_run(
    cache: InitCache, close: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_value: object) -> None:
        raise OSError("cannot close")

    async def fail_later(_value: object) -> None:
        raise OSError("cannot close")

    values = [
        cache.resource(close=close)(Value)(),
        cache.resource(close=fail)(Value)(),
        cache.resource(close=fail_later)(Value)(),
        cache.resource(close=close)(Value)(),
    ]
    cache.reset()
    assert [value.times_closed for value in values] == [1, 0, 0, 1]
    assert ["closing the resource" in record.getMessage() for record in caplog.records] == [True, True]
    assert all(record.exc_info for record in caplog.records)


@pytest.mark.parametrize("close", CLOSES)
@pytest.mark.parametrize("replace", ["refresh", "invalidate", "expire"])
def test_a_value_that_was_replaced_is_closed_when_the_invocation_ends(
    declare: Any, clock: FakeClock, close: Any, replace: str
) -> None:
    resource = declare(Value, ttl=10, close=close)
    seen: list[int] = []

    @handler
    def place(event: object, context: object) -> None:
        if replace == "refresh":
            resource.refresh()
        elif replace == "invalidate":
            resource.invalidate()
            resource()
        else:
            clock.advance(10)
            resource()
        seen.append(old.times_closed)

    old = resource()
    place({}, None)
    assert seen == [0]
    assert old.times_closed == 1
    assert not at_end
    nothing({}, None)
    new = resource()
    assert (old.times_closed, new.times_closed) == (1, 0)
    reset()
    nothing({}, None)
    assert (old.times_closed, new.times_closed) == (1, 1)


def test_values_of_several_resources_are_closed_in_reverse_order_at_the_end_too(cache: InitCache) -> None:
    closed: list[str] = []
    names = iter("abcdef")
    one, two = (cache.resource(close=closed.append)(lambda: next(names)) for _ in range(2))
    one()
    two()
    one.refresh()  # c
    two.refresh()  # d
    one.refresh()  # e
    nothing({}, None)
    assert closed == ["c", "b", "a"]


def test_a_value_that_the_factory_returns_again_is_not_closed(cache: InitCache) -> None:
    shared = Value()
    resource = cache.resource(close=Value.close)(lambda: shared)
    resource()
    resource.refresh()
    resource.invalidate()
    resource()
    nothing({}, None)
    assert shared.times_closed == 0
    resource.invalidate()
    resource()
    resource.invalidate()
    nothing({}, None)
    assert shared.times_closed == 1
    cache.reset()
    assert shared.times_closed == 1


def test_reset_inside_a_running_loop_schedules_an_async_close_and_logs_its_failure(
    cache: InitCache, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_value: object) -> None:
        await asyncio.sleep(0)
        raise OSError("cannot close")

    good = cache.resource(close=Value.aclose)(Value)()
    cache.resource(close=fail)(Value)()

    async def main() -> None:
        cache.reset()
        await steps.until_async(lambda: good.times_closed and caplog.records)

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert "closing the resource" in caplog.text


def test_the_loop_is_closed_after_the_values_that_were_built_on_it() -> None:
    """In this order, although the loop is made long after the resource was declared."""
    program = """
import asyncio
from lambda_kit import init
from lambda_kit._kernel import event_loop
from lambda_kit.testing import reset

loops = []

async def close(built_on):
    loops.append(built_on is asyncio.get_running_loop())

@init.resource(close=close)
async def session():
    return asyncio.get_running_loop()

loop = event_loop.run(session())
reset()
print(loops, loop.is_closed(), event_loop._state.kept)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[True] True None\n"


def test_without_close_nothing_is_kept_for_the_end(declare: Any) -> None:
    resource = declare(Value)
    old = weakref.ref(resource())
    resource.refresh()
    assert old() is None
    assert not at_end


def test_reset_forgets_values_and_counters(declare: Any, clock: FakeClock) -> None:
    def build() -> object:
        if fail:
            raise OSError("down")
        return object()

    fail = False
    resource = declare(build, ttl=10)
    first = resource()
    resource()
    fail = True
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    fail = False
    resource.cache.reset()
    info = resource.info
    assert (info.builds, info.hits, info.build_time, info.age, info.last_error) == (0, 0, None, None, None)
    assert resource() is not first
    assert resource.info.builds == 1


def test_a_build_that_was_under_way_at_the_reset_lands_nowhere(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    go_on = threading.Event()
    values = iter(["before", "after"])

    @cache.resource
    def resource() -> str:
        value = next(values)
        if value == "before":
            assert go_on.wait(PATIENCE)
        return value

    builder, waiter = pool.submit(resource), None
    steps.build(resource)
    waiter = pool.submit(resource)
    steps.waiting(resource, 1)
    cache.reset()
    assert resource() == "after"
    go_on.set()
    assert builder.result(PATIENCE) == waiter.result(PATIENCE) == "before"
    assert resource() == "after"
    assert resource.info.builds == 1


def test_a_refresh_that_was_under_way_at_the_reset_is_not_waited_for(
    cache: InitCache, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()
    first = True

    @cache.resource(ttl=10, refresh="background")
    def resource() -> None:
        nonlocal first
        if not first:
            go_on.wait(PATIENCE)
        first = False

    again = cache.resource(close=Value.close)(Value)
    resource()
    clock.advance(8)
    resource()
    cache.reset()
    assert not at_end
    again()
    again.refresh()
    nothing({}, make_context(timeout=0))
    go_on.set()
    steps.ended(resource)
    assert resource.info.builds == 0
    assert caplog.records == []


def test_a_task_that_was_under_way_at_the_reset_is_not_waited_for(
    cache: InitCache, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            await asyncio.get_running_loop().create_future()
        return calls

    async def main() -> None:
        await resource()
        clock.advance(8)
        await resource()
        await asyncio.sleep(0)
        cache.reset()
        nothing({}, None)

    asyncio.run(main())
    assert caplog.records == []


def test_an_override_is_what_every_thread_gets_until_its_end(declare: Any, pool: ThreadPoolExecutor) -> None:
    resource = declare(object)
    real = resource()
    with resource.override("fake"):
        assert resource() == resource.refresh() == "fake"
        assert pool.submit(resource).result(PATIENCE) == "fake"
    assert resource() is real
    assert resource.info.builds == 1


def test_an_override_needs_no_build(declare: Any) -> None:
    built: list[int] = []
    resource = declare(lambda: built.append(1))
    with resource.override(None):
        assert resource() is None
    assert built == []


def test_overrides_nest_and_may_end_in_any_order(declare: Any) -> None:
    resource = declare(lambda: "real")
    outer, inner = resource.override("outer"), resource.override("inner")
    outer.__enter__()
    inner.__enter__()
    assert resource() == "inner"
    outer.__exit__(None, None, None)
    assert resource() == "inner"
    inner.__exit__(None, None, None)
    assert resource() == "real"
    with inner, inner:
        assert resource() == "inner"
    assert resource() == "real"


def test_an_override_knows_no_time_to_live_and_the_value_under_it_does(declare: Any, clock: FakeClock) -> None:
    resource = declare(object, ttl=10)
    real = resource()
    with resource.override("fake"):
        clock.advance(9)
        assert resource() == "fake"
        clock.advance(-5)
        assert resource() == "fake"
        clock.advance(0.5)
    assert resource() is real
    clock.advance(0.6)
    assert resource() is not real


def test_an_override_ends_with_the_exception_that_ends_its_block(declare: Any) -> None:
    resource = declare(lambda: "real")
    with pytest.raises(KeyError), resource.override("fake"):
        raise KeyError
    assert resource() == "real"


def test_an_override_survives_a_reset_and_a_build_that_ends_meanwhile(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    go_on = threading.Event()

    @cache.resource
    def resource() -> str:
        assert go_on.wait(PATIENCE)
        return "real"

    builder = pool.submit(resource)
    steps.build(resource)
    with resource.override("fake"):
        assert resource() == "fake"
        go_on.set()
        assert builder.result(PATIENCE) == "real"
        assert resource() == "fake"
        cache.reset()
        assert resource() == "fake"
    assert resource() == "real"
    assert resource.info.builds == 1


def test_the_value_of_an_override_is_never_closed(cache: InitCache) -> None:
    resource = cache.resource(close=Value.close)(Value)
    fake = Value()
    with resource.override(fake):
        resource()
        cache.reset()
    nothing({}, None)
    assert fake.times_closed == 0


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def test_hits_and_invocations_leave_nothing_behind(clock: FakeClock) -> None:
    cache = InitCache(clock=clock)
    plain = cache.resource(object)
    timed = cache.resource(ttl=1e9)(object)

    @handler
    def place(event: object, context: object) -> None:
        plain()
        timed()

    place({}, None)
    before = objects()
    for _ in range(scaled(100_000)):
        place({}, None)
    assert objects() - before < 20


def test_builds_failures_and_refreshes_leave_nothing_behind(cache: InitCache, clock: FakeClock) -> None:
    down = False

    def build() -> Value:
        if down:
            raise OSError("down")
        return Value()

    resource = cache.resource(ttl=10, stale_if_error=5, close=Value.close)(build)

    @handler
    def place(event: object, context: object) -> None:
        nonlocal down
        down = False
        clock.advance(20)
        resource()
        resource.refresh()
        down = True
        with pytest.raises(ResourceBuildError):
            resource.refresh()
        resource.invalidate()

    place({}, None)
    before = objects()
    for _ in range(200):
        place({}, None)
    assert objects() - before < 20


def test_a_cache_that_is_dropped_goes_with_its_resources_and_values(clock: FakeClock) -> None:
    def make() -> list[weakref.ref[Any]]:
        cache = InitCache(clock=clock)
        resource = cache.resource(ttl=10)(Value)
        return [weakref.ref(cache), weakref.ref(resource), weakref.ref(resource())]

    references = make()
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


def test_a_resource_outlives_the_name_of_its_cache(clock: FakeClock) -> None:
    """Who keeps the resource alone still has it reset, forked and restored with the others."""
    resource = InitCache(clock=clock).resource(close=Value.close)(Value)
    value = resource()
    gc.collect()
    reset()
    assert value.times_closed == 1
    assert resource() is not value
