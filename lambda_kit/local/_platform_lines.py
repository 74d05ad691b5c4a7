"""The lines that the platform writes to the log of a function."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from lambda_kit.local._outcome import timed_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.local._outcome import Outcome


def start_line(request_id: str) -> str:
    """Return the line that opens an invocation."""
    return f"START RequestId: {request_id} Version: $LATEST"


def end_line(request_id: str) -> str:
    """Return the line that closes an invocation."""
    return f"END RequestId: {request_id}"


def timeout_line(request_id: str, timeout: float, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """Return the line that says that the function was stopped; `timeout` in seconds."""
    stamp = now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"{stamp}Z {request_id} {timed_out(timeout)}"


def init_report_line(init_ms: float, phase: Literal["init", "invoke"], status: str, error_type: str = "") -> str:
    """Return the line on an initialization that failed, or that ran before there was an invocation."""
    parts = [f"INIT_REPORT Init Duration: {init_ms:.2f} ms", f"Phase: {phase}", f"Status: {status}"]
    if error_type:
        parts.append(f"Error Type: {error_type}")
    return "\t".join(parts)


def report_line(outcome: Outcome, memory: int, *, init_in_report: bool) -> str:
    """Return the line that sums up an invocation.

    Args:
        outcome: the invocation.
        memory: what the function has, in MB.
        init_in_report: whether initialization was part of the invocation.
    """
    parts = [
        f"REPORT RequestId: {outcome.request_id}",
        f"Duration: {outcome.duration_ms:.2f} ms",
        f"Billed Duration: {outcome.billed_ms} ms",
        f"Memory Size: {memory} MB",
    ]
    if outcome.max_memory_mb is not None:
        parts.append(f"Max Memory Used: {outcome.max_memory_mb} MB")
    if (
        init_in_report and outcome.init_ms is not None and outcome.status != "init-error"
    ):  # INIT_REPORT has the duration of a failed init
        parts.append(f"Init Duration: {outcome.init_ms:.2f} ms")
    if outcome.restore_ms is not None:
        parts.append(f"Restore Duration: {outcome.restore_ms:.2f} ms")
        parts.append(f"Billed Restore Duration: {math.ceil(outcome.restore_ms)} ms")
    if outcome.status == "timeout":
        parts.append("Status: timeout")
    elif outcome.status in ("crash", "init-error"):
        parts.append("Status: error")
        if outcome.error is not None:
            parts.append(f"Error Type: {outcome.error.type}")
    return "\t".join(parts)
