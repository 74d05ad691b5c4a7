"""The console of `lambda-kit invoke`: the log as it comes, results, progress, and a summary."""

from __future__ import annotations

import base64
import json
import math
import os
import statistics
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_kit.local._outcome import Outcome

FEW = 5
"""The most invocations that are shown one by one."""

DIM, RED, BOLD, PLAIN = "\033[2m", "\033[31m", "\033[1m", "\033[0m"
_STREAMED_HTTP = "application/vnd.awslambda.http-integration-response"
# The runtime client puts this before every error of initialization. It is about updates of Lambda's own runtimes.
NOISE = "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code."


class Console:
    """Writes for people; with `json_only`, standard output has the JSON document and nothing else.

    Args:
        total: the number of invocations.
        json_only: write all but the JSON document to standard error.
    """

    def __init__(self, total: int, *, json_only: bool) -> None:
        self._total = total
        self._log: TextIO = sys.stderr if json_only else sys.stdout
        self._json_only = json_only
        self._colour = has_colours(self._log)
        self._at_line_start = True
        self._one_by_one = total <= FEW
        self._lock = threading.RLock()
        self._progress = _Progress(total) if not self._one_by_one else None
        self._shown_errors: set[str] = set()
        self._shown_advice: set[str] = set()

    # Called by the environment, on any thread

    def output(self, text: str) -> None:
        """Show text of the function."""
        if self._one_by_one and NOISE not in text:
            self._write(text)

    def report(self, line: str) -> None:
        """Show a line of the platform."""
        if self._one_by_one:
            self._line(self._painted(DIM, line))

    # Called by the command

    def done(self, outcome: Outcome, number: int, advice: str | None, *, labelled: bool) -> None:
        """Show the result of an invocation, and the progress."""
        with self._lock:
            if not self._one_by_one:
                self._count(outcome, number, advice)
                return
            if labelled:
                text = compact(outcome.payload) if outcome.error is None else self._error(outcome)
                label = f"{outcome.request_id[:8]} | "
                self._line(f"{label}{self._painted(BOLD, '=>')} {text}")
                if advice:
                    self._line(f"{label}{advice}")
                return
            if outcome.error is not None:
                self._line("")
                self._line(self._error(outcome))
            elif not self._json_only:
                self._line("")
                self._line(pretty(outcome))
            if advice:
                self._line(advice)
            if number < self._total:
                self._line("")

    def summary(self, outcomes: Sequence[Outcome], stopped: str | None = None) -> None:
        """Show the summary of all invocations."""
        if self._progress is not None:
            self._progress.clear()
        if self._total == 1 or not outcomes:
            return
        totals = summarize(outcomes)
        self._line("")
        head = f"{totals['invocations']} invocations"
        if stopped is not None:
            head += f" of {self._total}, {stopped}"
        failed = ", ".join(f"{count} {name}" for name, count in totals["errors"].items())
        self._line(
            f"{self._painted(BOLD, head)}: {totals['succeeded']} succeeded, {totals['failed']} failed"
            f"{f' ({failed})' if failed else ''}, {totals['cold_starts']} cold"
        )
        self._line("")
        self._line(f"{'':10}{'min':>12}{'median':>12}{'p95':>12}{'max':>12}")
        for name in ("duration", "init", "restore"):
            row = totals[f"{name}_ms"]
            if row is not None:
                cells = (f"{row[key]:.2f} ms" for key in ("min", "median", "p95", "max"))
                self._line(f"{name:10}" + "".join(f"{cell:>12}" for cell in cells))
        if totals["max_memory_mb"] is not None:
            memory = f"{totals['max_memory_mb']} MB"
            self._line(f"{'memory':10}{'':36}{memory:>12}")

    def document(self, value: dict[str, Any]) -> None:
        """Write the JSON document."""
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def _count(self, outcome: Outcome, number: int, advice: str | None) -> None:
        assert self._progress is not None  # noqa: S101  # for type checkers
        if outcome.error is not None and outcome.error.type not in self._shown_errors:
            self._shown_errors.add(outcome.error.type)
            self._progress.clear()
            self._line(f"invocation {number} of {self._total} is the first to fail with {outcome.error.type}:")
            self._write("".join(line for line in _lines(outcome) if NOISE not in line))
            self._line(self._error(outcome))
            if advice:
                self._line(advice)
        elif outcome.error is None and advice and advice not in self._shown_advice:
            self._shown_advice.add(advice)
            self._progress.clear()
            self._line(f"invocation {number} of {self._total}: {advice}")
        self._progress.count(outcome)

    def _error(self, outcome: Outcome) -> str:
        assert outcome.error is not None  # noqa: S101  # for type checkers
        text = f"{outcome.error.type}: {outcome.error.message}" if outcome.error.message else outcome.error.type
        return self._painted(RED, text)

    def _painted(self, style: str, text: str) -> str:
        return f"{style}{text}{PLAIN}" if self._colour else text

    def _line(self, text: str) -> None:
        with self._lock:
            self._write(("" if self._at_line_start else "\n") + text + "\n")

    def _write(self, text: str) -> None:
        if not text:
            return
        with self._lock:
            encoding = self._log.encoding or "utf-8"
            self._log.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._log.flush()
            self._at_line_start = text.endswith("\n")


