"""A later call with the same key gets the result of the first one, as long as its record lives."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambda_kit import Tracer, handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import (
    MemoryStore,
    Record,
    idempotent,
)
from lambda_kit.testing import FakeClock, invoke, reset
from tests.idempotency.stores import FaultyStore, counting


@pytest.mark.parametrize("result", [None, 0, False, "", [], {}, 0.0, {"a": [1, None]}, "text"])
@pytest.mark.parametrize("cache", [0, 256])
def test_a_second_call_gets_what_the_first_one_returned_and_does_not_run(
    store: MemoryStore, result: Any, cache: int, facts: list[str]
) -> None:
    charge, runs = counting(store, cache=cache)
    first = charge({"id": 1, "result": result}, None)
    again = charge({"id": 1, "result": "another"}, None)
    assert (first, again, len(runs)) == (result, result, 1)
    assert type(again) is type(result)
    assert facts == ["claimed", "completed", "replayed"]


def test_what_a_caller_does_to_a_replayed_result_changes_no_other(store: MemoryStore) -> None:
    charge, _ = counting(store)
    for _ in range(3):
        result = charge({"id": 1, "result": {"items": []}})
        assert result == {"items": []}
        result["items"].append(1)


def test_a_new_key_costs_two_writes_and_a_replay_one_and_a_cached_one_none() -> None:
    store = FaultyStore()
    charge, _ = counting(store, namespace="shop")
    uncached, _ = counting(store, cache=0, namespace="shop")
    charge({"id": 1})
    assert store.calls == ["claim", "complete"]
    charge({"id": 1})
    assert store.calls == ["claim", "complete"]
    uncached({"id": 1})
    assert store.calls == ["claim", "complete", "claim"]


def test_a_record_ends_with_its_time_to_live(store: MemoryStore, clock: FakeClock, timed: Any) -> None:
    for cache in (0, 8):
        charge, runs = counting(store, ttl=60.0, cache=cache, namespace=f"cache {cache}", **timed)
        charge({"id": 1})
        clock.advance(59.0)
        charge({"id": 1})
        assert len(runs) == 1
        clock.advance(2.0)
        charge({"id": 1})
        assert len(runs) == 2


def test_what_on_replay_returns_is_the_result(store: MemoryStore) -> None:
    seen: list[tuple[Any, str]] = []

    def note(result: Any, record: Record) -> Any:
        seen.append((result, record.status))
        return {**result, "replayed": True}

    charge, _ = counting(store, on_replay=note)
    assert charge({"id": 1, "result": {"a": 1}}) == {"a": 1}
    assert [charge({"id": 1}) for _ in range(2)] == [{"a": 1, "replayed": True}] * 2
    assert seen == [({"a": 1}, "COMPLETED")] * 2


def test_the_cache_is_bounded_and_forgotten_by_a_reset(store: MemoryStore) -> None:
    charge, runs = counting(store, cache=2)
    for id_ in (1, 2, 1, 3):
        charge({"id": id_, "result": id_})
    store.clear()
    assert (charge({"id": 1}), charge({"id": 3})) == (1, 3)
    assert charge({"id": 2}) is None
    assert len(runs) == 4
    store.clear()
    reset()
    charge({"id": 3})
    assert len(runs) == 5


def test_the_local_cache_is_bounded_in_bytes_too(store: MemoryStore) -> None:
    charge, runs = counting(store, cache=1_000)

    def kept(ids: range) -> list[int]:
        """Return which of the calls are replayed without their records in the store."""
        store.clear()
        runs.clear()
        for i in ids:
            charge({"id": i})
        return [i for i in ids if {"id": i} not in runs]

    for i in range(20):
        charge({"id": i, "result": "x" * 100_000})
    charge({"id": 100, "result": "x" * 2_000_000})
    assert kept(range(10)) == []
    for i in range(20):
        charge({"id": i, "result": "x" * 100_000})
    assert kept(range(200, 200)) == []
    assert kept(range(10, 20)) == list(range(10, 20))


def test_a_hook_that_is_a_coroutine_function_is_awaited_or_refused(store: MemoryStore) -> None:
    async def note(value: Any, record: Record) -> Any:
        await asyncio.sleep(0)
        return {"replayed": value}

    @idempotent(store, key="id", on_replay=note)
    async def charge(id: int) -> int:
        return id

    assert [asyncio.run(charge(1)) for _ in range(3)] == [1, {"replayed": 1}, {"replayed": 1}]
    with pytest.raises(ConfigurationError, match=r"is a coroutine function. .* is none, so that it cannot await it"):

        @idempotent(store, key="id", on_replay=note)
        def refund(id: int) -> int:
            return id


def test_steps_of_the_store_are_spans_where_there_is_a_tracer(store: MemoryStore) -> None:
    tracer = Tracer()
    protect = idempotent(store, key="id", cache=0)

    @handler(tracer, protect)
    def charge(event: Any, context: object) -> int:
        with tracer.span("card"):
            return 1

    (first,), (second,) = (invoke(charge, {"id": 1}).spans for _ in range(2))
    assert first.names() == ("charge", "idempotency claim", "card", "idempotency complete")
    assert first.annotations["idempotency"] == "completed"
    assert second.names() == ("charge", "idempotency claim")
    assert second.annotations["idempotency"] == "replayed"


def test_two_configurations_on_one_store_keep_their_own_options(
    store: MemoryStore, clock: FakeClock, timed: Any
) -> None:
    runs: list[Any] = []

    def charge(event: Any, context: object) -> Any:
        runs.append(event)
        return event["id"]

    short = idempotent(store, key="id", ttl=10.0, namespace="short", **timed)(charge)
    long = idempotent(store, key="other", ttl=1000.0, namespace="long", **timed)(charge)
    event = {"id": 1, "other": 2}
    short(event, None)
    long(event, None)
    clock.advance(20)
    long(event, None)
    assert len(runs) == 2
    short(event, None)
    assert len(runs) == 3
