"""The errors that the kit raises, as one tree.

```text
Exception
└── LambdaKitError
    ├── ConfigurationError (also ValueError)   an argument, an option or a declaration is wrong
    │   └── MissingExtra (also ImportError)    a package that an extra of the kit installs is not installed
    ├── OutsideInvocation (also RuntimeError)  `current_invocation()` was called where no handler runs
    ├── LayerError (also RuntimeError)         a layer broke the rules of the pipeline
    ├── EventLoopRunning (also RuntimeError)   an async handler was called from a running event loop
    ├── UnexpectedCancellation (also RuntimeError)  a coroutine was cancelled, and nobody has cancelled its task
    ├── ExecutionFailed                        a durable execution that a test has run failed
    ├── TimeLimitReached                       the time limit ended the handler
    ├── ResponseTooLarge                       a stream was to be answered as a whole, and is over Lambda's limit
    ├── ResourceBuildError                     the factory of a resource failed; the cause is chained
    ├── ResourceCycle                          a resource needs itself, directly or through others
    ├── ParameterError                         a parameter, secret or configuration could not be read
    │   ├── ParameterAccessDenied              the role may not read or write it
    │   ├── ParameterNotFound                  it, or this version of it, does not exist
    │   └── TransformError                     its value does not fit the transform
    ├── FlagError                              a feature flag cannot be evaluated
    │   ├── FlagSchemaError (also ValueError)  the flag document is wrong; all problems are listed
    │   ├── FlagsUnavailable                   the flags could not be fetched, and no older ones are cached
    │   └── UnknownFlag (also LookupError)     the flag does not exist, and no default was given
    ├── EventError (also ValueError)           an event or a record is malformed
    │   └── ParseError                         an event or a record does not fit its model
    │       ├── InvalidRecord                  a record of a batch does not fit its model
    │       └── InvalidResult                  the response of a handler does not fit its schema
    ├── AnswerError (also ValueError)          an answer is not one that its trigger takes
    ├── AnswerNotSent                          CloudFormation could not be answered
    ├── RotationRefused                        a secret, or a version of it, cannot be rotated
    ├── NotAuthorized                          an authorizer refused the caller, who gets the answer 401
    ├── BatchError                             the return value of a record function is not a result
    │   └── BatchFailed                        no record of a batch succeeded
    ├── SettingsError (also ValueError)        fields of a `Settings` class are missing or invalid
    ├── IdempotencyError                       an idempotent call was refused, or its result was not stored
    │   ├── AlreadyInProgress                  another call with the same key is running
    │   ├── MissingIdempotencyKey (also ValueError)  the event has no key, or a part of it is missing
    │   ├── PayloadMismatch                    the key was used before with another payload
    │   ├── LeaseLost                          the lease ended, and another call has claimed the key
    │   ├── UnreadableRecord                   the record of an earlier call cannot be read back
    │   ├── FailedEarlier                      an earlier call failed; its exception cannot be rebuilt
    │   ├── StoreUnavailable                   the store did not answer, or could not store the result
    │   └── ResultNotStored                    the call was completed without a stored result
    │       └── ResultTooLarge                 the result did not fit into the store
    └── AwsError                               a call to AWS failed
        ├── AccessDenied                       the role lacks a permission
        ├── ConnectionGone                     the client of a WebSocket API has disconnected
        ├── ConditionalCheckFailed             a DynamoDB condition was not met; the item is attached
        ├── NoAnswer                           no connection, no reply, or no time left for one
        ├── NoCredentials                      no credentials were found, or they could not be fetched
        ├── NotFound                           the resource does not exist
        └── Throttled                          too many requests, even after retries
BaseException
└── TimeLimitInterrupt                         `time_limit` raises it inside the running handler
```

The message of an error says what happened, with which value, and what to do. The attributes hold the same data.
"""

from __future__ import annotations

from lambda_kit import hide_credentials, lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any
else:
    __getattr__, __dir__ = lazy_exports(globals(), {})

__all__ = [
    "AccessDenied",
    "AlreadyInProgress",
    "AnswerError",
    "AnswerNotSent",
    "AwsError",
    "BatchError",
    "BatchFailed",
    "ConditionalCheckFailed",
    "ConfigurationError",
    "ConnectionGone",
    "EventError",
    "EventLoopRunning",
    "ExecutionFailed",
    "FailedEarlier",
    "FlagError",
    "FlagSchemaError",
    "FlagsUnavailable",
    "IdempotencyError",
    "InvalidRecord",
    "InvalidResult",
    "LambdaKitError",
    "LayerError",
    "LeaseLost",
    "MissingExtra",
    "MissingIdempotencyKey",
    "NoAnswer",
    "NoCredentials",
    "NotAuthorized",
    "NotFound",
    "OutsideInvocation",
    "ParameterAccessDenied",
    "ParameterError",
    "ParameterNotFound",
    "ParseError",
    "PayloadMismatch",
    "ResourceBuildError",
    "ResourceCycle",
    "ResponseTooLarge",
    "ResultNotStored",
    "ResultTooLarge",
    "RotationRefused",
    "SettingsError",
    "StoreUnavailable",
    "Throttled",
    "TimeLimitInterrupt",
    "TimeLimitReached",
    "TransformError",
    "UnexpectedCancellation",
    "UnknownFlag",
    "UnreadableRecord",
]


