"""Durable executions, in contexts of AWS's own SDK: when a claim stays with its execution, and for how long."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.idempotency import AlreadyInProgress, MemoryStore, idempotent
from lambda_kit.testing import FakeClock, make_context
from tests.durable_context import durable_context
from tests.patience import PATIENCE

exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")


def context_of(execution: str, clock: FakeClock | None = None) -> Any:
    """Return the context of a run of a durable execution."""
    given: Any = {} if clock is None else {"clock": clock}
    return durable_context(execution, timeout=5.0, **given)


class Retryable(exceptions.InvocationError):  # type: ignore[misc]
    pass


def throttled(status: int) -> Exception:
    error: Exception = exceptions.CheckpointError("x", exceptions.DurableApiErrorCategory.EXECUTION)
    error.is_retryable = lambda: status >= 500  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    return error


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (exceptions.SuspendExecution("x"), True),
        (exceptions.TimedSuspendExecution("x", 0.0), True),
        (exceptions.OrphanedChildException("x", "id"), True),
        (Retryable("x"), True),
        (throttled(500), True),
        (throttled(400), False),
        (exceptions.BackgroundThreadError("x", Retryable("x")), True),
        (exceptions.BackgroundThreadError("x", throttled(400)), False),
        (exceptions.BackgroundThreadError("x", ValueError("x")), True),
        (exceptions.ExecutionError("x"), False),
        (ValueError("x"), False),
        (KeyboardInterrupt(), True),
        (TimeLimitInterrupt(), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_the_key_is_kept_where_the_execution_goes_on(
    store: MemoryStore, error: BaseException, kept: bool, facts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[int] = []

    @handler(idempotent(store, key="id"))
    def charge(event: Any, context: object) -> str:
        runs.append(1)
        if len(runs) == 1:
            raise error
        return "done"

    with pytest.raises(type(error)) as caught:
        charge({"id": 1}, context_of("arn:1"))
    assert caught.value is error
    assert facts == ["claimed", "suspended" if kept else "released"]
    assert caplog.records == []
    if kept:
        with pytest.raises(AlreadyInProgress):
            charge({"id": 1}, context_of("arn:2"))
        with pytest.raises(AlreadyInProgress):
            charge({"id": 1}, make_context())
    assert charge({"id": 1}, context_of("arn:1")) == "done"
    assert len(runs) == 2


def test_a_suspension_outside_of_a_durable_execution_releases_the_key(store: MemoryStore) -> None:
    @handler(idempotent(store, key="id"))
    def charge(event: Any, context: object) -> str:
        raise exceptions.SuspendExecution("x")

    with pytest.raises(exceptions.SuspendExecution):
        charge({"id": 1}, make_context())
    assert store.records == {}


def test_the_claim_lasts_for_a_year_or_the_lease_that_is_given(store: MemoryStore, clock: FakeClock) -> None:
    def run(event: Any, context: object) -> None:
        raise exceptions.SuspendExecution("x")

    for lease in (None, 600.0):
        store.clear()
        protect = idempotent(store, key="id", clock=clock, namespace=str(lease), lease=lease)
        with pytest.raises(exceptions.SuspendExecution):
            handler(protect)(run)({"id": 1}, context_of("arn:1", clock))
        (record,) = store.records.values()
        assert record.leased_until == clock.now + (lease or 366 * 86_400.0)


def test_two_branches_of_one_execution_do_not_run_side_by_side(store: MemoryStore) -> None:
    begun, over = threading.Event(), threading.Event()

    @handler(idempotent(store, key="id"))
    def charge(event: Any, context: object) -> str:
        begun.set()
        assert over.wait(PATIENCE)
        return "done"

    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(charge({"id": 1}, context_of("arn:1"))))
    thread.start()
    assert begun.wait(PATIENCE)
    with pytest.raises(AlreadyInProgress):
        charge({"id": 1}, context_of("arn:1"))
    over.set()
    thread.join()
    assert results == ["done"]
    assert charge({"id": 1}, context_of("arn:1")) == "done"
