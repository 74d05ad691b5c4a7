"""Recognising the control flow of AWS's SDK for durable executions. The SDK is not imported: it is looked up.

See <https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html>.
"""

from __future__ import annotations

import sys

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MODULE = "aws_durable_execution_sdk_python.exceptions"
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


def _is_kind(cls: Any, exceptions: Any, name: str) -> bool:
    kind = getattr(exceptions, name, None)
    return isinstance(kind, type) and issubclass(cls, kind)
