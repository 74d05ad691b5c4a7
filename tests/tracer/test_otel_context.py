"""What spans of OpenTelemetry nest in, and which of them is the current one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from lambda_kit import handler
from lambda_kit.testing import invoke, make_context
from lambda_kit.testing import reset as reset_kit
from tests.patience import PATIENCE
from tests.tracer.otel import PARENT, XRAY, Recorded, id_of, installed, make, parent_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    found = Recorded()
    with installed(found.provider):
        yield found


def test_spans_of_the_kit_and_of_others_nest_in_each_other(recorded: Recorded) -> None:
    tracer, others = make(), trace.get_tracer("others")
    with others.start_as_current_span("a"), tracer.span("b"), others.start_as_current_span("c"), tracer.span("d"):
        pass
    assert recorded.tree() == (("a", (("b", (("c", (("d", ()),)),)),)),)
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_tasks_and_threads_with_a_copy_of_the_context_nest_where_they_began(recorded: Recorded) -> None:
    tracer = make()
    both = asyncio.Event()

    async def step(number: int) -> None:
        with tracer.span(f"task {number}"):
            if number:
                both.set()
            await both.wait()
            with tracer.span(f"in {number}"):
                pass

    async def main() -> None:
        with tracer.span("gather"):
            await asyncio.gather(step(0), step(1))

    asyncio.run(main())
    with tracer.span("threads"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(asyncio.run, step(2)))
        thread.start()
        thread.join(PATIENCE)
    assert recorded.tree() == (
        ("gather", (("task 0", (("in 0", ()),)), ("task 1", (("in 1", ()),)))),
        ("threads", (("task 2", (("in 2", ()),)),)),
    )


def test_the_span_of_a_generator_is_current_while_it_runs_and_not_while_others_do(recorded: Recorded) -> None:
    tracer = make()

    @tracer.span("numbers")
    def numbers() -> Iterator[int]:
        with tracer.span("inside"):
            yield 1
            with tracer.span("deeper"):
                yield 2
        tracer.current().annotate(last=True)

    with tracer.span("consumer"):
        for number in numbers():
            with tracer.span(f"got {number}"):
                pass
    assert recorded.tree() == (
        ("consumer", (("numbers", (("inside", (("deeper", ()),)),)), ("got 1", ()), ("got 2", ()))),
    )
    assert recorded.attributes("numbers") == {"last": True}


def test_a_generator_may_end_its_own_span(recorded: Recorded) -> None:
    tracer = make()

    @tracer.span("numbers")
    def numbers() -> Iterator[int]:
        yield 1
        tracer.current().end()
        yield 2
        with tracer.span("after"):
            yield 3

    with tracer.span("consumer"):
        assert list(numbers()) == [1, 2, 3]
        with tracer.span("later"):
            pass
    assert recorded.tree() == (("consumer", (("numbers", ()), ("after", ()), ("later", ()))),)


def test_an_async_generator_that_is_closed_early_ends_its_spans(recorded: Recorded) -> None:
    tracer = make()

    @tracer.span("numbers")
    async def numbers() -> AsyncIterator[int]:
        with tracer.span("inside"):
            yield 1
            yield 2

    async def main() -> None:
        with tracer.span("consumer"):
            given: Any = numbers()
            assert await anext(given) == 1
            await given.aclose()
            with tracer.span("later"):
                pass

    asyncio.run(main())
    assert recorded.tree() == (("consumer", (("numbers", (("inside", ()),)), ("later", ()))),)


def test_spans_that_end_out_of_order_leave_nothing_current(recorded: Recorded) -> None:
    tracer = make()
    first = tracer.span("first").__enter__()
    second = tracer.span("second").__enter__()
    first.end()
    first.end()
    with tracer.span("third"):
        pass
    second.end()
    with tracer.span("fourth"):
        pass
    assert recorded.tree() == (("first", (("second", (("third", ()),)),)), ("fourth", ()))
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_span_that_ends_before_another_s_inside_of_it_leaves_that_current(recorded: Recorded) -> None:
    span = make().span("outer").__enter__()
    with trace.get_tracer("others").start_as_current_span("inner") as inner:
        span.end()
        assert trace.get_current_span() is inner
    assert recorded.tree() == (("outer", (("inner", ()),)),)


def test_a_span_may_end_in_another_context_and_past_the_kit(
    recorded: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = make()
    contexts = [contextvars.copy_context() for _ in range(2)]
    spans = [context.run(tracer.span(name).__enter__) for context, name in zip(contexts, ("a", "b"), strict=True)]
    spans[0].end()
    contexts[1].run(trace.get_current_span).end()
    assert not spans[1].recording
    spans[1].record_error(ValueError("late"))
    spans[1].end()
    assert recorded.tree() == (("a", ()), ("b", ()))
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert not caplog.records  # the SDK and the API log what is used wrongly


def test_current_is_the_innermost_span_of_the_kit_that_is_open(recorded: Recorded) -> None:
    tracer = make()
    assert not tracer.current().recording
    with tracer.span("outer") as outer:
        with tracer.span("inner") as inner:
            assert tracer.current() is inner
            inner.end()
            assert tracer.current() is outer
        assert tracer.current() is outer
        with tracer.span("copied"):
            copied = contextvars.copy_context()
        assert copied.run(tracer.current) is outer
    assert not tracer.current().recording


def test_what_an_invocation_never_left_is_no_parent_in_the_next(recorded: Recorded) -> None:
    tracer = make()
    kept: list[Any] = []

    @handler
    def leave_open(event: Any, context: Any) -> None:
        kept.append(tracer.span("left").__enter__())
        kept.append(contextvars.copy_context())

    @handler(tracer)
    def after(event: Any, context: Any) -> None:
        pass

    invoke(leave_open)
    assert trace.get_current_span() is trace.INVALID_SPAN
    kept[1].run(invoke, after)  # as in an event loop, which keeps the context
    assert recorded.span("after").parent is None
    assert recorded.span("after").kind is SpanKind.SERVER


def test_a_function_that_is_no_handler_of_the_kit_begins_anew_with_each_header(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = make()
    tracer.span("left").__enter__()  # as while the module is loaded, when there is no header
    for number in range(2):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY[:-1]}{number};Parent={PARENT};Sampled=1")
        tracer.span("left").__enter__()
        for _ in range(2):
            with tracer.span(f"in {number}"):
                pass
    traces = [(one.name, f"{one.context.trace_id:032x}"[-1]) for one in recorded.spans if one.context is not None]
    assert traces == [("in 0", "0"), ("in 0", "0"), ("in 1", "1"), ("in 1", "1")]
    assert len({parent_of(one) for one in recorded.spans}) == 2


def test_a_handler_nests_in_the_span_around_it_and_tells_of_its_own_invocation(recorded: Recorded) -> None:
    tracer = make()

    @handler(tracer)
    def inner(event: Any, context: Any) -> None:
        pass

    @handler(tracer)
    def outer(event: Any, context: Any) -> None:
        inner({}, make_context(request_id="r-2"))
        with tracer.span("after"):
            pass

    with tracer.span("around"):
        outer({}, make_context(request_id="r-1"))
    assert recorded.tree() == (("around", (("outer", (("inner", ()), ("after", ()))),)),)
    ids = {one.name: (one.attributes or {}).get("faas.invocation_id") for one in recorded.spans}
    assert ids == {"around": None, "outer": "r-1", "inner": "r-2", "after": None}
    assert {one.kind for one in recorded.spans} == {SpanKind.INTERNAL}


WAYS = st.sampled_from(["one by one", "gather", "threads"])  # how the spans in a span run
LEAVES: st.SearchStrategy[Any] = st.just(("one by one", ()))


@given(st.recursive(LEAVES, lambda nodes: st.tuples(WAYS, st.lists(nodes, max_size=4)), max_leaves=12))
def test_any_tree_of_spans_in_tasks_threads_and_functions_comes_back_as_that_tree(shape: Any) -> None:
    reset_kit()
    found = Recorded()
    with installed(found.provider):
        tracer = make()

        async def node(path: str, shape: Any) -> None:
            way, children = shape
            async with tracer.span(path):
                under = [(f"{path}.{index}", child) for index, child in enumerate(children)]
                if way == "gather":
                    await asyncio.gather(*[node(*one) for one in under])
                for one in under if way == "threads" else ():
                    await asyncio.to_thread(asyncio.run, node(*one))
                for one in under if way == "one by one" else ():
                    await node(*one)

        asyncio.run(node("0", shape))
        assert not tracer.current().recording
    names = {id_of(one): one.name for one in found.spans}
    expected: dict[str, str | None] = {}

    def expect(path: str, shape: Any) -> None:
        expected[path] = path.rpartition(".")[0] or None
        for index, child in enumerate(shape[1]):
            expect(f"{path}.{index}", child)

    expect("0", shape)
    assert {one.name: names.get(parent_of(one)) for one in found.spans} == expected
