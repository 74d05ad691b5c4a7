"""Drivers of the steps of a call: one does at once what they ask for, one for coroutines awaits it.

A request is `("store", call)`, `("pause", seconds)` or `("run", None)`; what came of it is sent back, an interrupt is
thrown.
"""

from __future__ import annotations

import contextlib
import time

from lambda_kit._kernel import type_of
from lambda_kit._kernel.facts import operation
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NOTHING: Any = object()  # that a run has not returned


class Failed:
    """What a run ended with that raised."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def drive(steps: Any, run: Callable[[], Any]) -> Any:
    """Do what the steps ask for, and return what they end with. An interrupt anywhere is thrown into them."""
    answer: Any = None
    outcome: Any = None
    error: BaseException | None = None
    while True:
        try:
            while True:
                if error is None:
                    request, given = steps.send(answer)
                else:
                    thrown, error = error, None
                    request, given = steps.throw(thrown)
                if request == "run":
                    answer = _outcome(run)
                elif request == "store":
                    with operation(f"idempotency {given.func.__name__}"):
                        answer = given()
                else:
                    time.sleep(given)
        except BaseException as caught:
            if steps.gi_frame is not None:
                error = caught
                continue
            if not isinstance(caught, StopIteration):
                raise
            outcome = caught.value
            break
    return _result(outcome)


def _outcome(run: Callable[[], Any]) -> Any:
    try:
        value = run()
        if hasattr(type_of(value), "__await__"):
            for stop in ("close", "cancel"):  # a coroutine, which has not begun, or a task
                if hasattr(value, stop):
                    getattr(value, stop)()
                    break
            raise ConfigurationError(
                "idempotent() is around a plain function, and it returned something to await, which was not awaited; "
                "make it `async def`: most often it is a decorator's, around a coroutine function"
            )
        return value
    except BaseException as error:
        return Failed(error)


def _result(outcome: Any) -> Any:
    if type(outcome) is Failed:
        raise outcome.error
    return outcome


async def drive_async(steps: Any, run: Callable[[], Any], *, blocks: bool) -> Any:
    """Do the same in a coroutine. A request to the store is waited for, also by a task that is cancelled."""
    answer: Any = None
    outcome: Any = None
    error: BaseException | None = None
    closed = False  # a coroutine that is closed cannot await anything any more
    while True:
        try:
            while True:
                if error is None:
                    request, given = steps.send(answer)
                else:
                    closed = closed or isinstance(error, GeneratorExit)
                    thrown, error = error, None
                    request, given = steps.throw(thrown)
                if request == "run":
                    answer = await _outcome_async(run)
                    closed = type(answer) is Failed and isinstance(answer.error, GeneratorExit)
                elif request == "store":
                    with operation(f"idempotency {given.func.__name__}"):
                        answer = await _in_thread(given) if blocks and not closed else given()
                elif not closed:
                    await _sleep(given)
        except BaseException as caught:
            if steps.gi_frame is not None:
                error = caught
                continue
            if not isinstance(caught, StopIteration):
                raise
            outcome = caught.value
            break
    return _result(outcome)


async def _outcome_async(run: Callable[[], Any]) -> Any:
    try:
        return await run()
    except BaseException as error:
        return Failed(error)


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


async def _in_thread(call: Callable[[], Any]) -> Any:
    import asyncio

    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():  # what is done next must find the step made, or not made, however often it is cancelled
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise
