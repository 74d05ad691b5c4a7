"""Calls within AWS's durable executions: a claim belongs to the execution, through all its suspensions and replays."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_EXECUTION = 366 * 86_400.0
"""Seconds that a durable execution may take: a year."""


def execution_of(context: Any) -> str | None:
    """Return the ARN of the durable execution of which this is the context; None for the context of an invocation."""
    return getattr(getattr(context, "execution_context", None), "durable_execution_arn", None)


def owner_of(execution: str) -> str:
    """Return the owner of all claims of an execution, by which a replay knows its own."""
    from hashlib import sha256

    return sha256(execution.encode()).hexdigest()[:32]
