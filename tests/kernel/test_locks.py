"""A lock of the kit is free again after an interrupt, and in a forked child."""

from __future__ import annotations

import gc
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit._kernel import lifecycle
from tests.patience import PATIENCE
from tests.stepping import Outcome, interrupt_each_step, visit_each_step

if TYPE_CHECKING:
    from weakref import ReferenceType


class Counter:
    """A number behind a lock."""

    def __init__(self) -> None:
        self.lock = lifecycle.make_lock()
        self.value = 0

    def increment(self) -> None:
        with self.lock:
            self.value += 1


def is_free(lock: Any) -> bool:
    """Tell whether another thread gets the lock."""
    got: list[bool] = []

    def take() -> None:
        if lock.acquire(blocking=False):
            lock.release()
            got.append(True)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(PATIENCE)
    return got == [True]


@pytest.mark.parametrize("steps", ["deliveries", "bytecodes"])
def test_an_interrupt_at_any_step_leaves_the_lock_usable_here_and_free_elsewhere_once_locks_are_released(
    steps: str,
) -> None:
    def check(counter: Counter, _: Outcome) -> None:
        counter.increment()
        lifecycle.release_locks()
        assert is_free(counter.lock)

    count = interrupt_each_step(
        Counter.increment,
        prepare=Counter,
        check=check,
        steps=steps,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        inside=(__file__,),
    )
    assert count > 1


def test_a_handler_that_is_interrupted_releases_what_its_thread_holds() -> None:
    lock = lifecycle.make_lock()

    @handler
    def place(event: object, context: object) -> None:
        lock.acquire()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        place({}, None)
    assert is_free(lock)


def test_a_handler_that_fails_releases_nothing() -> None:
    lock = lifecycle.make_lock()

    @handler
    def place(event: object, context: object) -> None:
        raise ValueError("x")

    with lock:
        with pytest.raises(ValueError, match="x"):
            place({}, None)
        assert not is_free(lock)


def test_a_lock_that_another_thread_holds_is_not_released() -> None:
    lock = lifecycle.make_lock()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    lifecycle.release_locks()
    assert not is_free(lock)
    over.set()
    thread.join(PATIENCE)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_finds_every_lock_free() -> None:
    lock = lifecycle.make_lock()
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait(PATIENCE)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    child = os.fork()
    if child == 0:  # the child must not come back into the test runner
        os._exit(0 if lock.acquire(blocking=False) else 1)
    _, status = os.waitpid(child, 0)
    over.set()
    thread.join(PATIENCE)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_lock_is_forgotten_with_its_owner() -> None:
    counter = Counter()
    before = len(lifecycle._locks)
    del counter
    gc.collect()
    assert len(lifecycle._locks) < before


def test_objects_may_be_noted_and_go_while_those_that_live_are_looked_for() -> None:
    kept: list[Counter] = []

    def prepare() -> set[ReferenceType[Counter]]:
        kept[:] = [Counter(), Counter()]
        found: set[ReferenceType[Counter]] = set()
        for one in kept:
            lifecycle.note(one, found)
        return found

    def change(found: set[ReferenceType[Counter]]) -> None:
        kept.append(Counter())
        lifecycle.note(kept[-1], found)
        del kept[0]

    def check(found: set[ReferenceType[Counter]], _: str) -> None:
        assert sorted(map(id, lifecycle.living(found))) == sorted(map(id, kept))

    visit_each_step(lifecycle.living, change, change, prepare=prepare, check=check)
