"""Unit tests: a run of a durable execution under an SDK that is missing, or another than the one that is known."""

from __future__ import annotations

import json
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_kit import Logger, current_invocation, handler, idempotent
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import make_context
from tests.durable_context import durable_context


def call(fn: Any) -> Any:
    """Be the method `step` of another SDK."""
    return fn(None)


def changed(**methods: Any) -> Any:
    """Return the context of an SDK that has other methods than the one that is known."""
    return SimpleNamespace(
        lambda_context=make_context(request_id="r-1"),
        execution_context=SimpleNamespace(durable_execution_arn="arn:1"),
        **methods,
    )


@pytest.mark.parametrize(
    "context",
    [changed(), changed(is_replaying=lambda: True), changed(is_replaying=lambda: False, step=call)],
    ids=["no method", "no operations", "one operation"],
)
def test_an_unknown_sdk_is_unwrapped_with_one_warning_and_its_keys_are_kept(
    context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    durable_context()
    log, store = Logger(), MemoryStore()

    @handler(log, idempotent(store, key="id", cache=0))
    def place(event: Any, given: Any) -> tuple[str, bool, bool]:
        log.info("placing")
        invocation = current_invocation()
        return invocation.request_id, invocation.replay, given is context

    assert [place({"id": 1}, context) for _ in range(2)] == [("r-1", False, True)] * 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    warnings = [line["message"] for line in lines if line["level"] == "WARN"]
    assert len(warnings) == 1
    assert warnings[0].startswith("this version of AWS's SDK for durable executions is unknown")
    assert [line["executionArn"] for line in lines if line["message"] == "placing"] == ["arn:1"]
    (record,) = store.records.values()
    assert record.owner is not None


def test_a_run_leaves_nothing_behind_for_the_next_invocation() -> None:
    seen: list[bool] = []

    @handler
    def place(event: Any, context: Any) -> None:
        seen.append(current_invocation().replay)

    place({}, durable_context(operations={"a": SimpleNamespace(operation_type=None)}))
    place({}, make_context())
    assert seen == [True, False]


def test_methods_are_put_on_the_context_and_not_on_its_class() -> None:
    context: Any = durable_context()
    methods: Any = context.__class__
    before = {name: getattr(methods, name) for name in ("step", "map", "wait", "run_in_child_context")}

    @handler
    def place(event: Any, given: Any) -> bool:
        return "step" in vars(given)

    assert place({}, context) is True
    assert {name: getattr(methods, name) for name in before} == before


def test_the_sdk_has_all_that_the_kit_relies_on() -> None:
    context = durable_context()
    sdk = "aws_durable_execution_sdk_python"
    owners: dict[str, tuple[Any, tuple[str, ...]]] = {
        "context": (
            context,
            (
                *("create_callback", "invoke", "map", "parallel", "run_in_child_context", "step", "wait"),
                *("wait_for_callback", "wait_for_condition", "is_replaying", "lambda_context", "set_logger"),
                *("_next_operation_exists", "_parent_id"),
            ),
        ),
        "state": (
            context.state,
            ("operations", "is_operation_updated_since_last_invocation", "is_checkpoint_token_revoked"),
        ),
        "callback": (import_module(f"{sdk}.context").Callback, ("result",)),
        "exceptions": (
            import_module(f"{sdk}.exceptions"),
            (
                *("BackgroundThreadError", "DurableOperationError", "ExecutionError", "InvocationError"),
                *("OrphanedChildException", "SuspendExecution", "TimedSuspendExecution"),
            ),
        ),
        "decorator": (import_module(f"{sdk}.execution"), ("durable_execution",)),
        "logger": (import_module(f"{sdk}.logger"), ("Logger",)),
    }
    missing = {(owner, name) for owner, (value, names) in owners.items() for name in names if not hasattr(value, name)}
    assert missing == set()
