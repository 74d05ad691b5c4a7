"""The progress of a benchmark, on standard error; nothing where that is no terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambda_kit.local._bench_run import Plan, Side


class Progress:
    """One line that says how far the measurement is.

    Args:
        plan: the size of the measurement.
        sides: the number of sides.
    """

    def __init__(self, plan: Plan, sides: int) -> None:
        self._plan = plan
        self._total = plan.invocations(sides)
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._shown = float("-inf")
        self._done = 0
        self._failures: dict[int, int] = {}

    def count(self, number: int, side: Side) -> None:
        """Count an invocation in the round of this number, and show the line ten times a second."""
        self._done += 1
        self._failures[id(side)] = side.failed
        now = time.monotonic()
        if not self._terminal or now - self._shown < 0.1:
            return
        self._shown = now
        failed = sum(self._failures.values())
        sys.stderr.write(
            f"\r\033[Kround {number + 1} of {self._plan.cold}, {self._done} of {self._total} invocations, "
            f"{failed} failed, {now - self._started:.0f} of at most {self._plan.seconds:g} s"
        )
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
