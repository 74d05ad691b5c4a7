"""The outcome of an invocation, and how its parts are read and spelled."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import Any, Literal, cast

Status = Literal["success", "error", "timeout", "crash", "init-error"]


@dataclass(frozen=True, slots=True)
class FunctionError:
    """The reason why an invocation failed, in the words of the runtime or of the platform.

    Attributes:
        type: for example `ValueError`, `Runtime.ExitError` or `Sandbox.Timedout`.
        message: the text of the error.
        stack_trace: the frames, formatted by the runtime; empty if there are none.
    """

    type: str
    message: str
    stack_trace: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one invocation.

    Attributes:
        request_id: the id that the function saw as `context.aws_request_id`.
        status: `success`; `error` for an exception of the handler or a response that cannot be delivered; `timeout`;
            `crash` when the process ended; `init-error` when it did not get as far as the handler.
        payload: the answer that a caller of the function gets: decoded JSON, or bytes if the response is not JSON.
        error: the reason of a failure, or None.
        content_type: the media type of the response.
        output: the text that the function printed and logged since the invocation before.
        init_output: the text that it printed while it was imported; empty for a warm invocation.
        duration_ms: from the moment the runtime got the event to its answer; to the kill, where it was killed.
        billed_ms: the duration that Lambda would bill.
        init_ms: the duration of the initialization, for the first invocation of an environment; None for a warm one.
        restore_ms: the duration of SnapStart's restore, for the first invocation after it; else None.
        max_memory_mb: the peak of the environment so far; None if the system does not tell.
        cold: true for the first invocation of its environment.
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
    """Return a response as a value if it is JSON, else its bytes."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        return body
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):  # also: not UTF-8
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
    """Return the payload of an error that the platform reports, and not the function."""
    return {"errorType": error.type, "errorMessage": error.message}


def timed_out(timeout: float) -> str:
    """Spell a timeout, in seconds, as Lambda does."""
    return f"Task timed out after {timeout:.2f} seconds"
