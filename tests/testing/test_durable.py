"""`invoke` of a durable handler: its whole execution, under AWS's testing package."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pytest

from lambda_kit import Logger, Tracer, handler
from lambda_kit.errors import ConfigurationError, ExecutionFailed, MissingExtra
from lambda_kit.testing import invoke, make_context
from tests.patience import PATIENCE

sdk: Any = import_module("aws_durable_execution_sdk_python")
Duration: Any = import_module("aws_durable_execution_sdk_python.config").Duration
log, tracer = Logger(), Tracer()


def pay(_: object) -> str:
    return "paid"


def ask(callback: str, _: object) -> None: ...


@handler(log, tracer)
def place_order(event: dict[str, Any], context: Any) -> Any:
    log.info("placing")
    context.step(pay, name="pay")
    context.wait(Duration.from_days(2), name="rest")
    log.info("asking")
    answer = context.wait_for_callback(ask, name="approval")
    if event.get("fail"):
        raise ValueError("sold out")
    return [answer, event]


place: Any = sdk.durable_execution(place_order)


def test_the_result_is_that_of_the_execution_with_each_run_and_checkpoint() -> None:
    result = invoke(place, {"id": 1}, answers={"approval": "yes"})
    assert result.unwrap() == ["yes", {"id": 1}]
    assert [run.status for run in result.runs] == ["PENDING", "PENDING", "SUCCEEDED"]
    assert [[(one.kind, one.action, one.name) for one in run.checkpoints] for run in result.runs[:1]] == [
        [("STEP", "START", "pay"), ("STEP", "SUCCEED", "pay"), ("WAIT", "START", "rest")]
    ]
    assert [[line["message"] for line in run.logs] for run in result.runs] == [["placing"], ["asking"], []]
    assert [line["message"] for line in result.logs] == ["placing", "asking"]
    assert [span.name for span in result.spans] == ["place_order"] * 3


def test_an_execution_that_fails_is_an_error_that_names_the_exception() -> None:
    result = invoke(place, {"fail": True}, answers={"approval": "yes"})
    error = result.error
    assert isinstance(error, ExecutionFailed)
    assert (error.error_type, error.reason) == ("ValueError", "sold out")
    assert result.runs[-1].status == "FAILED"


def test_a_callback_that_is_answered_by_an_exception_fails() -> None:
    error = invoke(place, answers={"approval": PermissionError("no")}).error
    assert isinstance(error, ExecutionFailed)
    assert (error.error_type.rpartition(".")[2], error.reason) == ("CallbackExternalError", "no")


def test_a_callback_without_an_answer_is_an_error_that_says_so() -> None:
    with pytest.raises(ConfigurationError, match=r"waits for the callback approval, .* answers=\{'approval': \.\.\.\}"):
        invoke(place, patience=PATIENCE / 30)  # the callback has to be made in this time


def test_waits_can_take_their_time() -> None:
    @handler
    def wait(event: Any, context: Any) -> None:
        context.wait(Duration.from_seconds(1))

    assert invoke(sdk.durable_execution(wait), skip_waits=False).duration >= 1.0


def test_a_context_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="makes the contexts of a durable handler"):
        invoke(place, context=make_context())


def test_without_the_testing_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aws_durable_execution_sdk_python_testing", None)
    with pytest.raises(MissingExtra, match=r"lambda-kit-sdk\[durable\]"):
        invoke(place)
