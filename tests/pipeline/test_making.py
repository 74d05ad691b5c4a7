"""What `handler` makes of layers and functions: which is which, what it keeps of them, what it sets up."""

from __future__ import annotations

import functools
import sys
from contextvars import ContextVar
from types import ModuleType
from typing import Any

import pytest

from lambda_kit import _kernel, handler, init, layer, provide, time_limit
from lambda_kit._kernel import callables, streaming
from lambda_kit.errors import ConfigurationError

decorate_or_handle: Any = handler  # without its types: these tests also pass what they refuse


def place(event: Any, context: Any) -> Any:
    return event


@layer
def noop(event: Any, context: Any) -> Any:
    yield


def by_hand(fn: Any) -> Any:
    """A layer that is not of the kit."""

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    return call


def identity(fn: Any) -> Any:
    return fn


class ByName:
    """A layer that calls the function by the names of its parameters."""

    adapts = True

    def __call__(self, fn: Any) -> Any:
        @functools.wraps(fn)
        def call(event: Any, context: Any) -> Any:
            return fn(**event)

        del call.__wrapped__
        return call


def test_a_layer_that_calls_by_name_is_the_last_one_and_may_be_the_only_one() -> None:
    def ship(order: int, express: bool) -> Any:
        return order, express

    entered: list[str] = []

    @layer
    def outer(event: Any, context: Any) -> Any:
        entered.append("outer")
        yield

    by_name: Any = ByName()
    for layers in ((by_name,), (outer, by_name)):
        entry: Any = handler(*layers)(ship)
        assert entry({"order": 1, "express": True}, None) == (1, True)
        assert entry.__wrapped__ is ship
        assert getattr(entry, callables.ADAPTED).__name__ == "ship"
    assert entered == ["outer"]
    with pytest.raises(ConfigurationError, match=r"layer 1 of handler\(\.\.\.\), .*ByName.* has to be the last layer"):
        handler(by_name, noop)


def made(parameters: str) -> Any:
    """Return a function with these parameters, which returns the first one."""
    first = parameters.partition(",")[0].partition("=")[0]
    namespace: dict[str, Any] = {"__name__": "app"}
    exec(f"def place({parameters}): return {first}", namespace)
    return namespace["place"]


@pytest.mark.parametrize(
    "parameters",
    [
        "order, x",
        "event, context=None",
        "e, ctx=None, more=0",
        "e, lambda_context=None",
        "_event, _=None",
        "Event, __Context=0",
    ],
)
def test_a_function_of_event_and_context_is_a_handler_without_parentheses(parameters: str) -> None:
    function = made(parameters)
    entry = decorate_or_handle(function)
    assert entry("event", None) == "event"


