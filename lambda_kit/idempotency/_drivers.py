"""Drivers of the steps of a call: one does at once what the steps ask for; one, for coroutines, awaits it.

The steps are a generator. A request is `("run", None)`, `("pause", seconds)`, or a step of the store with the call that
makes it: `("claim", call)`. The driver sends the answer of the store back into the generator, and throws whatever
interrupts it into it. The outcome of the run is in a dict that both have.
"""

from __future__ import annotations

import contextlib
import threading
import time

from lambda_kit._kernel import type_of
from lambda_kit._kernel.facts import operation
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_NAMES = {step: f"idempotency {step}" for step in ("claim", "complete", "release")}
NO_OUTCOME: Any = object()
"""The outcome of a run that has not ended."""


class Failed:
    """The outcome of a run that has raised."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def drive(steps: Any, run: dict[int, Any], sleep: Callable[[float], object] | None = None) -> Any:
    """Do what the steps ask for, and return or raise the outcome that they end with.

    Args:
        steps: the generator.
        run: a `defaultdict` whose factory calls the function. `run[0]` calls it, and holds the outcome before an
            interrupt can strike: an interrupt never hides that the function has run.
        sleep: pauses; `time.sleep` by default.
    """
    try:
        return _drive(steps, run, sleep or time.sleep, None)
    except BaseException as error:  # struck between two steps, while an error was passed on
        if steps.gi_frame is None:
            raise
        return _drive(steps, run, sleep or time.sleep, error)


def _drive(steps: Any, run: dict[int, Any], sleep: Callable[[float], object], error: BaseException | None) -> Any:
    answer: Any = None
    outcome: Any = None
    while True:
        try:
            while True:
                if error is None:
                    request, given = steps.send(answer)
                else:
                    thrown, error = error, None
                    request, given = steps.throw(thrown)
                answer = None
                if request == "run":
                    _call(run)
                elif request == "pause":
                    sleep(given)
                else:
                    with operation(_NAMES[request]):
                        answer = given()
        except BaseException as caught:
            if steps.gi_frame is not None:
                error = caught
                continue
            if not isinstance(caught, StopIteration):
                raise
            outcome = caught.value
            break
    return _result(outcome)


def _call(run: dict[int, Any]) -> None:
    try:
        value = run[0]
    except BaseException as error:
        if run:  # the function had returned already
            raise
        run[0] = Failed(error)
        return
    if hasattr(type_of(value), "__await__"):
        for stop in ("close", "cancel"):  # of a coroutine, which has not begun; of a task
            if hasattr(value, stop):
                getattr(value, stop)()
                break
        run[0] = Failed(
            ConfigurationError(
                "idempotent() is around a plain function that returned something to await, and nothing awaited it; "
                "make the function `async def`. If it is a decorator's around a coroutine function, that is the one"
            )
        )


def _result(outcome: Any) -> Any:
    if type(outcome) is Failed:
        raise outcome.error
    return outcome


async def drive_async(
    steps: Any,
    run: dict[int, Any],
    call: Callable[[], Any],
    sleep: Callable[[float], Any] | None = None,
    *,
    blocks: bool,
) -> Any:
    """Do the same in a coroutine. A task that is cancelled still waits for the request to the store that is under way.

    A coroutine that is closed cannot await any more. From then on the store is called without a thread, and there are
    no pauses.

    Args:
        steps: the generator.
        run: an empty dict, which gets the outcome under 0.
        call: calls the coroutine function.
        sleep: pauses; its result is awaited if it can be. `asyncio.sleep` by default.
        blocks: whether the store is called in a thread.
    """
    answer: Any = None
    outcome: Any = None
    error: BaseException | None = None
    closed = False
    while True:
        try:
            while True:
                if error is None:
                    request, given = steps.send(answer)
                else:
                    closed = closed or isinstance(error, GeneratorExit)
                    thrown, error = error, None
                    request, given = steps.throw(thrown)
                answer = None
                if request == "run":
                    closed = await _call_async(run, call)
                elif request == "pause":
                    if not closed:
                        await _paused(given, sleep)
                else:
                    with operation(_NAMES[request]):
                        answer = await _in_thread(given) if blocks and not closed else given()
        except BaseException as caught:
            if steps.gi_frame is not None:
                error = caught
                continue
            if not isinstance(caught, StopIteration):
                raise
            outcome = caught.value
            break
    return _result(outcome)


async def _call_async(run: dict[int, Any], call: Callable[[], Any]) -> bool:
    """Call the coroutine function; tell whether the coroutine was closed meanwhile."""
    try:
        run[0] = await call()
    except BaseException as error:
        run[0] = Failed(error)
        return isinstance(error, GeneratorExit)
    return False


async def _paused(seconds: float, sleep: Callable[[float], Any] | None) -> None:
    if sleep is None:
        import asyncio

        sleep = asyncio.sleep
    slept = sleep(seconds)
    if hasattr(type_of(slept), "__await__"):
        await slept


async def _in_thread(call: Callable[[], Any]) -> Any:
    """Call in a thread. Whatever ends the waiting, the call has ended by then, or never begins."""
    import asyncio

    permits = [None]  # one of two takes it: the thread, to call; or a coroutine that is closed, to prevent that
    running = threading.Lock()
    running.acquire()

    def step() -> Any:
        try:
            permits.pop()
        except IndexError:
            return None
        try:
            return call()
        finally:
            running.release()

    task = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():  # the task may be cancelled again meanwhile
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise
    except GeneratorExit:
        try:
            permits.pop()
        except IndexError:
            running.acquire()
        raise
