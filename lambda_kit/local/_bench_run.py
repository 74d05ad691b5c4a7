"""The measurement of `lambda-kit bench`: rounds in which all sides are alive and take turns."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lambda_kit.local._bench_cpu import cpu_seconds
from lambda_kit.local._bench_stats import Sample
from lambda_kit.local._environment import Environment
from lambda_kit.local._outcome import FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Literal, Self

    from lambda_kit.local._bench_cpu import Governor
    from lambda_kit.local._outcome import Outcome

_Item = TypeVar("_Item")
GIVE_UP = 3
"""A side whose first so many invocations all fail is left out from then on."""


@dataclass(frozen=True, slots=True)
class Target:
    """A function that is measured: its handler, its interpreter and runtime client, and its name in reports."""

    handler: str
    python: str
    runtime: str
    label: str


@dataclass(slots=True)
class Side:
    """A function with a memory size, and what was measured of it.

    Attributes:
        target: the function.
        memory: its memory in MB.
        cold: the cold invocations that succeeded.
        warm: the warm ones.
        errors: how often each type of error came.
        first: the first error of each of them.
        advice: a line of advice on some of them, by type.
        attempts: the number of invocations.
        peak_mb: the most memory in use, or None.
        output: what the function printed in the first invocation that failed.
    """

    target: Target
    memory: int
    cold: list[Sample] = field(default_factory=list[Sample])
    warm: list[Sample] = field(default_factory=list[Sample])
    errors: Counter[str] = field(default_factory=Counter[str])
    first: dict[str, FunctionError] = field(default_factory=dict[str, FunctionError])
    advice: dict[str, str] = field(default_factory=dict[str, str])
    attempts: int = 0
    peak_mb: int | None = None
    output: str = ""

    @property
    def failed(self) -> int:
        """The number of invocations that failed."""
        return self.errors.total()

    @property
    def given_up(self) -> bool:
        """True if the first invocations all failed, and there are no more of them."""
        return self.attempts >= GIVE_UP and self.failed == self.attempts

    def take(self, number: int, outcome: Outcome, cpu_ms: float | None) -> None:
        """Take the outcome of an invocation in the round of this number."""
        self.attempts += 1
        if outcome.max_memory_mb is not None:
            self.peak_mb = max(outcome.max_memory_mb, self.peak_mb or 0)
        if outcome.error is not None:
            if not self.errors:
                self.output = outcome.init_output + outcome.output
            self.errors[outcome.error.type] += 1
            self.first.setdefault(outcome.error.type, outcome.error)
            return
        sample = Sample(number, outcome.duration_ms, outcome.init_ms, outcome.billed_ms, cpu_ms)
        (self.cold if outcome.cold else self.warm).append(sample)


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a measurement.

    Attributes:
        cold: the number of rounds; each begins with a cold start of every side.
        warm: the number of warm invocations of every side, over all rounds.
        seconds: no invocation begins after so many seconds.
    """

    cold: int
    warm: int
    seconds: float

    def warm_in(self, number: int) -> int:
        """Return how many warm invocations of a side the round of this number has."""
        return self.warm // self.cold + (number < self.warm % self.cold)

    def invocations(self, sides: int) -> int:
        """Return the number of invocations if nothing ends the measurement early."""
        return sides * (self.cold + self.warm)


class Invoker(Protocol):
    """A side that is alive."""

    def invoke(self, event: Any) -> tuple[Outcome, float | None]:
        """Invoke the function; return the outcome and, if it is known, the processor time in milliseconds."""
        ...


class Live:
    """A side while it is alive: its environment, and the governor that holds it to its share."""

    def __init__(self, environment: Environment, governor: Governor) -> None:
        self._environment = environment
        self._governor = governor
        environment._sandboxes.governor = governor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._environment.close()
        finally:
            self._governor.close()

    def invoke(self, event: Any) -> tuple[Outcome, float | None]:
        """Invoke the function; return the outcome, and the processor time of a warm invocation in milliseconds."""
        process = self._environment._sandboxes.process
        before = None if process is None else cpu_seconds(process.pid)
        if process is not None:
            self._governor.resume()
        try:
            outcome = self._environment.invoke(event)
        finally:
            self._governor.rest()
        after = None if process is None or outcome.cold else cpu_seconds(process.pid)
        return outcome, None if before is None or after is None else (after - before) * 1000


def environment_of(side: Side, settings: Mapping[str, Any]) -> Environment:
    """Return an environment for a side. `settings` are the arguments of `Environment` that all sides share."""
    everything: dict[str, Any] = {
        **settings,
        "memory": side.memory,
        "python": side.target.python,
        "runtime": side.target.runtime,
    }
    return Environment(side.target.handler, **everything)


class _TimeIsOverError(Exception):
    pass


def measure(
    sides: Sequence[Side],
    plan: Plan,
    event: Any,
    start: Callable[[Side], AbstractContextManager[Invoker]],
    *,
    on_invocation: Callable[[int, Side], None],
    clock: Callable[[], float] = time.monotonic,
) -> Literal["done", "time"]:
    """Measure all sides in rounds, and return what ended it: the plan was carried out, or the time was over.

    Each round starts every side anew, so that all of them are alive at once. Then they take turns, one invocation each,
    in an order that moves on by one with each turn. So a change of the machine's speed meets all sides.

    Args:
        sides: take the outcomes; what they have is there even where an exception ends the measurement.
        plan: the size.
        event: of all invocations.
        start: makes a side alive; its first invocation is cold.
        on_invocation: called after each invocation, with the number of its round.
        clock: tells the time in seconds.
    """
    deadline = clock() + plan.seconds
    turn = 0
    try:
        for number in range(plan.cold):
            with ExitStack() as stack:
                alive: list[tuple[Side, Invoker]] = []
                for side in _from(sides, number):
                    if side.given_up:
                        continue
                    _check(clock, deadline)
                    live = stack.enter_context(start(side))
                    alive.append((side, live))
                    side.take(number, *live.invoke(event))
                    on_invocation(number, side)
                for _ in range(plan.warm_in(number)):
                    for side, live in _from(alive, turn):
                        if side.given_up:
                            continue
                        _check(clock, deadline)
                        side.take(number, *live.invoke(event))
                        on_invocation(number, side)
                    turn += 1
    except _TimeIsOverError:
        return "time"
    return "done"


def _check(clock: Callable[[], float], deadline: float) -> None:
    if clock() >= deadline:
        raise _TimeIsOverError


def _from(items: Sequence[_Item], start: int) -> list[_Item]:
    if not items:
        return []
    start %= len(items)
    return [*items[start:], *items[:start]]
