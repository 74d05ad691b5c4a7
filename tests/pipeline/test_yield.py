"""The rules of the `yield`, around each kind of function: a handler, a function with more parameters, a coroutine."""

from __future__ import annotations

import asyncio
import inspect
import sys
from types import ModuleType
from typing import Any

import pytest

from lambda_kit import handler, layer
from lambda_kit.pipeline import _generator

FORMS = ("handler", "function", "coroutine function")
SDK = "aws_durable_execution_sdk_python.exceptions"


def made(form: str, fn: Any) -> Any:
    """Return a function of the form that does what `fn` does."""

    def place(event: Any, context: Any) -> Any:
        return fn(event, context)

    def work(event: Any, context: Any, attempt: int = 0) -> Any:
        return fn(event, context)

    async def work_later(event: Any, context: Any, attempt: int = 0) -> Any:
        return fn(event, context)

    forms: dict[str, Any] = {"handler": place, "function": work, "coroutine function": work_later}
    return forms[form]


def run(call: Any, *args: Any, **kwargs: Any) -> Any:
    result = call(*args, **kwargs)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def echo(event: Any, context: Any) -> Any:
    return event, context


def fail(event: Any, context: Any) -> Any:
    raise ValueError("it fails")


@pytest.mark.parametrize("form", FORMS)
def test_a_body_may_answer_before_the_function_and_for_its_exception(form: str) -> None:
    @layer
    def answer(event: Any, context: Any) -> Any:
        if event == "ping":
            return "pong"
        try:
            yield
        except ValueError as error:
            return f"answered: {error}"

    assert run(answer(made(form, echo)), "ping", None) == "pong"
    assert run(answer(made(form, fail)), "order", None) == "answered: it fails"


@pytest.mark.parametrize("form", FORMS)
def test_a_body_gets_event_and_context_however_they_are_passed(form: str) -> None:
    seen: list[Any] = []

    @layer
    def look(event: Any, context: Any) -> Any:
        seen.append((event, context))
        yield

    class Service:
        @look
        def work(self, event: Any, context: Any) -> Any:
            return event, context

        @look
        async def work_later(self, event: Any, context: Any) -> Any:
            return event, context

    call = look(made(form, echo))
    calls = [call, Service().work_later if form == "coroutine function" else Service().work]
    for one in calls:
        assert run(one, "event", "context") == ("event", "context")
        assert run(one, "event", context="context") == ("event", "context")
        assert run(one, event="event", context="context") == ("event", "context")
    assert seen == [("event", "context")] * 6
    if form != "handler":
        assert run(call, "event", "context", 1) == ("event", "context")
        assert seen[-1] == ("event", "context")


def test_a_function_whose_parameters_are_unknown_takes_event_and_context_by_position() -> None:
    @layer
    def look(event: Any, context: Any) -> Any:
        yield

    largest: Any = look(max)
    assert largest(1, 2) == 2
    with pytest.raises(TypeError, match=r"max\(\) missing arguments: event, context$"):
        largest(1)


@pytest.mark.parametrize("form", FORMS)
def test_an_interrupt_that_comes_before_an_exception_is_raised_at_the_yield_is_raised_there(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[type[BaseException]] = []
    raise_at_yield = _generator._raise_at_yield

    @layer
    def look(event: Any, context: Any) -> Any:
        try:
            yield
        except BaseException as error:
            seen.append(type(error))
            raise

    def strike(*_args: Any) -> None:
        monkeypatch.setattr(_generator, "_raise_at_yield", raise_at_yield)
        raise KeyboardInterrupt

    call = look(made(form, fail))
    monkeypatch.setattr(_generator, "_raise_at_yield", strike)
    with pytest.raises(KeyboardInterrupt):
        run(call, "event", None)
    assert seen == [KeyboardInterrupt]


@pytest.mark.parametrize("form", FORMS)
def test_a_body_cannot_answer_for_the_suspension_of_a_durable_execution(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Suspend(BaseException):
        pass

    sdk: Any = ModuleType(SDK)
    sdk.SuspendExecution = Suspend
    monkeypatch.setitem(sys.modules, SDK, sdk)

    @layer
    def answer(event: Any, context: Any) -> Any:
        try:
            yield
        except BaseException:
            return "answered"

    def suspend(event: Any, context: Any) -> Any:
        raise Suspend

    with pytest.raises(Suspend):
        run(answer(made(form, suspend)), "event", None)


def test_later_invocations_use_the_generator_that_drove_the_body_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    @layer
    def answer(event: Any, context: Any) -> Any:
        if event == "ping":
            return None
        yield

    place = handler(answer)(echo)
    place("order", None)
    monkeypatch.setattr(_generator, "_new_driver", None)  # to make one costs more than the layer itself
    assert [place("ping", None), place("order", None), place("ping", None)] == [None, ("order", None), None]


def test_a_layer_of_an_object_without_a_name_is_called_layer() -> None:
    class Body:
        def __call__(self, event: Any, context: Any) -> Any:
            yield

    named: Any = layer(Body())
    assert (named.__name__, named.__qualname__, named.__module__) == ("layer", "layer", __name__)
