"""Answers to CodePipeline and CodeDeploy, which wait until the function reports its outcome.

- <https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html>
- Lengths: <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html>
- <https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html>

Without an outcome, an action and a deployment hang until they time out. The layers `pipeline_job` and
`deployment_hook` report one always: also when the handler raises, and when it runs out of time.

```python
from lambda_kit import Logger, handler
from lambda_kit.events.pipelines import failed, pipeline_job, success


@handler(Logger(), pipeline_job())
def smoke_test(event, context):
    version = "7"
    if not version:
        return failed("there is no version")
    return success(variables={"version": version})
```

The role of the function needs `codepipeline:PutJobSuccessResult` and `codepipeline:PutJobFailureResult`, or
`codedeploy:PutLifecycleEventHookExecutionStatus`.
"""

from __future__ import annotations

from lambda_kit._kernel import log, type_of
from lambda_kit.errors import AnswerError, AwsError
from lambda_kit.events._answers import check_choice, check_dict, check_text, check_whole, raw_of, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from lambda_kit._kernel.layers import AnyLayer

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
_LONGEST_SUMMARY = _LONGEST_TOKEN = 2048
_VARIABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@-_")  # characters of a name
# Errors of AWS that say that the outcome is known already.
_ANSWERED = ("InvalidJobStateException", "LifecycleEventAlreadyCompletedException")


class JobOutcome:
    """The outcome of a job, which `success`, `unfinished` and `failed` make.

    Attributes:
        operation: the operation of CodePipeline that reports it.
        params: what it is called with, beside the id of the job.
    """

    __slots__ = ("operation", "params")

    def __init__(self, operation: str, params: dict[str, Any]) -> None:
        self.operation = operation
        self.params = params

    def __repr__(self) -> str:
        return f"<JobOutcome: {self.operation}>"


def success(*, summary: str | None = None, variables: Mapping[str, str] | None = None) -> JobOutcome:
    """Return the outcome of a job that succeeded.

    Args:
        summary: what was done, for people, at most 2,048 characters; default nothing.
        variables: output variables of the action, for later actions; default none. Their names have letters, digits,
            `@`, `-` and `_`.

    Raises:
        AnswerError: a value is not one that CodePipeline takes.
    """
    return _succeeded("success", summary, variables, None, None)


def unfinished(continuation_token: str, *, summary: str | None = None, percent: int | None = None) -> JobOutcome:
    """Return the outcome of a job that goes on: CodePipeline calls the function again, with the token.

    Args:
        continuation_token: a text that comes back in `CodePipelineEvent.continuation_token`, 1 to 2,048 characters.
        summary: what was done so far, for people, at most 2,048 characters; default nothing.
        percent: how much is done, 0 to 100; default nothing.

    Raises:
        AnswerError: a value is not one that CodePipeline takes.
    """
    token = check_text(continuation_token, "unfinished: continuation_token", _LONGEST_TOKEN)
    return _succeeded("unfinished", summary, None, token, percent)


def failed(message: str | BaseException, *, kind: FailureKind = "JobFailed") -> JobOutcome:
    """Return the outcome of a job that failed.

    Args:
        message: the reason, or an exception; cut after 5,000 characters.
        kind: the kind of the failure, default `"JobFailed"`.

    Raises:
        AnswerError: the reason is empty, or there is no such kind.
    """
    return _failed("failed", message, kind)


def pipeline_job(*, margin: float = 2.0, client: Any = None) -> AnyLayer:
    """Return a layer that tells CodePipeline the outcome of a job, whatever happens in the handler.

    The handler returns None or a dict of output variables for a success, or `success(...)`, `unfinished(...)` or
    `failed(...)`. If it raises, the exception is logged, and the job fails. The exception does not reach the runtime:
    Lambda would run the job again, while the pipeline has failed already.

    `margin` seconds before the deadline the job fails, even if the handler is stuck.

    If the handler has reported the outcome itself, by `job_succeeded` or `job_failed`, that one counts.

    Args:
        margin: seconds before the deadline, above 0, default 2. If less time is left at the call, half of it.
        client: a boto3 client of CodePipeline; default the lean client.

    Raises:
        ConfigurationError: `margin` is no number above 0.
        EventError: when running, the event is not one of an invoke action, so that nobody can be answered.
        AwsError: when running, CodePipeline could not be called. Lambda then runs the job again.
    """
    from lambda_kit.events._always import always

    return always(lambda event: _Job(event, client), _Job.layer, margin)


def deployment_hook(*, margin: float = 2.0, client: Any = None) -> AnyLayer:
    """Return a layer that tells CodeDeploy the outcome of a hook, whatever happens in the handler.

    The handler returns None or True for a success, and False for a failure. If it raises, the exception is logged, and
    the hook fails, so that the deployment is rolled back. The exception does not reach the runtime.

    `margin` seconds before the deadline the hook fails, even if the handler is stuck.

    Args:
        margin: seconds before the deadline, above 0, default 2. If less time is left at the call, half of it.
        client: a boto3 client of CodeDeploy; default the lean client.

    Raises:
        ConfigurationError: `margin` is no number above 0.
        EventError: when running, the event is not one of a hook, so that nobody can be answered.
        AwsError: when running, CodeDeploy could not be called. Lambda then runs the hook again.
    """
    from lambda_kit.events._always import always

    return always(lambda event: _Hook(event, client), _Hook.layer, margin)


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
    job = _job_of(event, "job_succeeded")
    _report(job, _succeeded("job_succeeded", summary, variables, continuation_token, percent), client)


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
    job = _job_of(event, "job_failed")
    _report(job, _failed("job_failed", message, kind), client)


