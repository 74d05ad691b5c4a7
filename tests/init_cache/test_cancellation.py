"""A cancellation that an asynchronous factory meets by itself is a failure; that of the caller is an interrupt."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import event_loop
from lambda_kit.errors import ResourceBuildError

if TYPE_CHECKING:
    from lambda_kit.init_cache import InitCache
    from lambda_kit.testing import FakeClock


async def await_cancelled_task() -> None:
    """Await a task that somebody else has cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(3600))
    task.cancel()
    await task


def test_a_cancellation_that_a_factory_meets_is_its_failure(cache: InitCache) -> None:
    """The task of the caller was not cancelled: neither the call nor those that wait are."""

    @cache.resource
    async def resource() -> None:
        await asyncio.sleep(0)
        await await_cancelled_task()

    async def main() -> list[Any]:
        return list(await asyncio.gather(resource(), resource(), return_exceptions=True))

    errors = asyncio.run(main())
    assert [type(error) for error in errors] == [ResourceBuildError] * 2
    assert all(isinstance(error.__cause__, asyncio.CancelledError) for error in errors)
    assert isinstance(resource.info.last_error, asyncio.CancelledError)


def test_a_cancellation_that_a_factory_meets_leaves_the_old_value_in_force(
    cache: InitCache, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    down = False

    @cache.resource(ttl=10, stale_if_error=100)
    async def resource() -> str:
        if down:
            await await_cancelled_task()
        return "value"

    assert event_loop.run(resource()) == "value"
    down = True
    clock.advance(11)
    assert event_loop.run(resource()) == "value"
    assert "CancelledError" in caplog.text


def test_a_cancellation_that_a_background_refresh_meets_is_warned_of(
    cache: InitCache, clock: FakeClock, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    down = False

    @cache.resource(ttl=10, refresh="background")
    async def resource() -> str:
        if down:
            await await_cancelled_task()
        return "value"

    async def main() -> None:
        nonlocal down
        await resource()
        down = True
        clock.advance(9)
        assert await resource() == "value"
        await steps.ended_async(resource)

    asyncio.run(main())
    assert "could not be refreshed" in caplog.text


def test_a_synchronous_factory_that_runs_into_a_cancellation_has_failed(cache: InitCache) -> None:
    @cache.resource
    def resource() -> None:
        asyncio.run(await_cancelled_task())

    with pytest.raises(ResourceBuildError) as caught:
        resource()
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


def test_the_cancellation_of_the_caller_goes_on(cache: InitCache) -> None:
    @cache.resource
    async def resource() -> None:
        await asyncio.sleep(3600)

    async def main() -> None:
        call = asyncio.ensure_future(resource())
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())
    assert resource.info.last_error is None
