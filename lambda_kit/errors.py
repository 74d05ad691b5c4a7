"""Every error that the kit raises.

```text
Exception
└── LambdaKitError
    ├── ConfigurationError (also ValueError)   an argument, option or declaration is wrong
    ├── OutsideInvocation (also RuntimeError)  asked for the invocation where none is running
    ├── LayerError (also RuntimeError)         a layer broke the rules of the pipeline
    ├── EventLoopRunning (also RuntimeError)   an async handler was called from a running event loop
    ├── TimeLimitReached                       the time limit ended the handler
    ├── ResourceBuildError                     a resource's factory failed; the cause is chained
    ├── ResourceCycle                          a resource needs itself, directly or through others
    ├── ParameterError                         a parameter, secret or configuration cannot be had
    │   ├── ParameterAccessDenied              the role may not read or write it
    │   ├── ParameterNotFound                  it, or this version of it, does not exist
    │   └── TransformError                     its value does not fit the transform
    ├── FlagError                              a feature flag cannot be evaluated
    │   ├── FlagSchemaError (also ValueError)  what defines the flags is wrong; every place is told
    │   ├── FlagsUnavailable                   the flags could not be fetched, now or before
    │   └── UnknownFlag (also LookupError)     there is no such flag, and no default was given
    ├── EventError (also ValueError)           an event or a record is not what its source sends, or cannot be read
    │   └── InvalidRecord                      a record does not fit its model
    ├── BatchError                             what a function returned for a record cannot be its result
    │   └── BatchFailed                        no record of a batch succeeded
    ├── SettingsError (also ValueError)        fields of a `Settings` class are missing or invalid
    ├── IdempotencyError                       what `idempotent` reports
    │   ├── AlreadyInProgress                  another call with the same key is running
    │   ├── MissingIdempotencyKey (also ValueError)  the event has no key, or not all of its parts
    │   ├── PayloadMismatch                    the same key came with another payload
    │   ├── LeaseLost                          another call has claimed the key while this one was running
    │   ├── FailedEarlier                      an earlier call failed, with an exception that cannot be made again
    │   ├── StoreUnavailable                   the store could not be asked, or could not keep the result
    │   └── ResultNotStored                    the call was completed, and its result is not there to replay
    │       └── ResultTooLarge                 because it did not fit into the store
    └── AwsError                               a call to AWS failed
        ├── AccessDenied                       the role may not do it
        ├── ConditionalCheckFailed             DynamoDB's condition does not hold; the item is attached
        ├── NoAnswer                           no connection, no reply, or no time left for one
        ├── NoCredentials                      there are none, or they could not be fetched
        ├── NotFound                           what was asked for does not exist
        └── Throttled                          too many requests, also after retries
BaseException
└── TimeLimitInterrupt                         what `time_limit` raises inside the running handler
```

Each error says what happened, with which value, and what to do; the data is on its attributes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = [
    "AccessDenied",
    "AlreadyInProgress",
    "AwsError",
    "BatchError",
    "BatchFailed",
    "ConditionalCheckFailed",
    "ConfigurationError",
    "EventError",
    "EventLoopRunning",
    "FailedEarlier",
    "FlagError",
    "FlagSchemaError",
    "FlagsUnavailable",
    "IdempotencyError",
    "InvalidRecord",
    "LambdaKitError",
    "LayerError",
    "LeaseLost",
    "MissingIdempotencyKey",
    "NoAnswer",
    "NoCredentials",
    "NotFound",
    "OutsideInvocation",
    "ParameterAccessDenied",
    "ParameterError",
    "ParameterNotFound",
    "PayloadMismatch",
    "ResourceBuildError",
    "ResourceCycle",
    "ResultNotStored",
    "ResultTooLarge",
    "SettingsError",
    "StoreUnavailable",
    "Throttled",
    "TimeLimitInterrupt",
    "TimeLimitReached",
    "TransformError",
    "UnknownFlag",
]


class LambdaKitError(Exception):
    """The root of the tree: `except LambdaKitError` catches every error of the kit and nothing else."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and the attributes, whatever arguments the class takes."""
        return _revive, (type(self), self.args, vars(self))


def _revive(cls: type[LambdaKitError], args: tuple[Any, ...], attributes: dict[str, Any]) -> LambdaKitError:
    error = cls.__new__(cls, *args)
    vars(error).update(attributes)
    return error


class ConfigurationError(LambdaKitError, ValueError):
    """An argument, an option or a declaration is wrong; raised when it is made, not when it is first used."""


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
    """Something that waits for a coroutine was called on a thread whose event loop is running already."""


