"""Whatever opens spans inside of each other, over threads, tasks and generators: exactly that tree comes out."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import Tracer, handler
from lambda_kit.testing import FakeXRayDaemon, SpanNode, make_context, reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

KINDS = ("with", "async with", "function", "coroutine", "thread", "task", "generator")


class Plan(NamedTuple):
    """A span, how it is made, whether it fails, and the spans within it; siblings run side by side or in turn."""

    kind: str
    fails: bool
    together: bool
    children: tuple[Any, ...]


plans = st.recursive(
    st.builds(Plan, st.sampled_from(KINDS), st.booleans(), st.just(False), st.just(())),
    lambda children: st.builds(
        Plan, st.sampled_from(KINDS), st.booleans(), st.booleans(), st.lists(children, max_size=4).map(tuple)
    ),
    max_leaves=20,
)


class Failed(Exception):
    pass


async def run(tracer: Tracer, plan: Plan, name: str) -> None:
    """Open the span of a plan, and those within it; what fails is caught where it was begun."""

    async def body() -> None:
        steps = [run(tracer, child, f"{name}.{i}") for i, child in enumerate(plan.children)]
        if plan.together:
            await asyncio.gather(*steps)
        else:
            for step in steps:
                await step
        if plan.fails:
            raise Failed(name)

    with contextlib.suppress(Failed):
        await begun(tracer, plan, name, body)


async def begun(tracer: Tracer, plan: Plan, name: str, body: Any) -> None:
    if plan.kind == "with":
        with tracer.span(name):
            await body()
    elif plan.kind == "async with":
        async with tracer.span(name):
            await body()
    elif plan.kind == "coroutine":
        await tracer.span(name)(body)()
    elif plan.kind == "task":
        await asyncio.create_task(tracer.span(name)(body)())
    elif plan.kind == "function":  # on an event loop of its own, which needs a thread: this one's is running
        await asyncio.to_thread(tracer.span(name)(lambda: asyncio.run(body())))
    elif plan.kind == "thread":
        await in_thread(tracer, name, body)
    else:

        @tracer.span(name)
        async def steps() -> AsyncGenerator[int]:
            yield 1
            await body()
            yield 2

        async with contextlib.aclosing(steps()) as running:
            assert [step async for step in running] == [1, 2]


async def in_thread(tracer: Tracer, name: str, body: Any) -> None:
    failed: list[Failed] = []

    def work() -> None:
        try:
            with tracer.span(name):
                asyncio.run(body())
        except Failed as error:
            failed.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
    thread.start()
    await asyncio.to_thread(thread.join)
    if failed:
        raise failed[0]


def planned(plan: Plan, name: str) -> Any:
    return name, plan.fails, sorted(planned(child, f"{name}.{i}") for i, child in enumerate(plan.children))


def found(node: SpanNode) -> Any:
    return node.name, node.fault, sorted(found(child) for child in node.children)


def times_are_in_order(node: SpanNode) -> None:
    assert node.end is not None
    assert node.start <= node.end
    for child in node.children:
        assert node.start <= child.start
        times_are_in_order(child)


@pytest.fixture(scope="module")
def daemon() -> Iterator[FakeXRayDaemon]:
    with FakeXRayDaemon() as daemon:
        yield daemon


@given(plan=plans)
def test_the_tree_is_that_of_the_spans_however_they_were_made(daemon: FakeXRayDaemon, plan: Plan) -> None:
    header = daemon.next_invocation()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in daemon.environ.items():
            patch.setenv(name, value)
        reset()
        tracer = Tracer()

        @handler(tracer)
        async def place(event: object, context: object) -> None:
            await run(tracer, plan, "0")

        place({}, make_context())
        reset()
    assert daemon.trace_id in header
    (root,) = daemon.tree(daemon.trace_id)
    assert [found(child) for child in root.children] == [planned(plan, "0")]
    times_are_in_order(root)
    for document in daemon.documents[-1:]:
        assert set(document["id"]) <= set("0123456789abcdef")


def test_spans_that_end_out_of_order_stay_where_they_began(xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()
    first, second, third = tracer.span("first"), tracer.span("second"), tracer.span("third")
    first.__enter__()
    second.__enter__()
    first.end()
    with tracer.span("after the first"):
        pass
    third.__enter__()
    second.end()
    with tracer.span("in the third"):
        third.end()
        with tracer.span("in what is in the third"):
            pass
    with tracer.span("at the top"):
        pass
    assert [node.names() for node in xray_daemon.tree()] == [
        ("first", ("second", "after the first", ("third", ("in the third", "in what is in the third")))),
        "at the top",
    ]


def test_a_child_may_outlive_its_parent_and_the_invocation(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = Tracer()
    go_on, begun = threading.Event(), threading.Event()

    def work() -> None:
        with tracer.span("work"):
            begun.set()
            assert go_on.wait(PATIENCE)
            with tracer.span("late"):
                pass
        with tracer.span("after the end"):
            pass

    @handler(tracer)
    def place(event: bool, context: object) -> threading.Thread | None:
        if not event:
            return None
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        assert begun.wait(PATIENCE)
        return thread

    first = xray_daemon.trace_id
    thread = place(True, make_context())
    monkeypatch.setenv("_X_AMZN_TRACE_ID", xray_daemon.next_invocation())
    place(False, make_context())
    go_on.set()
    assert thread is not None
    thread.join(PATIENCE)
    (early,), (late,) = xray_daemon.tree(first), xray_daemon.tree(xray_daemon.trace_id)
    assert early.names() == ("place", ("work", "late"))
    assert late.names() == "place"


def test_threads_without_a_copy_of_the_context_hang_on_the_function(xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()

    def work() -> None:
        with tracer.span("work"), tracer.span("inside"):
            pass

    @handler(tracer)
    def place(event: object, context: object) -> None:
        thread = threading.Thread(target=contextvars.Context().run, args=(work,))
        thread.start()
        thread.join(PATIENCE)

    place({}, make_context())
    assert [node.names() for node in xray_daemon.tree()] == ["place", ("work", "inside")]
