"""`refresh="background"`: the value is renewed beside the invocation, and never past its end unnoticed."""

from __future__ import annotations

import _thread
import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit._kernel import event_loop
from lambda_kit.errors import ResourceBuildError
from lambda_kit.init_cache._build import Gate
from lambda_kit.invocation import at_end
from lambda_kit.testing import make_context
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache
    from lambda_kit.testing import FakeClock


class Slow:
    """A factory whose calls after the first wait until they may go on; then they return or raise."""

    def __init__(self) -> None:
        self.calls = 0
        self.go_on = threading.Semaphore(0)
        self.down = False

    def __call__(self) -> int:
        self.calls += 1
        call = self.calls
        if call > 1:
            assert self.go_on.acquire(timeout=PATIENCE)
        if self.down:
            raise OSError(f"down at call {call}")
        return call


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def resource(cache: InitCache, slow: Slow) -> Any:
    return cache.resource(ttl=10, refresh="background")(slow)


def end_invocation(remaining: float = 30.0) -> None:
    """Run an invocation that does nothing, so that what ends with an invocation ends."""

    @handler
    def nothing(event: object, context: object) -> None:
        pass

    nothing({}, make_context(timeout=remaining))


def test_the_last_fifth_of_the_life_starts_one_build_and_everyone_gets_the_old_value(
    resource: Any, slow: Slow, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any
) -> None:
    assert resource() == 1
    clock.advance(7.9)
    assert resource() == 1
    assert not steps.is_building(resource)
    clock.advance(0.1)
    assert [call.result(PATIENCE) for call in [pool.submit(resource) for _ in range(8)]] == [1] * 8
    steps.until(lambda: slow.calls == 2)
    slow.go_on.release()
    steps.ended(resource)
    assert resource() == 2
    assert slow.calls == 2
    end_invocation()
    assert not at_end


def test_a_call_after_the_life_waits_for_the_build_that_is_under_way(
    resource: Any, slow: Slow, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any
) -> None:
    resource()
    clock.advance(8)
    resource()
    clock.advance(2)
    late = pool.submit(resource)
    steps.waiting(resource, 1)
    slow.go_on.release()
    assert late.result(PATIENCE) == 2


def test_a_call_after_the_life_builds_if_nobody_called_in_its_last_fifth(
    resource: Any, slow: Slow, clock: FakeClock
) -> None:
    resource()
    clock.advance(10)
    slow.go_on.release()
    assert resource() == 2


def test_hits_beside_a_refresh_are_answered_by_the_closure(
    resource: Any, slow: Slow, clock: FakeClock, steps: Any
) -> None:
    resource()
    clock.advance(8)
    resource()
    long_way = steps.entry(resource).state.slow_hits
    assert [resource() for _ in range(3)] == [1, 1, 1]
    assert steps.entry(resource).state.slow_hits == long_way
    slow.go_on.release()
    steps.ended(resource)


