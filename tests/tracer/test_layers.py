"""The tracer around everything that can be called: one span a call, and nothing else changes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer, handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeXRayDaemon, invoke, make_context

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator

    from lambda_kit.testing import SpanNode


@pytest.fixture
def tracer(xray_daemon: FakeXRayDaemon) -> Tracer:
    return Tracer(service="shop")


def names(daemon: FakeXRayDaemon) -> Any:
    return tuple(node.names() for node in daemon.tree())


def only(daemon: FakeXRayDaemon) -> SpanNode:
    (node,) = daemon.tree()
    return node


def test_a_handler_is_a_span_with_cold_start_and_service(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @handler(tracer)
    def place(event: object, context: object) -> str:
        return "done"

    assert [place({}, make_context()), place({}, make_context())] == ["done", "done"]
    first, second = xray_daemon.tree()
    assert (first.name, first.annotations) == ("place", {"ColdStart": True, "Service": "shop"})
    assert second.annotations == {"ColdStart": False, "Service": "shop"}


def test_an_async_handler_is_a_span(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @handler(tracer)
    async def place(event: object, context: object) -> str:
        await asyncio.sleep(0)
        async with tracer.span("card"):
            return "done"

    assert place({}, make_context()) == "done"
    assert names(xray_daemon) == (("place", "card"),)


def test_functions_methods_and_what_is_callable(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    class Orders:
        @tracer
        def place(self, order: str) -> str:
            return order

        @classmethod
        @tracer
        def of_class(cls) -> type[Orders]:
            return cls

        @staticmethod
        @tracer
        def static(order: str) -> str:
            return order

        def __call__(self, order: str) -> str:
            return order

    @tracer
    def function(order: str, *, count: int = 1) -> int:
        return count

    orders = Orders()
    assert orders.place("o-1") == Orders.static("o-1") == tracer(orders)("o-1") == "o-1"
    assert Orders.of_class() is Orders
    assert function("o-1", count=2) == tracer(functools.partial(function, count=3))("x") - 1 == 2
    assert names(xray_daemon) == (
        "Orders.place",
        "Orders.static",
        "Orders",
        "Orders.of_class",
        "function",
        ("partial", "function"),
    )


def test_name_signature_and_the_function_itself_are_kept(tracer: Tracer) -> None:
    def function(order: str, *, count: int = 1) -> int:
        """Return the count."""
        return count

    traced = tracer(function)
    plain: Any = traced
    assert (traced.__name__, traced.__doc__, plain.__wrapped__) == ("function", "Return the count.", function)
    assert inspect.signature(traced) == inspect.signature(function)


@pytest.mark.parametrize("given", [5, None, "name"])
def test_what_cannot_be_called_is_refused(tracer: Tracer, given: Any) -> None:
    with pytest.raises(ConfigurationError, match="which is not callable"):
        tracer(given)


def test_a_static_method_and_a_class_method_may_stand_on_either_side_of_the_tracer(
    tracer: Tracer, xray_daemon: FakeXRayDaemon
) -> None:
    class Orders:
        @tracer
        @staticmethod
        def outside(order: str) -> str:
            return order

        @staticmethod
        @tracer
        def inside(order: str) -> str:
            return order

        @tracer
        @classmethod
        def of_class(cls, order: str) -> tuple[type, str]:
            return cls, order

        @tracer.span("named")
        @staticmethod
        def named(order: str) -> str:
            return order

    for owner in (Orders, Orders()):
        assert (owner.outside("a"), owner.inside("b"), owner.named("d")) == ("a", "b", "d")
        assert owner.of_class("c") == (Orders, "c")
    expected = ["Orders.outside", "Orders.inside", "named", "Orders.of_class"]
    assert [span.name for span in xray_daemon.tree()] == expected * 2


def test_a_class_and_a_property_are_refused_with_the_remedy(tracer: Tracer) -> None:
    with pytest.raises(ConfigurationError, match=r"decorates the class .*Orders, .*; put it above its methods$"):

        @tracer
        class Orders:
            pass

    with pytest.raises(ConfigurationError, match=r"put it under @property$"):
        tracer(property(lambda self: 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class Declined(Exception):
    pass


@pytest.mark.parametrize("error", [Declined("no"), KeyboardInterrupt(), SystemExit(1), asyncio.CancelledError()])
def test_an_exception_goes_on_as_it_is_and_is_recorded_once(
    tracer: Tracer, xray_daemon: FakeXRayDaemon, error: BaseException
) -> None:
    @tracer
    def inner() -> None:
        raise error

    @tracer
    def outer() -> None:
        inner()

    with pytest.raises(type(error)) as caught:
        outer()
    assert caught.value is error
    assert error.__cause__ is error.__context__ is None
    node = only(xray_daemon)
    assert node.names() == ("outer", "inner")
    deep = node.find("inner")
    assert (node.fault, deep.fault) == (True, True)
    assert [one.id for one in node.exceptions] == [one.id for one in deep.exceptions]
    assert deep.exceptions[0].stack[0][2].endswith("inner")
    assert len([document for document in xray_daemon.documents if isinstance(document["cause"], dict)]) == 1


def test_a_coroutine_is_a_span_from_its_first_step_to_its_last(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    async def charge(order: str) -> str:
        await asyncio.sleep(0)
        tracer.current().annotate(order=order)
        return order

    async def main() -> list[str]:
        with tracer.span("both"):
            return list(await asyncio.gather(charge("a"), charge("b")))

    pending: Any = charge("never")
    pending.close()
    assert asyncio.run(main()) == ["a", "b"]
    node = only(xray_daemon)
    assert node.names() == ("both", "charge", "charge")
    assert sorted(str(child.annotations["order"]) for child in node.children) == ["a", "b"]


def test_a_task_that_is_cancelled_is_a_span_that_failed(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert only(xray_daemon).fault


# Generators


def test_a_generator_is_one_span_that_is_current_while_it_runs(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    def numbers(end: int) -> Generator[int, str, str]:
        said = ""
        for number in range(end):
            with tracer.span(f"made {number}"):
                said += yield number
        return said

    def collect() -> Generator[int, str, str]:
        return (yield from numbers(2))

    with tracer.span("consumer"):
        running = collect()
        assert next(running) == 0
        with tracer.span("between"):
            assert running.send("a") == 1
        with pytest.raises(StopIteration) as end:
            running.send("b")
    assert end.value.value == "ab"
    assert names(xray_daemon) == (("consumer", ("numbers", "made 0", "made 1"), "between"),)


def test_what_is_thrown_into_a_generator_reaches_it_and_comes_out(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    def numbers() -> Iterator[int]:
        try:
            yield 1
        except ValueError:
            yield 2

    running: Any = numbers()
    assert next(running) == 1
    assert running.throw(ValueError("x")) == 2
    with pytest.raises(LookupError):
        running.throw(LookupError("y"))
    node = only(xray_daemon)
    assert (node.fault, node.exceptions[0].type) == (True, "LookupError")


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_generator_that_is_left_early_ends_its_span_without_a_fault(
    tracer: Tracer, xray_daemon: FakeXRayDaemon, how: str
) -> None:
    ended: list[str] = []

    @tracer
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            ended.append((tracer.current().recording and "recording") or "")

    running: Any = numbers()
    next(running)
    if how == "close":
        running.close()
    del running
    assert ended == ["recording"]
    assert not only(xray_daemon).fault
    assert not tracer.current().recording


def test_a_stop_iteration_within_a_generator_is_an_error_as_python_has_it(tracer: Tracer) -> None:
    @tracer
    def numbers() -> Iterator[int]:
        yield 1
        raise StopIteration  # noqa: PLR1708

    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        list(numbers())


def test_an_async_generator_is_one_span(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    async def numbers(end: int) -> AsyncGenerator[int]:
        for number in range(end):
            with tracer.span(f"made {number}"):
                await asyncio.sleep(0)
                yield number

    async def main() -> list[int]:
        with tracer.span("consumer"):
            found = [number async for number in numbers(2)]
            async with contextlib.aclosing(numbers(5)) as broken_off:
                async for number in broken_off:
                    with tracer.span("between"):
                        found.append(number)
                    break
        return found

    assert asyncio.run(main()) == [0, 1, 0]
    assert names(xray_daemon) == (("consumer", ("numbers", "made 0", "made 1"), ("numbers", "made 0"), "between"),)
    assert not any(node.fault for node in xray_daemon.tree())


def test_what_is_sent_and_thrown_into_an_async_generator_reaches_it(
    tracer: Tracer, xray_daemon: FakeXRayDaemon
) -> None:
    @tracer
    async def echo() -> AsyncGenerator[str, str | None]:
        given: str | None = "first"
        while True:
            try:
                given = yield str(given)
            except ValueError:
                given = "caught"

    async def main() -> list[str]:
        running = echo()
        found = [await running.asend(None), await running.asend("a"), await running.athrow(ValueError("x"))]
        with pytest.raises(LookupError):
            await running.athrow(LookupError("y"))
        return found

    assert asyncio.run(main()) == ["first", "a", "caught"]
    assert only(xray_daemon).exceptions[0].type == "LookupError"


# Context managers


def test_a_context_manager_is_a_span_around_its_block(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    @contextlib.contextmanager
    def block(name: str) -> Generator[str]:
        with tracer.span("enter"):
            pass
        yield name

    @tracer
    @contextlib.asynccontextmanager
    async def async_block(name: str) -> AsyncGenerator[str]:
        yield name

    with block("a") as given, tracer.span("inside"):
        assert given == "a"

    @block("b")
    def decorated() -> str:
        return "x"

    assert decorated() == "x"

    async def main() -> None:
        async with async_block("c") as given:
            assert given == "c"
            with tracer.span("inside"):
                pass

    asyncio.run(main())
    assert names(xray_daemon) == (("block", "enter", "inside"), ("block", "enter"), ("async_block", "inside"))


def test_an_error_in_the_block_of_a_context_manager_passes_through_it(
    tracer: Tracer, xray_daemon: FakeXRayDaemon
) -> None:
    @tracer
    @contextlib.contextmanager
    def suppressing() -> Generator[None]:
        with contextlib.suppress(ValueError):
            yield

    def fail(error: Exception) -> None:
        with suppressing():
            raise error

    fail(ValueError("swallowed"))
    with pytest.raises(LookupError):
        fail(LookupError("not swallowed"))
    first, second = xray_daemon.tree()
    assert (first.fault, second.fault) == (False, True)


def test_below_contextlib_the_span_is_that_of_the_generator(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @contextlib.contextmanager
    @tracer
    def block() -> Generator[int]:
        yield 1

    with block() as one, tracer.span("inside"):
        assert one == 1
    assert names(xray_daemon) == ("block", "inside")


# Responses


@pytest.mark.parametrize("kind", ["function", "coroutine", "generator"])
def test_a_response_is_kept_where_it_is_asked_for_and_what_is_secret_is_hidden(
    xray_daemon: FakeXRayDaemon, kind: str
) -> None:
    tracer = Tracer(service="shop", capture_response=True, redact=("pin",))
    response = {"id": 1, "card": {"PIN": "1234", "password": "shown"}}

    def function() -> Any:
        return response

    async def coroutine() -> Any:
        return response

    def generator() -> Any:
        yield 1
        return response

    run: dict[str, Callable[[], Any]] = {
        "function": tracer(function),
        "coroutine": lambda: asyncio.run(tracer(coroutine)()),
        "generator": lambda: list(tracer(generator)()),
    }
    run[kind]()
    kept = {"id": 1, "card": {"PIN": "[redacted]", "password": "shown"}}
    assert only(xray_daemon).metadata == {"shop": {f"{kind} response": kept}}


def test_a_response_is_not_kept_by_default_and_can_be_for_one_span(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    def plain() -> str:
        return "personal"

    @tracer.span("named", capture_response=True)
    def named() -> str:
        return "wanted"

    plain()
    named()
    first, second = xray_daemon.tree()
    assert (first.metadata, second.metadata) == ({}, {"shop": {"named response": "wanted"}})


@pytest.mark.parametrize("where", ["tracer", "span"])
def test_errors_are_kept_to_the_fault_alone_where_it_is_asked_for(xray_daemon: FakeXRayDaemon, where: str) -> None:
    tracer = Tracer(capture_error=where != "tracer")
    with pytest.raises(Declined), tracer.span("card", capture_error=False if where == "span" else None):
        raise Declined("personal")
    node = only(xray_daemon)
    assert (node.fault, node.exceptions) == (True, [])
    assert b"personal" not in xray_daemon.datagrams[0]


def test_without_tracing_functions_run_as_they_are() -> None:
    tracer = Tracer()
    recording: list[bool] = []

    @tracer
    def numbers() -> Iterator[int]:
        yield 1
        recording.append(tracer.current().recording)

    @tracer
    async def charge() -> int:
        return 1

    @tracer
    @contextlib.contextmanager
    def block() -> Generator[int]:
        yield 1

    @handler(tracer)
    def place(event: object, context: object) -> int:
        with tracer.span("a") as span, block() as one:
            span.annotate(a=1)
            span.metadata(b=object())
            span.http(status=500)
            span.aws(operation="x")
            span.record_error(ValueError())
            span.end()
            return one + sum(numbers())

    assert place({}, make_context()) == 2
    assert asyncio.run(charge()) == 1
    assert recording == [False]
    assert invoke(place).unwrap() == 2
    assert recording == [False, True]
