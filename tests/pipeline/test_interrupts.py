"""Interrupts at every step of the pipeline: layers are left in order, nothing stays behind, the next call works."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from asyncio import base_events, events, runners
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import current_invocation, handler, layer, provide, time_limit
from lambda_kit._kernel import interrupt
from lambda_kit.errors import TimeLimitInterrupt, TimeLimitReached
from lambda_kit.testing import FakeClock, make_context
from tests.patience import PATIENCE
from tests.stepping import PACKAGE, Outcome, interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.pipeline import Layer

KIT = tuple(PACKAGE + name for name in ("invocation.py", "_kernel/", "pipeline/"))
ASYNCIO = tuple(str(module.__file__) for module in (base_events, events, runners))


class Onion:
    """A handler under layers that write down how they are entered and left."""

    def __init__(self, *around: Layer, is_async: bool, keyword: bool = False) -> None:
        self.context = make_context(timeout=100.0, clock=FakeClock())
        self.trace: list[str] = []
        self.fails = False
        self.entry: Any = None
        layers = [self.layer("a"), *around, self.layer("b"), self.layer("c")]
        if keyword:
            layers.insert(1, provide(table=lambda: "orders"))

        def place(event: Any, context: Any) -> str:
            return self.work(event)

        def place_with(event: Any, context: Any, *, table: str) -> str:
            return self.work(event)

        async def place_later(event: Any, context: Any) -> str:
            await asyncio.sleep(0)
            return self.work(event)

        async def place_later_with(event: Any, context: Any, *, table: str) -> str:
            await asyncio.sleep(0)
            return self.work(event)

        plain: Any = (place_later_with if keyword else place_later) if is_async else place_with if keyword else place
        self.entry = handler(*layers)(plain)

    def layer(self, name: str) -> Layer:
        @layer
        def body(event: Any, context: Any) -> Iterator[None]:
            self.trace.append(f"+{name}")
            try:
                yield
            finally:
                self.trace.append(f"-{name}")

        return body

    def work(self, event: Any) -> str:
        current_invocation().state["seen"] = event
        if self.fails:
            raise ValueError("it fails")
        return "done"

    def call(self) -> Any:
        return self.entry({}, self.context)

    def check(self) -> None:
        """Check that the layers were left in order and once, and that the next call works."""
        entered: list[str] = []
        for one in self.trace:
            if one[0] == "+":
                entered.append(one[1:])
            else:
                assert entered, self.trace
                assert entered.pop() == one[1:], self.trace
        assert not entered, self.trace
        assert current_invocation(None) is None
        self.trace.clear()
        self.fails = False
        assert self.call() == "done"
        assert self.trace == ["+a", "+b", "+c", "-c", "-b", "-a"]


SHAPES = [
    pytest.param({"is_async": False}, id="def"),
    pytest.param({"is_async": False, "keyword": True}, id="def with keywords"),
    pytest.param({"is_async": True}, id="async def"),
    pytest.param({"is_async": True, "keyword": True}, id="async def with keywords"),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "fails"])
def test_an_interrupt_at_any_step_leaves_the_layers_in_order(shape: dict[str, bool], fails: bool) -> None:
    def prepare() -> Onion:
        onion = Onion(**shape)
        onion.call()
        onion.trace.clear()
        onion.fails = fails
        return onion

    def call(onion: Onion) -> None:
        try:
            onion.call()
        except ValueError:
            assert onion.fails

    def check(onion: Onion, outcome: Outcome) -> None:
        assert isinstance(outcome.error, KeyboardInterrupt), outcome
        onion.check()

    assert interrupt_each_step(call, prepare=prepare, check=check, error=KeyboardInterrupt, inside=KIT) > 5


def test_an_interrupt_at_any_step_of_the_event_loop_leaves_a_loop_for_the_next_call() -> None:
    def prepare() -> Onion:
        return Onion(is_async=True)

    def check(onion: Onion, outcome: Outcome) -> None:
        assert isinstance(outcome.error, KeyboardInterrupt), outcome
        onion.trace.clear()
        assert onion.call() == "done"

    inside = (*KIT, *ASYNCIO)
    assert interrupt_each_step(Onion.call, prepare=prepare, check=check, error=KeyboardInterrupt, inside=inside) > 50


class Clock:
    """The clock of alarms, which a test can move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The clock of alarms. A signal that no alarm takes is counted, and does not end the process."""
    clock = Clock()
    monkeypatch.setattr(interrupt, "time", clock)
    previous = signal.signal(signal.SIGALRM, lambda _number, _frame: None)
    yield clock
    signal.signal(signal.SIGALRM, previous)


@pytest.mark.parametrize(
    ("shape", "steps"),
    [
        *[pytest.param(*shape.values, "deliveries", id=f"{shape.id}, deliveries") for shape in SHAPES],
        # Of coroutines, an interrupt before each bytecode would also strike on the way through `await`, where CPython
        # never delivers one.
        *[pytest.param(*shape.values, "bytecodes", id=f"{shape.id}, bytecodes") for shape in SHAPES[:2]],
    ],
)
@pytest.mark.parametrize("limits", [1, 2], ids=["one limit", "two limits"])
def test_a_limit_that_strikes_at_any_step_is_converted_and_the_next_limit_works(
    shape: dict[str, bool], steps: Any, limits: int, clock: Clock
) -> None:
    def prepare() -> Onion:
        clock.ahead = 0.0
        return Onion(*(time_limit(margin=1.0 + i) for i in range(limits)), **shape)

    def strike() -> None:
        clock.ahead += 1000.0
        signal.raise_signal(signal.SIGALRM)

    def check(onion: Onion, outcome: Outcome) -> None:
        if outcome.error is None:
            assert outcome.value == "done", "the signal came before the limit began, or after it ended"
        else:
            assert type(outcome.error) is TimeLimitReached, outcome
        clock.ahead = 0.0
        assert interrupt._alarms == []
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        onion.check()
        assert_a_limit_works(shape["is_async"])

    inside = (*KIT, *ASYNCIO) if shape["is_async"] else KIT
    assert interrupt_each_step(Onion.call, prepare=prepare, check=check, strike=strike, steps=steps, inside=inside)


def assert_a_limit_works(is_async: bool) -> None:
    @handler(time_limit(margin=1.0))
    def place(event: Any, context: Any) -> None:
        time.sleep(PATIENCE)

    @handler(time_limit(margin=1.0))
    async def place_later(event: Any, context: Any) -> None:
        await asyncio.sleep(PATIENCE)

    with pytest.raises(TimeLimitReached):
        (place_later if is_async else place)({}, make_context(timeout=1.003, clock=FakeClock()))


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeLimitInterrupt])
def test_an_interrupt_of_other_code_at_any_step_of_a_limit_does_not_switch_later_limits_off(
    error: type[BaseException],
) -> None:
    def check(onion: Onion, outcome: Outcome) -> None:
        assert type(outcome.error) is error, outcome
        assert_a_limit_works(is_async=False)
        onion.trace.clear()
        assert onion.call() == "done"

    interrupt_each_step(
        Onion.call,
        prepare=lambda: Onion(time_limit(margin=1.0), is_async=False),
        check=check,
        error=error,
        steps="bytecodes",
        inside=KIT,
    )


def test_on_other_threads_no_interrupt_escapes_however_short_the_limit_is() -> None:
    @handler(time_limit(margin=1.0))
    def place(event: Any, context: Any) -> int:
        count = 0
        while True:
            count += 1

    @handler(time_limit(margin=1.0))
    def quick(event: Any, context: Any) -> str:
        return "done"

    ends: list[Any] = []

    def run() -> None:
        for i in range(60):
            entry: Any = quick if i % 6 else place
            try:
                ends.append(entry({}, make_context(timeout=1.0011 + (i % 10) / 10_000, clock=FakeClock())))
            except BaseException as error:
                ends.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert len(ends) == 60
    assert set(ends) <= {"done", TimeLimitReached}


@pytest.mark.parametrize("on", ["main thread", "other thread"])
def test_an_interrupt_that_a_finaliser_swallows_comes_again(on: str) -> None:
    swallowed: list[int] = []

    class Slow:
        def __del__(self) -> None:
            swallowed.append(1)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                time.sleep(0.001)

    @handler(time_limit(margin=1.0))
    def place(event: Any, context: Any) -> None:
        Slow()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            time.sleep(0.001)

    ends: list[BaseException] = []

    def run() -> None:
        try:
            place({}, make_context(timeout=1.005, clock=FakeClock()))
        except BaseException as error:
            ends.append(error)

    hook = sys.unraisablehook
    if on == "main thread":
        run()
    else:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
    assert swallowed
    assert [type(one) for one in ends] == [TimeLimitReached]
    assert sys.unraisablehook is hook


def test_an_alarm_of_another_thread_that_rings_while_it_is_stopped_leaves_no_hook_behind() -> None:
    hook = sys.unraisablehook
    stopping = threading.Event()
    decided = threading.Event()

    class SlowContext:
        def run(self, ring: Any, frame: Any) -> None:
            decided.set()
            assert stopping.wait(PATIENCE)
            ring(frame)

    def stop() -> None:
        alarm: Any = interrupt.Alarm(lambda frame: None)
        alarm.start(0.0)
        waiter = alarm._waiter
        waiter._context = SlowContext()
        assert decided.wait(PATIENCE)
        end = waiter.stop

        class Stopping:
            thread = waiter.thread

            def stop(self) -> None:
                stopping.set()
                end()

        alarm._waiter = Stopping()
        alarm.stop()

    thread = threading.Thread(target=stop)
    thread.start()
    thread.join(PATIENCE)
    assert stopping.is_set()
    assert sys.unraisablehook is hook


def test_alarms_of_several_threads_share_one_hook_which_hears_for_each_thread_alone() -> None:
    hook = sys.unraisablehook
    alarms: list[interrupt.Alarm] = []
    started: list[tuple[int, int]] = []

    class Noting(interrupt.Alarm):
        def start(self, delay: float) -> None:
            started.append((alarms.index(self), threading.get_ident()))

    def in_thread(call: Any) -> int:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join(PATIENCE)
        identifier = thread.ident
        assert identifier is not None
        return identifier

    def swallow() -> None:
        class Garbage:
            def __del__(self) -> None:
                raise TimeLimitInterrupt

        Garbage()

    here = threading.get_ident()
    alarms.extend(Noting(lambda frame: None) for _ in range(3))
    alarms[0].ring(None)  # in this thread
    other = in_thread(lambda: alarms[1].ring(None))
    alarms[2].ring(None)  # in this thread, within the first
    first = sys.unraisablehook
    swallow()
    assert started == [(2, here)], "the innermost alarm of the thread rings again"
    interrupt._ringing[alarms[1]] = here  # as if that thread's identifier were this one's
    alarms[2].stop()
    swallow()
    assert started[1:] == [(1, here)]
    interrupt._ringing[alarms[1]] = other
    alarms[0].stop()
    assert sys.unraisablehook is first
    assert started == [(2, here), (1, here)]
    alarms[1].stop()
    assert sys.unraisablehook is hook
    assert interrupt._ringing == {}


def test_a_hook_that_other_code_sets_while_an_alarm_rings_stays() -> None:
    hook = sys.unraisablehook
    heard: list[Any] = []

    def own(unraisable: Any) -> None:
        heard.append(unraisable.exc_type)

    first, second = interrupt.Alarm(lambda frame: None), interrupt.Alarm(lambda frame: None)
    try:
        first.ring(None)
        sys.unraisablehook = own
        first.stop()
        assert sys.unraisablehook is own
        second.ring(None)

        class Garbage:
            def __del__(self) -> None:
                raise ValueError

        Garbage()
        second.stop()
        assert sys.unraisablehook is own
    finally:
        sys.unraisablehook = hook
    assert heard == [ValueError]


def test_a_coroutine_is_cancelled_although_a_finaliser_has_swallowed_the_interrupt() -> None:
    swallowed: list[int] = []

    class Slow:
        def __del__(self) -> None:
            swallowed.append(1)
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                time.sleep(0.001)

    @handler(time_limit(margin=1.0))
    async def place(event: Any, context: Any) -> None:
        Slow()
        await asyncio.sleep(PATIENCE)

    hook = sys.unraisablehook
    with pytest.raises(TimeLimitReached):
        place({}, make_context(timeout=1.005, clock=FakeClock()))
    assert swallowed
    assert sys.unraisablehook is hook
