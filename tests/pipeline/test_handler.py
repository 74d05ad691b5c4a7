"""`handler`: what it makes of functions, coroutine functions and methods, with and without layers."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import (
    Logger,
    Metrics,
    Tracer,
    current_invocation,
    handler,
    idempotent,
    init,
    layer,
    provide,
    time_limit,
)
from lambda_kit.batch import FileSink, batch, dead_letter
from lambda_kit.errors import ConfigurationError, EventLoopRunning, OutsideInvocation
from lambda_kit.events import SqsEvent, as_event
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import make_context
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Generator

    from lambda_kit.pipeline import Layer


def around(name: str, trace: list[str]) -> Layer:
    """A layer written by hand, as a plain function decorator."""

    def decorate(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            trace.append(f"enter {name}")
            try:
                return fn(*args, **kwargs)
            finally:
                trace.append(f"leave {name}")

        return wrapper

    return decorate


def test_a_bare_handler_is_called_with_event_and_context() -> None:
    @handler
    def place(event: dict[str, int], context: object) -> tuple[int, object]:
        return event["n"], context

    assert place({"n": 1}, "context") == (1, "context")
    assert place(event={"n": 2}, context=None) == (2, None)


def test_a_called_handler_without_layers_does_the_same() -> None:
    @handler()
    def place(event: dict[str, int], context: object) -> int:
        return event["n"]

    assert place({"n": 1}, None) == 1


def test_the_first_layer_is_the_outermost() -> None:
    trace: list[str] = []

    @handler(around("a", trace), around("b", trace))
    def place(event: object, context: object) -> None:
        trace.append("handler")

    place({}, None)
    assert trace == ["enter a", "enter b", "handler", "leave b", "leave a"]


def test_layers_stacked_under_a_bare_handler_run_in_reading_order_too() -> None:
    trace: list[str] = []

    @handler
    @around("a", trace)
    @around("b", trace)
    def place(event: object, context: object) -> None:
        trace.append("handler")

    place({}, None)
    assert trace == ["enter a", "enter b", "handler", "leave b", "leave a"]


def test_an_async_handler_is_a_synchronous_callable() -> None:
    @handler
    async def place(event: dict[str, int], context: object) -> int:
        await asyncio.sleep(0)
        return event["n"]

    assert place({"n": 3}, None) == 3


def test_async_invocations_share_one_event_loop() -> None:
    @handler
    async def loop_of(event: object, context: object) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert loop_of({}, None) is loop_of({}, None)


def test_async_handlers_on_other_threads_have_loops_of_their_own() -> None:
    @handler
    async def loop_of(event: object, context: object) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    seen: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=lambda: seen.append(loop_of({}, None)))
    thread.start()
    thread.join()
    assert seen[0] is not loop_of({}, None)
    assert seen[0].is_closed(), "the loop of a thread that has ended is closed"


def test_an_async_handler_called_from_async_code_says_what_to_do_instead() -> None:
    @handler
    async def place(event: object, context: object) -> str:
        return "done"

    async def caller() -> Any:
        with pytest.raises(EventLoopRunning, match=r"asyncio\.to_thread\(handler, event, context\)"):
            place({}, None)
        return await asyncio.to_thread(place, {}, None)

    assert asyncio.run(caller()) == "done"


def test_a_plain_function_layer_around_a_coroutine_function_leaves_the_layers_outside_waiting() -> None:
    trace: list[str] = []

    def untyped(fn: Any) -> Any:
        def hiding(event: Any, context: Any) -> Any:  # not seen to be a coroutine function
            return fn(event, context)

        return hiding

    @layer
    def outer(event: Any, context: Any) -> Generator[None, Any, None]:
        response = yield
        trace.append(f"outer got {response}")

    @handler(outer, untyped)
    async def place(event: object, context: object) -> str:
        await asyncio.sleep(0)
        return "response"

    assert place({}, None) == "response"
    assert trace == ["outer got response"]


def test_a_handler_in_a_class_takes_self() -> None:
    @layer
    def mark(event: Any, context: Any) -> Any:
        yield {**event, "marked": True}

    class Service:
        def __init__(self) -> None:
            self.greeting = "Hello"

        @handler
        def greet(self, event: dict[str, Any], context: object) -> str:
            return f"{self.greeting}, {event['name']}"

        @handler(mark)
        async def greet_later(self, event: dict[str, Any], context: object) -> tuple[str, dict[str, Any]]:
            return self.greeting, event

    assert Service().greet({"name": "Ada"}, None) == "Hello, Ada"
    assert Service().greet_later({"n": 1}, None) == ("Hello", {"n": 1, "marked": True})


def test_bound_methods_partials_and_callable_objects_can_be_handlers() -> None:
    class Service:
        def method(self, event: object, context: object) -> str:
            return "method"

        def __call__(self, event: object, context: object) -> str:
            return "object"

    def three(prefix: str, event: object, context: object) -> str:
        return prefix

    assert handler()(Service().method)({}, None) == "method"
    assert handler()(Service())({}, None) == "object"
    assert handler(functools.partial(three, "partial"))({}, None) == "partial"


def test_wrapped_is_the_plain_function_in_both_forms() -> None:
    def plain(event: object, context: object, *, table: str = "none") -> str:
        return table

    trace: list[str] = []
    assert handler(around("a", trace))(plain).__wrapped__ is plain
    stacked: Any = handler(around("a", trace)(around("b", trace)(plain)))
    assert stacked.__wrapped__ is plain
    assert stacked.__wrapped__({}, None, table="fake") == "fake"
    assert trace == []


def test_the_handler_keeps_name_docstring_and_module() -> None:
    @handler
    def place(event: object, context: object) -> None:
        """Place an order."""

    assert (place.__name__, place.__doc__, place.__module__) == ("place", "Place an order.", __name__)


def test_values_of_any_type_are_passed_through_untouched() -> None:
    @layer
    def noop(event: Any, context: Any) -> Any:
        yield

    body = bytearray(b"x")

    @handler(noop)
    def whole(event: object, context: object) -> bytearray:
        return body

    assert whole({}, None) is body


def test_an_exception_of_the_handler_arrives_as_it_was_raised() -> None:
    failure = ValueError("no such order")

    @handler(around("a", []))
    def place(event: object, context: object) -> None:
        raise failure

    with pytest.raises(ValueError, match="no such order") as caught:
        place({}, None)
    assert caught.value is failure
    assert caught.traceback[-1].name == "place"


def test_only_the_first_invocation_of_the_process_is_a_cold_start() -> None:
    @handler
    def cold(event: object, context: object) -> bool:
        return current_invocation().cold_start

    @handler
    def other(event: object, context: object) -> bool:
        return current_invocation().cold_start

    assert [cold({}, None), other({}, None), cold({}, None)] == [True, False, False]


def test_the_invocation_ends_with_the_handler_even_if_that_fails() -> None:
    seen: list[Any] = []

    @handler
    def fail(event: object, context: object) -> None:
        seen.append(current_invocation())
        raise KeyError("x")

    with pytest.raises(KeyError):
        fail({}, None)
    assert seen[0].ended
    with pytest.raises(OutsideInvocation):
        current_invocation()


def test_a_handler_inside_a_handler_has_an_invocation_of_its_own() -> None:
    @handler
    def inner(event: object, context: object) -> str:
        return current_invocation().request_id

    @handler
    def outer(event: object, context: object) -> tuple[str, str, str]:
        before = current_invocation().request_id
        return before, inner({}, make_context(request_id="inner")), current_invocation().request_id

    assert outer({}, make_context(request_id="outer")) == ("outer", "inner", "outer")


def test_threads_and_tasks_with_a_copied_context_see_the_invocation() -> None:
    @handler
    async def place(event: object, context: object) -> list[str]:
        async def task() -> str:
            return current_invocation().request_id

        return [
            await asyncio.create_task(task()),
            await asyncio.to_thread(lambda: current_invocation().request_id),
            contextvars.copy_context().run(lambda: current_invocation().request_id),
        ]

    assert place({}, make_context(request_id="r-1")) == ["r-1"] * 3


def test_invocations_that_interleave_on_two_threads_do_not_mix() -> None:
    both_inside = threading.Barrier(2)

    @handler
    def place(event: str, context: object) -> tuple[str, str]:
        both_inside.wait(PATIENCE)
        request_id = current_invocation().request_id
        both_inside.wait(PATIENCE)
        return event, request_id

    seen: list[tuple[str, str]] = []

    def run(request_id: str) -> None:
        seen.append(place(request_id, make_context(request_id=request_id)))

    threads = [threading.Thread(target=run, args=(name,)) for name in ("r-1", "r-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [("r-1", "r-1"), ("r-2", "r-2")]


def test_a_durable_context_reaches_the_handler_and_is_unwrapped_for_the_invocation() -> None:
    durable = SimpleNamespace(lambda_context=make_context(request_id="r-1"), step=lambda: "step")

    @handler
    def place(event: object, context: Any) -> tuple[str, str, bool]:
        invocation = current_invocation()
        return context.step(), invocation.request_id, invocation.context is durable.lambda_context

    assert place({}, durable) == ("step", "r-1", True)


def test_a_layer_that_is_not_callable_is_refused_with_its_position() -> None:
    with pytest.raises(ConfigurationError, match=r"layer 2 of handler\(\.\.\.\) is 'log', which is not callable"):
        handler(around("a", []), "log")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_a_generator_function_that_lacks_the_decorator_is_named() -> None:
    def timing(event: Any, context: Any) -> Any:
        yield

    with pytest.raises(ConfigurationError, match=r"timing, is a generator function; put @layer above it"):
        handler(timing, around("a", []))  # type: ignore[arg-type]  # pyright: ignore[reportCallIssue, reportArgumentType]


def test_the_package_of_batch_says_what_to_import() -> None:
    from lambda_kit import batch as package

    module: Any = package
    says = r"write from lambda_kit\.batch import batch"
    with pytest.raises(ConfigurationError, match=says):
        module(_place)
    with pytest.raises(ConfigurationError, match=says):
        module(source="sqs")
    with pytest.raises(ConfigurationError, match=says):
        handler(module)


def test_init_says_how_a_resource_is_declared() -> None:
    with pytest.raises(ConfigurationError, match=r"init was put above .*_place; write @init\.resource"):
        init(_place)


def test_a_single_generator_function_that_lacks_the_decorator_is_named() -> None:
    def timing(event: Any, context: Any) -> Any:
        yield event

    decorate: Any = handler(timing)
    assert decorate("event", None) == b"event"
    with pytest.raises(ConfigurationError, match=r"timing is a generator function .*; put @layer above it"):
        decorate(_place)


def test_a_factory_that_was_not_called_is_named() -> None:
    factories: list[Any] = [provide, time_limit, idempotent, as_event, dead_letter]
    for factory in factories:
        with pytest.raises(ConfigurationError, match=rf"did you mean {factory.__name__}\(\.\.\.\)\?"):
            handler(around("a", []), factory)
        with pytest.raises(ConfigurationError, match=rf"{factory.__name__}\("):
            handler(factory)(_place)
    assert callable(handler(batch)), "batch is a layer, with and without parentheses"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("def place(event): ...", r"place\(event\)"),
        ("def place(): ...", r"place\(\)"),
        ("def place(a, b, c): ...", r"place\(a, b, c\)"),
        ("async def place(event, *, table): ...", r"place\(event, \*, table\)"),
    ],
)
@pytest.mark.parametrize("form", ["bare", "called"])
def test_a_function_that_does_not_take_event_and_context_is_refused(source: str, shown: str, form: str) -> None:
    namespace: dict[str, Any] = {"__name__": "app"}
    exec(source, namespace)
    expected = rf"handler function app\.{shown} cannot be called with \(event, context\)"
    with pytest.raises(ConfigurationError, match=expected):
        (handler if form == "bare" else handler())(namespace["place"])


def test_a_class_whose_objects_are_layers_is_refused() -> None:
    candidates: Any
    for candidates in ((Logger,), (around("a", []), Logger)):
        with pytest.raises(ConfigurationError, match=r"is the class lambda_kit.*Logger; did you mean Logger\(\)\?"):
            handler(*candidates)


def test_a_class_whose_objects_are_handlers_is_a_layer() -> None:
    class Twice:
        def __init__(self, fn: Any) -> None:
            self.fn = fn

        def __call__(self, event: Any, context: Any) -> Any:
            return [self.fn(event, context)] * 2

    twice: Any = Twice
    for layers in ((twice, around("a", [])), (twice,)):
        entry: Any = handler(*layers)(_place)
        assert entry({}, None) == ["done", "done"]


def test_a_class_whose_objects_cannot_be_called_is_refused() -> None:
    class Settings:
        pass

    settings: Any = Settings
    with pytest.raises(ConfigurationError, match=r"is the class .*Settings; its objects are not callable"):
        handler(settings)


def test_a_resource_without_provide_is_refused() -> None:
    @init.resource
    def orders() -> str:
        return "orders"

    resource: Any = orders
    with pytest.raises(ConfigurationError, match=r"it is a resource: did you mean provide\(orders=\.\.\.\)\?"):
        handler(resource, around("a", []))


def needing(event: Any, context: Any, *, table: str, key: str = "default") -> tuple[str, str]:
    return table, key


@pytest.mark.parametrize("kind", ["called", "stacked", "bare"])
def test_a_keyword_that_no_layer_passes_is_refused(kind: str) -> None:
    @layer
    def noop(event: Any, context: Any) -> Any:
        yield

    provided = provide(key=lambda: "k")
    makers: dict[str, Any] = {
        "called": lambda: handler(noop, provided, time_limit())(needing),
        "stacked": lambda: handler(noop(provided(needing))),
        "bare": lambda: handler(needing),
    }
    with pytest.raises(ConfigurationError, match=r"needing needs the keyword 'table', which no layer passes"):
        makers[kind]()


def test_a_keyword_that_a_layer_of_another_kind_may_pass_is_not_refused() -> None:
    def passing(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(event: Any, context: Any, **keywords: Any) -> Any:
            return fn(event, context, table="passed", **keywords)

        return wrapper

    assert handler(passing, provide(key=lambda: "k"))(needing)({}, None) == ("passed", "k")
    assert handler(provide(table=lambda: "t"))(needing)({}, None) == ("t", "default")


def _pass_on(event: Any, context: Any) -> Any:
    yield


def _place(event: Any, context: Any) -> str:
    return "done"


LAYERS = [
    pytest.param(lambda: layer(_pass_on), r".*_pass_on", id="layer"),
    pytest.param(lambda: provide(table=lambda: "t"), r"provide\(\.\.\.\)", id="provide"),
    pytest.param(time_limit, r"time_limit\(\.\.\.\)", id="time_limit"),
    pytest.param(Logger, r"Logger\(\.\.\.\)", id="Logger"),
    pytest.param(lambda: Tracer(backend="none"), r"Tracer\(\.\.\.\)", id="Tracer"),
    pytest.param(lambda: Tracer(backend="none").span("work"), r"span\('work'\)", id="span"),
    pytest.param(lambda: Metrics(namespace="Shop"), r"Metrics\(\.\.\.\)", id="Metrics"),
    pytest.param(lambda: idempotent(MemoryStore(), key="id"), r"idempotent\(\.\.\.\)", id="idempotent"),
    pytest.param(batch, r"batch\(\.\.\.\)", id="batch"),
    pytest.param(
        lambda: dead_letter(FileSink("letters"), permanent=(ValueError,)), r"dead_letter\(\.\.\.\)", id="dead_letter"
    ),
    pytest.param(lambda: as_event(SqsEvent), r"as_event\(SqsEvent\)", id="as_event"),
    pytest.param(handler, r"handler\(\.\.\.\)", id="handler"),
]


@pytest.mark.parametrize(("make", "name"), LAYERS)
@pytest.mark.parametrize("decorated", [False, True], ids=["handler", "decorated handler"])
def test_every_layer_refuses_to_be_put_around_a_handler(make: Any, name: str, decorated: bool) -> None:
    entry: Any = handler(_place)
    if decorated:
        entry = functools.wraps(entry)(functools.partial(entry))
    with pytest.raises(
        ConfigurationError, match=rf"^{name} was put around the handler .*_place, .* put @handler on top"
    ):
        make()(entry)


def test_a_function_with_one_argument_is_taken_for_a_layer_and_says_so_when_it_is_invoked() -> None:
    def place(order: Any) -> Any:
        return order

    taken: Any = handler(place)
    with pytest.raises(ConfigurationError, match=r"place was taken for a layer, because a handler function takes"):
        taken({}, None)


def test_a_callable_that_may_be_either_is_refused_with_the_way_out() -> None:
    def either(fn: Any, option: Any = None) -> Any:
        return fn

    with pytest.raises(ConfigurationError, match=r"cannot tell if .*either\(fn, option=\.\.\.\) is a layer"):
        handler(either)


def test_a_handler_whose_context_has_a_default_is_a_handler() -> None:
    @handler
    def place(event: object, context: object = None) -> str:
        return "done"

    assert place({}, None) == "done"


def test_a_layer_that_returns_nothing_is_named() -> None:
    def forgetful(fn: Any) -> Any:
        return None

    with pytest.raises(ConfigurationError, match=r"layer 1 of handler\(\.\.\.\), .*forgetful, returned None"):

        @handler(forgetful)
        def place(event: object, context: object) -> None: ...


def test_what_is_not_callable_cannot_be_a_handler() -> None:
    with pytest.raises(ConfigurationError, match="put above 42, which is not callable"):
        handler()(42)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_a_program_that_ran_an_async_handler_ends_without_a_word() -> None:
    program = """
from lambda_kit import handler

@handler
async def place(event, context):
    return "done"

place({}, None)
"""
    run = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", program], capture_output=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
