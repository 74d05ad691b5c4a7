"""The errors that any function may meet: of declarations, of the pipeline and of resources."""

from __future__ import annotations

from lambda_kit import hide_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class LambdaKitError(Exception):
    """The base class of all errors of the kit: `except LambdaKitError` catches them and nothing else.

    URLs in a message are shown without user and password.
    """

    __module__ = "lambda_kit.errors"  # as it is imported, in tracebacks and in what is stored

    def __init_subclass__(cls) -> None:
        if cls.__module__.startswith("lambda_kit.errors."):
            cls.__module__ = "lambda_kit.errors"

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

    __module__ = "lambda_kit.errors"


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
