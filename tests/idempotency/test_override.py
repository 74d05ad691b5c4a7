"""A test replaces a store by another one, or all stores by one."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest

from lambda_kit import handler, idempotent
from lambda_kit.errors import ConfigurationError, StoreUnavailable
from lambda_kit.idempotency import DynamoDBStore, MemoryStore, RedisStore, SQLiteStore, free_key
from lambda_kit.testing import override_stores

if TYPE_CHECKING:
    from pathlib import Path


class Broken:
    """A store of a user, which cannot be reached."""

    def claim(self, claim: Any, /) -> Any:
        raise OSError("down")

    def complete(self, record: Any, /) -> bool:
        raise OSError("down")

    def release(self, key: str, owner: str, /) -> bool:
        raise OSError("down")


def counted(store: Any, namespace: str | None = None) -> tuple[Any, list[Any]]:
    runs: list[Any] = []

    @handler(idempotent(store, key="id", namespace=namespace))
    def place(event: Any, context: object) -> int:
        runs.append(event)
        return len(runs)

    return place, runs


@pytest.mark.parametrize("kind", ["dynamodb", "memory", "sqlite", "redis"])
def test_calls_use_the_other_store_while_the_override_is_entered(kind: str, tmp_path: Path) -> None:
    makers: dict[str, Any] = {
        "dynamodb": lambda: DynamoDBStore("records"),
        "memory": MemoryStore,
        "sqlite": lambda: SQLiteStore(tmp_path / "records"),
        "redis": lambda: RedisStore(fakeredis.FakeRedis()),
    }
    store = makers[kind]()
    place, runs = counted(store)
    with store.override(MemoryStore()) as memory:
        assert [place({"id": 1}, None) for _ in range(3)] == [1, 1, 1]
        assert len(memory.records) == 1
    assert len(runs) == 1


def test_a_result_of_the_one_is_no_result_of_the_other() -> None:
    store = MemoryStore()
    place, _ = counted(store)
    assert place({"id": 1}, None) == 1
    with store.override(MemoryStore()):
        assert place({"id": 1}, None) == 2
        assert place({"id": 1}, None) == 2
    assert place({"id": 1}, None) == 1


def test_overrides_nest_and_may_end_in_any_order() -> None:
    store, first, second = MemoryStore(), MemoryStore(), MemoryStore()
    place, _ = counted(store)
    outer, inner = store.override(first), store.override(second)
    outer.__enter__()
    inner.__enter__()
    place({"id": 1}, None)
    assert (len(first.records), len(second.records)) == (0, 1)
    outer.__exit__(None, None, None)
    place({"id": 2}, None)
    assert (len(first.records), len(second.records)) == (0, 2)
    inner.__exit__(None, None, None)
    place({"id": 3}, None)
    assert len(store.records) == 1


def test_other_threads_use_it_too() -> None:
    store = DynamoDBStore("records")
    place, runs = counted(store)
    with store.override(MemoryStore()):
        thread = threading.Thread(target=place, args=({"id": 1}, None))
        thread.start()
        thread.join()
        place({"id": 1}, None)
    assert len(runs) == 1


def test_all_stores_are_replaced_at_once_those_of_users_too() -> None:
    first, _ = counted(DynamoDBStore("records"), "first")
    second, _ = counted(Broken(), "second")
    with override_stores(MemoryStore()) as memory:
        first({"id": 1}, None)
        second({"id": 1}, None)
        assert len(memory.records) == 2
        assert free_key(first, {"id": 1})
    with pytest.raises(StoreUnavailable):
        second({"id": 2}, None)


def test_a_coroutine_uses_it() -> None:
    store = DynamoDBStore("records")

    @idempotent(store, key="number")
    async def charge(number: int) -> int:
        return number

    with store.override(MemoryStore()) as memory:
        assert asyncio.run(charge(7)) == 7
        assert len(memory.records) == 1


def test_the_limit_of_results_is_that_of_the_store_in_use() -> None:
    store = MemoryStore()

    @idempotent(store, key="id")
    def place(id: int) -> str:
        return "x" * 500_000

    with store.override(MemoryStore()):
        assert len(place(1)) == 500_000


@pytest.mark.parametrize("wrong", [None, MemoryStore, 7], ids=["none", "class", "number"])
def test_what_is_no_store_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^override\("):
        MemoryStore().override(wrong)
    with pytest.raises(ConfigurationError, match=r"^override\("):
        override_stores(wrong)


def test_the_fixture_replaces_all_stores(idempotency_store: MemoryStore) -> None:
    place, _ = counted(Broken())
    assert place({"id": 1}, None) == 1
    assert len(idempotency_store.records) == 1
