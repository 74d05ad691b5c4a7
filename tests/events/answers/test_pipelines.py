"""Outcomes for CodePipeline and CodeDeploy: what is sent, and what is refused before it is."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import AnswerError, AwsError, ConfigurationError, EventError, TimeLimitInterrupt
from lambda_kit.events import pipelines
from lambda_kit.testing import invoke, make_context
from tests.events.answers.fakes import Calls, Got, answering, serving
from tests.patience import PATIENCE
from tests.stepping import Outcome, interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB: dict[str, Any] = {"CodePipeline.job": {"id": "11111111-abcd-1111-abcd-111111abcdef", "data": {}}}
HOOK = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "h-1"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    services = Calls()
    with serving(services) as services.url:
        for name, value in services.environ.items():
            monkeypatch.setenv(name, value)
        yield services.calls


def test_a_job_succeeds(sent: list[Any]) -> None:
    pipelines.job_succeeded(JOB)
    pipelines.job_succeeded(JOB, summary="done", variables={"version": "7"}, percent=100)
    pipelines.job_succeeded(JOB, continuation_token="page-2", percent=50)
    job = {"jobId": "11111111-abcd-1111-abcd-111111abcdef"}
    details = {"summary": "done", "percentComplete": 100}
    assert sent == [
        ("PutJobSuccessResult", job),
        ("PutJobSuccessResult", {**job, "executionDetails": details, "outputVariables": {"version": "7"}}),
        ("PutJobSuccessResult", {**job, "continuationToken": "page-2", "executionDetails": {"percentComplete": 50}}),
    ]


def test_a_job_fails_with_a_message_or_an_exception(sent: list[Any]) -> None:
    pipelines.job_failed(JOB, ValueError("no artifact"))
    pipelines.job_failed(JOB, "x" * 6000, kind="ConfigurationError")
    assert [(name, params["failureDetails"]) for name, params in sent] == [
        ("PutJobFailureResult", {"type": "JobFailed", "message": "ValueError: no artifact"}),
        ("PutJobFailureResult", {"type": "ConfigurationError", "message": "x" * 5000}),
    ]


def test_a_hook_succeeds_and_fails(sent: list[Any]) -> None:
    pipelines.hook_succeeded(HOOK)
    pipelines.hook_failed(HOOK)
    params = {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "h-1"}
    name = "PutLifecycleEventHookExecutionStatus"
    assert sent == [(name, {**params, "status": "Succeeded"}), (name, {**params, "status": "Failed"})]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: pipelines.job_succeeded(JOB, percent=101), "percent is 101; pass a whole number from 0 to 100"),
        (lambda: pipelines.job_succeeded(JOB, summary=""), "summary has 0 characters"),
        (lambda: pipelines.job_succeeded(JOB, variables={"a": 5}), "the variable 'a' is of type int; pass text"),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
        (
            lambda: pipelines.job_succeeded(JOB, variables={"a": "b"}, continuation_token="t"),
            "a job that goes on has no output variables yet",
        ),
        (lambda: pipelines.job_failed(JOB, ""), "CodePipeline needs a reason"),
        (lambda: pipelines.job_failed(JOB, "x", kind="Failed"), "kind is 'Failed'; pass one of 'JobFailed'"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
    ids=range(6),
)
def test_what_codepipeline_would_refuse_is_not_sent(call: Any, told: str, sent: list[Any]) -> None:
    with pytest.raises(AnswerError) as caught:
        call()
    assert told in str(caught.value)
    assert sent == []


def test_an_event_of_another_kind_is_refused() -> None:
    with pytest.raises(EventError, match=r"the event has no text at 'CodePipeline.job.id'"):
        pipelines.job_succeeded({})
    with pytest.raises(EventError, match="the event has no text at 'DeploymentId'"):
        pipelines.hook_failed(JOB)


# Layers


class Waiting(Calls):
    """The services that wait for an outcome.

    Attributes:
        failures: the errors of the next calls.
        came: set when the first call has come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[str] = []
        self.came = threading.Event()

    def __call__(self, got: Got) -> tuple[int, bytes]:
        answer = super().__call__(got)
        self.came.set()
        return (400, json.dumps({"__type": self.failures.pop(0)}).encode()) if self.failures else answer


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    services = Waiting()
    with serving(services) as services.url:
        for name, value in services.environ.items():
            monkeypatch.setenv(name, value)
        yield services