class LambdaKitError(Exception):
    """The base class of all errors of the kit: `except LambdaKitError` catches them and nothing else.

    URLs in a message are shown without user and password.
    """

    def __init__(self, *args: object) -> None:
        if args and isinstance(args[0], str) and "@" in args[0]:
            args = (hide_credentials(args[0]), *args[1:])
        super().__init__(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and the attributes, for any signature of the class."""
        return _revive, (type(self), self.args, vars(self))


def _revive(cls: type[LambdaKitError], args: tuple[Any, ...], attributes: dict[str, Any]) -> LambdaKitError:
    error = cls.__new__(cls, *args)
    vars(error).update(attributes)
    return error


class ConfigurationError(LambdaKitError, ValueError):
    """An argument, an option or a declaration is wrong. It is raised at the declaration, not at the first use."""


class MissingExtra(ConfigurationError, ImportError):
    """A package that an option needs is not installed; the message has the command that installs it.

    Attributes:
        extra: the extra of the kit that installs it.
    """

    extra: str = ""


class OutsideInvocation(LambdaKitError, RuntimeError):
    """`current_invocation()` was called where no handler is running."""


class LayerError(LambdaKitError, RuntimeError):
    """A layer broke the rules of the pipeline, for example by yielding twice.

    Attributes:
        layer: the qualified name of the layer.
    """

    def __init__(self, message: str, *, layer: str) -> None:
        super().__init__(message)
        self.layer = layer


class EventLoopRunning(LambdaKitError, RuntimeError):
    """An async handler or resource was called synchronously on a thread that already runs an event loop."""


class UnexpectedCancellation(LambdaKitError, RuntimeError):
    """A coroutine ended with `asyncio.CancelledError`, although nobody has cancelled its task.

    In most cases it awaited a task or a future that other code has cancelled. The `CancelledError` is the `__cause__`.
    It is not raised itself, because it is no `Exception`: the runtime would end the process.
    """


class ExecutionFailed(LambdaKitError):
    """A durable execution that `lambda_kit.testing.invoke` has run to its end failed.

    Attributes:
        error_type: the name of the exception that ended it, with its module, as AWS's SDK keeps it.
        reason: the message of that exception.
    """

    error_type: str = ""
    reason: str = ""


class TimeLimitReached(LambdaKitError):
    """`time_limit` interrupted the handler, or did not start it, because the invocation was about to time out.

    Attributes:
        margin: seconds between the limit and the deadline.
    """

    def __init__(self, message: str, *, margin: float) -> None:
        super().__init__(message)
        self.margin = margin


class TimeLimitInterrupt(BaseException):
    """Raised inside a running synchronous handler when its time limit is reached.

    It derives from `BaseException`, as `asyncio.CancelledError` does, so that `except Exception` cannot swallow it:
    botocore, for example, catches and retries every `Exception`. `time_limit` turns it into `TimeLimitReached` for the
    layers outside and for the runtime. Code that catches it may return a response.
    """


class ResponseTooLarge(LambdaKitError):
    """A stream had to be collected, because it cannot be sent part by part, and is over Lambda's limit of 6 MB."""


class ResourceBuildError(LambdaKitError):
    """The factory of a resource raised. Nothing was cached, and the next call tries again.

    The exception of the factory is the `__cause__`.

    Attributes:
        resource: the name of the resource.
    """

    def __init__(self, message: str, *, resource: str) -> None:
        super().__init__(message)
        self.resource = resource


class ResourceCycle(LambdaKitError):
    """The factory of a resource needs this same resource, directly or through others.

    Attributes:
        chain: the names of the resources in calling order; the last one closes the cycle.
    """

    def __init__(self, chain: Iterable[str]) -> None:
        self.chain = tuple(chain)
        super().__init__(
            f"resource {self.chain[-1]!r} needs itself: {' -> '.join(self.chain)}; "
            "build what they share in a third resource, or call one of them later than in a factory"
        )


_SOURCES = {"agent": "the AppConfig agent", "environment": "the environment", "extension": "the extension"}


class ParameterError(LambdaKitError):
    """A parameter, a secret or a configuration could not be read or written. Values are never quoted.

    If an `AwsError` is the reason, it is the `__cause__`.

    Attributes:
        names: the names that were requested; in most cases one.
        source: `"ssm"`, `"secretsmanager"`, `"appconfig"`, `"extension"`, `"agent"` (the AppConfig agent) or
            `"environment"`.
        reason: the reason as text.
    """

    def __init__(self, reason: str, *, names: tuple[str, ...], source: str, what: str, done: str = "read from") -> None:
        self.names = names
        self.source = source
        self.reason = reason
        where = _SOURCES.get(source, source)
        super().__init__(f"{what} {', '.join(names)} could not be {done} {where}: {reason}")


class ParameterAccessDenied(ParameterError):
    """The role of the function may not read or write the parameter or secret.

    Attributes:
        action: the IAM action that the role needs, for example `"ssm:GetParameter"`.
    """

    action: str = ""


class ParameterNotFound(ParameterError):
    """The parameter or secret does not exist, or not in the requested version, label or stage."""


class TransformError(ParameterError):
    """A value does not fit the requested transform. Message and traceback do not contain the value.

    Attributes:
        transform: the name of the transform: `"json"`, or the name of the function or model.
    """

    transform: str = ""


class FlagError(LambdaKitError):
    """A feature flag cannot be evaluated."""


class FlagSchemaError(FlagError, ValueError):
    """The document that defines the flags is wrong.

    Attributes:
        problems: pairs of a JSON path, such as `$.cart.rules.early.conditions[0].action`, and the problem there; the
            first fifty at most.
        path: the first of these paths.
    """

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)
        self.path = self.problems[0][0]
        lines = "".join(f"\n  {path}: {problem}" for path, problem in self.problems)
        super().__init__(f"the feature flags cannot be used:{lines}")


