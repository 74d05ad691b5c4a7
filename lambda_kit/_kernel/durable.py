"""Recognising the control flow of AWS's SDK for durable executions. The SDK is not imported: it is looked up.

See <https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html>.
"""

from __future__ import annotations

import sys

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
    kinds = [getattr(exceptions, name, None) for name in _CONTROL_FLOW]
    return any(isinstance(kind, type) and issubclass(type(error), kind) for kind in kinds)
