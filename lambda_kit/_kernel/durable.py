"""Recognising the control flow of AWS's SDK for durable executions. The SDK is not imported: it is looked up.

See <https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html>.
"""

from __future__ import annotations

import sys

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    E = TypeVar("E")

_MODULE = "aws_durable_execution_sdk_python.exceptions"
_DECORATOR = "aws_durable_execution_sdk_python.execution"  # the module of `durable_execution`
_CONTROL_FLOW = ("SuspendExecution", "OrphanedChildException")


def is_suspension(error: BaseException | None) -> bool:
    """Tell whether `error` is how the SDK ends a run of a handler or of a branch that is neither done nor failed.

    `SuspendExecution` and its subclasses end a run that will be replayed. `OrphanedChildException` ends a branch of
    `map` or `parallel` whose parent has already completed. Code that sees one must let it pass, and must treat the run
    as neither success nor failure.
    """
    exceptions = sys.modules.get(_MODULE)
    if exceptions is None or error is None:
        return False
    return any(_is_kind(type(error), exceptions, name) for name in _CONTROL_FLOW)


def goes_on(error: Any) -> bool:
    """Tell whether the execution goes on although this run has ended with an error: it is suspended, or tried again.

    A run is tried again after an `InvocationError` that is retryable, also where the SDK's background thread met it.
    """
    exceptions: Any = sys.modules.get(_MODULE)
    if exceptions is None:
        return False
    if is_suspension(error):
        return True
    if _is_kind(type_of(error), exceptions, "BackgroundThreadError"):
        error = getattr(error, "source_exception", None)
    if not _is_kind(type_of(error), exceptions, "InvocationError"):
        return False
    is_retryable: Any = getattr(error, "is_retryable", None)
    return is_retryable is None or bool(is_retryable())


def ends_run(error: BaseException) -> bool:
    """Tell whether an error ends the whole run of the handler, and not just a part of its work.

    These are the errors after which the execution goes on, and all that its background thread cannot cope with.
    """
    exceptions: Any = sys.modules.get(_MODULE)
    return exceptions is not None and (_is_kind(type(error), exceptions, "BackgroundThreadError") or goes_on(error))


def keeps_claim(error: BaseException, place: Any) -> bool:
    """Tell whether the claim of an idempotent call stays with the execution after an error of its function.

    It does if the execution goes on: after a suspension, a retryable error, and also after an interrupt such as that of
    `time_limit`, because the SDK lets Lambda try a run again that ends with anything but an `Exception`. It also does
    if the service has revoked the checkpoint token of the run: what the run returns or raises then counts for nothing.

    Args:
        error: the error.
        place: where the function was called; None if that is unknown.
    """
    if not isinstance(error, Exception):
        source = getattr(error, "source_exception", None)  # of a `BackgroundThreadError`
        return not isinstance(source, Exception) or _is_tried_again(source)
    if goes_on(error):
        return True
    while place is not None and place.context is None:
        place = place.outer
    return place is not None and bool(getattr(place.context.state, "is_checkpoint_token_revoked", False))


def _is_tried_again(source: Exception) -> bool:
    """Tell whether the SDK raises an error of its background thread, so that Lambda tries the run again."""
    is_own = _is_kind(type(source), sys.modules.get(_MODULE), "InvocationError")
    return not is_own or goes_on(source)


def is_durable_function(fn: Any) -> bool:
    """Tell whether `durable_execution` of the SDK was put around a function, below other decorators or above them."""
    while fn is not None:
        if getattr(fn, "__globals__", {}).get("__name__") == _DECORATOR:
            return True
        fn = getattr(fn, "__wrapped__", None)
    return False


_retryable: dict[Any, Any] = {}


def retryable(cls: type[E]) -> type[E]:
    """Return a subclass of an error which the SDK takes for one after which the run is tried again.

    Where the SDK does not have such an error, it is the class itself.
    """
    base = getattr(sys.modules.get(_MODULE), "InvocationError", None)
    if not isinstance(base, type):
        return cls
    if cls not in _retryable or not issubclass(_retryable[cls], base):
        _retryable[cls] = type(cls.__name__, (cls, base), {"__module__": cls.__module__})
    made: type[E] = _retryable[cls]
    return made


def _is_kind(cls: Any, exceptions: Any, name: str) -> bool:
    kind = getattr(exceptions, name, None)
    return isinstance(kind, type) and issubclass(cls, kind)