class FlagsUnavailable(FlagError):
    """The flags could not be fetched, and no older version is cached. The cause is chained."""


class UnknownFlag(FlagError, LookupError):
    """The flag does not exist, and no default was given.

    Attributes:
        flag: the name of the flag.
    """

    def __init__(self, message: str, *, flag: str) -> None:
        super().__init__(message)
        self.flag = flag


class EventError(LambdaKitError, ValueError):
    """An event or a record is malformed: it lacks a field of its source, or its content cannot be decoded."""


class ParseError(EventError):
    """An event or a record does not fit a model. Neither message nor attributes hold values of it.

    Attributes:
        problems: pairs of a path, such as `detail.lines.0.amount`, and the problem there. The path starts at the event
            or the record that was parsed.
        errors: the same as pydantic lists them: dicts with `type`, `loc` and `msg`.
    """

    def __init__(
        self, message: str, *, problems: Iterable[tuple[str, str]], errors: Iterable[dict[str, Any]] = ()
    ) -> None:
        super().__init__(message)
        self.problems = list(problems)
        self.errors = list(errors)


class InvalidRecord(ParseError):
    """A record does not fit the model of its batch. Its paths start at the body or the data of the record."""


class InvalidResult(ParseError):
    """The response of a handler does not fit the JSON Schema that `validated` has for it."""


class AnswerError(LambdaKitError, ValueError):
    """An answer to a trigger cannot be built, because the trigger would refuse it or misread it."""


class AnswerNotSent(LambdaKitError):
    """The answer of a custom resource could not be delivered to CloudFormation."""


class RotationRefused(LambdaKitError):
    """A secret cannot be rotated: rotation is not enabled, or the version is unknown or not `AWSPENDING`."""


class NotAuthorized(LambdaKitError):
    """An authorizer of API Gateway refused the caller. API Gateway reads the message, and answers 401."""


class BatchError(LambdaKitError):
    """The return value of a record function cannot be the result of a record."""


class BatchFailed(BatchError):
    """No record of a batch succeeded, and `raise_if_all_failed` is set. The first error is chained.

    It is also raised if records of Firehose were not started before the deadline: Firehose retries an invocation that
    fails, and gives up records that fail.

    Attributes:
        report: the outcome of each record, a `lambda_kit.batch.BatchReport`.
    """

    def __init__(self, message: str, *, report: Any) -> None:
        super().__init__(message)
        self.report = report


class SettingsError(LambdaKitError, ValueError):
    """Fields of a `Settings` class are missing or invalid. The message names all of them and quotes no value.

    Attributes:
        problems: for each such field, its source and the problem.
    """

    def __init__(self, model: str, problems: dict[str, str]) -> None:
        self.problems = problems
        lines = "".join(f"\n  {field}: {problem}" for field, problem in problems.items())
        super().__init__(f"{model} could not be loaded:{lines}")


