"""Calls within AWS's durable executions: a claim belongs to the execution, through all its suspensions and replays."""

from __future__ import annotations

import sys

from lambda_kit._kernel.durable import is_suspension

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_EXECUTION = 366 * 86_400.0
"""Seconds that a durable execution may take: a year."""

_EXCEPTIONS = "aws_durable_execution_sdk_python.exceptions"


def execution_of(context: Any) -> str | None:
    """Return the ARN of the durable execution of which this is the context; None for the context of an invocation."""
    return getattr(getattr(context, "execution_context", None), "durable_execution_arn", None)


def owner_of(execution: str) -> str:
    """Return the owner of all claims of an execution, by which a replay knows its own."""
    from hashlib import sha256

    return sha256(execution.encode()).hexdigest()[:32]


def goes_on(error: Any) -> bool:
    """Tell whether the execution goes on although this run has ended with an error: it is suspended, or tried again."""
    if is_suspension(error):
        return True
    exceptions: Any = sys.modules.get(_EXCEPTIONS)
    if exceptions is None:
        return False
    if isinstance(error, exceptions.BackgroundThreadError):
        error = error.source_exception
    if not isinstance(error, exceptions.InvocationError):
        return False
    is_retryable: Any = getattr(error, "is_retryable", None)
    return is_retryable is None or bool(is_retryable())
