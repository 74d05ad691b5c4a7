"""A coroutine that is closed cannot await any more; its key is free afterwards all the same."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from lambda_kit.idempotency import Claim, MemoryStore, Record, idempotent
from tests.idempotency.stores import FaultyStore
from tests.patience import PATIENCE


class Forever:
    def __await__(self) -> Any:
        yield


class Slow(MemoryStore):
    """A store whose steps wait until they may go on, in a thread."""

    blocks = True

    def __init__(self, slow: str) -> None:
        super().__init__()
        self.slow = slow
        self.entered, self.closing = threading.Event(), threading.Event()
        self.threads: dict[str, int] = {}

    def _wait(self, step: str) -> None:
        self.threads[step] = threading.get_ident()
        if step == self.slow:
            self.slow = ""
            self.entered.set()
            assert self.closing.wait(PATIENCE)

    def claim(self, claim: Claim, /) -> Record | None:
        self._wait("claim")
        return super().claim(claim)

    def complete(self, record: Record, /) -> bool:
        self._wait("complete")
        return super().complete(record)

    def release(self, key: str, owner: str, /) -> bool:
        self._wait("release")
        return super().release(key, owner)


def close_within_a_loop(coroutine: Any, store: Slow | None = None) -> None:
    """Begin a coroutine in a running loop, and close it where it waits: in a step of the store, if one is given."""

    async def main() -> None:
        coroutine.send(None)
        if store is not None:
            assert await asyncio.to_thread(store.entered.wait, PATIENCE)
            store.closing.set()
        coroutine.close()

    asyncio.run(main())


def test_in_its_run() -> None:
    store = MemoryStore()

    @idempotent(store, key="order")
    async def charge(order: int) -> None:
        await Forever()

    close_within_a_loop(charge(1))
    assert store.records == {}


def test_in_a_claim_that_is_under_way_in_a_thread() -> None:
    store = Slow("claim")

    @idempotent(store, key="order")
    async def charge(order: int) -> None:
        raise AssertionError("it must not run")

    close_within_a_loop(charge(1), store)
    assert store.records == {}
    assert store.threads["claim"] != store.threads["release"] == threading.get_ident()


def test_before_the_thread_of_its_claim_has_begun() -> None:
    store = Slow("")

    @idempotent(store, key="order")
    async def charge(order: int) -> None:
        raise AssertionError("it must not run")

    close_within_a_loop(charge(1))
    assert store.records == {}
    assert "claim" not in store.threads


def test_in_a_completion_that_is_under_way_in_a_thread() -> None:
    store = Slow("complete")

    @idempotent(store, key="order")
    async def charge(order: int) -> str:
        return "done"

    async def main() -> None:
        coroutine: Any = charge(1)
        claim = coroutine.send(None)
        await asyncio.wait([claim])
        coroutine.send(None)
        assert await asyncio.to_thread(store.entered.wait, PATIENCE)
        store.closing.set()
        coroutine.close()

    asyncio.run(main())
    assert [record.status for record in store.records.values()] == ["COMPLETED"]
    assert store.threads["complete"] == threading.get_ident()


async def pause_for_ever(seconds: float) -> None:
    await Forever()


def test_in_a_pause_before_another_attempt_to_complete() -> None:
    store = FaultyStore()
    store.failing["complete"] = ["before", "before"]

    @idempotent(store, key="order", sleep=pause_for_ever)
    async def charge(order: int) -> str:
        return "done"

    close_within_a_loop(charge(1))
    assert [record.status for record in store.records.values()] == ["COMPLETED"]
    assert store.calls == ["claim", "complete", "complete", "complete"]


def test_in_a_pause_while_it_waits_for_another_call() -> None:
    store = FaultyStore()
    store.blocks = False
    outside = contextvars.copy_context()

    @idempotent(store, key="order", on_in_progress="wait", sleep=pause_for_ever)
    async def charge(order: int) -> str:
        if order == 1:
            waiting = charge(1)
            outside.run(waiting.send, None)
            outside.run(waiting.close)
        return "done"

    coroutine = charge(1)
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert [record.status for record in store.records.values()] == ["COMPLETED"]
    assert store.calls == ["claim", "claim", "release", "complete"]
