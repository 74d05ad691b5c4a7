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
    └── ResourceCycle                          a resource needs itself, directly or through others
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
    "ConfigurationError",
    "EventLoopRunning",
    "LambdaKitError",
    "LayerError",
    "OutsideInvocation",
    "ResourceBuildError",
    "ResourceCycle",
    "TimeLimitInterrupt",
    "TimeLimitReached",
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
