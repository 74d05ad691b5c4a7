"""Interrupts at every step of a call: the proof that nothing is locked, lost or left half done afterwards.

An interrupt of a time limit, Ctrl-C and the exception of a signal handler can strike almost anywhere in Python code.
`interrupt_each_step` runs a call again and again, raises an exception at the first step, then at the second, and so on
until the call ends before the exception is raised. After each run it calls `check`, which makes the next call and looks
at the state:

```python
def test_an_interrupt_anywhere_in_a_log_line_leaves_the_logger_usable() -> None:
    interrupt_each_step(lambda log: log.info("x"), prepare=Logger, check=lambda log, _: log.info("next"))
```

Two kinds of steps exist:

- `"deliveries"`: the places where CPython raises the exception of a signal handler, or one that another thread has set:
  at the start and the resumption of a function, at a jump backwards, after a call of a function written in C, and
  instead of a call that blocks. Code that holds a lock has to be safe here.
- `"bytecodes"`: before each bytecode. This is stricter than CPython, which raises nothing between most bytecodes: even
  `with lock:` and `finally:` are not safe here, because no code can be. Use it where no lock is held.

Other threads get their turn at deliveries too. `visit_each_step` runs other calls there, each to its end, instead of
raising: the proof that code without locks loses nothing, whoever is faster. A fault that takes two others in two places
is met by chance once in thousands of runs of threads, and here in each.

A call of many steps is interrupted at some of them, spread over the whole call: as many as the profile of
`tests.effort` allows, and others on each version of Python. The profile `thorough` takes all.

A step that hangs is ended after `PATIENCE` seconds, and the error says where it hung.
"""

from __future__ import annotations

import contextlib
import contextvars
import dis
import functools
import gc
import itertools
import math
import os
import signal
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import lambda_kit
from lambda_kit.errors import TimeLimitInterrupt
from tests.effort import scaled
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import CodeType, FrameType

T = TypeVar("T")

PACKAGE = str(Path(lambda_kit.__file__).parent) + os.sep
OTHERS = (threading.__file__,)  # locks, events and conditions of the standard library are written in Python
monitoring: Any = getattr(sys, "monitoring", None)  # since Python 3.12
MOST = 160  # interrupts of one call, in the profile `full`
_RESUME = dis.opmap["RESUME"]
BLOCKING = {"acquire", "join", "sleep", "recv", "recv_into", "send", "sendall", "select", "poll", "connect", "write"}


@dataclass(frozen=True)
class Outcome:
    """The end of an interrupted call.

    Attributes:
        step: the number of the step at which it was interrupted, from 1.
        place: the file, the line and the kind of step.
        value: the value that the call returned, for example because it caught the interrupt.
        error: the exception that the call raised; None if it returned.
    """

    step: int
    place: str
    value: Any = None
    error: BaseException | None = None


def interrupt_each_step(
    call: Callable[[T], object],
    *,
    check: Callable[[T, Outcome], object],
    prepare: Callable[[], T],
    error: type[BaseException] = TimeLimitInterrupt,
    strike: Callable[[], object] | None = None,
    steps: Literal["deliveries", "bytecodes"] = "deliveries",
    inside: tuple[str, ...] = (PACKAGE, *OTHERS),
    most: int = MOST,
) -> int:
    """Interrupt `call` at each of its steps, one step in each run, and call `check` after each run.

    Args:
        call: the call; it runs in this thread.
        check: is called after each run with the prepared value and the outcome; it raises if anything is wrong.
        prepare: is called before each run, without interrupts; its value is passed to `call` and `check`.
        error: the exception that is raised.
        strike: is called instead of raising `error`, for example to send a signal; it may raise.
        steps: where it is raised; see above.
        inside: beginnings of file names; only frames of these files are interrupted.
        most: about how many steps are interrupted at most, in the profile `full`.

    Returns:
        The number of steps, whether interrupted or not.
    """

    def interrupt() -> None:
        if strike is None:
            raise error
        strike()

    def run(step: int) -> _Stepper:
        prepared = prepare()
        stepper = _Stepper({step: [interrupt]}, steps, inside, swallowed=error)
        value, raised = next(_run_apart(call, prepared, stepper))
        if isinstance(raised, StepHangs):
            raise AssertionError(f"the interrupt of step {step}, {stepper.place}, is followed by a hang") from raised
        if stepper.place is None:
            if raised is not None:
                raise AssertionError("the call fails without an interrupt") from raised
            return stepper
        try:
            check(prepared, Outcome(step, stepper.place, value, raised))
        except BaseException as failure:
            told = f"{type(failure).__name__}: {failure}"
            raise AssertionError(f"after the interrupt of step {step}, {stepper.place}: {told}") from failure
        return stepper

    # Each run has a context of its own: before some bytecodes of a `finally`, no code can reset a context variable.
    with _without_garbage(), _watchdog() as alive:
        alive()
        contextvars.copy_context().run(run, 0)  # loads what the call loads when it runs first
        count = contextvars.copy_context().run(run, 0).count
        assert count, "the call has no steps"
        stride = math.ceil(count / scaled(most))
        for step in itertools.count(1 + sys.version_info.minor % stride, stride):
            alive()
            if contextvars.copy_context().run(run, step).place is None:
                assert step > count // 2, "most steps of the call are missing when it runs again"
                break
    return count


