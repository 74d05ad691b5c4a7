"""One build at a time, shared by every thread and task that asks for it; a build that is interrupted blocks nobody."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, time_limit
from lambda_kit.errors import ResourceBuildError, TimeLimitInterrupt, TimeLimitReached
from lambda_kit.init_cache._build import Build
from lambda_kit.init_cache._entry import Entry
from lambda_kit.init_cache._state import State
from lambda_kit.testing import FakeClock, make_context
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache

THREADS = 8


class Gate:
    """A factory that tells when it was entered and goes on when it may."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes = list(outcomes)
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.calls = 0

    def __call__(self) -> object:
        self.calls += 1
        outcome = self.outcomes.pop(0) if self.outcomes else object()
        self.entered.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


@pytest.mark.parametrize("ttl", [None, 100.0])
def test_threads_share_one_build(cache: InitCache, pool: ThreadPoolExecutor, steps: Any, ttl: float | None) -> None:
    gate = Gate()
    resource: Any = cache.resource(ttl=ttl)(gate)
    calls = [pool.submit(resource) for _ in range(THREADS)]
    steps.waiting(resource, THREADS - 1)
    gate.go_on.release()
    values = [call.result(PATIENCE) for call in calls]
    assert gate.calls == 1
    assert all(value is values[0] for value in values)


def test_threads_share_one_failure_and_each_gets_its_own_error(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    cause = OSError("down")
    gate = Gate(cause, "up")
    resource: Any = cache.resource(gate)
    calls = [pool.submit(resource) for _ in range(THREADS)]
    steps.waiting(resource, THREADS - 1)
    gate.go_on.release()
    errors = [call.exception(20) for call in calls]
    assert gate.calls == 1
    assert all(isinstance(error, ResourceBuildError) and error.__cause__ is cause for error in errors)
    assert len({id(error) for error in errors}) == THREADS
    gate.go_on.release()
    assert resource() == "up"  # the failure was not cached


def test_the_error_names_resource_and_cause(declare: Any) -> None:
    def orders() -> int:
        raise LookupError("no such table")

    resource = declare(orders)
    with pytest.raises(ResourceBuildError, match=r"orders could not be built: LookupError: no such table") as caught:
        resource()
    assert caught.value.resource.endswith("orders")
    assert isinstance(caught.value.__cause__, LookupError)


def test_tasks_of_one_loop_share_one_build(cache: InitCache) -> None:
    calls = 0

    @cache.resource
    async def resource() -> object:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        return object()

    async def main() -> list[object]:
        return await asyncio.gather(*(resource() for _ in range(20)))

    assert len(set(asyncio.run(main()))) == 1
    assert calls == 1


@pytest.mark.parametrize("fails", [False, True])
def test_loops_of_several_threads_share_one_build(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any, fails: bool
) -> None:
    calls = 0
    go_on = threading.Event()
    cause = OSError("down")

    @cache.resource
    async def resource() -> object:
        nonlocal calls
        calls += 1
        await steps.until_async(go_on.is_set)
        if fails:
            raise cause
        return object()

    async def main() -> list[object]:
        return list(await asyncio.gather(*(resource() for _ in range(3)), return_exceptions=True))

    runs = [pool.submit(lambda: asyncio.run(main())) for _ in range(4)]
    steps.waiting(resource, 11)
    go_on.set()
    results = [one for run in runs for one in run.result(PATIENCE)]
    assert calls == 1
    if fails:
        assert len(set(results)) == 12
        assert all(isinstance(one, ResourceBuildError) and one.__cause__ is cause for one in results)
    else:
        assert len(set(results)) == 1


def test_a_loop_that_was_closed_meanwhile_keeps_nobody_else_waiting(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    go_on = threading.Event()

    @cache.resource
    async def resource() -> str:
        await steps.until_async(go_on.is_set)
        return "built"

    builder = pool.submit(lambda: asyncio.run(resource()))
    steps.build(resource)
    loop = asyncio.new_event_loop()
    other = pool.submit(lambda: asyncio.run(resource()))
    build = steps.waiting(resource, 1)
    left = loop.create_task(build.done.wait_async())
    loop.run_until_complete(asyncio.sleep(0))
    steps.waiting(resource, 2)
    left._log_destroy_pending = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    loop.close()
    go_on.set()
    assert builder.result(PATIENCE) == other.result(PATIENCE) == "built"


def test_a_caller_that_comes_to_wait_as_the_build_ends_does_not_wait(cache: InitCache, steps: Any) -> None:
    build = Build(steps.entry(cache.resource(object)).state)
    build.done.open()
    assert build.done.wait()
    asyncio.run(asyncio.wait_for(build.done.wait_async(), PATIENCE))


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, TimeLimitInterrupt])
def test_a_waiter_takes_over_from_a_thread_that_was_interrupted(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any, interrupt: type[BaseException]
) -> None:
    gate = Gate(interrupt(), "second")
    resource: Any = cache.resource(gate)
    first = pool.submit(resource)
    assert gate.entered.acquire(timeout=PATIENCE)
    others = [pool.submit(resource) for _ in range(3)]
    steps.waiting(resource, 3)
    gate.go_on.release(2)
    assert isinstance(first.exception(20), interrupt)
    assert [other.result(PATIENCE) for other in others] == ["second"] * 3
    assert gate.calls == 2
    assert resource.info.last_error is None


