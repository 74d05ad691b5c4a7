from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.local import FunctionError, Outcome
from lambda_kit.local._bench_run import GIVE_UP, Plan, Side, Target, measure
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

skip_in_the_middle()


def _outcome(*, cold: bool, error: FunctionError | None = None) -> Outcome:
    return Outcome(
        request_id="",
        status="success" if error is None else "error",
        payload=None,
        error=error,
        content_type="application/json",
        output="",
        init_output="",
        duration_ms=2.0,
        billed_ms=12 if cold else 2,
        init_ms=10.0 if cold else None,
        restore_ms=None,
        max_memory_mb=30,
        cold=cold,
    )


class Stage:
    """Sides without processes: it notes who was alive and whose turn it was."""

    def __init__(self, fails: Callable[[Side], bool] = lambda side: False) -> None:
        self.alive: list[Side] = []
        self.turns: list[tuple[int, int]] = []  # the memory of the side, and how many were alive
        self.now = 0.0
        self._fails = fails

    @contextmanager
    def start(self, side: Side) -> Generator[Invoker]:
        self.alive.append(side)
        try:
            yield Invoker(self, side)
        finally:
            self.alive.remove(side)

    def measure(self, sides: list[Side], plan: Plan) -> str:
        return measure(sides, plan, {}, self.start, on_invocation=_ignore, clock=lambda: self.now)

    def turn(self, side: Side) -> FunctionError | None:
        self.turns.append((side.memory, len(self.alive)))
        self.now += 1.0
        return FunctionError("ValueError", "no") if self._fails(side) else None


class Invoker:
    def __init__(self, stage: Stage, side: Side) -> None:
        self._stage, self._side, self._cold = stage, side, True

    def invoke(self, event: Any) -> tuple[Outcome, float | None]:
        error, cold, self._cold = self._stage.turn(self._side), self._cold, False
        return _outcome(cold=cold, error=error), 1.0


def _ignore(number: int, side: Side) -> None:
    pass


def _sides(count: int) -> list[Side]:
    return [Side(Target("app.handler", "python", "kit", "app.handler"), 128 + number) for number in range(count)]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 12))
def test_each_side_is_measured_as_often_as_planned_while_all_are_alive(count: int, cold: int, warm: int) -> None:
    stage, sides, plan = Stage(), _sides(count), Plan(cold, warm, 1e9)
    assert stage.measure(sides, plan) == "done"
    assert len(stage.turns) == plan.invocations(count)
    assert not stage.alive
    for side in sides:
        assert (len(side.cold), len(side.warm), side.attempts) == (cold, warm, cold + warm)
        assert [one.round for one in side.cold] == list(range(cold))
        assert side.peak_mb == 30
    at = 0
    for number in range(cold):  # the cold starts of a round come one after the other, and then all are alive
        assert [alive for _, alive in stage.turns[at : at + count]] == list(range(1, count + 1))
        turns = plan.warm_in(number)
        for turn in range(turns):
            here = stage.turns[at + count + turn * count : at + count + (turn + 1) * count]
            assert {memory for memory, _ in here} == {side.memory for side in sides}
            assert {alive for _, alive in here} == {count}
        at += count * (1 + turns)


def test_no_side_always_comes_first() -> None:
    stage, sides = Stage(), _sides(3)
    stage.measure(sides, Plan(1, 6, 1e9))
    firsts = [stage.turns[3 + 3 * turn][0] for turn in range(6)]
    assert sorted(firsts) == sorted([128, 129, 130] * 2)


def test_no_invocation_begins_after_the_time_is_over_and_what_was_measured_is_kept() -> None:
    stage, sides = Stage(), _sides(2)
    assert stage.measure(sides, Plan(5, 50, 7.0)) == "time"
    assert len(stage.turns) == 7
    assert not stage.alive
    assert sum(side.attempts for side in sides) == 7


def test_failures_are_counted_and_are_no_measurements() -> None:
    stage, sides = Stage(lambda side: side.memory == 128), _sides(2)
    assert stage.measure(sides, Plan(2, 10, 1e9)) == "done"
    failing, good = sides
    assert (failing.cold, failing.warm, dict(failing.errors)) == ([], [], {"ValueError": GIVE_UP})
    assert failing.given_up
    assert failing.first == {"ValueError": FunctionError("ValueError", "no")}
    assert (len(good.cold), len(good.warm), good.failed) == (2, 10, 0)


def test_an_exception_ends_all_sides_and_leaves_what_was_measured() -> None:
    sides = _sides(2)

    def interrupt(side: Side) -> bool:
        if side.attempts == 3:
            raise KeyboardInterrupt
        return False

    stage = Stage(interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.measure(sides, Plan(1, 10, 1e9))
    assert not stage.alive
    assert [side.attempts for side in sides] in ([3, 3], [3, 4], [4, 3])


@given(st.integers(1, 20), st.integers(1, 200))
def test_the_warm_invocations_are_spread_over_the_rounds(cold: int, warm: int) -> None:
    plan = Plan(cold, warm, 1.0)
    counts = [plan.warm_in(number) for number in range(cold)]
    assert sum(counts) == warm
    assert max(counts) - min(counts) <= 1