def visit_each_step(
    call: Callable[[T], object],
    *visitors: Callable[[T], object],
    prepare: Callable[[], T],
    check: Callable[[T, str], object],
    inside: tuple[str, ...] = (PACKAGE,),
    most: int = MOST,
) -> int:
    """Run `call` with the visitors between its steps: one run for each choice of places, which keep their order.

    A visitor runs to its end, as another thread does that is fast, or a signal handler.

    Args:
        call: the call; it runs in this thread.
        *visitors: the first runs at one of the steps of `call`, the second at the same step or a later one, and so on.
        prepare: is called before each run; its value is passed to all.
        check: is called after each run with the prepared value and the places of the visits; it raises if anything is
            wrong.
        inside: beginnings of file names; only between steps in these files there are visits.
        most: about how many runs there are at most, in the profile `full`.

    Returns:
        The number of runs.
    """

    def run(places: tuple[int, ...]) -> _Stepper:
        prepared = prepare()
        visits: dict[int, list[Callable[[], object]]] = {}
        for step, visitor in zip(places, visitors, strict=False):
            visits.setdefault(step, []).append(functools.partial(visitor, prepared))
        stepper = _Stepper(visits, "deliveries", inside)
        with stepper:
            call(prepared)
        if places:
            told = ", ".join(stepper.places)
            try:
                check(prepared, told)
            except BaseException as failure:
                raise AssertionError(f"after visits at {told}: {type(failure).__name__}: {failure}") from failure
        return stepper

    with _without_garbage(), _watchdog() as alive:
        contextvars.copy_context().run(run, ())  # loads what the call loads when it runs first
        count = contextvars.copy_context().run(run, ()).count
        assert count, "the call has no steps"
        choices = list(itertools.combinations_with_replacement(range(1, count + 1), len(visitors)))
        stride = math.ceil(len(choices) / scaled(most))
        chosen = choices[sys.version_info.minor % stride :: stride]
        for places in chosen:
            alive()
            contextvars.copy_context().run(run, places)
    return len(chosen)