class TimeLimitReached(LambdaKitError):
    """`time_limit` ended the handler, or did not start it, because the invocation was about to time out.

    Attributes:
        margin: seconds before the deadline at which the limit lies.
    """

    def __init__(self, message: str, *, margin: float) -> None:
        super().__init__(message)
        self.margin = margin


class TimeLimitInterrupt(BaseException):
    """Raised inside a running synchronous handler when its time limit is reached.

    It derives from `BaseException`, as `asyncio.CancelledError` does in a coroutine that `asyncio.timeout` ends, so
    that `except Exception` (the handler's own, or that of a library: botocore wraps and retries whatever it catches)
    cannot swallow it. `time_limit` turns it into `TimeLimitReached` for the layers outside and for the runtime. Code
    that catches it may return an answer of its own.
    """


class ResourceBuildError(LambdaKitError):
    """The factory of a resource raised; nothing was cached, and the next call tries again.

    The factory's exception is the `__cause__`.

    Attributes:
        resource: the name of the resource.
    """

    def __init__(self, message: str, *, resource: str) -> None:
        super().__init__(message)
        self.resource = resource


class ResourceCycle(LambdaKitError):
    """Building a resource needs that same resource.

    Attributes:
        chain: the names, from the resource that was asked for to the one that closes the circle.
    """

    def __init__(self, chain: Iterable[str]) -> None:
        self.chain = tuple(chain)
        super().__init__(
            f"resource {self.chain[-1]!r} needs itself: {' -> '.join(self.chain)}; "
            "pass what they share to both, or let one of them be asked for later than in a factory"
        )


_SOURCES = {"agent": "the AppConfig agent", "environment": "the environment", "extension": "the extension"}


class ParameterError(LambdaKitError):
    """A parameter, a secret or a configuration could not be read or written. Values are never quoted.

    The `AwsError` that it came from, if there is one, is the `__cause__`.

    Attributes:
        names: the names of what was asked for; most often one.
        source: where it was asked for: `"ssm"`, `"secretsmanager"`, `"appconfig"`, `"extension"`, `"agent"` for that of
            AppConfig, or `"environment"`.
        reason: what went wrong.
    """

    def __init__(self, reason: str, *, names: tuple[str, ...], source: str, what: str, done: str = "read from") -> None:
        self.names = names
        self.source = source
        self.reason = reason
        where = _SOURCES.get(source, source)
        super().__init__(f"{what} {', '.join(names)} could not be {done} {where}: {reason}")


class ParameterAccessDenied(ParameterError):
    """The role of the function may not read or write it.

    Attributes:
        action: the IAM action that the role needs: `"ssm:GetParameter"`.
    """

    action: str = ""


class ParameterNotFound(ParameterError):
    """It does not exist, or not in the version, label or stage that was asked for."""


class TransformError(ParameterError):
    """A value does not fit the transform that was asked for. Neither message nor traceback has the value.

    Attributes:
        transform: the name of the transform: `"json"`, or that of the function or model.
    """

    transform: str = ""


class FlagError(LambdaKitError):
    """A feature flag cannot be evaluated, or not as it was asked for."""


class FlagSchemaError(FlagError, ValueError):
    """What defines the flags is wrong.

    Attributes:
        problems: where, as a JSON path such as `$.cart.rules.early.conditions[0].action`, and what is wrong there; all
            of it, or the first fifty.
        path: the first of these paths.
    """

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)
        self.path = self.problems[0][0]
        told = "".join(f"\n  {path}: {problem}" for path, problem in self.problems)
        super().__init__(f"the feature flags cannot be used:{told}")


class FlagsUnavailable(FlagError):
    """The flags could not be fetched, and there are none from before. The cause is chained."""


class UnknownFlag(FlagError, LookupError):
    """There is no flag with this name, and no default was given.

    Attributes:
        flag: the name.
    """

    def __init__(self, message: str, *, flag: str) -> None:
        super().__init__(message)
        self.flag = flag


class EventError(LambdaKitError, ValueError):
    """An event or a record is not what its source sends, or what it holds cannot be read; payloads are not quoted."""


class InvalidRecord(EventError):
    """A record does not fit the model that `batch` was given.

    Attributes:
        problems: where, as a path such as `lines.0.amount`, and what is wrong there; never the value that was given.
    """

    def __init__(self, message: str, *, problems: Iterable[tuple[str, str]]) -> None:
        super().__init__(message)
        self.problems = list(problems)


class BatchError(LambdaKitError):
    """What a function returned for a record of a batch cannot be its result."""


