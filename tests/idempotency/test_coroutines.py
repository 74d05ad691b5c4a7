"""Coroutine functions, and functions that return something to await."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import (
    Claim,
    MemoryStore,
    Record,
    StoreUnavailable,
    idempotent,
)
from tests.idempotency.stores import FaultyStore
from tests.patience import PATIENCE


class TestCoroutines:
    @pytest.fixture(params=[False, True])
    def store(self, request: pytest.FixtureRequest) -> MemoryStore:
        store = FaultyStore()
        store.blocks = request.param
        return store

    def test_a_coroutine_runs_once_and_is_replayed(self, store: MemoryStore) -> None:
        runs: list[int] = []

        @handler(idempotent(store, key="id"))
        async def charge(event: Any, context: object) -> int:
            await asyncio.sleep(0)
            runs.append(1)
            return 5

        assert [charge({"id": 1}, None) for _ in range(3)] == [5, 5, 5]
        assert len(runs) == 1

    def test_tasks_with_one_key_wait_for_the_one_that_runs(self, store: MemoryStore) -> None:
        runs: list[int] = []

        @idempotent(store, key="order", on_in_progress="wait")
        async def charge(order: int) -> int:
            runs.append(order)
            await asyncio.sleep(0.05)
            return order * 2

        async def main() -> list[int]:
            return await asyncio.gather(*(charge(i % 2) for i in range(6)))

        assert asyncio.run(main()) == [0, 2, 0, 2, 0, 2]
        assert sorted(runs) == [0, 1]

    def test_a_task_that_is_cancelled_gives_the_key_back(self, store: MemoryStore, facts: list[str]) -> None:
        async def main() -> str:
            began = asyncio.Event()

            @idempotent(store, key="order")
            async def charge(order: int, slow: bool) -> str:
                began.set()
                await asyncio.sleep(30 if slow else 0)
                return "done"

            task = asyncio.create_task(charge(1, slow=True))
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await charge(1, slow=False)

        assert asyncio.run(main()) == "done"
        assert facts == ["claimed", "released", "claimed", "completed"]

    def test_a_coroutine_that_is_closed_gives_the_key_back(self) -> None:
        store = FaultyStore()

        @idempotent(store, key="order")
        async def charge(order: int) -> None:
            await Forever()

        class Forever:
            def __await__(self) -> Any:
                yield

        waiting = charge(1)
        waiting.send(None)
        waiting.close()
        assert store.records == {}

    def test_an_error_and_a_lost_store_are_told_as_for_functions(self, store: MemoryStore) -> None:
        @idempotent(store, key="order")
        async def charge(order: int) -> None:
            raise ValueError("declined")

        with pytest.raises(ValueError, match="declined"):
            asyncio.run(charge(1))
        assert isinstance(store, FaultyStore)
        store.failing["claim"] = ["before"]
        with pytest.raises(StoreUnavailable):
            asyncio.run(charge(2))


def test_a_cancelled_task_waits_for_the_claim_that_is_under_way_and_gives_it_back() -> None:
    store = FaultyStore()
    store.blocks = True
    asked, answer = threading.Event(), threading.Event()
    real = store.claim

    def slow(claim: Claim) -> Record | None:
        asked.set()
        assert answer.wait(PATIENCE)
        return real(claim)

    store.claim = slow  # type: ignore[method-assign]

    @idempotent(store, key="order")
    async def charge(order: int) -> str:
        return "done"

    async def main() -> None:
        task = asyncio.create_task(charge(1))
        await asyncio.to_thread(asked.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert store.records == {}
    assert store.calls == ["claim", "release"]


def test_a_store_without_attributes_of_its_own_has_no_limit_and_is_called_in_a_thread(store: MemoryStore) -> None:
    threads: list[int] = []

    class Bare:
        def claim(self, claim: Claim, /) -> Record | None:
            threads.append(threading.get_ident())
            return store.claim(claim)

        def complete(self, record: Record, /) -> bool:
            return store.complete(record)

        def release(self, key: str, owner: str, /) -> bool:
            return store.release(key, owner)

    @idempotent(Bare(), key="id", cache=0)
    async def charge(id: int) -> str:
        return "x" * 1_000_000

    assert [len(asyncio.run(charge(1))) for _ in range(2)] == [1_000_000] * 2
    assert threading.get_ident() not in threads


def test_a_plain_function_around_a_coroutine_function_that_waits_for_it_is_one(store: MemoryStore) -> None:
    runs: list[int] = []

    def at_once(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            return asyncio.run(fn(*args, **kwargs))

        return run

    @idempotent(store, key="id", cache=0)
    @at_once
    async def charge(id: int) -> int:
        runs.append(id)
        return len(runs)

    assert [charge(1) for _ in range(2)] == [1, 1]


def test_a_plain_function_that_passes_a_coroutine_on_is_told_to_be_one(store: MemoryStore) -> None:
    def logged(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            return fn(*args, **kwargs)

        return run

    @idempotent(store, key="id")
    @logged
    async def charge(id: int) -> int:
        raise AssertionError("it must not begin")

    with pytest.raises(ConfigurationError, match=r"make the function `async def`\. If it is a decorator's"):
        asyncio.run(charge(1))
    assert store.records == {}


def test_a_task_that_a_plain_function_returns_is_cancelled(store: MemoryStore) -> None:
    begun: list[int] = []

    async def later() -> None:
        begun.append(1)

    @idempotent(store, key="id")
    def charge(id: int) -> Any:
        return asyncio.ensure_future(later())

    async def main() -> None:
        with pytest.raises(ConfigurationError, match="returned something to await"):
            charge(1)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert (begun, store.records) == ([], {})


def test_a_function_that_returns_something_to_await_is_refused_and_gives_the_key_back(store: MemoryStore) -> None:
    async def later() -> None:
        raise AssertionError("it must not begin")

    @idempotent(store, key="id")
    def charge(id: int) -> Any:
        return later()

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="make the function `async def`"):
            charge(1)
    assert not store.records


def test_a_task_that_is_cancelled_twice_while_it_claims_gives_the_key_back() -> None:
    entered, go_on = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        blocks = True

        def claim(self, claim: Claim, /) -> Record | None:
            entered.set()
            assert go_on.wait(PATIENCE)
            return super().claim(claim)

    store = Slow()

    @idempotent(store, key="id")
    async def charge(id: int) -> None:
        raise AssertionError("it must not run")

    async def main() -> None:
        task = asyncio.create_task(charge(1))
        assert await asyncio.to_thread(entered.wait, 10)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not store.records
