"""`layer`: what a generator function may do around a handler."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, layer
from lambda_kit.errors import ConfigurationError, LayerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

KINDS = ("def", "async def")


def make(kind: str, fn: Any) -> Any:
    """Return `fn` as it is, or as a coroutine function with the same behaviour."""
    if kind == "def":
        return fn

    async def later(event: Any, context: Any) -> Any:
        await asyncio.sleep(0)
        return fn(event, context)

    return later


def echo(event: Any, context: Any) -> Any:
    return event


@pytest.mark.parametrize("kind", KINDS)
def test_the_value_of_the_yield_is_the_response(kind: str) -> None:
    seen: list[Any] = []

    @layer
    def look(event: Any, context: Any) -> Any:
        seen.append((yield))

    assert handler(look)(make(kind, echo))({"n": 1}, None) == {"n": 1}
    assert seen == [{"n": 1}]


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_returned_after_the_yield_replaces_that_of_the_handler(kind: str) -> None:
    @layer
    def wrap(event: Any, context: Any) -> Generator[None, Any, Any]:
        response = yield
        return {"body": response}

    assert handler(wrap)(make(kind, echo))("x", None) == {"body": "x"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_falsy_response_can_replace_another(kind: str) -> None:
    @layer
    def empty(event: Any, context: Any) -> Any:
        yield
        return ""

    assert handler(empty)(make(kind, echo))("x", None) == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", ["pong", None, 0])
def test_a_return_before_the_yield_answers_early_and_nothing_inside_runs(kind: str, answer: Any) -> None:
    ran: list[str] = []

    @layer
    def early(event: Any, context: Any) -> Any:
        if event["ping"]:
            return answer
        yield
        return None

    @layer
    def inside(event: Any, context: Any) -> Any:
        ran.append("layer")
        yield

    def run(event: Any, context: Any) -> Any:
        ran.append("handler")

    assert handler(early, inside)(make(kind, run))({"ping": True}, None) == answer
    assert ran == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("replacement", [{"n": 2}, {}, 0, ""])
def test_a_yielded_event_goes_to_everything_inside(kind: str, replacement: Any) -> None:
    seen: list[Any] = []

    @layer
    def replace(event: Any, context: Any) -> Any:
        yield replacement

    @layer
    def look(event: Any, context: Any) -> Any:
        seen.append(event)
        yield

    assert handler(replace, look)(make(kind, echo))({"n": 1}, None) == replacement
    assert seen == [replacement]


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_is_raised_at_the_yield_and_goes_on_with_its_own_traceback(kind: str) -> None:
    seen: list[BaseException] = []
    failure = ValueError("x")

    @layer
    def look(event: Any, context: Any) -> Any:
        try:
            yield
        except ValueError as error:
            seen.append(error)
            raise

    def fail(event: Any, context: Any) -> Any:
        raise failure

    with pytest.raises(ValueError, match="x") as caught:
        handler(look)(make(kind, fail))({}, None)
    assert caught.value is failure
    assert seen == [failure]
    names = [frame.name for frame in traceback.extract_tb(failure.__traceback__)]
    assert names[-1] == "fail"
    assert "look" not in names, "frames of the layers do not hide where the handler failed"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("answer", [{"statusCode": 400}, 0, ""])
def test_a_response_returned_for_an_exception_answers_instead(kind: str, answer: Any) -> None:
    @layer
    def catch(event: Any, context: Any) -> Any:
        try:
            yield
        except ValueError:
            return answer

    def fail(event: Any, context: Any) -> Any:
        raise ValueError("x")

    assert handler(catch)(make(kind, fail))({}, None) == answer


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_that_a_layer_catches_without_an_answer_is_not_lost(kind: str) -> None:
    @layer
    def forgetful(event: Any, context: Any) -> Any:
        try:
            yield
        except ValueError as error:
            logging.getLogger("shop").info("caught %r, and forgot to raise it again", error)

    def fail(event: Any, context: Any) -> Any:
        raise ValueError("the order is not paid")

    with pytest.raises(ValueError, match="the order is not paid"):
        handler(forgetful)(make(kind, fail))({}, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_in_clean_up_is_logged_and_never_replaces_the_exception_of_the_handler(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    @layer
    def careless(event: Any, context: Any) -> Any:
        try:
            yield
        finally:
            raise RuntimeError("could not flush")

    failure = ValueError("x")

    def fail(event: Any, context: Any) -> Any:
        raise failure

    with pytest.raises(ValueError, match="x") as caught:
        handler(careless)(make(kind, fail))({}, None)
    assert caught.value is failure
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().endswith(
        "careless failed while it handled ValueError, which is raised unchanged; to answer instead, return a response"
    )
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "could not flush"


@pytest.mark.parametrize("kind", KINDS)
def test_an_exception_chained_to_that_of_the_handler_is_logged_too(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    @layer
    def translate(event: Any, context: Any) -> Any:
        try:
            yield
        except ValueError as error:
            raise KeyError("translated") from error

    def fail(event: Any, context: Any) -> Any:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        handler(translate)(make(kind, fail))({}, None)
    assert "to answer instead, return a response" in caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_layer_raises_after_a_success_is_raised_to_the_layers_outside(kind: str) -> None:
    seen: list[str] = []

    @layer
    def outer(event: Any, context: Any) -> Any:
        try:
            yield
        except RuntimeError as error:
            seen.append(str(error))
            raise

    @layer
    def checking(event: Any, context: Any) -> Any:
        yield
        raise RuntimeError("the response is wrong")

    with pytest.raises(RuntimeError, match="the response is wrong"):
        handler(outer, checking)(make(kind, echo))({}, None)
    assert seen == ["the response is wrong"]


@pytest.mark.parametrize("error", [StopIteration("x"), GeneratorExit("x"), KeyboardInterrupt("x"), SystemExit(3)])
def test_exceptions_that_generators_treat_in_a_special_way_pass_unchanged(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    left: list[str] = []

    @layer
    def look(event: Any, context: Any) -> Any:
        try:
            yield
        finally:
            left.append("left")

    @handler(look, look)
    def fail(event: Any, context: Any) -> Any:
        raise error

    with pytest.raises(type(error)) as caught:
        fail({}, None)
    assert caught.value is error
    assert left == ["left", "left"]
    assert caplog.records == []


def test_an_interrupt_during_clean_up_is_not_swallowed() -> None:
    @layer
    def slow(event: Any, context: Any) -> Any:
        try:
            yield
        finally:
            raise KeyboardInterrupt

    @handler(slow)
    def fail(event: Any, context: Any) -> Any:
        raise ValueError("x")

    with pytest.raises(KeyboardInterrupt):
        fail({}, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_that_yields_twice_is_a_named_error(kind: str) -> None:
    @layer
    def twice(event: Any, context: Any) -> Any:
        yield
        yield

    with pytest.raises(LayerError, match=r"twice yielded twice; a layer yields exactly once") as caught:
        handler(twice)(make(kind, echo))({}, None)
    assert caught.value.layer.endswith("twice")


def test_a_generator_that_yields_a_third_time_while_it_is_closed_is_the_same_error() -> None:
    @layer
    def thrice(event: Any, context: Any) -> Any:
        try:
            yield
            yield
        finally:
            yield

    with pytest.raises(LayerError, match="yielded twice"):
        handler(thrice)(echo)({}, None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_that_yields_twice_does_not_hide_the_exception_of_the_handler(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    @layer
    def twice(event: Any, context: Any) -> Any:
        try:
            yield
        except ValueError:
            yield

    def fail(event: Any, context: Any) -> Any:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        handler(twice)(make(kind, fail))({}, None)
    assert "yielded twice" in caplog.text


def test_a_layer_on_any_function_takes_keywords_and_gives_them_on() -> None:
    seen: list[Any] = []

    @layer
    def look(event: Any, context: Any) -> Any:
        seen.append((event, context))
        yield

    @look
    def job(record: str, ctx: str, *, extra: int = 0) -> tuple[str, str, int]:
        return record, ctx, extra

    assert job(record="r", ctx="c", extra=2) == ("r", "c", 2)
    assert job("r", ctx="c") == ("r", "c", 0)
    assert seen == [("r", "c"), ("r", "c")]
    with pytest.raises(TypeError, match=r"job\(\) missing arguments: ctx"):
        job("r")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("kind", KINDS)
def test_another_event_replaces_the_event_of_a_method_and_no_other_argument(kind: str) -> None:
    @layer
    def replace(event: Any, context: Any) -> Any:
        yield "another event"

    class Service:
        @replace
        def work(self, event: Any, context: Any, attempt: int = 0, *rest: int, label: str = "") -> Any:
            return self, event, context, attempt, rest, label

        @replace
        async def work_later(self, event: Any, context: Any, attempt: int = 0, *rest: int, label: str = "") -> Any:
            return self, event, context, attempt, rest, label

    service = Service()
    called: Any = service.work("event", "context", 1, 2, 3, label="x")
    if kind == "async def":
        called = asyncio.run(service.work_later("event", "context", 1, 2, 3, label="x"))
    assert called == (service, "another event", "context", 1, (2, 3), "x")


@pytest.mark.parametrize("kind", KINDS)
def test_another_event_replaces_the_event_of_a_function_with_more_parameters_and_no_other_argument(kind: str) -> None:
    @layer
    def replace(event: Any, context: Any) -> Any:
        yield "another event"

    @replace
    def work(event: Any, context: Any, attempt: int = 0) -> Any:
        return event, context, attempt

    @replace
    async def work_later(event: Any, context: Any, attempt: int = 0) -> Any:
        return event, context, attempt

    called: Any = work("event", "context", 1)
    if kind == "async def":
        called = asyncio.run(work_later("event", "context", 1))
    assert called == ("another event", "context", 1)


def test_a_layer_keeps_name_and_docstring_of_function_and_body() -> None:
    @layer
    def audit(event: Any, context: Any) -> Any:
        """Write an audit line."""
        yield

    @audit
    def job(event: Any, context: Any) -> None:
        """Do the job."""

    made: Any = audit
    assert (made.__name__, made.__doc__) == ("audit", "Write an audit line.")
    assert made.__qualname__.endswith("function_and_body.<locals>.audit")
    assert (job.__name__, job.__doc__) == ("job", "Do the job.")


def test_a_function_without_a_yield_is_no_layer() -> None:
    with pytest.raises(ConfigurationError, match=r"plain, which is not a generator function: it has no yield"):

        @layer  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        def plain(event: Any, context: Any) -> None: ...


def test_layer_with_parentheses_says_to_drop_them() -> None:
    with pytest.raises(ConfigurationError, match="write @layer, without parentheses"):

        @layer()
        def body(event: Any, context: Any) -> Any:
            yield


def test_an_asynchronous_generator_is_no_layer() -> None:
    with pytest.raises(ConfigurationError, match="an asynchronous generator"):

        @layer
        async def body(event: Any, context: Any) -> AsyncIterator[None]:
            yield


def test_a_generator_with_other_arguments_is_no_layer() -> None:
    with pytest.raises(ConfigurationError, match=r"body\(event\); its generator takes \(event, context\)"):

        @layer  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        def body(event: Any) -> Any:
            yield


def test_a_layer_around_a_function_that_does_not_take_event_and_context_says_so() -> None:
    @layer
    def noop(event: Any, context: Any) -> Any:
        yield

    with pytest.raises(ConfigurationError, match=r"noop was put above .*job\(one\), which cannot be called with"):

        @noop
        def job(one: Any) -> None: ...


def test_a_layer_above_a_value_that_is_not_callable_says_so() -> None:
    @layer
    def noop(event: Any, context: Any) -> Any:
        yield

    value: Any = {"statusCode": 200}
    with pytest.raises(ConfigurationError, match=r"noop was put above \{'statusCode': 200\}, which is not callable"):
        noop(value)
