"""Results that come in the last moments of an invocation, or after its end, are stored all the same."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import current_invocation, handler
from lambda_kit.idempotency import Claim, DynamoDBStore, LeaseLost, MemoryStore, Record, StoreUnavailable, idempotent
from lambda_kit.testing import FakeClock, make_context
from tests.idempotency.stores import FaultyStore
from tests.idempotency.test_stores import TABLE, make_table
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import Aws

TIMEOUT = 5.0


def statuses(aws: Aws) -> list[str]:
    return [item["status"]["S"] for item in aws.boto3("dynamodb").scan(TableName=TABLE)["Items"]]


@pytest.mark.parametrize("left", [0.2, 0.05, 0.0, -3.0], ids=str)
@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
def test_in_the_last_moments_the_result_is_stored_or_the_key_released(aws: Aws, left: float, fails: bool) -> None:
    make_table(aws)
    clock = FakeClock()
    runs: list[int] = []

    @handler(idempotent(DynamoDBStore(TABLE), key="id", cache=0, clock=clock, lease=60.0))
    def charge(event: Any, context: object) -> str:
        runs.append(1)
        if len(runs) == 1:
            clock.advance(TIMEOUT - left)
            if fails:
                raise ValueError("declined")
        return "done"

    if fails:
        with pytest.raises(ValueError, match="declined"):
            charge({"id": 1}, make_context(timeout=TIMEOUT, clock=clock))
        assert statuses(aws) == []
    else:
        assert charge({"id": 1}, make_context(timeout=TIMEOUT, clock=clock)) == "done"
        assert statuses(aws) == ["COMPLETED"]
    assert charge({"id": 1}, make_context(timeout=TIMEOUT, clock=clock)) == "done"
    assert len(runs) == (2 if fails else 1)


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
def test_code_that_has_outlived_its_invocation_stores_its_result_or_releases_the_key(aws: Aws, fails: bool) -> None:
    make_table(aws)
    running, over = threading.Event(), threading.Event()
    outcomes: list[object] = []

    @idempotent(DynamoDBStore(TABLE), key="id", cache=0)
    def charge(id: int) -> str:
        running.set()
        assert over.wait(PATIENCE)
        if fails:
            raise ValueError("declined")
        return "done"

    def work() -> None:
        try:
            outcomes.append(charge(1))
        except Exception as error:
            outcomes.append(type(error))

    threads: list[threading.Thread] = []

    @handler
    def handle(event: object, context: object) -> None:
        threads.append(threading.Thread(target=contextvars.copy_context().run, args=(work,)))
        threads[0].start()
        assert running.wait(PATIENCE)

    handle({}, make_context(timeout=TIMEOUT))
    over.set()
    threads[0].join()
    assert outcomes == [ValueError if fails else "done"]
    assert statuses(aws) == ([] if fails else ["COMPLETED"])


def test_a_late_worker_learns_that_it_has_lost_its_lease(aws: Aws) -> None:
    make_table(aws)
    clock = FakeClock()
    runs: list[int] = []

    def run(event: Any, context: object) -> str:
        runs.append(1)
        if len(runs) == 1:
            clock.advance(TIMEOUT + 2.0)
            assert contextvars.Context().run(charge, {"id": 1}, None) == "second"
            return "first"
        return "second"

    store = DynamoDBStore(TABLE)
    charge = idempotent(store, key="id", namespace="n", cache=0, clock=clock, lease=60.0)(run)
    late = handler(idempotent(store, key="id", namespace="n", cache=0, clock=clock)(run))

    with pytest.raises(LeaseLost) as caught:
        late({"id": 1}, make_context(timeout=TIMEOUT, clock=clock))
    assert caught.value.result == "first"
    assert statuses(aws) == ["COMPLETED"]


class Watching(FaultyStore):
    """A store that notes how much time the invocation says that it has, and to which trace it belongs."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[float] = []
        self.traces: list[str | None] = []

    def complete(self, record: Record, /) -> bool:
        self.left.append(current_invocation().remaining())
        self.traces.append(current_invocation().trace_id)
        return super().complete(record)


