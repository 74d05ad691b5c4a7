"""A call that waits for another one with its key."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit.idempotency import (
    AlreadyInProgress,
    Claim,
    MemoryStore,
    StoreUnavailable,
    idempotent,
)
from lambda_kit.testing import make_context
from tests.idempotency.stores import FaultyStore, counting
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from lambda_kit.testing import FakeClock


def test_a_call_that_waits_gets_the_result_of_the_one_that_runs(store: MemoryStore, facts: list[str]) -> None:
    running, waiting = threading.Event(), threading.Event()
    results: list[Any] = []

    @idempotent(store, key="event.id", on_in_progress="wait", sleep=lambda seconds: waiting.set())
    def charge(event: Any) -> str:
        running.set()
        assert waiting.wait(PATIENCE)
        return "done"

    first = threading.Thread(target=lambda: results.append(charge({"id": 1})))
    first.start()
    assert running.wait(PATIENCE)
    second = threading.Thread(target=lambda: results.append(charge({"id": 1})))
    second.start()
    first.join()
    second.join()
    assert results == ["done", "done"]
    assert sorted(facts) == ["claimed", "completed", "replayed", "waited"]


def claimed_by_another(store: MemoryStore, *, now: float, lease: float, **options: Any) -> tuple[Any, list[Any], Claim]:
    """Return a protected function, the list of its runs, and the claim of another worker to the key of the id 1."""
    charge, runs = counting(store, cache=0, **options)
    charge({"id": 1})
    (key,) = store.records
    runs.clear()
    store.clear()
    claim = Claim(key, "another", now=now, lease=lease, ttl=3600.0, payload=None)
    assert MemoryStore.claim(store, claim) is None
    return charge, runs, claim


def test_a_call_that_waits_runs_when_the_lease_of_a_dead_worker_ends(
    store: MemoryStore, clock: FakeClock, timed: Any
) -> None:
    charge, runs, _ = claimed_by_another(store, now=clock.now, lease=5.0, on_in_progress="wait", **timed)
    began = clock.now
    charge({"id": 1})
    assert len(runs) == 1
    assert 5.0 <= clock.now - began < 6.5


def pauses_of_a_wait(store: MemoryStore, clock: FakeClock, *, lease: float, chance: bytes) -> list[float]:
    """Return the pauses of a call that waits for a dead worker with this lease, and then runs.

    Args:
        store: where the worker has claimed the key.
        clock: the time of both.
        lease: seconds.
        chance: the random byte that the call always gets.
    """
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock.advance(seconds)

    def random_bytes(count: int) -> bytes:
        return chance * count

    options: dict[str, Any] = {"clock": clock, "sleep": sleep, "random_bytes": random_bytes}
    charge, runs, _ = claimed_by_another(store, now=clock.now, lease=lease, on_in_progress="wait", **options)
    charge({"id": 1})
    assert len(runs) == 1
    return pauses


def test_a_call_that_waits_asks_after_pauses_that_double_and_when_the_lease_ends(
    store: MemoryStore, clock: FakeClock
) -> None:
    pauses = pauses_of_a_wait(store, clock, lease=1.0, chance=b"\xff")
    assert pauses[:4] == pytest.approx([0.075, 0.15, 0.3, 0.475], abs=1e-6)


@pytest.mark.parametrize(("chance", "seconds"), [(b"\x00", 0.5), (b"\xff", 1.5)], ids=["short", "long"])
def test_a_call_that_waits_long_asks_every_half_to_one_and_a_half_seconds(
    store: MemoryStore, clock: FakeClock, chance: bytes, seconds: float
) -> None:
    pauses = pauses_of_a_wait(store, clock, lease=60.0, chance=chance)
    assert pauses[5:35] == pytest.approx([seconds] * 30)


def test_a_call_that_waits_gives_up_before_the_invocation_ends(
    store: MemoryStore, clock: FakeClock, timed: Any
) -> None:
    charge, runs, _ = claimed_by_another(store, now=clock.now, lease=60.0, on_in_progress="wait", **timed)
    end = clock.now + 3.0

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return round(max(0.0, end - clock.now) * 1000)

    context: Any = Context()
    with pytest.raises(AlreadyInProgress):
        handler(charge)({"id": 1}, context)
    assert runs == []
    assert 2.7 < 3.0 - (end - clock.now) < 3.0


def test_a_call_that_has_seen_another_call_running_never_runs_beside_it(clock: FakeClock, timed: Any) -> None:
    store = FaultyStore()
    given: Any = {"on_in_progress": "wait", "on_claim_error": "run", **timed}
    charge, runs, _ = claimed_by_another(store, now=clock.now, lease=60.0, **given)
    store.failing["claim"] = ["", "before", "before", "before", "before"]
    store.calls.clear()
    began = clock.now
    with pytest.raises(StoreUnavailable, match="the function was not run"):
        charge({"id": 1})
    assert runs == []
    assert store.calls == [*["claim"] * 5, "release"]
    assert clock.now - began > 0.3  # it pauses between its attempts


def test_a_call_whose_store_fails_asks_no_more_when_little_time_is_left(clock: FakeClock, timed: Any) -> None:
    store = FaultyStore()
    charge, _, _ = claimed_by_another(store, now=clock.now, lease=60.0, on_in_progress="wait", **timed)
    store.failing["claim"] = ["", "before"]
    with pytest.raises(StoreUnavailable):
        handler(charge)({"id": 1}, make_context(timeout=0.31, clock=clock))
    assert not store.failing["claim"]


def test_a_call_that_is_refused_learns_how_long_the_other_may_take(
    store: MemoryStore, clock: FakeClock, timed: Any
) -> None:
    charge, _, _ = claimed_by_another(store, now=clock.now, lease=0.5, **timed)
    with pytest.raises(AlreadyInProgress) as refused:
        charge({"id": 1})
    assert refused.value.remaining == 0.5


def test_a_call_that_waits_gets_over_steps_that_fail(clock: FakeClock, timed: Any) -> None:
    store = FaultyStore()
    given: Any = {"on_in_progress": "wait", "on_claim_error": "run", **timed}
    charge, runs, other = claimed_by_another(store, now=clock.now, lease=5.0, **given)
    store.failing["claim"] = ["", "before", "before", "", "before", "before"]
    assert charge({"id": 1, "result": "own"}) == "own"
    assert len(runs) == 1
    assert clock.now >= other.leased_until


def test_a_call_that_is_stopped_while_it_waits_has_not_touched_the_claim_of_the_other(
    store: MemoryStore, clock: FakeClock, facts: list[str]
) -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    given: Any = {"on_in_progress": "wait", "clock": clock, "sleep": stop}
    charge, _, other = claimed_by_another(store, now=clock.now, lease=60.0, **given)
    facts.clear()
    with pytest.raises(KeyboardInterrupt):
        charge({"id": 1})
    assert facts == ["waited"]
    assert store.records[other.key].owner == "another"


@pytest.mark.parametrize("in_thread", [False, True], ids=["same thread", "thread with the context"])
def test_a_call_inside_the_run_of_its_own_key_is_refused_at_once(store: MemoryStore, in_thread: bool) -> None:
    paused: list[float] = []
    refused: list[AlreadyInProgress] = []

    @idempotent(store, key="event.id", on_in_progress="wait", sleep=paused.append)
    def charge(event: Any) -> str:
        def call_again() -> None:
            with pytest.raises(AlreadyInProgress) as caught:
                charge(event)
            refused.append(caught.value)

        if in_thread:
            thread = threading.Thread(target=contextvars.copy_context().run, args=(call_again,))
            thread.start()
            thread.join()
        else:
            call_again()
        return "done"

    assert charge({"id": 1}) == "done"
    assert paused == []
    assert refused[0].__notes__ == [
        "The call is made inside the run that holds the key, so that it would wait for itself."
    ]


def test_a_call_inside_of_another_key_that_waits_is_no_call_of_its_own(store: MemoryStore) -> None:
    charge, runs, _ = claimed_by_another(store, now=time.time(), lease=0.05, on_in_progress="wait")

    @idempotent(store, key="id", on_in_progress="wait")
    def outer(id: int) -> Any:
        return charge({"id": 1, "result": "inner"})

    assert outer(1) == "inner"
    assert runs == [{"id": 1, "result": "inner"}]


def test_a_coroutine_inside_the_run_of_its_own_key_is_refused_at_once(store: MemoryStore) -> None:
    paused: list[float] = []

    @idempotent(store, key="id", on_in_progress="wait", sleep=paused.append)
    async def charge(id: int) -> str:
        with pytest.raises(AlreadyInProgress):
            await asyncio.create_task(charge(id))
        return "done"

    assert asyncio.run(charge(1)) == "done"
    assert paused == []


def test_a_context_keeps_nothing_of_the_runs_that_have_ended_in_it(store: MemoryStore) -> None:
    @idempotent(store, key="id", on_in_progress="wait")
    def charge(id: int) -> None:
        if id < 3:
            charge(id + 1)
        raise ValueError("declined")

    def run() -> dict[str, Any]:
        with pytest.raises(ValueError, match="declined"):
            charge(1)
        return {variable.name: value for variable, value in contextvars.copy_context().items()}

    kept = contextvars.Context().run(run)
    assert kept["lambda_kit_idempotency"] == ()