class _Progress:
    """The progress of a long run, on standard error: one line on a terminal, else a line every two seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()
        self._done = self._failed = self._cold = 0

    def count(self, outcome: Outcome) -> None:
        self._done += 1
        self._failed += outcome.error is not None
        self._cold += outcome.cold
        now = time.monotonic()
        if now - self._shown < (0.1 if self._terminal else 2.0) or self._done == self._total:
            return
        self._shown = now
        left = (now - self._started) / self._done * (self._total - self._done)
        text = (
            f"{self._done} of {self._total} invocations, {self._failed} failed, {self._cold} cold, {_span(left)} to go"
        )
        sys.stderr.write(f"\r\033[K{text}" if self._terminal else f"{text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min"


def has_colours(stream: TextIO) -> bool:
    """Return True if text with colours can be read there, and is wanted."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _lines(outcome: Outcome) -> list[str]:
    return (outcome.init_output + outcome.output).splitlines(keepends=True)


def pretty(outcome: Outcome) -> str:
    """Return the result of an invocation for people."""
    payload = outcome.payload
    if not isinstance(payload, bytes):
        return json.dumps(payload, indent=2, ensure_ascii=False)
    head = ""
    if outcome.content_type == _STREAMED_HTTP:  # status and headers, and behind eight zero bytes the body
        prelude, _, payload = payload.partition(bytes(8))
        head = f"{prelude.decode('utf-8', 'replace')}\n\n"
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        text = ""
    if text and all(line.isprintable() for line in text.splitlines()):
        return f"{head}{text}"
    shown = payload[:64].hex(" ")
    more = " ..." if len(payload) > 64 else ""
    return f"{head}{len(payload)} bytes of {outcome.content_type}: {shown}{more}"


def compact(payload: Any) -> str:
    """Return a payload on one line, cut where it is long."""
    text = repr(payload) if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:197]}..."


def record(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome for the JSON document."""
    binary = isinstance(outcome.payload, bytes)
    error = outcome.error
    return {
        "request_id": outcome.request_id,
        "status": outcome.status,
        "cold": outcome.cold,
        "payload": base64.b64encode(outcome.payload).decode() if binary else outcome.payload,
        "payload_is_base64": binary,
        "content_type": outcome.content_type,
        "error": None
        if error is None
        else {"type": error.type, "message": error.message, "stack_trace": list(error.stack_trace)},
        "output": outcome.output,
        "init_output": outcome.init_output,
        "duration_ms": round(outcome.duration_ms, 3),
        "billed_ms": outcome.billed_ms,
        "init_ms": _rounded(outcome.init_ms),
        "restore_ms": _rounded(outcome.restore_ms),
        "max_memory_mb": outcome.max_memory_mb,
    }


def summarize(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the summary of a list of outcomes for the JSON document."""
    errors = Counter(outcome.error.type for outcome in outcomes if outcome.error is not None)
    return {
        "invocations": len(outcomes),
        "succeeded": sum(outcome.error is None for outcome in outcomes),
        "failed": sum(outcome.error is not None for outcome in outcomes),
        "cold_starts": sum(outcome.cold for outcome in outcomes),
        "errors": dict(errors.most_common()),
        "duration_ms": _spread([outcome.duration_ms for outcome in outcomes]),
        "init_ms": _spread([outcome.init_ms for outcome in outcomes if outcome.init_ms is not None]),
        "restore_ms": _spread([outcome.restore_ms for outcome in outcomes if outcome.restore_ms is not None]),
        "max_memory_mb": max((o.max_memory_mb for o in outcomes if o.max_memory_mb is not None), default=None),
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {
        "min": round(ordered[0], 3),
        "median": round(statistics.median(ordered), 3),
        "p95": round(ordered[math.ceil(0.95 * len(ordered)) - 1], 3),
        "max": round(ordered[-1], 3),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
