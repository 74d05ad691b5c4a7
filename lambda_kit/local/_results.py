"""The result of a run or of a failed initialization, made into an `Outcome`."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_kit.local import _outcome
from lambda_kit.local._exchange import RESPONSE_LIMIT, STREAM_LIMIT
from lambda_kit.local._outcome import FunctionError, Outcome, Status
from lambda_kit.local._platform_lines import timeout_line

if TYPE_CHECKING:
    from lambda_kit.local._exchange import Exchange
    from lambda_kit.local._init import Init
    from lambda_kit.local._sandbox import RunEnd, Sandbox
    from lambda_kit.local._settings import Settings


class Result(NamedTuple):
    """The result of an invocation, before it is an `Outcome`.

    Attributes:
        status: as of `Outcome`.
        payload: as of `Outcome`.
        error: as of `Outcome`.
        duration_ms: as of `Outcome`.
        content_type: as of `Outcome`.
        line: the line that the platform writes about a timeout or a crash, or None.
    """

    status: Status
    payload: Any
    error: FunctionError | None
    duration_ms: float
    content_type: str = "application/json"
    line: str | None = None


def result_of_run(settings: Settings, exchange: Exchange, end: RunEnd, sandbox: Sandbox, init: Init | None) -> Result:
    """Return the result of an invocation that a sandbox has run."""
    duration = _duration(exchange, sandbox, init)
    if end == "timeout":
        return _timed_out(settings, exchange, settings.timeout * 1000)
    if end in ("exit", "memory"):
        code = -9 if end == "memory" else (sandbox.process.returncode or 0)
        error = _of_platform(exchange, "Runtime.ExitError", _outcome.describe_exit(code))
        return _failed("crash", error, duration, f"{error.message}\n{error.type}")
    answer = exchange.answer
    if end == "busy" or answer is None:
        message = f"All {settings.concurrency} processes were still busy after {exchange.timeout:.2f} seconds"
        return _failed("error", FunctionError("TooManyRequestsException", message), duration)
    if answer.kind == "too-large":
        limit = RESPONSE_LIMIT if exchange.on_part is None else STREAM_LIMIT
        message = f"Response payload size exceeded maximum allowed payload size ({limit} bytes)."
        return _failed("error", FunctionError("Function.ResponseSizeTooLarge", message), duration)
    if answer.kind in ("error", "truncated"):
        payload, error = _outcome.posted_error(answer.body, answer.error_type)
        return Result("error", payload, error, duration)
    payload = _outcome.decode(answer.body, answer.content_type)
    return Result("success", payload, None, duration, answer.content_type)


def result_of_init(settings: Settings, exchange: Exchange, init: Init) -> Result:
    """Return the result of an invocation whose initialization failed."""
    error = init.error
    assert error is not None  # noqa: S101  # it failed
    if error.type == "Sandbox.Timedout" and init.within_invocation:
        return _timed_out(settings, exchange, init.elapsed_ms)
    if error.type in ("Runtime.ExitError", "Sandbox.Timedout", "SnapStartTimeoutException"):
        error = _of_platform(exchange, error.type, error.message)
        return _failed("init-error", error, init.elapsed_ms, f"{error.message}\n{error.type}")
    return Result("init-error", init.payload, error, init.elapsed_ms)


def outcome_of(
    result: Result, exchange: Exchange, init: Init | None, peak: int | None, output: str, *, init_is_billed: bool
) -> Outcome:
    """Return the outcome of an invocation.

    Args:
        result: its result.
        exchange: the invocation.
        init: the initialization, if the invocation was the first after it.
        peak: the most memory in use, in bytes, or None.
        output: the text that the function printed.
        init_is_billed: bill a successful initialization with the invocation.
    """
    init_ms = None if init is None or init.within_invocation else init.elapsed_ms
    billed = result.duration_ms
    if init is not None and init_ms is not None and init.error is None and init_is_billed:
        billed += init_ms
    return Outcome(
        request_id=exchange.request_id,
        status=result.status,
        payload=result.payload,
        error=result.error,
        content_type=result.content_type,
        output=output,
        init_output="" if init is None else init.output,
        duration_ms=result.duration_ms,
        billed_ms=math.ceil(billed),
        init_ms=init_ms,
        restore_ms=None if init is None else init.restore_ms,
        max_memory_mb=None if peak is None else math.ceil(peak / 2**20),
        cold=init is not None,
    )


def _duration(exchange: Exchange, sandbox: Sandbox, init: Init | None) -> float:
    now = time.perf_counter()
    started = exchange.handed_at or now
    if init is not None and init.within_invocation:
        started = sandbox.started_at
    return ((exchange.answered_at or now) - started) * 1000


def _timed_out(settings: Settings, exchange: Exchange, duration: float) -> Result:
    error = _of_platform(exchange, "Sandbox.Timedout", _outcome.timed_out(settings.timeout))
    return _failed("timeout", error, duration, timeout_line(exchange.request_id, settings.timeout))


def _of_platform(exchange: Exchange, kind: str, message: str) -> FunctionError:
    return FunctionError(kind, f"RequestId: {exchange.request_id} Error: {message}")


def _failed(status: Status, error: FunctionError, duration: float, line: str | None = None) -> Result:
    return Result(status, _outcome.platform_payload(error), error, duration, line=line)