def hook_succeeded(event: Any, *, client: Any = None) -> None:
    """Tell CodeDeploy that the hook of a deployment succeeded, so that the deployment goes on.

    Args:
        event: the event of a hook.
        client: a boto3 client of CodeDeploy; default the lean client.

    Raises:
        EventError: the event is not one of a hook.
        AwsError: the call failed.
    """
    _end_hook(_hook_of(event, "hook_succeeded"), "Succeeded", client)


def hook_failed(event: Any, *, client: Any = None) -> None:
    """Tell CodeDeploy that the hook of a deployment failed, so that the deployment is rolled back.

    Args:
        event: the event of a hook.
        client: a boto3 client of CodeDeploy; default the lean client.

    Raises:
        EventError: the event is not one of a hook.
        AwsError: the call failed.
    """
    _end_hook(_hook_of(event, "hook_failed"), "Failed", client)


class _Job:
    """The reply to one job."""

    layer = "pipeline_job"
    failed = "a failure of the job"
    needs_handler = True

    def __init__(self, event: Any, client: Any) -> None:
        self._job = _job_of(event, self.layer)
        self._client = client

    def result(self, outcome: Any) -> JobOutcome:
        if outcome is None or type_of(outcome) is dict:
            return _succeeded(self.layer, None, outcome, None, None)
        if type_of(outcome) is not JobOutcome:
            raise AnswerError(
                f"the handler returned a value of type {type_of(outcome).__name__}; return None, a dict of output "
                "variables, success(...), unfinished(...) or failed(...)"
            )
        return outcome  # type: ignore[no-any-return]

    def failure(self, reason: str, /) -> JobOutcome:
        return failed(reason)

    def send(self, answer: JobOutcome) -> None:
        with _Answered(self.layer):
            _report(self._job, answer, self._client)


class _Hook:
    """The reply to one hook."""

    layer = "deployment_hook"
    failed = "a failure of the hook"
    needs_handler = True

    def __init__(self, event: Any, client: Any) -> None:
        self._hook = _hook_of(event, self.layer)
        self._client = client

    def result(self, outcome: Any) -> str:
        if outcome is not None and type_of(outcome) is not bool:
            raise AnswerError(
                f"the handler returned a value of type {type_of(outcome).__name__}; return None or True for a success, "
                "False for a failure"
            )
        return "Failed" if outcome is False else "Succeeded"

    def failure(self, _reason: str, /) -> str:
        return "Failed"

    def send(self, answer: str) -> None:
        with _Answered(self.layer):
            _end_hook(self._hook, answer, self._client)


class _Answered:
    """A block whose call may fail because the outcome is known already: that is logged, and no reason to run again."""

    __slots__ = ("_layer",)

    def __init__(self, layer: str) -> None:
        self._layer = layer

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, AwsError) or error.code not in _ANSWERED:
            return False
        log.warning("%s: the outcome was reported before, and that one counts: %s", self._layer, error)
        return True


def _succeeded(
    what: str,
    summary: str | None,
    variables: Mapping[str, str] | None,
    continuation_token: str | None,
    percent: int | None,
) -> JobOutcome:
    params: dict[str, Any] = {}
    if continuation_token is not None:
        params["continuationToken"] = check_text(continuation_token, f"{what}: continuation_token", _LONGEST_TOKEN)
    details: dict[str, Any] = {}
    if summary is not None:
        details["summary"] = check_text(summary, f"{what}: summary", _LONGEST_SUMMARY)
    if percent is not None:
        details["percentComplete"] = check_whole(percent, f"{what}: percent", 0, 100)
    if details:
        params["executionDetails"] = details
    if variables:
        variables = check_dict(variables, f"{what}: variables")
        for name, value in variables.items():
            if type_of(name) is not str or type_of(value) is not str:
                raise AnswerError(f"{what}: the variable {name!r} is of type {type_of(value).__name__}; pass text")
            if not name or not _VARIABLE.issuperset(name):
                raise AnswerError(
                    f"{what}: the variable {name!r} has a name of other characters than letters, digits, @, - and _"
                )
        if continuation_token is not None:
            raise AnswerError(f"{what}: a job that goes on has no output variables yet; pass them with the last answer")
        params["outputVariables"] = variables
    return JobOutcome("PutJobSuccessResult", params)


def _failed(what: str, message: str | BaseException, kind: FailureKind) -> JobOutcome:
    text = f"{type_of(message).__name__}: {message}" if isinstance(message, BaseException) else message
    if type_of(text) is not str or not text:
        raise AnswerError(f"{what}: the message is empty or no text; CodePipeline needs a reason")
    details = {"type": check_choice(kind, f"{what}: kind", _FAILURES), "message": text[:_LONGEST_MESSAGE]}
    return JobOutcome("PutJobFailureResult", {"failureDetails": details})


def _job_of(event: Any, what: str) -> str:
    return text_at(raw_of(event, what), what, "CodePipeline.job", "id")


def _hook_of(event: Any, what: str) -> dict[str, str]:
    raw = raw_of(event, what)
    return {
        "deploymentId": text_at(raw, what, "DeploymentId"),
        "lifecycleEventHookExecutionId": text_at(raw, what, "LifecycleEventHookExecutionId"),
    }


def _report(job: str, outcome: JobOutcome, client: Any) -> None:
    _call("codepipeline", outcome.operation, {"jobId": job, **outcome.params}, client)


def _end_hook(hook: dict[str, str], status: str, client: Any) -> None:
    _call("codedeploy", "PutLifecycleEventHookExecutionStatus", {**hook, "status": status}, client)


def _call(service: str, operation: str, params: dict[str, Any], client: Any) -> None:
    from lambda_kit.aws import connect

    connect(service, client).call(operation, params)
