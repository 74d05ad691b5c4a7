"""The onion: whatever layers and handler do, the entered layers are left once, and nothing is lost."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_kit import handler, layer, time_limit
from lambda_kit.errors import LayerError, TimeLimitReached
from lambda_kit.testing import FakeClock, make_context

if TYPE_CHECKING:
    from collections.abc import Generator

LAYERS = (
    "pass",
    "new event",
    "replace the response",
    "early answer",
    "raise before",
    "raise after",
    "answer an exception",
    "swallow an exception",
    "fail in clean-up",
    "translate an exception",
    "yield twice",
    "by hand",
)
HANDLERS = ("return", "return None", "raise", "raise StopIteration", "interrupt", "time out")


class Expected(Exception):
    """What layers and handlers of these tests raise."""


@dataclass(frozen=True)
class Outcome:
    """How a call ended: a value, or an error by its type and message."""

    value: Any = None
    error: tuple[type[BaseException], str] | None = None


def make_layer(i: int, behaviour: str, trace: list[str]) -> Any:
    if behaviour == "by hand":
        return _by_hand(i, trace)

    @layer
    def body(event: Any, context: Any) -> Generator[Any, Any, Any]:
        trace.append(f"+{i}")
        try:
            if behaviour == "early answer":
                return f"early {i}"
            if behaviour == "raise before":
                raise Expected(f"before {i}")
            try:
                response = yield (f"event {i}" if behaviour == "new event" else None)
            except BaseException as error:
                if behaviour == "answer an exception":
                    return f"answer {i}"
                if behaviour == "swallow an exception":
                    return None
                if behaviour == "translate an exception":
                    raise Expected(f"translated {i}") from error
                if behaviour == "yield twice":
                    yield
                raise
            if behaviour == "raise after":
                raise Expected(f"after {i}")
            if behaviour == "yield twice":
                yield
            if behaviour == "replace the response":
                return f"{response} replaced by {i}"
            return None
        finally:
            trace.append(f"-{i}")
            if behaviour == "fail in clean-up":
                raise Expected(f"clean-up {i}")

    return body


def _by_hand(i: int, trace: list[str]) -> Any:
    def decorate(fn: Any) -> Any:
        if inspect.iscoroutinefunction(fn):

            @functools.wraps(fn)
            async def waiting(event: Any, context: Any) -> Any:
                trace.append(f"+{i}")
                try:
                    return await fn(event, context)
                finally:
                    trace.append(f"-{i}")

            return waiting

        @functools.wraps(fn)
        def wrapper(event: Any, context: Any) -> Any:
            trace.append(f"+{i}")
            try:
                return fn(event, context)
            finally:
                trace.append(f"-{i}")

        return wrapper

    return decorate


def run_handler(behaviour: str, event: Any) -> Any:
    if behaviour == "return None":
        return None
    if behaviour == "raise":
        raise Expected("handler")
    if behaviour == "raise StopIteration":
        raise StopIteration("handler")
    if behaviour == "interrupt":
        raise KeyboardInterrupt("handler")
    if behaviour == "time out":
        while True:
            time.sleep(0.001)
    return f"response to {event}"


def make_handler(behaviour: str, is_async: bool, trace: list[str]) -> Any:
    def place(event: Any, context: Any) -> Any:
        trace.append("handler")
        return run_handler(behaviour, event)

    async def place_later(event: Any, context: Any) -> Any:
        trace.append("handler")
        await asyncio.sleep(0)
        return run_handler(behaviour, event)

    return place_later if is_async else place


def oracle(layers: list[str], behaviour: str, is_async: bool, i: int, event: Any, trace: list[str]) -> Outcome:
    """Say how a pipeline ends, from the documented rules alone."""
    if i == len(layers):
        trace.append("handler")
        return _oracle_of_handler(behaviour, is_async, event)
    does = layers[i]
    trace.append(f"+{i}")
    if does in ("early answer", "raise before"):
        trace.append(f"-{i}")
        return Outcome(f"early {i}") if does == "early answer" else Outcome(error=(Expected, f"before {i}"))
    inner = oracle(layers, behaviour, is_async, i + 1, f"event {i}" if does == "new event" else event, trace)
    trace.append(f"-{i}")
    if inner.error is not None:
        return Outcome(f"answer {i}") if does == "answer an exception" else inner
    if does == "raise after":
        return Outcome(error=(Expected, f"after {i}"))
    if does == "fail in clean-up":
        return Outcome(error=(Expected, f"clean-up {i}"))
    if does == "yield twice":
        return Outcome(error=(LayerError, "yielded twice"))
    if does == "replace the response":
        return Outcome(f"{inner.value} replaced by {i}")
    return inner


def _oracle_of_handler(behaviour: str, is_async: bool, event: Any) -> Outcome:
    raised: dict[str, tuple[type[BaseException], str]] = {
        "raise": (Expected, "handler"),
        # A coroutine turns a StopIteration that it raises into a RuntimeError: so says the language.
        "raise StopIteration": (RuntimeError, "raised StopIteration") if is_async else (StopIteration, "handler"),
        "interrupt": (KeyboardInterrupt, "handler"),
        "time out": (TimeLimitReached, "time limit"),
    }
    if behaviour in raised:
        return Outcome(error=raised[behaviour])
    return Outcome(None if behaviour == "return None" else f"response to {event}")


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    logging.getLogger("lambda_kit").setLevel(logging.CRITICAL + 1)
    yield
    logging.getLogger("lambda_kit").setLevel(logging.NOTSET)


@given(
    layers=st.lists(st.sampled_from(LAYERS), max_size=6),
    behaviour=st.sampled_from(HANDLERS),
    is_async=st.booleans(),
    stacked=st.booleans(),
)
@example(layers=["pass", "fail in clean-up", "by hand"], behaviour="time out", is_async=False, stacked=False)
@example(layers=["fail in clean-up", "pass"], behaviour="time out", is_async=True, stacked=True)
@example(layers=["yield twice", "swallow an exception"], behaviour="interrupt", is_async=True, stacked=False)
def test_entered_layers_are_left_once_in_reverse_order_and_the_outcome_is_as_documented(
    layers: list[str], behaviour: str, is_async: bool, stacked: bool
) -> None:
    trace: list[str] = []
    made = [make_layer(i, does, trace) for i, does in enumerate(layers)]
    decorate: Any = handler
    fn: Any = make_handler(behaviour, is_async, trace)
    if behaviour == "time out":
        made.append(time_limit(margin=1.0))
    if stacked:
        for one in reversed(made):
            fn = one(fn)
        entry = decorate(fn)
    else:
        entry = decorate(*made)(fn)

    expected_trace: list[str] = []
    expected = oracle(layers, behaviour, is_async, 0, "event", expected_trace)
    context = make_context(timeout=1.01, clock=FakeClock())
    caught: BaseException | None = None
    value: Any = None
    try:
        value = entry("event", context)
    except BaseException as error:
        caught = error

    assert trace == expected_trace
    assert sorted(x[1:] for x in trace if x[0] == "+") == sorted(x[1:] for x in trace if x[0] == "-")
    if expected.error is None:
        assert caught is None
        assert value == expected.value
    else:
        kind, message = expected.error
        assert type(caught) is kind
        assert message in str(caught)
        if caught is not None and message == "handler":  # type: ignore[redundant-expr]  # pyright sees that it may be
            assert traceback.extract_tb(caught.__traceback__)[-1].name == "run_handler"
