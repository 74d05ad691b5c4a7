"""A resource that needs itself is an error that names the way, wherever the circle closes; nothing else is one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ResourceBuildError, ResourceCycle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache


def short(error: BaseException | None) -> list[str]:
    """The chain of a cycle, without modules and enclosing functions."""
    assert isinstance(error, ResourceCycle), repr(error)
    return [name.rpartition(".")[2] for name in error.chain]


def circle(cache: InitCache, names: str) -> dict[str, Any]:
    """Resources of which each needs the next, and the last the first."""
    resources: dict[str, Any] = {}
    for i, name in enumerate(names):

        def build(needs: str = names[(i + 1) % len(names)]) -> object:
            return resources[needs]()

        build.__qualname__ = name
        resources[name] = cache.resource(build)
    return resources


@pytest.mark.parametrize("names", ["a", "ab", "abcde"])
def test_a_circle_names_every_resource_on_the_way(cache: InitCache, names: str) -> None:
    resources = circle(cache, names)
    with pytest.raises(ResourceCycle) as caught:
        resources["a"]()
    assert short(caught.value) == [*names, "a"]
    assert " -> ".join(caught.value.chain) in str(caught.value)
    with pytest.raises(ResourceCycle):
        resources[names[-1]]()


def test_an_async_circle_names_every_resource_on_the_way(cache: InitCache) -> None:
    async def a() -> object:
        return await second()

    async def b() -> object:
        await asyncio.sleep(0)
        return await first()

    a.__qualname__, b.__qualname__ = "a", "b"
    first = cache.resource(a)
    second = cache.resource(b)
    with pytest.raises(ResourceCycle) as caught:
        asyncio.run(first())
    assert short(caught.value) == ["a", "b", "a"]


def test_a_circle_through_gather_is_found(cache: InitCache) -> None:
    async def a() -> object:
        return await asyncio.gather(c(), second())

    async def b() -> object:
        await asyncio.sleep(0)
        return await first()

    a.__qualname__, b.__qualname__ = "a", "b"
    first = cache.resource(a)
    second = cache.resource(b)

    @cache.resource
    async def c() -> int:
        return 1

    with pytest.raises(ResourceCycle) as caught:
        asyncio.run(first())
    assert short(caught.value) == ["a", "b", "a"]


def test_two_threads_that_build_towards_each_other_do_not_wait_for_ever(
    cache: InitCache, pool: ThreadPoolExecutor
) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def a() -> object:
        both.wait()
        return second()

    def b() -> object:
        both.wait()
        return first()

    a.__qualname__, b.__qualname__ = "a", "b"
    first: Any = cache.resource(a)
    second: Any = cache.resource(b)
    errors = [call.exception(20) for call in (pool.submit(first), pool.submit(second))]
    assert sorted(map(short, errors)) in ([["a", "b", "a"]] * 2, [["b", "a", "b"]] * 2)


def test_three_threads_that_build_in_a_circle_do_not_wait_for_ever(cache: InitCache, pool: ThreadPoolExecutor) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    resources: dict[str, Any] = {}
    for name, needs in ("ab", "bc", "ca"):

        def build(needs: str = needs) -> object:
            together.wait()
            return resources[needs]()

        build.__qualname__ = name
        resources[name] = cache.resource(build)
    errors = [call.exception(20) for call in [pool.submit(resources[name]) for name in "abc"]]
    for error in errors:
        chain = short(error)
        assert chain[0] == chain[-1]
        assert len(chain) == 4


def test_two_tasks_that_build_towards_each_other_do_not_wait_for_ever(cache: InitCache) -> None:
    async def a() -> object:
        await asyncio.sleep(0)
        return await second()

    async def b() -> object:
        await asyncio.sleep(0)
        return await first()

    first = cache.resource(a)
    second = cache.resource(b)

    async def main() -> list[object]:
        return list(await asyncio.wait_for(asyncio.gather(first(), second(), return_exceptions=True), PATIENCE))

    assert all(isinstance(error, ResourceCycle) for error in asyncio.run(main()))


def test_a_circle_is_found_although_one_of_two_equal_waits_was_cancelled(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    """While a is built, two of its tasks wait for b, and one gives up; then b turns out to need a."""
    needs_a = asyncio.Event()

    async def a() -> object:
        one, two = asyncio.ensure_future(second()), asyncio.ensure_future(second())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        needs_a.set()
        return await two

    async def b() -> object:
        await needs_a.wait()
        return await first()

    first = cache.resource(a)
    second = cache.resource(b)

    async def main() -> list[object]:
        other = asyncio.ensure_future(second())
        await asyncio.sleep(0)
        return list(await asyncio.wait_for(asyncio.gather(first(), other, return_exceptions=True), PATIENCE))

    assert all(isinstance(error, ResourceCycle) for error in asyncio.run(main()))


def test_a_factory_that_refreshes_its_own_resource_is_a_circle(cache: InitCache) -> None:
    def build() -> object:
        return resource.refresh()

    async def build_async() -> object:
        return await resource_async.refresh()

    resource: Any = cache.resource(build)
    resource_async: Any = cache.resource(build_async)
    for call in (resource, resource.refresh):
        with pytest.raises(ResourceCycle):
            call()
    for call in (resource_async, resource_async.refresh):
        with pytest.raises(ResourceCycle):
            asyncio.run(call())


def test_a_circle_in_an_empty_context_is_found_by_the_thread(cache: InitCache) -> None:
    resource: Any = None

    def build() -> object:
        return contextvars.Context().run(resource)

    resource = cache.resource(build)
    with pytest.raises(ResourceCycle) as caught:
        resource()
    assert short(caught.value) == ["build", "build"]


def test_a_circle_is_not_cached(cache: InitCache) -> None:
    needs = True

    def build() -> object:
        return resource() if needs else "built"

    resource: Any = cache.resource(build)
    with pytest.raises(ResourceCycle):
        resource()
    needs = False
    assert resource() == "built"


def test_a_diamond_is_no_circle(cache: InitCache) -> None:
    @cache.resource
    def bottom() -> list[str]:
        return ["bottom"]

    @cache.resource
    def left() -> list[str]:
        return [*bottom(), "left"]

    @cache.resource
    def right() -> list[str]:
        return [*bottom(), "right"]

    @cache.resource
    def top() -> list[str]:
        return left() + right()

    assert top() == ["bottom", "left", "bottom", "right"]
    assert bottom.info.builds == 1


def test_an_async_diamond_is_no_circle_though_two_tasks_wait_for_one_build(cache: InitCache) -> None:
    @cache.resource
    async def bottom() -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        return "bottom"

    @cache.resource
    async def left() -> str:
        return await bottom()

    @cache.resource
    async def right() -> str:
        return await bottom()

    @cache.resource
    async def top() -> list[str]:
        return list(await asyncio.gather(left(), right(), bottom(), left()))

    assert asyncio.run(asyncio.wait_for(top(), PATIENCE)) == ["bottom"] * 4
    assert bottom.info.builds == left.info.builds == 1


def test_threads_under_one_factory_may_share_a_build(cache: InitCache, pool: ThreadPoolExecutor) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)

    @cache.resource
    def bottom() -> str:
        return "bottom"

    def ask() -> str:
        together.wait()
        return bottom()

    @cache.resource
    def top() -> list[str]:
        calls = [pool.submit(contextvars.copy_context().run, ask) for _ in range(2)]
        return [call.result(PATIENCE) for call in calls]

    assert top() == ["bottom", "bottom"]


def test_a_thread_that_outlives_the_build_that_started_it_may_call_the_resource(cache: InitCache) -> None:
    built = threading.Event()
    seen: list[object] = []

    @cache.resource
    def resource() -> threading.Thread:
        def later() -> None:
            assert built.wait(PATIENCE)
            resource.invalidate()
            seen.append(resource())

        thread = threading.Thread(target=contextvars.copy_context().run, args=(later,))
        if not built.is_set():
            thread.start()
        return thread

    thread = resource()
    built.set()
    thread.join(PATIENCE)
    assert seen == [resource()]


def test_a_task_that_outlives_the_build_that_started_it_may_call_the_resource(cache: InitCache) -> None:
    built = asyncio.Event()

    @cache.resource
    async def resource() -> asyncio.Task[object]:
        async def later() -> object:
            await built.wait()
            resource.invalidate()
            return await resource()

        return asyncio.ensure_future(asyncio.sleep(0) if built.is_set() else later())

    async def main() -> bool:
        task = await resource()
        built.set()
        return await task is await resource()

    assert asyncio.run(main())


def test_a_failure_below_is_the_cause_of_the_failure_above(cache: InitCache) -> None:
    @cache.resource
    def below() -> int:
        raise OSError("down")

    @cache.resource
    def above() -> int:
        return below()

    with pytest.raises(ResourceBuildError) as caught:
        above()
    inner = caught.value.__cause__
    assert isinstance(inner, ResourceBuildError)
    assert isinstance(inner.__cause__, OSError)


def test_a_resource_may_invalidate_itself_while_it_is_built(cache: InitCache) -> None:
    """The value goes to whoever asked for it, and the next call builds anew."""
    calls = 0

    @cache.resource
    def resource() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            resource.invalidate()
        return calls

    assert [resource(), resource(), resource()] == [1, 2, 2]
