"""A call claims its key before it runs: refusals, stores that fail, the length of the lease."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import AwsError, NoAnswer
from lambda_kit.idempotency import (
    AlreadyInProgress,
    Claim,
    MemoryStore,
    Record,
    StoreUnavailable,
    idempotent,
)
from lambda_kit.idempotency._claim import Call, running
from lambda_kit.testing import FakeClock, make_context
from tests.idempotency.stores import FaultyStore, counting


def test_while_one_runs_others_are_refused_with_key_and_time_left(
    store: MemoryStore, clock: FakeClock, timed: Any
) -> None:
    caught: list[AlreadyInProgress] = []

    @idempotent(store, key="id", lease=30.0, **timed)
    def charge(event: Any, context: object) -> str:
        clock.advance(10)
        with pytest.raises(AlreadyInProgress) as refused:
            charge(event, context)
        caught.append(refused.value)
        return "done"

    assert charge({"id": 1}, None) == "done"
    (error,) = caught
    assert error.remaining == 20.0
    assert error.key.startswith("local.tests.idempotency.test_claim.")
    assert f"key {error.key} is in progress, for at most 20.0 s" in str(error)


def test_what_cannot_be_reached_is_not_run_unless_told(facts: list[str], caplog: pytest.LogCaptureFixture) -> None:
    store = FaultyStore()
    store.failing["claim"] = ["before"] * 2
    charge, runs = counting(store)
    with pytest.raises(StoreUnavailable, match="ConnectionError: lost before; the function was not run") as caught:
        charge({"id": 1})
    assert (runs, caught.value.ran) == ([], False)
    assert isinstance(caught.value.__cause__, ConnectionError)
    trusting, runs = counting(store, on_claim_error="run", namespace="n")
    assert trusting({"id": 1, "result": 5}) == 5
    assert len(runs) == 1
    assert "it runs unprotected" in caplog.text
    assert facts == ["unprotected"]


def test_a_claim_whose_reply_was_lost_is_given_back_where_the_error_says_so() -> None:
    store = FaultyStore()

    class Lost(ConnectionError):
        sent = True

    charge, _ = counting(store)
    real = store.claim

    def claim(claim: Claim) -> Record | None:
        real(claim)
        raise Lost

    store.claim = claim  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    store.claim = real  # type: ignore[method-assign]
    assert charge({"id": 1, "result": 1}) == 1


def test_observers_learn_once_how_a_claim_ended(facts: list[str]) -> None:
    call = Call("k", None, "mine", "f")
    call.tell_end("released")
    assert facts == []
    call.claimed = True
    call.tell_end("completed")
    call.tell_end("lost")
    assert facts == ["completed"]


def test_a_call_outside_of_durable_executions_leaves_nothing_behind(store: MemoryStore) -> None:
    charge, _ = counting(store)
    charge({"id": 1})
    assert not [key for _, key in running if key in store.records]


def refusal(status: int | None, *, sent: bool | None = None) -> AwsError:
    kind = AwsError if sent is None else NoAnswer
    error = kind("no", service="dynamodb", operation="PutItem", status=status)
    if isinstance(error, NoAnswer):
        error.sent = bool(sent)
    return error


@pytest.mark.parametrize(
    ("error", "released"),
    [
        (refusal(400), False),
        (refusal(500), True),
        (refusal(None, sent=True), True),
        (refusal(None, sent=False), False),
        (OSError("down"), True),
    ],
)
def test_a_claim_that_may_have_been_made_is_given_back_and_no_other(error: Exception, released: bool) -> None:
    store = FaultyStore()

    def claim(claim: Claim) -> Record | None:
        raise error

    store.claim = claim  # type: ignore[method-assign]
    charge, _ = counting(store)
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    assert store.calls == (["release"] if released else [])


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_claim_whose_reply_is_lost_blocks_no_other_call(how: str) -> None:
    store = FaultyStore()
    charge, runs = counting(store, cache=0)
    store.failing["claim"] = [how]
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    assert store.calls == ["claim", "release"]
    assert charge({"id": 1, "result": 5}) == 5
    assert len(runs) == 1


def test_the_lease_covers_what_is_left_of_the_invocation(store: MemoryStore, clock: FakeClock, timed: Any) -> None:
    seen: list[float] = []

    def run(event: Any, context: object) -> None:
        (record,) = store.records.values()
        assert record.leased_until is not None
        seen.append(record.leased_until - clock.now)

    handler(idempotent(store, key="id", **timed))(run)({"id": 1}, make_context(timeout=12.0, clock=clock))
    store.clear()
    handler(idempotent(store, key="id", lease=3.5, **timed))(run)({"id": 1}, make_context(timeout=12.0, clock=clock))
    store.clear()
    idempotent(store, key="id", **timed)(run)({"id": 1}, None)
    assert seen == [pytest.approx(13.0), 3.5, 300.0]


def function_of_id(id: int) -> int:
    return id


def test_a_task_that_has_outlived_its_invocation_has_the_lease_of_one_outside(store: MemoryStore) -> None:
    leases: list[float] = []

    class Spy(MemoryStore):
        def claim(self, claim: Claim, /) -> Record | None:
            leases.append(claim.leased_until - claim.now)
            return super().claim(claim)

    charge = idempotent(Spy(), key="id", cache=0)(function_of_id)
    contexts: list[contextvars.Context] = []

    @handler
    def handle(event: object, context: object) -> None:
        contexts.append(contextvars.copy_context())
        charge(1)

    handle({}, make_context(timeout=12.0, clock=FakeClock()))
    contexts[0].run(charge, 2)
    assert leases == [pytest.approx(13.0), pytest.approx(300.0)]