def test_a_refresh_that_fails_keeps_the_value_waits_and_warns_once(
    resource: Any, slow: Slow, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    slow_calls: list[int] = []
    resource()
    slow.down = True
    clock.advance(8)
    for _ in range(4):  # at 8.0, 8.4, 8.8 and 9.2 s: tried at once, and a second later
        assert resource() == 1
        slow.go_on.release()
        steps.ended(resource)
        while slow.go_on.acquire(blocking=False):
            pass
        slow_calls.append(slow.calls)
        clock.advance(0.4)
    assert slow_calls == [2, 2, 2, 3]
    steps.until(lambda: caplog.records)
    assert ["stays in use" in record.getMessage() for record in caplog.records] == [True]
    clock.advance(0.4)
    slow.go_on.release()
    with pytest.raises(ResourceBuildError):
        resource()
    slow.down = False
    slow.go_on.release()
    assert resource() == 5


def test_a_refresh_whose_value_runs_out_before_it_fails_warns(
    resource: Any, slow: Slow, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    resource()
    slow.down = True
    clock.advance(8)
    resource()
    clock.advance(5)
    slow.go_on.release()
    steps.until(lambda: caplog.records)
    assert "expired" in caplog.records[0].getMessage()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_refresh_that_is_interrupted_is_tried_again(cache: InitCache, clock: FakeClock, steps: Any) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    def resource() -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise SystemExit
        return calls

    resource()
    clock.advance(8)
    assert resource() == 1
    steps.ended(resource)
    assert resource() == 1
    steps.ended(resource)
    assert resource() == 3


def test_a_thread_that_cannot_be_started_counts_as_a_failure(
    resource: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, steps: Any
) -> None:
    resource()
    clock.advance(8)

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(_thread, "start_new_thread", refuse)
        assert resource() == 1
    assert len(caplog.records) == 1
    assert not steps.is_building(resource)


def test_the_end_of_the_invocation_waits_for_a_refresh(
    resource: Any, slow: Slow, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    @handler
    def place(event: object, context: object) -> int:
        value: int = resource()
        threading.Timer(0.05, slow.go_on.release).start()
        return value

    resource()
    clock.advance(8)
    assert place({}, make_context()) == 1
    assert resource.info.builds == 2
    assert not at_end
    assert caplog.records == []


def test_a_refresh_that_takes_too_long_is_discarded_with_a_warning_and_lands_nowhere(
    cache: InitCache, slow: Slow, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[int] = []
    resource: Any = cache.resource(ttl=10, refresh="background", close=closed.append)(slow)

    @handler
    def place(event: object, context: object) -> Any:
        return resource()

    resource()
    clock.advance(8)
    build = None

    @handler
    def place_and_look(event: object, context: object) -> Any:
        nonlocal build
        value = resource()
        build = steps.entry(resource).state.pending
        return value

    assert place_and_look({}, make_context(timeout=0.15)) == 1
    assert not at_end
    assert "still running" in caplog.text
    assert build is not None
    slow.go_on.release()
    assert build.done.wait(PATIENCE)
    assert resource.info.builds == 1
    assert steps.entry(resource).state.holds(1)
    slow.go_on.release()
    place({}, make_context())
    assert 2 in closed  # what came too late is closed with the next invocation
    assert not at_end


def test_several_refreshes_share_one_patience(
    cache: InitCache, clock: FakeClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []
    original = Gate.wait
    sources = [Slow() for _ in range(5)]
    resources: list[Any] = [cache.resource(ttl=10, refresh="background")(source) for source in sources]

    def wait(gate: Gate, timeout: float = -1.0) -> bool:
        patience.append(timeout)
        return original(gate, timeout)

    for resource in resources:
        resource()
    clock.advance(8)

    @handler
    def place(event: object, context: object) -> None:
        for resource in resources:
            resource()
        monkeypatch.setattr(Gate, "wait", wait)

    place({}, make_context(timeout=0.3))
    monkeypatch.undo()
    assert len(caplog.records) == 5
    assert 0 < max(patience) <= 0.2
    assert sum(patience) <= 0.2
    for source in sources:
        source.go_on.release()


def test_no_time_is_left_to_wait_in_at_the_deadline(
    resource: Any, slow: Slow, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    resource()
    clock.advance(8)

    @handler
    def place(event: object, context: object) -> int:
        return int(resource())

    place({}, make_context(timeout=0))
    assert "0.0 s after" in caplog.text
    slow.go_on.release()


def test_a_build_that_began_after_an_invalidation_is_not_given_up_in_place_of_the_refresh(
    cache: InitCache, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What ends with the invocation is the refresh that was started, not whatever build is under way then."""
    slow = Slow()
    resource: Any = cache.resource(ttl=10, refresh="background")(slow)
    resource()
    clock.advance(8)
    resource()
    steps.until(lambda: slow.calls == 2)
    resource.invalidate()
    builder = pool.submit(resource)
    steps.until(lambda: slow.calls == 3)
    end_invocation(remaining=0)
    slow.go_on.release(2)
    builder.result(PATIENCE)
    assert resource.info.builds == 1 + 1
    assert not at_end


def test_an_async_resource_is_renewed_by_a_task(cache: InitCache, clock: FakeClock, steps: Any) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        await asyncio.sleep(0)
        return mine

    async def main() -> list[int]:
        values = [await resource()]
        clock.advance(8)
        values += await asyncio.gather(*(resource() for _ in range(5)))
        await steps.ended_async(resource)
        return [*values, await resource()]

    assert asyncio.run(main()) == [1, 1, 1, 1, 1, 1, 2]
    assert calls == 2


def test_the_end_of_an_async_invocation_lets_the_task_finish(cache: InitCache, clock: FakeClock) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        await asyncio.sleep(0.02 if mine > 1 else 0)
        return mine

    @handler
    async def place(event: object, context: object) -> int:
        return await resource()

    assert place({}, make_context()) == 1
    clock.advance(8)
    assert place({}, make_context()) == 1
    assert resource.info.builds == 2
    assert not at_end
    assert place({}, make_context()) == 2


def test_a_task_that_takes_too_long_is_cancelled_with_a_warning(
    cache: InitCache, clock: FakeClock, caplog: pytest.LogCaptureFixture, steps: Any
) -> None:
    calls = 0
    cancelled: list[int] = []

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        if mine == 2:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                cancelled.append(mine)
                raise
        return mine

    @handler
    async def place(event: object, context: object) -> int:
        return await resource()

    place({}, make_context())
    clock.advance(8)
    assert place({}, make_context(timeout=0.15)) == 1
    assert cancelled == [2]
    assert "still running" in caplog.text
    assert not at_end
    assert not steps.is_building(resource)
    clock.advance(2)
    assert place({}, make_context()) == 3


def test_a_task_that_was_cancelled_before_its_first_step_blocks_nobody(
    cache: InitCache, clock: FakeClock, steps: Any
) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        return calls

    async def call() -> int:
        return await resource()

    asyncio.run(call())
    clock.advance(8)
    assert asyncio.run(call()) == 1  # the loop ends, and cancels the task before it begins
    assert not steps.is_building(resource)
    clock.advance(2)
    assert asyncio.run(asyncio.wait_for(call(), PATIENCE)) == 2


def test_a_handler_called_inside_a_running_loop_leaves_the_task_to_that_loop(
    cache: InitCache, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        return calls

    async def main() -> int:
        await resource()
        clock.advance(8)
        await resource()
        end_invocation()
        await steps.ended_async(resource)
        return await resource()

    assert asyncio.run(main()) == 2
    assert caplog.records == []


def test_the_task_of_another_threads_loop_is_waited_for(
    cache: InitCache, clock: FakeClock, pool: ThreadPoolExecutor, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0
    stop = threading.Event()

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        if mine > 1:
            await steps.until_async(stop.is_set)
        return mine

    async def elsewhere() -> None:
        await resource()
        clock.advance(8)
        await resource()
        await steps.ended_async(resource)

    running = pool.submit(lambda: asyncio.run(elsewhere()))
    steps.until(lambda: calls == 2)
    threading.Timer(0.03, stop.set).start()
    end_invocation()
    running.result(PATIENCE)
    assert resource.info.builds == 2
    assert caplog.records == []


def test_a_refresh_sees_the_invocation_and_is_part_of_no_build(cache: InitCache, clock: FakeClock, steps: Any) -> None:
    """A resource in its last fifth that another one needs while it is built may need that other one in turn."""
    from lambda_kit import current_invocation

    seen: list[str] = []
    first = True

    @cache.resource(ttl=10, refresh="background")
    def inner() -> str:
        nonlocal first
        if first:
            first = False
            return "inner"
        seen.append(current_invocation().request_id)
        return outer()

    @cache.resource
    def outer() -> str:
        return inner() + " outer"

    @handler
    def place(event: object, context: object) -> str:
        return outer()

    inner()
    clock.advance(8)
    assert place({}, make_context(request_id="42")) == "inner outer"
    assert seen == ["42"]
    assert inner() == "inner outer"


def test_the_kept_loop_runs_a_task_that_a_sync_handler_began(cache: InitCache, clock: FakeClock) -> None:
    calls = 0

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        await asyncio.sleep(0)
        return mine

    @handler
    def place(event: object, context: object) -> int:
        return event_loop.run(resource())

    place({}, make_context())
    clock.advance(8)
    place({}, make_context())
    assert resource.info.builds == 2


def test_a_build_that_an_ended_invocation_has_left_behind_is_not_waited_for(
    cache: InitCache, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    builds: list[int] = []
    go_on, late = threading.Event(), threading.Event()

    @cache.resource(ttl=5)
    def password() -> int:
        builds.append(build := len(builds) + 1)
        if build == 2:  # as a request that Lambda has frozen, and whose connection is gone
            assert go_on.wait(PATIENCE)
        return build

    @cache.resource(ttl=10, refresh="background")
    def client() -> int:
        value = password()
        if value == 2:
            late.set()
        return value

    @handler
    def first(event: object, context: object) -> int:
        value = client()
        steps.until(lambda: len(builds) == 2)
        return value

    @handler
    def second(event: object, context: object) -> int:
        return password()

    assert client() == 1
    clock.advance(8.5)
    assert first({}, make_context(timeout=0.1)) == 1
    assert "still running" in caplog.text
    assert second({}, make_context(timeout=PATIENCE)) == 3
    go_on.set()
    assert late.wait(PATIENCE)
    assert password() == 3, "the late value is for the call that has waited for it"


def test_a_build_of_the_running_invocation_is_waited_for(
    cache: InitCache, pool: ThreadPoolExecutor, slow: Slow, clock: FakeClock, steps: Any
) -> None:
    resource = cache.resource(ttl=5)(slow)
    assert resource() == 1
    clock.advance(6)

    @handler
    def place(event: object, context: object) -> list[int]:
        calls = [pool.submit(contextvars.copy_context().run, resource) for _ in range(3)]
        steps.waiting(resource, 2)
        slow.go_on.release()
        return [call.result(PATIENCE) for call in calls]

    assert place({}, make_context(timeout=PATIENCE)) == [2, 2, 2]