@contextlib.contextmanager
def _without_garbage() -> Generator[None]:
    """Keep garbage until the last run has ended, and ignore its warnings.

    An interrupt may strike just after a socket or a coroutine is made, so that nobody can close it. If the collector
    ran during a call, the next interrupt could strike in a finaliser of such an object, where Python swallows it. All
    of it is collected before warnings come back, so that no later test hears of it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        gc.freeze()  # all that exists: collecting looks at what is made from here on, which is quick
        gc.disable()
        try:
            yield
        finally:
            gc.collect()
            gc.enable()
            gc.unfreeze()


def _run_apart(
    call: Callable[[T], object], prepared: T, stepper: _Stepper
) -> Generator[tuple[object, BaseException | None]]:
    """Yield the value and the error of a call, and keep its interrupt from changing this thread's current exception.

    An exception that is raised at the bytecodes that enter or leave an `except` block makes CPython take an old
    exception for the one that is handled now, until the thread ends: it becomes the `__context__` of all that is raised
    later. A generator has a current exception of its own, which ends with it.
    """
    try:
        with stepper:
            value = call(prepared)
    except BaseException as caught:
        yield None, caught
    else:
        yield value, None


class _Stepper:
    """Calls the actions of each step in the frames of this thread. Steps within an action do not count.

    `places` says where actions were called, `place` where the last was, None if none was; `count` is the number of
    steps. What a finaliser raises of the class `swallowed` is no failure: Python itself swallows it.
    """

    def __init__(
        self,
        actions: dict[int, list[Callable[[], object]]],
        steps: str,
        inside: tuple[str, ...],
        *,
        swallowed: type[BaseException] | None = None,
    ) -> None:
        self.places: list[str] = []
        self.count = 0
        self._actions = actions
        self._swallowed = swallowed
        self._acting = False
        self._all = steps == "bytecodes"
        self._inside = inside
        self._thread = threading.get_ident()
        self._hook: Any = None

    @property
    def place(self) -> str | None:
        return self.places[-1] if self.places else None

    def __enter__(self) -> None:
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        if monitoring:
            self._monitor()
        else:
            sys.settrace(self._trace)
            sys.setprofile(self._profile)

    def __exit__(self, *_: object) -> None:
        if monitoring:
            monitoring.set_events(_tool(), 0)
            monitoring.restart_events()
        else:
            sys.setprofile(None)
            sys.settrace(None)
        sys.unraisablehook = self._hook

    def _unraisable(self, unraisable: Any) -> None:
        if unraisable.exc_type is not self._swallowed:
            self._hook(unraisable)

    def _step(self, code: CodeType, offset: int, kind: str) -> None:
        if self._acting or threading.get_ident() != self._thread:
            return
        self.count += 1
        for action in self._actions.get(self.count, ()):
            self.places.append(f"{code.co_filename}:{_line_of(code, offset)} in {code.co_qualname} ({kind})")
            self._acting = True
            try:
                action()
            finally:
                self._acting = False

    def _wanted(self, code: CodeType) -> bool:
        return code.co_filename.startswith(self._inside)

    # Python 3.12 and later

    def _monitor(self) -> None:
        events = monitoring.events
        tool = _tool()

        def at(kind: str) -> Any:
            def event(code: CodeType, offset: int, *_: Any) -> Any:
                if not self._wanted(code):
                    return monitoring.DISABLE
                return self._step(code, offset, kind)

            return event

        def jump(code: CodeType, offset: int, destination: int) -> Any:
            if destination > offset or not self._wanted(code) or offset not in _backward_jumps(code):
                return monitoring.DISABLE
            return self._step(code, offset, "jump backwards")

        def call(code: CodeType, offset: int, called: Any, *_: Any) -> Any:
            if self._wanted(code) and getattr(called, "__name__", "") in BLOCKING and not hasattr(called, "__code__"):
                self._step(code, offset, f"instead of {called.__name__}")

        def returned(code: CodeType, offset: int, called: Any, *_: Any) -> Any:
            if self._wanted(code):
                self._step(code, offset, f"after {getattr(called, '__name__', called)}")

        def resumed(code: CodeType, offset: int, *_: Any) -> Any:  # this event cannot be disabled
            if self._wanted(code) and not _awaits(code, offset):
                self._step(code, offset, "resumption")

        register = monitoring.register_callback
        if self._all:
            register(tool, events.INSTRUCTION, at("bytecode"))
            monitoring.set_events(tool, events.INSTRUCTION)
            return
        register(tool, events.PY_START, at("start"))
        register(tool, events.PY_RESUME, resumed)
        register(tool, events.JUMP, jump)
        register(tool, events.CALL, call)
        register(tool, events.C_RETURN, returned)
        register(tool, events.C_RAISE, returned)
        wanted = events.PY_START | events.PY_RESUME | events.JUMP | events.CALL | events.C_RETURN | events.C_RAISE
        monitoring.set_events(tool, wanted)

    # Python 3.11

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if not self._wanted(code):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            if self._all:
                self._step(code, frame.f_lasti, "bytecode")
            elif frame.f_lasti in _backward_jumps(code):
                self._step(code, frame.f_lasti, "jump backwards")
        return self._trace

    def _profile(self, frame: FrameType, event: str, called: Any) -> None:
        if self._all or not self._wanted(frame.f_code):
            return
        name = getattr(called, "__name__", "")
        if event == "call" and frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2] == bytes((_RESUME, 0)):
            self._step(frame.f_code, frame.f_lasti, "start")  # of resumptions Python 3.11 takes no exception
        elif event in ("c_return", "c_exception"):
            self._step(frame.f_code, frame.f_lasti, f"after {name}")
        elif event == "c_call" and name in BLOCKING:
            self._step(frame.f_code, frame.f_lasti, f"instead of {name}")


@functools.cache
def _tool() -> int:
    free: int = next(tool for tool in range(6) if monitoring.get_tool(tool) is None)
    monitoring.use_tool_id(free, "tests.stepping")
    return free


def _awaits(code: CodeType, offset: int) -> bool:
    """Tell whether a resumption is passed on by `await` or `yield from`: nothing is delivered there."""
    return code.co_code[offset] == _RESUME and code.co_code[offset + 1] & 3 >= 2


@functools.cache
def _backward_jumps(code: CodeType) -> set[int]:
    # JUMP_BACKWARD_NO_INTERRUPT, which is part of an `await`, delivers nothing.
    return {one.offset for one in dis.get_instructions(code) if one.opname == "JUMP_BACKWARD"}


def _line_of(code: CodeType, offset: int) -> int:
    for start, end, line in code.co_lines():
        if line is not None and start <= offset < end:
            return line
    return code.co_firstlineno


class StepHangs(AssertionError):
    """A step of an interrupted call, or the check after it, did not end."""


@contextlib.contextmanager
def _watchdog() -> Generator[Callable[[], None]]:
    """Raise `StepHangs` in the main thread if the function that is yielded is not called for `PATIENCE` seconds."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("call interrupt_each_step on the main thread, so that a step that hangs can be ended")
    main, fed, over = threading.get_ident(), threading.Event(), threading.Event()

    def watch() -> None:
        while fed.wait(PATIENCE):
            fed.clear()
            if over.is_set():
                return
        signal.pthread_kill(main, signal.SIGUSR1)

    def bark(_: int, frame: FrameType | None) -> None:
        raise StepHangs("it hangs at\n" + "".join(traceback.format_stack(frame)[-4:]))

    previous = signal.signal(signal.SIGUSR1, bark)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield fed.set
    finally:
        over.set()
        fed.set()
        thread.join()
        signal.signal(signal.SIGUSR1, previous)
