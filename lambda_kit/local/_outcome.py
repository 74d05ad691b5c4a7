"""What an invocation came to, and the lines that the platform writes about it."""

from __future__ import annotations

import json
import math
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Status = Literal["success", "error", "timeout", "crash", "init-error"]


@dataclass(frozen=True, slots=True)
class FunctionError:
    """Why an invocation failed, in the words of the runtime or of the platform.

    Attributes:
        type: for example `ValueError`, `Runtime.ExitError` or `Sandbox.Timedout`.
        message: what happened.
        stack_trace: the frames as the runtime formatted them; empty where there are none.
    """

    type: str
    message: str
    stack_trace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one invocation came to.

    Attributes:
        request_id: the id that the function saw as `context.aws_request_id`.
        status: `success`; `error` for an exception of the handler or a response that cannot be delivered; `timeout`;
            `crash` when the process ended; `init-error` when it did not get as far as the handler.
        payload: what a caller of the function gets: decoded JSON, or the bytes where the response is not JSON.
        error: why it failed, or None.
        content_type: the media type of the response.
        output: what the function printed and logged during this invocation.
        init_output: what it printed while it was imported; empty on a warm invocation.
        duration_ms: from the moment the runtime got the event to its answer; to the kill, where it was killed.
        billed_ms: what Lambda would bill for that.
        init_ms: how long initialization took, on the first invocation of an environment; None on a warm one.
        restore_ms: how long SnapStart's restore took, on the first invocation after it; else None.
        max_memory_mb: the peak of the environment so far; None where the system does not tell.
        cold: whether this was the first invocation of its environment.
    """

    request_id: str
    status: Status
    payload: Any
    error: FunctionError | None
    content_type: str
    output: str
    init_output: str
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    restore_ms: float | None
    max_memory_mb: int | None
    cold: bool


def describe_exit(returncode: int) -> str:
    """Spell the end of a runtime process as Lambda does."""
    if returncode == 0:
        return "Runtime exited without providing a reason"
    if returncode > 0:
        return f"Runtime exited with error: exit status {returncode}"
    try:
        name = _SIGNALS.get(signal.Signals(-returncode).name, f"signal {-returncode}")
    except ValueError:
        name = f"signal {-returncode}"
    return f"Runtime exited with error: signal: {name}"


_SIGNALS = {
    "SIGHUP": "hangup",
    "SIGINT": "interrupt",
    "SIGQUIT": "quit",
    "SIGILL": "illegal instruction",
    "SIGTRAP": "trace/breakpoint trap",
    "SIGABRT": "aborted",
    "SIGBUS": "bus error",
    "SIGFPE": "floating point exception",
    "SIGKILL": "killed",
    "SIGUSR1": "user defined signal 1",
    "SIGSEGV": "segmentation fault",
    "SIGUSR2": "user defined signal 2",
    "SIGPIPE": "broken pipe",
    "SIGALRM": "alarm clock",
    "SIGTERM": "terminated",
}


def decode(body: bytes, content_type: str) -> Any:
    """Return a response as a value if it is JSON, else as it is."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return body
    try:
        return json.loads(body, parse_constant=_refuse)
    except ValueError:  # also: not UTF-8
        return body


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def posted_error(body: bytes, fallback_type: str | None) -> tuple[Any, FunctionError]:
    """Read the body that a runtime posts with an error; return the payload and its error."""
    payload = decode(body, "application/json")
    if not isinstance(payload, dict):
        text = body.decode("utf-8", "replace")
        return payload, FunctionError(fallback_type or "Runtime.Unknown", text)
    fields = cast("dict[str, Any]", payload)
    trace: list[Any] = fields.get("stackTrace") or []
    kind = str(fields.get("errorType") or fallback_type or "Runtime.Unknown")
    return fields, FunctionError(kind, str(fields.get("errorMessage") or ""), tuple(map(str, trace)))


def platform_payload(error: FunctionError) -> dict[str, str]:
    """Return what a caller gets where the platform, and not the function, says what went wrong."""
    return {"errorType": error.type, "errorMessage": error.message}


def timed_out(timeout: float) -> str:
    """Spell a timeout, in seconds, as Lambda does."""
    return f"Task timed out after {timeout:.2f} seconds"


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
    if init_in_report and outcome.init_ms is not None and outcome.status != "init-error":  # that is in INIT_REPORT
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