def test_a_late_step_is_bounded_by_the_lease_and_has_two_seconds_at_least() -> None:
    clock = FakeClock()
    store = Watching()

    @handler(idempotent(store, key="id", clock=clock, cache=0))
    def charge(event: Any, context: object) -> str:
        clock.advance(event["takes"])
        return f"{current_invocation().remaining():.1f} s"

    for takes in (1.0, 4.5, 4.9, 5.5, 10.0):
        charge({"id": takes, "takes": takes}, make_context(timeout=5.0, clock=clock))
    assert store.left == [pytest.approx(4.0), pytest.approx(0.5, abs=0.002), 2.0, 2.0, 2.0]
    leased = idempotent(store, key="id", clock=clock, cache=0, lease=60.0, namespace="leased")

    @handler(leased)
    def charge_slowly(event: Any, context: object) -> None:
        clock.advance(15.0)

    store.left.clear()
    charge_slowly({"id": 1}, make_context(timeout=5.0, clock=clock))
    assert store.left == [45.0]


def test_a_late_step_that_fails_is_tried_again_as_long_as_the_lease_lasts() -> None:
    clock = FakeClock()
    store = FaultyStore()
    store.failing["complete"] = ["before", "before"]
    protect = idempotent(store, key="id", clock=clock, sleep=clock.advance, cache=0, lease=60.0)

    @handler(protect)
    def charge(event: Any, context: object) -> str:
        clock.advance(15.0)
        return "done"

    assert charge({"id": 1}, make_context(timeout=5.0, clock=clock)) == "done"
    assert store.calls == ["claim", "complete", "complete", "complete"]


def test_a_late_step_that_fails_is_not_tried_again_after_the_lease() -> None:
    clock = FakeClock()
    store = FaultyStore()
    store.failing["complete"] = ["before"]
    protect = idempotent(store, key="id", clock=clock, sleep=clock.advance, cache=0, lease=60.0)

    @handler(protect)
    def charge(event: Any, context: object) -> str:
        clock.advance(59.99)
        return "done"

    with pytest.raises(StoreUnavailable) as caught:
        charge({"id": 1}, make_context(timeout=5.0, clock=clock))
    assert caught.value.result == "done"
    assert store.calls == ["claim", "complete"]


def test_a_late_step_belongs_to_the_trace_of_its_invocation_and_never_to_that_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    store = Watching()
    left_behind: list[contextvars.Context] = []

    @idempotent(store, key="id", clock=clock, cache=0)
    def charge(id: int) -> None:
        clock.advance(4.9)

    @handler
    def handle(event: Any, context: object) -> None:
        if event.get("asks"):
            assert current_invocation().trace_id == "1-a-1"
        if event.get("leaves"):
            left_behind.append(contextvars.copy_context())
        else:
            charge(event["id"])

    events = [{}, {"asks": True}, {"leaves": True}, {"leaves": True, "asks": True}]
    for number, event in enumerate(events):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-a-1")
        handle({"id": number, **event}, make_context(timeout=5.0, clock=clock))
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-a-2")  # the next invocation begins
        if left_behind:
            left_behind.pop().run(charge, number)
    assert store.traces == ["1-a-1", "1-a-1", None, "1-a-1"]


def test_the_invocation_is_the_same_again_after_a_late_step() -> None:
    clock = FakeClock()
    seen: list[object] = []
    protected = idempotent(MemoryStore(), key="id", clock=clock)

    @handler
    def handle(event: Any, context: object) -> None:
        seen.append(current_invocation())
        charge(event["id"])
        seen.append(current_invocation())

    @protected
    def charge(id: int) -> None:
        clock.advance(10.0)

    handle({"id": 1}, make_context(timeout=5.0, clock=clock))
    assert seen[0] is seen[1]


def test_a_claim_is_not_made_where_there_is_no_time_to_run(aws: Aws) -> None:
    make_table(aws)
    clock = FakeClock()
    store = DynamoDBStore(TABLE)
    claimed: list[Claim] = []

    @handler
    def handle(event: Any, context: object) -> None:
        clock.advance(TIMEOUT - 0.05)
        with pytest.raises(Exception, match="there is no time left in the invocation"):
            charge(event["id"])

    @idempotent(store, key="id", clock=clock)
    def charge(id: int) -> None:
        raise AssertionError("it must not run")

    handle({"id": 1}, make_context(timeout=TIMEOUT, clock=clock))
    assert claimed == []
    assert statuses(aws) == []
