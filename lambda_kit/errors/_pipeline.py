"""The errors of invocations, of layers and of time limits."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError


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
