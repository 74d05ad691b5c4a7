"""The harness that interrupts calls finds what an interrupt breaks, and ends what hangs."""

from __future__ import annotations

import gc
import itertools
import math
import sys
import threading
from typing import Any

import pytest

from tests import stepping
from tests.stepping import Outcome, StepHangs, interrupt_each_step, visit_each_step

HERE = (__file__, threading.__file__)


class Box:
    """A value behind a lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.items: list[int] = []

    def careful(self) -> None:
        self.items = [*self.items, 1]

    def careless(self) -> None:
        self.lock.acquire()
        self.items.append(len(self.items))
        self.lock.release()

    def loop(self) -> int:
        total = len(self.items)
        for number in range(3):
            total += number
        return total

    def event(self) -> None:
        threading.Event().set()

    def patient(self) -> None:
        before = self.items
        while len(before) != len(self.items):
            before = self.items
        self.items = [*before, 1]


def check_lock(box: Box, outcome: Outcome) -> None:
    assert type(outcome.error) is KeyboardInterrupt
    assert not box.lock.locked(), "the lock is held"


def test_a_call_is_interrupted_once_at_each_step_and_each_outcome_names_its_place() -> None:
    outcomes: list[Outcome] = []
    count = interrupt_each_step(
        Box.loop,
        prepare=Box,
        check=lambda _, outcome: outcomes.append(outcome),
        error=KeyboardInterrupt,
        steps="bytecodes",
        inside=HERE,
        most=10_000,
    )
    assert count == len(outcomes) > 10
    assert [one.step for one in outcomes] == list(range(1, count + 1))
    assert all(type(one.error) is KeyboardInterrupt for one in outcomes)
    assert all("test_stepping.py" in one.place and "Box.loop" in one.place for one in outcomes)


def test_interrupts_are_delivered_at_the_start_at_jumps_backwards_and_after_calls_of_c() -> None:
    places: list[str] = []

    def note(_: Box, outcome: Outcome) -> None:
        places.append(outcome.place)

    interrupt_each_step(Box.loop, prepare=Box, check=note, inside=HERE)
    kinds = [place.rpartition("(")[2] for place in places]
    assert kinds[1] == "after len)"
    assert kinds[0].startswith("start")
    assert kinds[-3:] == ["jump backwards)"] * 3


def test_a_lock_that_an_interrupt_leaves_locked_is_found() -> None:
    with pytest.raises(AssertionError, match=r"Box\.careless .*the lock is held"):
        interrupt_each_step(Box.careless, prepare=Box, check=check_lock, error=KeyboardInterrupt, inside=HERE)


def test_a_call_without_a_lock_passes_at_each_bytecode() -> None:
    assert interrupt_each_step(
        Box.careful, prepare=Box, check=check_lock, error=KeyboardInterrupt, steps="bytecodes", inside=HERE
    )


def test_the_locks_inside_of_the_standard_library_are_stepped_through_too() -> None:
    places: list[str] = []

    def note(_: Box, outcome: Outcome) -> None:
        places.append(outcome.place)

    interrupt_each_step(Box.event, prepare=Box, check=note, inside=HERE)
    assert any("Event.set" in place for place in places)


def test_an_interrupt_in_a_call_that_handles_exceptions_does_not_stay_the_current_exception() -> None:
    def handle(_: Box) -> None:
        try:
            int("x")
        except ValueError:
            len("handled")

    def check(_: Box, outcome: Outcome) -> None:
        assert sys.exc_info() == (None, None, None)
        with pytest.raises(KeyError) as raised:
            raise KeyError
        assert raised.value.__context__ is None

    interrupt_each_step(handle, prepare=Box, check=check, error=KeyboardInterrupt, steps="bytecodes", inside=HERE)


def test_the_finaliser_of_garbage_is_not_part_of_a_call() -> None:
    class Garbage:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            len("finalised")

    def prepare() -> Box:
        Garbage()
        return Box()

    def allocate(box: Box) -> None:
        kept = [[box] for _ in range(200)]  # so many that the collector runs in between
        box.items.append(len(kept))
        for number in range(10):
            box.items.append(abs(number))

    thresholds = gc.get_threshold()
    gc.set_threshold(100)
    try:
        steps = interrupt_each_step(allocate, prepare=prepare, check=check_lock, error=KeyboardInterrupt, inside=HERE)
    finally:
        gc.set_threshold(*thresholds)
    assert steps > 10
    assert gc.isenabled()


@pytest.mark.parametrize("most", [10_000, 10, 1])
def test_a_call_of_many_steps_is_interrupted_at_some_that_are_spread_over_it(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    def unscaled(count: int) -> int:
        return count

    monkeypatch.setattr(stepping, "scaled", unscaled)
    steps: list[int] = []

    def loop(_: Box) -> None:
        for _number in range(30):
            pass

    def note(_: Box, outcome: Outcome) -> None:
        steps.append(outcome.step)

    count = interrupt_each_step(loop, prepare=Box, check=note, inside=HERE, most=most)
    assert count >= 30
    stride = math.ceil(count / most)
    assert {after - before for before, after in itertools.pairwise(steps)} <= {stride}
    assert 1 <= steps[0] <= stride
    assert count - stride < steps[-1] <= count


def test_a_check_that_hangs_is_ended_and_the_error_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "PATIENCE", 0.2)

    def hang(box: Box, _: Outcome) -> None:
        if box.lock.locked():
            box.lock.acquire()

    with pytest.raises(AssertionError, match=r"in hang\n .*box\.lock\.acquire") as caught:
        interrupt_each_step(Box.careless, prepare=Box, check=hang, inside=HERE)
    assert isinstance(caught.value.__cause__, StepHangs)


def test_a_call_that_fails_by_itself_is_no_proof() -> None:
    def fail(_: Any) -> None:
        raise ValueError("x")

    with pytest.raises(AssertionError, match="fails without an interrupt"):
        interrupt_each_step(fail, prepare=Box, check=lambda _, outcome: None, inside=("nowhere",))


def check_items(box: Box, places: str) -> None:
    assert len(box.items) == places.count("test_stepping.py") + 1, "an item is lost"


@pytest.mark.parametrize("visits", [1, 2])
def test_visits_find_an_item_that_is_lost_and_name_their_places(visits: int) -> None:
    with pytest.raises(AssertionError, match=r"after visits at .*Box\.patient \(after len\).*an item is lost"):
        visit_each_step(Box.patient, *[Box.careful] * visits, prepare=Box, check=check_items, inside=HERE, most=10_000)


def test_each_choice_of_places_is_visited_once() -> None:
    seen: list[str] = []
    runs = visit_each_step(
        Box.loop, Box.careful, Box.careful, prepare=Box, check=lambda _, places: seen.append(places), inside=HERE
    )
    steps = 5 if sys.version_info < (3, 12) else 6  # start, len, three jumps; range is seen since Python 3.12
    assert runs == len(seen) == steps * (steps + 1) // 2
    assert len(set(seen)) > steps


def test_nothing_is_traced_afterwards() -> None:
    interrupt_each_step(Box.careful, prepare=Box, check=lambda _, outcome: None, inside=HERE)
    assert sys.getprofile() is None
    if stepping.monitoring:
        assert stepping.monitoring.get_events(stepping._tool()) == 0