class BatchFailed(BatchError):
    """No record of a batch succeeded, and `raise_if_all_failed` is set; the error of the first one is chained.

    Attributes:
        report: what became of each record, a `lambda_kit.batch.BatchReport`.
    """

    def __init__(self, message: str, *, report: Any) -> None:
        super().__init__(message)
        self.report = report


class SettingsError(LambdaKitError, ValueError):
    """Fields of a `Settings` class are missing or invalid; the message names all of them, and quotes no value.

    Attributes:
        problems: for each such field where it comes from and what is wrong.
    """

    def __init__(self, model: str, problems: dict[str, str]) -> None:
        self.problems = problems
        told = "".join(f"\n  {field}: {problem}" for field, problem in problems.items())
        super().__init__(f"{model} could not be loaded:{told}")


class AwsError(LambdaKitError):
    """A call to AWS failed, after the retries that make sense for it. Requests and replies are never quoted.

    Attributes:
        service: the service, as boto3 names it: `"ssm"`.
        operation: the operation: `"GetParameter"`.
        code: what AWS calls the error: `"ParameterNotFound"`; the name of the class where AWS gave no answer.
        reason: AWS's message, or what went wrong.
        request_id: AWS's id of the request, for its support; None if there was no answer.
        status: the HTTP status; None if there was no answer.
        attempts: how often the request was sent.
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
        told = f"{service} {operation} failed with {self.code}: {reason}"
        details = [f"request id {request_id}"] if request_id else []
        details += [f"{attempts} attempts"] if attempts > 1 else []
        super().__init__(f"{told} ({', '.join(details)})" if details else told)


class AccessDenied(AwsError):
    """The role of the function may not do this; the reason names the missing action where AWS tells it."""


class ConditionalCheckFailed(AwsError):
    """The condition of a write to DynamoDB does not hold.

    Attributes:
        item: the item that is there, as DynamoDB's attribute values, if the request asked for it; else None.
    """

    item: dict[str, Any] | None = None


class NoAnswer(AwsError):
    """There was no connection, no complete reply, or no time left in the invocation to wait for one.

    Attributes:
        sent: whether AWS may have received the request, and acted on it.
    """

    sent: bool = False


class NoCredentials(AwsError):
    """There are no credentials to sign the request with, or they could not be fetched."""


class NotFound(AwsError):
    """What was asked for does not exist."""


class Throttled(AwsError):
    """AWS refused for too many requests, also when it was asked again."""


class IdempotencyError(LambdaKitError):
    """What `idempotent` reports. Keys and payloads are never quoted, only the hash that the record is stored under.

    Attributes:
        key: the key of the record: the names of namespace and function, and a hash.
    """

    def __init__(self, message: str, *, key: str) -> None:
        self.key = key
        super().__init__(message)


class AlreadyInProgress(IdempotencyError):
    """Another call with the same key is running, here or elsewhere.

    Attributes:
        remaining: seconds until its lease ends at the latest; None if the record does not tell.
    """

    def __init__(self, *, key: str, remaining: float | None) -> None:
        self.remaining = remaining
        until = "" if remaining is None else f", for {remaining:.1f} s at the most"
        super().__init__(f"another call with the key {key} is in progress{until}; try again later", key=key)


class MissingIdempotencyKey(IdempotencyError, ValueError):
    """What should hold the key is missing from the event, or a part of it is."""


class PayloadMismatch(IdempotencyError):
    """A call came with the key of another one, and with another payload."""


class LeaseLost(IdempotencyError):
    """The call ran longer than its lease, and another one has claimed the key meanwhile, or run already.

    What it did is done; its result was not stored, so that it replaces nothing.

    Attributes:
        result: what the function returned.
    """

    result: Any = None


class StoreUnavailable(IdempotencyError):
    """The store could not be asked for the key, or could not be told the result. The cause is chained.

    Attributes:
        ran: whether the function has run; its result was not stored then.
        result: what it returned.
    """

    ran: bool = False
    result: Any = None


class FailedEarlier(IdempotencyError):
    """An earlier call failed with one of `replay_errors`, and its exception cannot be made again.

    Its class is not there any more, or cannot be made without its constructor, as that of an exception group.

    Attributes:
        error_type: the name of its class.
        reason: its message.
    """

    error_type: str = ""
    reason: str = ""


class ResultNotStored(IdempotencyError):
    """The call was completed, by this run or an earlier one, but there is no result to replay.

    Attributes:
        result: what the function returned, where this run has completed the call.
    """

    result: Any = None


class ResultTooLarge(ResultNotStored):
    """The call was completed earlier; its result did not fit into the store, not even compressed."""
