"""`provide`: values that are resolved for each invocation and passed by keyword."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import operator
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, Metrics, Tracer, handler, init, layer, provide
from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_each_callable_is_called_once_per_invocation_and_passed_by_keyword() -> None:
    count = itertools.count()

    @handler(provide(n=lambda: next(count), fixed=lambda: "x"))
    def place(event: object, context: object, *, n: int, fixed: str) -> tuple[int, str]:
        return n, fixed

    assert [place({}, None), place({}, None)] == [(0, "x"), (1, "x")]


def test_resources_are_built_once_and_provided_every_time() -> None:
    builds: list[int] = []

    @init.resource
    def table() -> str:
        builds.append(1)
        return "table"

    @handler(provide(table=table))
    def place(event: object, context: object, *, table: str) -> str:
        return table

    assert [place({}, None), place({}, None)] == ["table", "table"]
    assert builds == [1]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_async_resources_serve_both_kinds_of_handlers(kind: str) -> None:
    @init.resource
    async def session() -> str:
        return "session"

    def place(event: object, context: object, *, session: str, other: str) -> str:
        return session + other

    async def place_later(event: object, context: object, *, session: str, other: str) -> str:
        return session + other

    layers = provide(session=session, other=lambda: "!")
    run: Any = handler(layers)(place) if kind == "def" else handler(layers)(place_later)
    assert run({}, None) == "session!"


def test_a_keyword_that_the_caller_passes_is_not_resolved() -> None:
    def never() -> str:
        raise AssertionError("resolved")

    @provide(table=never)
    def place(event: object, context: object, *, table: str) -> str:
        return table

    @provide(table=never)
    async def place_later(event: object, context: object, *, table: str) -> str:
        return table

    assert place({}, None, table="fake") == "fake"
    assert asyncio.run(place_later({}, None, table="fake")) == "fake"


def test_layers_inside_and_outside_of_provide_give_the_keywords_on() -> None:
    @layer
    def noop(event: Any, context: Any) -> Any:
        yield

    @handler(noop, provide(a=lambda: 1), noop, provide(b=lambda: 2), noop)
    def place(event: object, context: object, *, a: int, b: int) -> int:
        return a + b

    assert place({}, None) == 3


def test_a_factory_that_fails_reaches_the_layers_outside() -> None:
    seen: list[str] = []

    @layer
    def look(event: Any, context: Any) -> Any:
        try:
            yield
        except KeyError as error:
            seen.append(str(error))
            raise

    def missing() -> None:
        raise KeyError("ORDERS_TABLE")

    @handler(look, provide(table=missing))
    def place(event: object, context: object, *, table: object) -> None:
        raise AssertionError("ran")

    with pytest.raises(KeyError):
        place({}, None)
    assert seen == ["'ORDERS_TABLE'"]


def test_a_value_that_is_not_callable_is_refused_without_quoting_it() -> None:
    with pytest.raises(ConfigurationError, match=r"provide\(key=\.\.\.\) got str, which is not callable") as caught:
        provide(key="sk-secret")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert "sk-secret" not in str(caught.value)


def test_a_callable_that_needs_arguments_is_refused() -> None:
    def connect(url: str) -> str:
        return url

    with pytest.raises(ConfigurationError, match=r"connect\(url\), which cannot be called without arguments"):
        provide(table=connect)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_keyword_that_the_function_does_not_take_is_refused_with_the_closest_one() -> None:
    with pytest.raises(ConfigurationError, match=r"takes no keyword 'tabel'; did you mean 'table'\?"):

        @handler(provide(tabel=lambda: 1))
        def place(event: object, context: object, *, table: int) -> None: ...


def test_nothing_to_provide_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"provide\(\) was called without keywords"):
        provide()


def test_a_resource_without_a_keyword_is_refused() -> None:
    misplaced: Any = lambda: "table"  # noqa: E731
    with pytest.raises(ConfigurationError, match=r"provide\(\) takes keywords only"):
        provide(misplaced)


def test_a_function_that_takes_any_keyword_and_one_whose_parameters_are_unknown_get_what_is_provided() -> None:
    @handler(provide(table=lambda: "orders"))
    def place(event: object, context: object, **resources: str) -> dict[str, str]:
        return resources

    assert place({}, None) == {"table": "orders"}
    smallest: Any = provide(key=lambda: operator.neg)(max)
    assert smallest(1, 2) == 1


OBSERVERS: dict[str, Callable[[], Any]] = {
    "logger": lambda: Logger(service="shop"),
    "metrics": lambda: Metrics(namespace="Shop"),
    "tracer": lambda: Tracer(service="shop"),
}


@pytest.mark.parametrize("kind", OBSERVERS)
def test_layers_of_a_handler_spare_packing_the_arguments_around_provide(kind: str) -> None:
    codes: list[Any] = []

    @handler(OBSERVERS[kind](), provide(at=lambda: codes.append(sys._getframe(2).f_code)))
    def place(event: object, context: object, *, at: object) -> object:
        return event

    assert place(1, None) == 1
    code = codes[0]  # of the layer around `provide`
    assert code.co_varnames[:2] == ("event", "context")
    assert not code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)


def with_host(fn: Any) -> Any:
    def call(event: Any, context: Any) -> Any:
        return fn(event, context, host="theirs")

    return call


@pytest.mark.parametrize("kind", OBSERVERS)
def test_a_keyword_of_a_users_layer_reaches_the_function_through_layers_of_the_kit(kind: str) -> None:
    @handler(with_host, OBSERVERS[kind](), provide(host=lambda: "ours"))
    def place(event: object, context: object, *, host: str) -> str:
        return host

    assert place({}, None) == "theirs"


class OwnLogger(Logger):
    """A logger whose layer passes a keyword that the kit does not know of."""

    def __call__(self, fn: Any) -> Any:
        return with_host(super().__call__(fn))


def test_a_subclass_may_pass_keywords_that_the_kit_does_not_know_of() -> None:
    @handler(OwnLogger(), Metrics(namespace="Shop"), provide(host=lambda: "ours"))
    def place(event: object, context: object, *, host: str) -> str:
        return host

    assert place({}, None) == "theirs"