def test_a_task_takes_over_from_one_that_was_cancelled(cache: InitCache) -> None:
    calls = 0

    @cache.resource
    async def resource() -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(3600 if calls == 1 else 0)
        return calls

    async def main() -> list[int]:
        builder = asyncio.ensure_future(resource())
        await asyncio.sleep(0)
        waiters = [asyncio.ensure_future(resource()) for _ in range(3)]
        await asyncio.sleep(0)
        builder.cancel()
        with pytest.raises(asyncio.CancelledError):
            await builder
        return await asyncio.gather(*waiters)

    assert asyncio.run(main()) == [2, 2, 2]


def test_a_waiter_that_is_cancelled_leaves_the_build_to_the_others(cache: InitCache) -> None:
    go_on = asyncio.Event()

    @cache.resource
    async def resource() -> str:
        await go_on.wait()
        return "built"

    async def main() -> str:
        builder, waiter = asyncio.ensure_future(resource()), None
        await asyncio.sleep(0)
        waiter = asyncio.ensure_future(resource())
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        go_on.set()
        return await builder

    assert asyncio.run(main()) == "built"
    assert resource.info.builds == 1


@pytest.mark.parametrize(
    ("part", "where"),
    [(Entry, "build"), (State, "succeed"), (State, "_note_success"), (Entry, "_result"), (State, "claim")],
)
def test_an_interrupt_strikes_the_kits_own_code_and_nothing_is_stuck(
    cache: InitCache, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, part: type, where: str
) -> None:
    """A time limit interrupts between any two bytecodes: also behind the factory, before its value is noted."""
    resource: Any = cache.resource(object)
    original = getattr(part, where)

    def strike(*args: Any) -> Any:
        monkeypatch.setattr(part, where, original)
        raise TimeLimitInterrupt

    monkeypatch.setattr(part, where, strike)
    with pytest.raises(TimeLimitInterrupt):
        resource()
    assert pool.submit(resource).result(PATIENCE) is resource()


def test_a_task_that_was_thrown_away_in_the_middle_of_a_build_is_stuck_in_nobodys_way(cache: InitCache) -> None:
    hang = True

    @cache.resource
    async def resource() -> str:
        if hang:
            await asyncio.get_running_loop().create_future()
        return "built"

    coroutine = resource()
    loop = asyncio.new_event_loop()
    task: Any = loop.create_task(coroutine)
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()  # as a program does that ends its loop without cancelling what is left
    hang = False
    assert asyncio.run(resource()) == "built"
    task._log_destroy_pending = False
    coroutine.close()
    assert asyncio.run(resource()) == "built"


def test_a_build_on_a_loop_that_has_stopped_is_not_waited_for(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    waits = True

    @cache.resource
    async def resource() -> str:
        if waits:
            await asyncio.sleep(0.01)
            return "late"
        return "built"

    loop = asyncio.new_event_loop()
    task = loop.create_task(resource())
    loop.run_until_complete(asyncio.sleep(0))
    waits = False
    assert pool.submit(lambda: asyncio.run(resource())).result(PATIENCE) == "built"
    assert loop.run_until_complete(task) == "late"
    loop.close()
    assert asyncio.run(resource()) == "built"


def test_the_time_limit_ends_a_build_and_the_next_invocation_builds(cache: InitCache) -> None:
    calls = 0

    @cache.resource
    def resource() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            threading.Event().wait(PATIENCE)
        return "built"

    @handler(time_limit(margin=0.1))
    def place(event: object, context: object) -> str:
        return resource()

    with pytest.raises(TimeLimitReached):
        place({}, make_context(timeout=0.2))
    assert place({}, make_context()) == "built"


def test_refresh_is_answered_by_a_build_that_began_after_it(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    """Ten threads that find a secret outdated while it is being built cause one more build, not ten, and not none."""
    gate = Gate("old", "new")
    resource: Any = cache.resource(gate)
    builder = pool.submit(resource)
    assert gate.entered.acquire(timeout=PATIENCE)
    refreshes = [pool.submit(resource.refresh) for _ in range(10)]
    steps.waiting(resource, 10)
    gate.go_on.release(2)
    assert builder.result(PATIENCE) == "old"
    assert {refresh.result(PATIENCE) for refresh in refreshes} == {"new"}
    assert gate.calls == 2
    assert resource() == "new"


def test_refreshes_of_tasks_are_answered_by_a_build_that_began_after_them(cache: InitCache) -> None:
    calls = 0

    @cache.resource
    async def resource() -> int:
        nonlocal calls
        calls += 1
        mine = calls
        for _ in range(5):
            await asyncio.sleep(0)
        return mine

    async def main() -> list[int]:
        builder = asyncio.ensure_future(resource())
        await asyncio.sleep(0)
        return await asyncio.gather(builder, *(resource.refresh() for _ in range(5)))

    assert asyncio.run(main()) == [1, 2, 2, 2, 2, 2]


def test_a_thousand_failures_in_a_row_are_no_more_than_that(cache: InitCache) -> None:
    def fail() -> int:
        raise OSError("down")

    resource: Any = cache.resource(fail)
    for _ in range(1_100):
        with pytest.raises(ResourceBuildError):
            resource()


def test_a_finaliser_that_calls_a_resource_does_not_wait_for_itself(clock: FakeClock, cache: InitCache) -> None:
    seen: list[object] = []

    @cache.resource
    def log() -> list[object]:
        return seen

    class Connection:
        def __del__(self) -> None:
            log().append("finalised")
            log.invalidate()

    class Pool:
        def __init__(self) -> None:
            self.connection = Connection()

    resource = cache.resource(ttl=10.0)(Pool)
    resource()
    resource.refresh()
    resource.invalidate()
    assert seen == ["finalised", "finalised"]
