"""Answers to CodePipeline and CodeDeploy, which wait until the function reports its outcome.

- <https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html>
- <https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html>

The role of the function needs `codepipeline:PutJobSuccessResult` and `codepipeline:PutJobFailureResult`, or
`codedeploy:PutLifecycleEventHookExecutionStatus`.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import AnswerError
from lambda_kit.events._answers import check_choice, check_text, check_whole, raw_of, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    FailureKind = Literal[
        "JobFailed",
        "ConfigurationError",
        "PermissionError",
        "RevisionOutOfSync",
        "RevisionUnavailable",
        "SystemUnavailable",
    ]

_FAILURES = (
    "JobFailed",
    "ConfigurationError",
    "PermissionError",
    "RevisionOutOfSync",
    "RevisionUnavailable",
    "SystemUnavailable",
)
_LONGEST_MESSAGE = 5000  # characters


def job_succeeded(
    event: Any,
    *,
    summary: str | None = None,
    variables: Mapping[str, str] | None = None,
    continuation_token: str | None = None,
    percent: int | None = None,
    client: Any = None,
) -> None:
    """Tell CodePipeline that a job succeeded, or that it goes on.

    Args:
        event: the event of an invoke action.
        summary: what was done, for people, at most 2,048 characters; default nothing.
        variables: output variables of the action, for later actions; default none.
        continuation_token: a text that comes back when CodePipeline calls the function again, because the job is not
            done; default none, which ends the job.
        percent: how much is done, 0 to 100; default nothing.
        client: a boto3 client of CodePipeline; default the lean client.

    Raises:
        AnswerError: a value is not one that CodePipeline takes.
        EventError: the event is not one of an invoke action.
        AwsError: the call failed.
    """
    params: dict[str, Any] = {"jobId": _job_of(event)}
    if continuation_token is not None:
        params["continuationToken"] = check_text(continuation_token, "job_succeeded: continuation_token", 2048)
    details: dict[str, Any] = {}
    if summary is not None:
        details["summary"] = check_text(summary, "job_succeeded: summary", 2048)
    if percent is not None:
        details["percentComplete"] = check_whole(percent, "job_succeeded: percent", 0, 100)
    if details:
        params["executionDetails"] = details
    if variables:
        for name, value in variables.items():
            if type_of(name) is not str or type_of(value) is not str:
                raise AnswerError(f"the variable {name!r} is of type {type_of(value).__name__}; pass text")
        if continuation_token is not None:
            raise AnswerError("a job that goes on has no output variables yet; pass them with the last answer")
        params["outputVariables"] = dict(variables)
    _call("codepipeline", "PutJobSuccessResult", params, client)


def job_failed(
    event: Any, message: str | BaseException, *, kind: FailureKind = "JobFailed", client: Any = None
) -> None:
    """Tell CodePipeline that a job failed.

    Args:
        event: the event of an invoke action.
        message: the reason, or an exception; cut after 5,000 characters.
        kind: the kind of the failure, default `"JobFailed"`.
        client: a boto3 client of CodePipeline; default the lean client.

    Raises:
        AnswerError: the reason is empty, or there is no such kind.
        EventError: the event is not one of an invoke action.
        AwsError: the call failed.
    """
    job = _job_of(event)
    text = f"{type_of(message).__name__}: {message}" if isinstance(message, BaseException) else message
    if type_of(text) is not str or not text:
        raise AnswerError("job_failed: the message is empty or no text; CodePipeline needs a reason")
    details = {"type": check_choice(kind, "job_failed: kind", _FAILURES), "message": text[:_LONGEST_MESSAGE]}
    _call("codepipeline", "PutJobFailureResult", {"jobId": job, "failureDetails": details}, client)


def hook_succeeded(event: Any, *, client: Any = None) -> None:
    """Tell CodeDeploy that the hook of a deployment succeeded, so that the deployment goes on.

    Args:
        event: the event of a hook.
        client: a boto3 client of CodeDeploy; default the lean client.

    Raises:
        EventError: the event is not one of a hook.
        AwsError: the call failed.
    """
    _end_hook(event, "Succeeded", client)


def hook_failed(event: Any, *, client: Any = None) -> None:
    """Tell CodeDeploy that the hook of a deployment failed, so that the deployment is rolled back.

    Args:
        event: the event of a hook.
        client: a boto3 client of CodeDeploy; default the lean client.

    Raises:
        EventError: the event is not one of a hook.
        AwsError: the call failed.
    """
    _end_hook(event, "Failed", client)


def _job_of(event: Any) -> str:
    return text_at(raw_of(event, "pipelines"), "pipelines", "CodePipeline.job", "id")


def _end_hook(event: Any, status: str, client: Any) -> None:
    raw = raw_of(event, "pipelines")
    params = {
        "deploymentId": text_at(raw, "pipelines", "DeploymentId"),
        "lifecycleEventHookExecutionId": text_at(raw, "pipelines", "LifecycleEventHookExecutionId"),
        "status": status,
    }
    _call("codedeploy", "PutLifecycleEventHookExecutionStatus", params, client)


def _call(service: str, operation: str, params: dict[str, Any], client: Any) -> None:
    from lambda_kit.aws import connect

    connect(service, client).call(operation, params)
