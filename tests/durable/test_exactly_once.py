"""Idempotent functions in durable executions, under AWS's own SDK: no effect happens twice."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lambda_kit import handler, time_limit
from lambda_kit.errors import ConfigurationError, TimeLimitReached
from lambda_kit.idempotency import AlreadyInProgress, MemoryStore, idempotent
from lambda_kit.testing import FakeClock
from tests.durable_context import durable_context
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "programs" / "exactly_once.py"
sdk: Any = import_module("aws_durable_execution_sdk_python")
exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")


@pytest.fixture(scope="module")
def executions() -> dict[str, dict[str, Any]]:
    """What came of each scenario of the program."""
    done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=PATIENCE, check=True)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_function_that_uses_the_context_runs_once_and_the_operations_after_it_go_on(
    executions: dict[str, dict[str, Any]],
) -> None:
    assert executions["nested_with_context"] == {
        "first": ["SUCCEEDED", "charge 1"],
        "second": ["SUCCEEDED", "charge 1"],
        "effects": ["charge", "mail", "mail"],  # the mail is no idempotent function
        "runs": 7,
    }


def test_a_function_runs_once_in_an_execution_that_outlives_its_record(executions: dict[str, dict[str, Any]]) -> None:
    assert executions["nested_without_context"] == {
        "first": ["SUCCEEDED", [["mail 1", 1], "('mail 1', 1)"]],
        "effects": ["mail", "mail"],
        "runs": 3,
    }


def test_an_error_of_a_function_is_the_same_in_a_replay_which_does_not_run_it_again(
    executions: dict[str, dict[str, Any]],
) -> None:
    assert executions["nested_error"] == {
        "first": ["SUCCEEDED", "cancel 1"],
        "caught": ["DeclinedError('no credit', 3)"] * 2,
        "keys": 0,
        "effects": ["attempt", "cancel"],
        "runs": 2,
    }


def test_a_function_that_uses_a_context_which_it_did_not_get_is_refused(executions: dict[str, dict[str, Any]]) -> None:
    found = executions["nested_through_closure"]
    assert found["effects"] == []
    assert found["first"][0] == "SUCCEEDED"
    assert found["first"][1].startswith("the idempotent function charge uses a durable context that it did not get")


def test_a_step_that_is_tried_again_after_its_function_has_run_gets_the_stored_result(
    executions: dict[str, dict[str, Any]],
) -> None:
    assert executions["within_a_step"] == {"first": ["SUCCEEDED", "charge 1"], "effects": ["charge"], "runs": 3}


def test_of_two_branches_with_one_key_one_runs_even_while_the_other_waits(
    executions: dict[str, dict[str, Any]],
) -> None:
    found = executions["branches_with_one_key"]
    assert found["effects"] == ["charge"]
    status, (results, errors) = found["first"]
    assert (status, results, len(errors)) == ("SUCCEEDED", ["charge 1"], 1)


def test_each_record_of_a_batch_runs_once_across_suspensions(executions: dict[str, dict[str, Any]]) -> None:
    assert executions["records_of_a_batch"] == {
        "first": ["SUCCEEDED", {"batchItemFailures": []}],
        "second": ["SUCCEEDED", {"batchItemFailures": []}],
        "effects": ["charge m0", "charge m1", "charge m2"],
        "runs": 0,
    }


def test_an_async_handler_is_suspended_keeps_its_key_and_replays(executions: dict[str, dict[str, Any]]) -> None:
    assert executions["coroutine"] == {
        "first": ["SUCCEEDED", "charge 1"],
        "second": ["SUCCEEDED", "charge 1"],
        "effects": ["charge", "mail"],
        "runs": 2,
    }


def test_a_layer_sees_the_suspension_at_its_yield_and_cannot_answer_it(executions: dict[str, dict[str, Any]]) -> None:
    assert executions["answering_layer"] == {
        "first": ["SUCCEEDED", "charge 1"],
        "seen": ["TimedSuspendExecution", "left", "returned", "left"],
        "effects": ["charge"],
        "runs": 2,
    }


def test_an_execution_that_is_stopped_leaves_its_key_to_the_lease(executions: dict[str, dict[str, Any]]) -> None:
    assert executions["stopped"] == {
        "first": "FAILED",
        "states": ["INPROGRESS"],
        "second": ["FAILED", "AlreadyInProgress"],
        "effects": ["charge"],
        "runs": 1,
    }


def test_an_execution_that_runs_out_of_time_leaves_its_key_to_the_lease(executions: dict[str, dict[str, Any]]) -> None:
    assert executions["timed_out"] == {
        "first": "Execution timed out after 1 seconds.",
        "states": ["INPROGRESS"],
        "second": ["FAILED", "AlreadyInProgress"],
        "effects": ["charge"],
        "runs": 1,
    }


def test_an_execution_that_waits_for_another_one_gets_its_result_after_its_suspension(
    executions: dict[str, dict[str, Any]],
) -> None:
    assert executions["waiting_for_another"] == {
        "first": ["SUCCEEDED", "charge 1"],
        "second": ["SUCCEEDED", "charge 1"],
        "effects": ["charge"],
        "runs": 2,
    }


def test_each_run_lengthens_the_lease_of_its_claim() -> None:
    store, clock = MemoryStore(), FakeClock()

    @handler(idempotent(store, key="id", lease=600.0, clock=clock))
    def wait(event: Any, context: object) -> None:
        raise exceptions.SuspendExecution("x")

    for _ in range(5):
        with pytest.raises(exceptions.SuspendExecution):
            wait({"id": 1}, durable_context(clock=clock))
        (record,) = store.records.values()
        assert record.leased_until == clock.now + 600.0
        clock.advance(500.0)
    with pytest.raises(AlreadyInProgress):
        wait({"id": 1}, durable_context("arn:2", clock=clock))


def test_the_key_is_kept_after_an_error_of_a_run_that_counts_for_nothing() -> None:
    store = MemoryStore()

    @handler(idempotent(store, key="id"))
    def fail(event: Any, context: Any) -> None:
        raise ValueError("x")

    context = durable_context()
    with pytest.raises(ValueError, match="x"):
        fail({"id": 1}, context)
    assert store.records == {}
    context = durable_context()
    context.state._checkpoint_token_revoked.set()
    with pytest.raises(ValueError, match="x"):
        fail({"id": 1}, context)
    assert len(store.records) == 1


def test_a_function_in_a_context_whose_method_other_code_has_replaced_is_refused() -> None:
    effects: list[str] = []

    @idempotent(MemoryStore(), key="id")
    def charge(id: str) -> None:
        effects.append(id)

    @handler
    def place(event: Any, context: Any) -> None:
        def run_plainly(body: Any, *args: Any, **kwargs: Any) -> Any:
            return body(None)

        context.run_in_child_context = run_plainly
        charge("o-1")

    with pytest.raises(ConfigurationError, match="other code has replaced run_in_child_context of the durable context"):
        place({}, durable_context())
    assert effects == []


@pytest.mark.parametrize("order", ["outside", "inside"])
def test_a_time_limit_ends_the_run_and_not_the_execution_which_keeps_its_key(order: str) -> None:
    store, runs = MemoryStore(), [0]
    limit, protect = time_limit(margin=4.9), idempotent(store, key="id")

    @handler(*((limit, protect) if order == "outside" else (protect, limit)))
    def work(event: Any, context: Any) -> str:
        runs[0] += 1
        while runs[0] == 1:
            pass
        return "done"

    with pytest.raises(TimeLimitReached, match=r"work reached its time limit 4\.9 s before the deadline") as caught:
        work({"id": 1}, durable_context(timeout=5.0))
    error: Any = caught.value
    assert isinstance(error, exceptions.InvocationError)
    assert error.is_retryable()
    with pytest.raises(AlreadyInProgress):
        work({"id": 1}, durable_context("arn:2", timeout=60.0))
    assert work({"id": 1}, durable_context(timeout=60.0)) == "done"


@pytest.mark.parametrize("name", ["handler", "handler(layer)", "layer", "time_limit"])
def test_a_layer_above_durable_execution_is_refused(name: str) -> None:
    protect = idempotent(MemoryStore(), key="id", name="x")
    made: Any = {
        "handler": handler,
        "handler(layer)": handler(protect),
        "layer": protect,
        "time_limit": time_limit(margin=1.0),
    }[name]

    def place(event: Any, context: Any) -> None: ...

    for durable in (sdk.durable_execution(place), sdk.durable_execution(handler(place))):
        with pytest.raises(ConfigurationError, match="Put @durable_execution on top, and the kit below it"):
            made(durable)


def test_a_time_limit_outside_of_durable_executions_is_no_error_of_the_sdk() -> None:
    from lambda_kit.testing import make_context

    @handler(time_limit(margin=4.9))
    def work(event: Any, context: Any) -> None:
        while True:
            pass

    with pytest.raises(TimeLimitReached) as caught:
        work({}, make_context(timeout=5.0))
    assert type(caught.value) is TimeLimitReached
