"""Outcomes for CodePipeline and CodeDeploy: what is sent, and what is refused before it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events import pipelines
from tests.events.answers.fakes import KEYS, Got, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB: dict[str, Any] = {"CodePipeline.job": {"id": "11111111-abcd-1111-abcd-111111abcdef", "data": {}}}
HOOK = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "h-1"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def answer(got: Got) -> tuple[int, bytes]:
        found.append((got.headers["x-amz-target"].partition(".")[2], json.loads(got.body)))
        return 200, b""

    with serving(answer) as url:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": url}.items():
            monkeypatch.setenv(name, value)
        yield found


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
