"""Eager resources: built side by side in the init phase, and left to the first call where that fails."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, init
from lambda_kit._kernel import event_loop
from lambda_kit.errors import ResourceBuildError
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from lambda_kit.init_cache import InitCache
    from lambda_kit.testing import FakeClock


@pytest.mark.parametrize("timeout", [None, 20.0])
def test_eager_resources_are_built_side_by_side(cache: InitCache, timeout: float | None) -> None:
    """Each factory waits until all three are running: the coroutine function on the kept loop among the threads."""
    together = threading.Barrier(3, timeout=PATIENCE)

    def build() -> int:
        together.wait()
        return 1

    one, two = (cache.resource(eager=True)(build) for _ in range(2))

    @cache.resource(eager=True)
    async def three() -> asyncio.AbstractEventLoop:
        together.wait()
        return asyncio.get_running_loop()

    cache.warm(timeout=timeout)
    assert [info.builds for info in cache.report()] == [1, 1, 1]
    assert (one(), two()) == (1, 1)
    assert event_loop.run(three()) is event_loop.kept_loop()
    assert [info.builds for info in cache.report()] == [1, 1, 1]


def test_async_resources_are_built_side_by_side(cache: InitCache, steps: Any) -> None:
    entered = 0

    async def build() -> int:
        nonlocal entered
        entered += 1
        await steps.until_async(lambda: entered == 2)
        return 1

    for _ in range(2):
        cache.resource(eager=True)(build)
    cache.warm(timeout=PATIENCE)
    assert [info.builds for info in cache.report()] == [1, 1]


def test_more_resources_than_threads_are_all_built(cache: InitCache) -> None:
    for _ in range(50):
        cache.resource(eager=True)(object)
    cache.warm()
    assert {info.builds for info in cache.report()} == {1}


@pytest.mark.parametrize("timeout", [None, PATIENCE, 0.0])
def test_resources_are_built_one_after_another_where_no_thread_can_be_started(
    cache: InitCache, timeout: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    built_in: list[int] = []
    for _ in range(3):
        cache.resource(eager=True)(lambda: built_in.append(threading.get_ident()))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    cache.warm(timeout=timeout)
    assert built_in == [threading.get_ident()] * (0 if timeout == 0 else 3)


def test_what_is_not_eager_or_holds_a_value_is_left_alone(cache: InitCache, clock: FakeClock) -> None:
    lazy = cache.resource(object)
    held = cache.resource(eager=True)(object)
    expired = cache.resource(eager=True, ttl=10)(object)
    overridden = cache.resource(eager=True)(object)
    held()
    expired()
    clock.advance(10)
    with overridden.override(1):
        cache.warm()
    assert [resource.info.builds for resource in (lazy, held, expired, overridden)] == [0, 1, 2, 0]


@pytest.mark.parametrize("others", [0, 1])
def test_a_failure_is_logged_and_left_to_the_first_call(
    cache: InitCache, caplog: pytest.LogCaptureFixture, others: int
) -> None:
    down = True

    def build() -> str:
        if down:
            raise OSError("down")
        return "up"

    async def build_async() -> str:
        return build()

    resource = cache.resource(eager=True)(build)
    waits = cache.resource(eager=bool(others))(build_async)
    cache.warm()
    assert len(caplog.records) == 1 + others
    assert "could not be built ahead" in caplog.text
    with pytest.raises(ResourceBuildError):
        resource()
    down = False
    assert resource() == asyncio.run(waits()) == "up"


def test_a_build_that_takes_longer_than_the_timeout_goes_on_and_is_shared(
    cache: InitCache, pool: Any, steps: Any
) -> None:
    go_on = threading.Event()

    @cache.resource(eager=True)
    def slow() -> str:
        assert go_on.wait(PATIENCE)
        return "built"

    @cache.resource(eager=True)
    async def slow_async() -> str:
        await steps.until_async(go_on.is_set)
        return "built"

    cache.warm(timeout=0.01)
    assert (slow.info.builds, slow_async.info.builds) == (0, 0)
    call = pool.submit(slow)
    steps.waiting(slow, 1)
    go_on.set()
    assert call.result(PATIENCE) == "built"
    assert event_loop.run(slow_async()) == "built"
    assert (slow.info.builds, slow_async.info.builds) == (1, 1)


def test_an_eager_resource_may_need_another(cache: InitCache) -> None:
    @cache.resource(eager=True)
    def above() -> str:
        return below() + " above"

    @cache.resource(eager=True)
    def below() -> str:
        return "below"

    cache.warm()
    assert above() == "below above"
    assert below.info.builds == 1


@pytest.mark.parametrize("on_lambda", [False, True])
def test_the_handler_warms_on_lambda_alone(monkeypatch: pytest.MonkeyPatch, on_lambda: bool) -> None:
    @init.resource(eager=True)
    def client() -> str:
        return "client"

    if on_lambda:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")

    @handler
    def place(event: object, context: object) -> str:
        return client()

    assert client.info.builds == int(on_lambda)
    assert place({}, None) == "client"
    assert client.info.builds == 1