@pytest.mark.parametrize("parameters", ["event", "evt", "_Event", "", "a, b, c", "self, a, b, c"])
def test_a_function_of_another_count_of_parameters_is_none(parameters: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^handler function app.place\(.*\) cannot be called with"):
        handler(made(parameters))


@pytest.mark.parametrize("parameters", ["event, xcontext=0", "self, event=0", "fn, *options"])
def test_a_function_of_one_parameter_or_two_has_to_say_what_it_is(parameters: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^handler\(\) cannot tell if app.place\(.*\) is a layer or a handler"
    ):
        decorate_or_handle(made(parameters))


def test_a_method_takes_self_before_event_and_context() -> None:
    class Service:
        bare: Any = decorate_or_handle(made("self, event, context"))
        layered: Any = decorate_or_handle(noop)(made("self, event, context"))

    service: Any = Service()
    assert service.bare("event", None) is service.layered("event", None) is service


@pytest.mark.parametrize("parameters", ["order", "fn", "self"])
def test_a_function_of_one_parameter_is_a_layer(parameters: str) -> None:
    function = made(parameters)
    decorate = decorate_or_handle(function)
    assert decorate(place)("event", None) == "event"


def test_callables_whose_parameters_are_unknown_are_taken_as_they_are() -> None:
    unreadable: Any = functools.partial(identity)
    unreadable.__signature__ = 1
    runs: Any = functools.partial(place)
    runs.__signature__ = 1
    assert callables.signature_of(unreadable) is None
    for layers in ((unreadable,), (noop, unreadable)):
        entry = decorate_or_handle(*layers)(runs)
        assert entry("event", None) == "event"


def test_what_is_no_layer_is_refused_alone_too() -> None:
    nothing: Any = 42
    with pytest.raises(ConfigurationError, match=r"^layer 1 of handler\(\.\.\.\) is 42, which is not callable"):
        handler(nothing)


def test_the_function_layer_is_a_layer_of_generator_functions_alone() -> None:
    itself: Any = layer
    with pytest.raises(ConfigurationError, match=r"^@layer was put above .*place, which is not a generator function"):
        handler(noop, itself)(place)


def test_two_functions_for_one_handler_are_refused() -> None:
    decorate: Any = handler()
    with pytest.raises(
        ConfigurationError, match=r"^handler\(\) returned a decorator, and it was called with 2 .*; nothing was taken"
    ):
        decorate(place, place)
    decorate = handler(noop, time_limit())
    with pytest.raises(
        ConfigurationError, match=r"^handler\(.*noop, .*decorate\) returned .*noop, .*decorate was taken"
    ):
        decorate()


def test_a_generator_function_as_a_handler_takes_any_event() -> None:
    def parts(event: Any, context: Any) -> Any:
        yield str(event)

    entry: Any = handler(parts)
    assert entry("event", None) == entry(event="event", context=None) == b"event"
    assert entry(int, None) == entry(int, context=None) == b"<class 'int'>"
    assert (entry.__wrapped__, entry.__name__) == (parts, "parts")
    with pytest.raises(TypeError):
        entry("event")
    with pytest.raises(TypeError):
        entry(int, int, int)


def test_the_parts_of_a_coroutines_stream_see_the_context_of_the_coroutine() -> None:
    order: ContextVar[str] = ContextVar("order")

    async def parts() -> Any:
        yield order.get("lost")

    @handler
    async def place(event: Any, context: Any) -> Any:
        order.set(event)
        return parts()

    result: Any = place("kept", None)
    assert result == b"kept"


def test_an_object_as_a_handler_is_named_by_its_repr() -> None:
    class Shop:
        def __call__(self, event: Any, context: Any) -> Any:
            return event

        def __repr__(self) -> str:
            return "<the shop>"

    def forgetful(fn: Any) -> Any:
        return None

    with pytest.raises(ConfigurationError, match=r"returned None for <the shop>; a layer takes"):
        handler(forgetful)(Shop())


def test_a_layer_is_told_that_its_function_has_become_a_handler() -> None:
    told: list[str] = []

    def telling(fn: Any) -> Any:
        call = by_hand(fn)
        setattr(call, callables.ON_HANDLED, lambda: told.append("told"))
        return call

    handler(noop, telling)(place)
    assert told


def test_the_keyword_that_is_missing_is_the_first_by_name() -> None:
    def needing(event: Any, context: Any, *, table: str, client: str, key: str) -> None: ...

    with pytest.raises(ConfigurationError, match=r"needs the keyword 'key', which no layer passes"):
        handler(provide(client=lambda: "c"))(needing)


@pytest.mark.parametrize("on_lambda", [False, True])
def test_eager_resources_are_built_within_the_time_that_lambda_leaves(
    on_lambda: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def warm(*, timeout: float) -> None:
        asked.append(timeout)

    monkeypatch.setattr(init, "warm", warm)
    if on_lambda:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    handler(place)
    assert asked == ([8.0] if on_lambda else [])
    monkeypatch.delitem(sys.modules, "lambda_kit.init_cache")
    handler(place)
    assert len(asked) == on_lambda


class Client:
    """A client of the Runtime API that counts the responses which it begins."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self, prelude: Any) -> Any:
        self.begun += 1
        return bool


@pytest.mark.parametrize("loaded", ["lambda_kit.runtime", "lambda_kit._kernel.streaming"])
def test_a_layer_that_needs_the_result_gets_it_whole_under_a_client_that_sends_parts(
    loaded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is there when the function runs. When the handler is made, one of two modules tells of it."""

    def keeping(fn: Any) -> Any:
        return by_hand(fn)

    setattr(keeping, callables.NEEDS_RESULT, True)

    def parts(event: Any, context: Any) -> Any:
        return iter(["one", "two"])

    client = Client()
    monkeypatch.setattr(_kernel, "streaming", streaming)  # an import of a second copy of the module replaces it
    for name in ("lambda_kit.runtime", "lambda_kit._kernel.streaming"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, loaded, streaming if loaded.endswith("streaming") else ModuleType(loaded))
    entry: Any = handler(keeping)(parts)
    module: Any = sys.modules["lambda_kit._kernel.streaming"]
    monkeypatch.setattr(module, "client", client)
    assert entry({}, None) == b"onetwo"
    assert client.begun == 0


def test_a_layer_that_needs_the_result_loads_nothing_under_a_client_that_sends_no_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keeping(fn: Any) -> Any:
        return by_hand(fn)

    setattr(keeping, callables.NEEDS_RESULT, True)
    monkeypatch.setattr(_kernel, "streaming", streaming)
    for name in ("lambda_kit.runtime", "lambda_kit._kernel.streaming"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert handler(keeping)(place)({}, None) == place({}, None)
    assert "lambda_kit._kernel.streaming" not in sys.modules


def test_a_function_of_records_answers_with_what_it_returns() -> None:
    parts = iter(["one"])

    def process(event: Any, context: Any) -> Any:
        return parts

    process.record_function = place  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    assert handler(noop)(process)({}, None) is parts


@pytest.mark.parametrize("kind", ["function", "function with more parameters", "coroutine", "generator", "object"])
def test_layers_see_the_function_by_its_name_whatever_sends_its_result(kind: str) -> None:
    def more(event: Any, context: Any, extra: int = 0) -> Any: ...

    async def coroutine(event: Any, context: Any) -> Any: ...

    async def generator(event: Any, context: Any) -> Any:
        yield

    class Shop:
        def __call__(self, event: Any, context: Any) -> Any: ...

        def __repr__(self) -> str:
            return "shop"

    kinds = {
        "function": place,
        "function with more parameters": more,
        "coroutine": coroutine,
        "generator": generator,
        "object": Shop(),
    }
    seen: list[Any] = []

    def look(fn: Any) -> Any:
        seen.append(fn)
        return fn

    function: Any = kinds[kind]
    handler(look)(function)
    assert callables.name_of(seen[0]) == callables.name_of(function)
    assert seen[0].__code__ in callables.delivering, "idempotent does not count it as a layer"


def test_a_handler_knows_what_its_layers_provide_unless_one_is_not_of_the_kit() -> None:
    def with_table(event: Any, context: Any, *, table: str) -> None: ...

    assert vars(handler(provide(table=str))(with_table))[callables.PROVIDES] == {"table"}
    assert vars(handler(noop)(place))[callables.PROVIDES] == frozenset()
    assert callables.PROVIDES not in vars(handler(by_hand)(place))