class AwsError(LambdaKitError):
    """A call to AWS failed, also after its retries. Requests and replies are never quoted.

    Attributes:
        service: the service as boto3 names it, for example `"ssm"`.
        operation: the operation, for example `"GetParameter"`.
        code: the error code of AWS, for example `"ParameterNotFound"`; the name of the class without an answer.
        reason: the message of AWS, or the reason of the failure.
        request_id: the request id, for AWS support; None without an answer.
        status: the HTTP status; None without an answer.
        attempts: number of times that the request was sent.
    """

    def __init__(
        self,
        reason: str,
        *,
        service: str,
        operation: str,
        code: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        attempts: int = 1,
    ) -> None:
        self.service = service
        self.operation = operation
        self.code = code or type(self).__name__
        self.reason = reason
        self.request_id = request_id
        self.status = status
        self.attempts = attempts
        summary = f"{service} {operation} failed with {self.code}: {reason}"
        details = [f"request id {request_id}"] if request_id else []
        details += [f"{attempts} attempts"] if attempts > 1 else []
        super().__init__(f"{summary} ({', '.join(details)})" if details else summary)


class AccessDenied(AwsError):
    """The role of the function lacks a permission. The reason names the action if AWS does."""


class ConditionalCheckFailed(AwsError):
    """The condition of a write to DynamoDB was not met.

    Attributes:
        item: the existing item, as DynamoDB attribute values; None if the request did not ask for it.
    """

    item: dict[str, Any] | None = None


class ConnectionGone(AwsError):
    """The client of a WebSocket API has disconnected: forget the id of its connection."""


class NoAnswer(AwsError):
    """No connection was made, no complete reply came, or the invocation had no time left to wait for one.

    Attributes:
        sent: True if AWS may have received the request and acted on it.
    """

    sent: bool = False


class NoCredentials(AwsError):
    """No credentials were found to sign the request, or they could not be fetched."""


class NotFound(AwsError):
    """The requested resource does not exist."""


class Throttled(AwsError):
    """AWS refused the request because there were too many, even after retries."""


class IdempotencyError(LambdaKitError):
    """An idempotent call was refused, or its result was not stored.

    The message quotes the stored key, which contains a hash, and never the payload or the key of the event.

    Attributes:
        key: the key of the stored record: the names of namespace and function, and a hash.
    """

    def __init__(self, message: str, *, key: str) -> None:
        self.key = key
        super().__init__(message)


class AlreadyInProgress(IdempotencyError):
    """Another call with the same key is running, in this process or another one.

    Attributes:
        remaining: seconds until the lease of that call ends; None if the record has no lease.
    """

    def __init__(self, *, key: str, remaining: float | None) -> None:
        self.remaining = remaining
        until = "" if remaining is None else f", for at most {remaining:.1f} s"
        super().__init__(f"another call with the key {key} is in progress{until}; try again later", key=key)


class MissingIdempotencyKey(IdempotencyError, ValueError):
    """The event has no idempotency key, or a part of the key is missing."""


class PayloadMismatch(IdempotencyError):
    """The key was used before with another payload."""


class LeaseLost(IdempotencyError):
    """The call ran longer than its lease, and another call has claimed the key meanwhile.

    The function has run. Its result was not stored, because the other call owns the record.

    Attributes:
        result: the return value of the function.
    """

    result: Any = None


class StoreUnavailable(IdempotencyError):
    """The store did not answer the claim, or could not store the result. The cause is chained.

    Attributes:
        ran: True if the function has run. Its result was not stored then.
        result: the return value of the function, if it has run.
    """

    ran: bool = False
    result: Any = None


class UnreadableRecord(IdempotencyError):
    """The record of the key, or the result in it, cannot be read.

    The function was not run. The cause is chained; the message quotes no value. A record may have been written by other
    code, with another `codec`, or before a model changed. To let the key run again, delete its record.
    """


class FailedEarlier(IdempotencyError):
    """An earlier call failed with one of `replay_errors`, and its exception cannot be rebuilt.

    The class of the exception no longer exists, or needs its constructor, as exception groups do.

    Attributes:
        error_type: the name of the class of the exception.
        reason: the message of the exception.
    """

    error_type: str = ""
    reason: str = ""


class ResultNotStored(IdempotencyError):
    """The call was completed, by this run or an earlier one, but no result is stored for a replay.

    Attributes:
        result: the return value of the function, if this run has completed the call.
    """

    result: Any = None


class ResultTooLarge(ResultNotStored):
    """The call was completed, and its result did not fit into the store, even compressed."""
