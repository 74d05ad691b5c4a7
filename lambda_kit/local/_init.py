"""The initialization of a sandbox, its restore, and the result of both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lambda_kit.local import _outcome
from lambda_kit.local._outcome import FunctionError

if TYPE_CHECKING:
    from lambda_kit.local._sandbox import InitEnd, Sandbox


class Init:
    """The result of an initialization.

    Attributes:
        elapsed_ms: its duration.
        error: the reason if it failed, or None.
        payload: the body that the runtime posted with the error.
        output: the text that was printed meanwhile.
        peak: the most memory in use, in bytes.
        restore_ms: the duration of the restore, under SnapStart.
        timed_out: true if it took too long.
        within_invocation: true for a second try, as part of the invocation.
    """

    __slots__ = ("elapsed_ms", "error", "output", "payload", "peak", "restore_ms", "timed_out", "within_invocation")

    def __init__(self, elapsed_ms: float) -> None:
        self.elapsed_ms = elapsed_ms
        self.error: FunctionError | None = None
        self.payload: Any = None
        self.output = ""
        self.peak: int | None = None
        self.restore_ms: float | None = None
        self.timed_out = False
        self.within_invocation = False


def initialize(sandbox: Sandbox, limit: float) -> Init:
    """Wait until the sandbox is ready, at its snapshot, or has failed; `limit` in seconds."""
    end = sandbox.await_init(limit)
    now = time.perf_counter()
    api = sandbox.api
    ended_at = (api.ready_at or api.snapshot_at or now) if end in ("ready", "snapshot") else now
    init = Init((ended_at - sandbox.started_at) * 1000)
    if end == "timeout":
        init.elapsed_ms, init.timed_out = limit * 1000, True
        init.error = FunctionError("Sandbox.Timedout", _outcome.timed_out(limit))
    elif end == "error" and api.init_error is not None:
        _posted(init, api.init_error.body, api.init_error.error_type)
    elif end in ("exit", "memory"):
        init.error = _ended(sandbox, end)
    init.peak = sandbox.peak
    return init


def restore(sandbox: Sandbox, init: Init, limit: float) -> None:
    """Let the sandbox go on after its snapshot, and note the result in `init`; `limit` in seconds."""
    started = time.perf_counter()
    end = sandbox.restore(limit)
    api = sandbox.api
    ended_at = api.ready_at if end == "ready" and api.ready_at is not None else time.perf_counter()
    init.restore_ms = max(0.0, (ended_at - started) * 1000)
    if end == "error" and api.restore_error is not None:
        _posted(init, api.restore_error.body, api.restore_error.error_type)
    elif end == "timeout":
        init.error = FunctionError("SnapStartTimeoutException", f"Restore timed out after {limit:.2f} seconds")
    elif end != "ready":
        init.error = _ended(sandbox, end)
    init.peak = sandbox.peak


def _posted(init: Init, body: bytes, error_type: str | None) -> None:
    init.payload, error = _outcome.posted_error(body, error_type)
    if error_type is not None and error_type != error.type:  # of a SnapStart hook: name both the hook and its exception
        error = FunctionError(error_type, f"{error.type}: {error.message}", error.stack_trace)
    init.error = error


def _ended(sandbox: Sandbox, end: InitEnd) -> FunctionError:
    code = -9 if end == "memory" else (sandbox.process.returncode or 0)
    return FunctionError("Runtime.ExitError", _outcome.describe_exit(code))
