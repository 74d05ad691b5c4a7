"""An interrupt at any step of a build, a wait, a refresh or a close: nothing stays locked, and the next call works."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

import pytest

from lambda_kit import handler
from lambda_kit._kernel import event_loop
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.init_cache import InitCache
from lambda_kit.init_cache._joint import build_together
from lambda_kit.testing import FakeClock
from tests.patience import PATIENCE
from tests.stepping import PACKAGE, Outcome, interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Steps = Literal["bytecodes", "deliveries"]


@pytest.fixture(params=["bytecodes", "deliveries"])
def kind(request: pytest.FixtureRequest) -> Steps:
    steps: Steps = request.param
    return steps


@pytest.fixture(scope="module")
def other() -> Iterator[ThreadPoolExecutor]:
    """Another thread, which has to get the value too."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


class Case:
    """One resource with a counting factory, on a clock of its own."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.cache = InitCache(clock=self.clock)
        self.closed: list[int] = []
        self.builds = 0
        options = {"ttl": 10.0, "close": self.closed.append, **options}
        self.resource: Any = self.cache.resource(**options)(self.factory)

    def factory(self) -> int:
        self.builds += 1
        return self.builds

    def built(self) -> Case:
        """Return the case with a value."""
        assert self.resource() == 1
        return self


def end_invocation() -> None:
    """Let the work at the end of an invocation run."""

    @handler
    def nothing(event: object, context: object) -> None:
        pass

    nothing({}, None)


def usable(other: ThreadPoolExecutor) -> Callable[[Case, Outcome], None]:
    """Return a check that this thread and another one can call, refresh and reset the resource."""

    def check(case: Case, outcome: Outcome) -> None:
        assert outcome.error is None or type(outcome.error) is TimeLimitInterrupt
        value = other.submit(case.resource).result(PATIENCE)
        assert case.resource() == value
        assert other.submit(case.resource.refresh).result(PATIENCE) == case.resource() == case.builds
        other.submit(end_invocation).result(PATIENCE)
        case.cache.reset()
        assert len(case.closed) == len(set(case.closed))
        assert case.resource() == case.builds

    return check


def test_a_build(kind: Steps, other: ThreadPoolExecutor) -> None:
    assert interrupt_each_step(lambda case: case.resource(), prepare=Case, check=usable(other), steps=kind) > 20


def test_a_build_that_fails_with_an_old_value_in_force(kind: Steps, other: ThreadPoolExecutor) -> None:
    class Failing(Case):
        failing = False

        def factory(self) -> int:
            if self.failing:
                raise OSError
            return super().factory()

    def prepare() -> Failing:
        case = Failing(stale_if_error=100.0)
        assert case.resource() == 1
        case.clock.advance(11)
        case.failing = True
        return case

    def check(case: Failing, outcome: Outcome) -> None:
        assert other.submit(case.resource).result(PATIENCE) == 1
        case.failing = False
        case.clock.advance(2)
        usable(other)(case, outcome)

    assert interrupt_each_step(lambda case: case.resource(), prepare=prepare, check=check, steps=kind) > 20


def test_a_refresh(kind: Steps, other: ThreadPoolExecutor) -> None:
    interrupt_each_step(
        lambda case: case.resource.refresh(), prepare=lambda: Case().built(), check=usable(other), steps=kind
    )


def test_an_invalidation(kind: Steps, other: ThreadPoolExecutor) -> None:
    interrupt_each_step(
        lambda case: case.resource.invalidate(), prepare=lambda: Case().built(), check=usable(other), steps=kind
    )


def test_the_start_of_a_background_refresh(kind: Steps, other: ThreadPoolExecutor) -> None:
    def prepare() -> Case:
        case = Case(refresh="background").built()
        case.clock.advance(9)
        return case

    def check(case: Case, outcome: Outcome) -> None:
        assert other.submit(case.resource).result(PATIENCE) in (1, 2)  # the refresh may have been quick
        other.submit(end_invocation).result(PATIENCE)  # which waits for the refresh
        usable(other)(case, outcome)

    interrupt_each_step(lambda case: case.resource(), prepare=prepare, check=check, steps=kind)


def test_a_wait_for_the_build_of_another_thread(kind: Steps, other: ThreadPoolExecutor) -> None:
    """The build ends once this thread waits, or once the interrupt has struck before it does."""

    class Slow(Case):
        def __init__(self) -> None:
            super().__init__()
            self.entered, self.go_on, self.over = threading.Event(), threading.Event(), threading.Event()
            self.building = pool.submit(self.resource)
            assert self.entered.wait(PATIENCE)
            pool.submit(self.release, self.resource.info._entry.state.pending.done._wakers)

        def release(self, wakers: list[object]) -> None:
            while not wakers and not self.over.wait(0.0002):
                pass
            self.go_on.set()

        def factory(self) -> int:
            self.entered.set()
            assert self.go_on.wait(PATIENCE)
            return super().factory()

    def check(case: Slow, outcome: Outcome) -> None:
        case.over.set()
        assert case.building.result(PATIENCE) == 1
        usable(other)(case, outcome)

    with ThreadPoolExecutor(2) as pool:
        interrupt_each_step(lambda case: case.resource(), prepare=Slow, check=check, steps=kind)


def test_a_build_that_others_wait_for(kind: Steps, other: ThreadPoolExecutor) -> None:
    """Whoever waits gets the value, or builds in place of the interrupted thread."""

    class Shared(Case):
        waiting: Any = None

        def factory(self) -> int:
            if threading.current_thread() is threading.main_thread():
                self.waiting = other.submit(self.resource)
                done = self.resource.info._entry.state.pending.done
                while not done._wakers:
                    threading.Event().wait(0.0002)
            return super().factory()

    def check(case: Shared, outcome: Outcome) -> None:
        if case.waiting is not None:
            assert case.waiting.result(PATIENCE) in (1, 2)
        usable(other)(case, outcome)

    # Not inside of the standard library's locks, which the factory of this test uses too.
    interrupt_each_step(lambda case: case.resource(), prepare=Shared, check=check, steps=kind, inside=(PACKAGE,))


def test_the_end_of_an_invocation_that_closes_values(kind: Steps, other: ThreadPoolExecutor) -> None:
    def prepare() -> Case:
        case = Case().built()
        case.resource.refresh()
        case.resource.refresh()
        return case

    def check(case: Case, outcome: Outcome) -> None:
        usable(other)(case, outcome)
        missing = {1, 2} - set(case.closed)  # at most the one that was being closed as the interrupt struck
        assert len(missing) <= 1

    interrupt_each_step(lambda _: end_invocation(), prepare=prepare, check=check, steps=kind)


def test_a_reset(kind: Steps, other: ThreadPoolExecutor) -> None:
    interrupt_each_step(
        lambda case: case.cache.reset(), prepare=lambda: Case().built(), check=usable(other), steps=kind
    )


def test_an_override(kind: Steps, other: ThreadPoolExecutor) -> None:
    def call(case: Case) -> None:
        with case.resource.override(0):
            assert case.resource() == 0

    def check(case: Case, outcome: Outcome) -> None:
        case.resource.info._entry.state.overrides.clear()  # one that was entered and not left stays, as it has to
        case.resource.invalidate()
        usable(other)(case, outcome)

    interrupt_each_step(call, prepare=lambda: Case().built(), check=check, steps=kind)


def test_a_build_inside_of_another(kind: Steps, other: ThreadPoolExecutor) -> None:
    """No build stays on the chain of this thread, and no cycle is seen that is none."""

    class Nested(Case):
        def __init__(self) -> None:
            super().__init__()
            self.outer: Any = self.cache.resource(lambda: self.resource() + 100)

    def check(case: Nested, outcome: Outcome) -> None:
        assert case.outer() == other.submit(case.outer).result(PATIENCE)
        usable(other)(case, outcome)

    interrupt_each_step(lambda case: case.outer(), prepare=Nested, check=check, steps=kind)


def test_a_joint_build(kind: Steps, other: ThreadPoolExecutor) -> None:
    class Joint(Case):
        def build(self) -> None:
            entry = self.resource.info._entry
            build_together([entry], lambda _: {entry: self.factory})

    interrupt_each_step(Joint.build, prepare=Joint, check=usable(other), steps=kind)


def test_a_warming(kind: Steps, other: ThreadPoolExecutor) -> None:
    interrupt_each_step(
        lambda case: case.cache.warm(), prepare=lambda: Case(eager=True), check=usable(other), steps=kind
    )


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_build_on_the_event_loop(kind: Steps, other: ThreadPoolExecutor, *, refreshed: bool) -> None:
    class Awaited(Case):
        def __init__(self) -> None:
            super().__init__()

            async def build() -> int:
                await asyncio.sleep(0)
                return self.factory()

            self.awaited: Any = self.cache.resource(ttl=10.0)(build)

    def call(case: Awaited) -> Any:
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(case.awaited.refresh() if refreshed else case.awaited())
        finally:
            for task in asyncio.all_tasks(loop):  # an interrupt leaves the task of `run_until_complete` behind
                task.cancel()
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
            loop.close()

    def check(case: Awaited, outcome: Outcome) -> None:
        value = other.submit(lambda: asyncio.run(case.awaited())).result(PATIENCE)
        assert event_loop.run(case.awaited()) == value

    interrupt_each_step(call, prepare=Awaited, check=check, steps=kind)