ID = {"jobId": "11111111-abcd-1111-abcd-111111abcdef"}
SUCCEEDED, FAILED = "PutJobSuccessResult", "PutJobFailureResult"


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
@pytest.mark.parametrize(
    ("result", "operation", "params"),
    [
        (None, SUCCEEDED, {}),
        ({"version": "7"}, SUCCEEDED, {"outputVariables": {"version": "7"}}),
        (pipelines.success(summary="done"), SUCCEEDED, {"executionDetails": {"summary": "done"}}),
        (
            pipelines.unfinished("page-2", percent=50),
            SUCCEEDED,
            {"continuationToken": "page-2", "executionDetails": {"percentComplete": 50}},
        ),
        (
            pipelines.failed("no artifact", kind="ConfigurationError"),
            FAILED,
            {"failureDetails": {"type": "ConfigurationError", "message": "no artifact"}},
        ),
        (ValueError("no"), FAILED, {"failureDetails": {"type": "JobFailed", "message": "ValueError: no"}}),
    ],
    ids=["nothing", "variables", "success", "unfinished", "failed", "an exception"],
)
def test_the_outcome_of_a_job_is_what_the_handler_returns_or_raises(
    result: Any, operation: str, params: Any, is_async: bool, waiting: Waiting
) -> None:
    called = invoke(answering(pipelines.pipeline_job(), result, is_async=is_async), JOB)
    assert (called.value, called.error) == (None, None)
    assert waiting.calls == [(operation, {**ID, **params})]


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (5, "the handler returned a value of type int; return None, a dict of output variables, success(...)"),
        ({"version": 7}, "the variable 'version' is of type int; pass text"),
        ({"the version": "7"}, "the variable 'the version' has a name of other characters than letters, digits"),
    ],
    ids=["a number", "a variable of another type", "a name with a space"],
)
def test_a_result_that_cannot_be_the_outcome_of_a_job_fails_it_with_the_reason(
    result: Any, told: str, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    assert invoke(answering(pipelines.pipeline_job(), result), JOB).error is None
    ((operation, params),) = waiting.calls
    assert operation == FAILED
    assert told in params["failureDetails"]["message"]
    assert told in caplog.text


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
@pytest.mark.parametrize(
    ("result", "status"),
    [(None, "Succeeded"), (True, "Succeeded"), (False, "Failed"), ("ok", "Failed"), (ValueError("no"), "Failed")],
    ids=["nothing", "true", "false", "text", "an exception"],
)
def test_the_status_of_a_hook_is_what_the_handler_returns_or_raises(
    result: Any, status: str, is_async: bool, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    assert invoke(answering(pipelines.deployment_hook(), result, is_async=is_async), HOOK).error is None
    ((operation, params),) = waiting.calls
    assert (operation, params["status"]) == ("PutLifecycleEventHookExecutionStatus", status)
    assert (params["deploymentId"], params["lifecycleEventHookExecutionId"]) == ("d-1", "h-1")
    assert ("deployment_hook: " in caplog.text) == (result == "ok" or isinstance(result, ValueError))


@pytest.mark.parametrize(
    ("layer", "event", "status"),
    [
        (pipelines.pipeline_job(), JOB, "the function ran out of time"),
        (pipelines.deployment_hook(), HOOK, "Failed"),
    ],
    ids=["job", "hook"],
)
def test_a_handler_that_is_stuck_is_reported_before_the_deadline_and_only_once(
    layer: Any, event: Any, status: str, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    def wait() -> None:
        assert waiting.came.wait(PATIENCE)

    # Less time than the margin is left, so that half of it is the margin.
    assert invoke(answering(layer, wait), event, context=make_context(timeout=1.0)).error is None
    ((_, params),) = waiting.calls
    assert status in json.dumps(params)
    assert "ran out of time; the answer is a failure of the" in caplog.text


@pytest.mark.parametrize(
    ("layer", "event", "code", "report"),
    [
        (pipelines.pipeline_job(), JOB, "InvalidJobStateException", pipelines.job_succeeded),
        (pipelines.deployment_hook(), HOOK, "LifecycleEventAlreadyCompletedException", pipelines.hook_succeeded),
    ],
    ids=["job", "hook"],
)
def test_an_outcome_that_the_handler_has_reported_itself_counts(
    layer: Any, event: Any, code: str, report: Any, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    def do() -> None:
        report(event)
        waiting.failures = [code]

    assert invoke(answering(layer, do), event).error is None
    assert len(waiting.calls) == 2
    assert "the outcome was reported before, and that one counts" in caplog.text


def test_an_outcome_that_cannot_be_reported_is_an_error_so_that_lambda_runs_the_job_again(waiting: Waiting) -> None:
    waiting.failures = ["AccessDeniedException"]
    assert isinstance(invoke(answering(pipelines.pipeline_job()), JOB).error, AwsError)


@pytest.mark.parametrize("layer", [pipelines.pipeline_job, pipelines.deployment_hook], ids=["job", "hook"])
def test_a_layer_refuses_another_event_and_a_margin_that_is_no_number_above_zero(layer: Any, waiting: Waiting) -> None:
    error = invoke(answering(layer()), {}).error
    assert isinstance(error, EventError)
    assert str(error).startswith(f"{layer.__name__}: the event has no text at ")
    assert waiting.calls == []
    with pytest.raises(ConfigurationError, match="pass the seconds before the deadline, above 0"):
        layer(margin=0)


def test_a_time_limit_that_strikes_at_any_step_leaves_no_job_without_an_outcome(waiting: Waiting) -> None:
    """The interrupt strikes once, at each step of the invocation and of the call to AWS."""
    runs: list[int] = []
    run = answering(pipelines.pipeline_job(), lambda: runs.append(1))

    def prepare() -> None:
        runs.clear()
        waiting.calls.clear()

    def check(_: None, outcome: Outcome) -> None:
        assert isinstance(outcome.error, TimeLimitInterrupt)
        assert len(waiting.calls) >= len(runs)
        assert len({operation for operation, _ in waiting.calls}) <= 1

    assert interrupt_each_step(lambda _: run(JOB, make_context()), prepare=prepare, check=check) > 50
