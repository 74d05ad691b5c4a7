"""After the run: the result is stored, or the key is released."""

from __future__ import annotations

import logging
import random
import threading
from typing import Any

import pytest

from lambda_kit import handler, time_limit
from lambda_kit.errors import TimeLimitReached
from lambda_kit.idempotency import (
    AlreadyInProgress,
    LeaseLost,
    MemoryStore,
    ResultNotStored,
    ResultTooLarge,
    StoreUnavailable,
    idempotent,
)
from lambda_kit.testing import FakeClock, invoke, make_context
from tests.idempotency.stores import FaultyStore, counting
from tests.patience import PATIENCE


def test_a_run_that_raises_gives_the_key_back_and_its_error_is_unchanged(store: MemoryStore, facts: list[str]) -> None:
    error = ValueError("declined")
    runs: list[int] = []

    @idempotent(store, key="id")
    def charge(event: Any, context: object) -> str:
        runs.append(1)
        if len(runs) == 1:
            raise error
        return "done"

    with pytest.raises(ValueError, match="declined") as caught:
        charge({"id": 1}, None)
    assert caught.value is error
    assert error.__context__ is None
    assert error.__cause__ is None
    assert charge({"id": 1}, None) == "done"
    assert facts == ["claimed", "released", "claimed", "completed"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration, StopAsyncIteration])
def test_whatever_ends_the_run_gives_the_key_back(store: MemoryStore, stop: type[BaseException]) -> None:
    @idempotent(store, key="id")
    def charge(event: Any, context: object) -> str:
        if event.get("stop"):
            raise stop
        return "done"

    with pytest.raises(stop):
        charge({"id": 1, "stop": True}, None)
    assert charge({"id": 1}, None) == "done"


def test_the_time_limit_gives_the_key_back(store: MemoryStore) -> None:
    @handler(idempotent(store, key="id"), time_limit(margin=1.0))
    def charge(event: Any, context: object) -> str:
        if event.get("slow"):
            threading.Event().wait(PATIENCE)
        return "done"

    result = invoke(charge, {"id": 1, "slow": True}, context=make_context(timeout=1.021, clock=FakeClock()))
    assert isinstance(result.error, TimeLimitReached)
    assert invoke(charge, {"id": 1}).value == "done"


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_save_that_fails_is_tried_again_and_the_function_is_not(how: str, timed: Any) -> None:
    store = FaultyStore()
    store.failing["complete"] = [how] * 3
    charge, runs = counting(store, cache=0, **timed)
    assert charge({"id": 1, "result": 5}) == 5
    assert charge({"id": 1}) == 5
    assert len(runs) == 1


def test_a_save_that_keeps_failing_is_an_error_with_the_result_and_the_function_is_not_run_again(
    timed: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for policy in ("raise", "log"):
        store = FaultyStore()
        store.failing["complete"] = ["before"] * 10
        charge, runs = counting(store, on_save_error=policy, lease=30.0, **timed)
        if policy == "raise":
            with pytest.raises(StoreUnavailable, match="the function has run, and its result could not be stored") as e:
                charge({"id": 1, "result": 5})
            assert (e.value.ran, e.value.result) == (True, 5)
            assert isinstance(e.value.__cause__, ConnectionError)
        else:
            assert charge({"id": 1, "result": 5}) == 5
            assert "its result could not be stored" in caplog.text
        assert store.calls.count("complete") == 4
        with pytest.raises(AlreadyInProgress):
            charge({"id": 1})
        assert len(runs) == 1


@pytest.mark.parametrize("policy", ["raise", "log"])
def test_a_late_worker_neither_overwrites_its_successor_nor_deletes_it_and_learns_so(
    store: MemoryStore, clock: FakeClock, timed: Any, policy: Any, facts: list[str]
) -> None:
    runs: list[int] = []

    def run(event: Any, context: object = None) -> Any:
        runs.append(1)
        if len(runs) == 1:
            clock.advance(6.0)
            assert late({"id": 1}) == "second"
            if event.get("fail"):
                raise ValueError("late")
            return "first"
        return "second"

    late = idempotent(store, key="id", lease=5.0, on_save_error=policy, cache=0, **timed)(run)
    if policy == "raise":
        with pytest.raises(LeaseLost, match="another call has claimed it") as caught:
            late({"id": 1})
        assert caught.value.result == "first"
    else:
        assert late({"id": 1}) == "first"
    assert late({"id": 1}) == "second"
    assert facts == ["claimed", "claimed", "completed", "lost", "replayed"]
    runs.clear()
    clock.advance(4000)
    with pytest.raises(ValueError, match="late"):
        late({"id": 1, "fail": True})
    assert late({"id": 1}) == "second"
    assert facts[5:] == ["claimed", "claimed", "completed", "lost", "replayed"]


@pytest.mark.parametrize(("ttl", "kept"), [(0.25, 0.5), (0.5, 0.5), (0.75, 1.5), (60.0, 60.5)])
def test_a_result_is_kept_for_its_ttl_and_then_to_the_end_of_the_second(
    store: MemoryStore, clock: FakeClock, timed: Any, ttl: float, kept: float
) -> None:
    charge, runs = counting(store, ttl=ttl, cache=0, **timed)
    clock.advance(0.5)
    charge({"id": 1})
    clock.advance(kept - 0.25)
    charge({"id": 1})
    assert len(runs) == 1
    clock.advance(0.25)
    charge({"id": 1})
    assert len(runs) == 2


def test_a_result_that_is_too_large_is_compressed_and_else_told_on_a_replay(caplog: pytest.LogCaptureFixture) -> None:
    class Small(MemoryStore):
        max_bytes = 1000

    store = Small()
    charge, runs = counting(store, cache=0)
    fits = "x" * 50_000
    assert [charge({"id": 1, "result": fits}) for _ in range(2)] == [fits] * 2
    large = random.Random(1).randbytes(5000).hex()
    assert charge({"id": 2, "result": large}) == large
    assert "its result is too large for the store" in caplog.text
    for _ in range(2):
        with pytest.raises(ResultTooLarge, match="too large for the store"):
            charge({"id": 2})
    assert len(runs) == 2


def test_a_result_that_cannot_be_stored_is_an_error_and_the_function_is_not_run_again(store: MemoryStore) -> None:
    charge, runs = counting(store, cache=0)
    with pytest.raises(ResultNotStored, match=r"a builtins\.object cannot be stored; pass codec="):
        charge({"id": 1, "result": object()})
    with pytest.raises(ResultNotStored, match="its result was not stored"):
        charge({"id": 1})
    assert len(runs) == 1


def test_nothing_of_key_and_payload_is_told_in_errors_or_logs(timed: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = FaultyStore()
    charge, _ = counting(store, payload="secret", on_save_error="log", **timed)
    store.failing["complete"] = ["before"] * 10
    charge({"id": "card 4111", "secret": "hunter2", "result": "r"})
    with pytest.raises(AlreadyInProgress) as caught:
        charge({"id": "card 4111", "secret": "hunter2"})
    told = f"{caught.value}{caplog.text}"
    assert "4111" not in told
    assert "hunter2" not in told
