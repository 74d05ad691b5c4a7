"""What the spans that the X-Ray SDK records are under: in tasks, threads, segments, one invocation after another."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.pipeline import handler
from lambda_kit.testing import make_context
from lambda_kit.tracer import Tracer
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE
from tests.tracer.sdk import lambda_with_sdk, parents, recording, sdk_stack

if TYPE_CHECKING:
    from collections.abc import Generator

    from lambda_kit.testing import FakeXRayDaemon

skip_in_the_middle()

Context: Any = import_module("aws_xray_sdk.core.context").Context
AsyncContext: Any = import_module("aws_xray_sdk.core.async_context").AsyncContext


@pytest.fixture
def recorder(xray_daemon: FakeXRayDaemon, caplog: pytest.LogCaptureFixture) -> Generator[Any]:
    with recording(xray_daemon.port) as recorder:
        yield recorder
        assert sdk_stack() == []
        assert [record.getMessage() for record in caplog.records] == []


@pytest.fixture
def tracer() -> Tracer:
    return Tracer(service="shop", backend="xray-sdk")


# What is under what


@given(st.lists(st.integers(-1, 9), max_size=30))
def test_spans_that_end_in_any_order_are_under_what_was_open_when_they_began(steps: list[int]) -> None:
    with lambda_with_sdk() as (daemon, _):
        tracer = Tracer(backend="xray-sdk")
        expected: dict[str, str | None] = {}
        opened: list[tuple[str, Any]] = []
        for number, step in enumerate(steps):
            if step < 0:
                name = f"span {number}"
                expected[name] = opened[-1][0] if opened else None
                opened.append((name, tracer.span(name).__enter__()))
            elif opened:
                opened.pop(step % len(opened))[1].end()
        while opened:
            opened.pop()[1].end()
        assert parents(daemon) == expected


@pytest.mark.parametrize("own_context", [False, True])
def test_tasks_that_take_turns_nest(
    own_context: bool, recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer
) -> None:
    async def task(number: int, turns: list[asyncio.Event]) -> None:
        with tracer.span(f"task {number}"):
            for step in range(2):
                turns[1 - number].set()
                await turns[number].wait()
                turns[number].clear()
                with recorder.in_subsegment(f"call {number}.{step}"), tracer.span(f"span {number}.{step}"):
                    pass
            turns[1 - number].set()

    async def both() -> None:
        if own_context:
            recorder.context = AsyncContext(loop=asyncio.get_running_loop())
            segment = recorder.begin_segment("segment", xray_daemon.trace_id, sampling=1)
            segment.id = xray_daemon.environ["_X_AMZN_TRACE_ID"].partition("Parent=")[2][:16]
        turns = [asyncio.Event(), asyncio.Event()]
        with tracer.span("all"):
            await asyncio.gather(task(0, turns), task(1, turns))

    asyncio.run(both())
    assert parents(xray_daemon) == {
        "all": None,
        **{f"task {number}": "all" for number in range(2)},
        **{f"call {number}.{step}": f"task {number}" for number in range(2) for step in range(2)},
        **{f"span {number}.{step}": f"call {number}.{step}" for number in range(2) for step in range(2)},
    }


def test_a_thread_with_a_copy_of_the_context_has_the_span_for_a_parent(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer
) -> None:
    def work() -> None:
        with tracer.span("span"), recorder.in_subsegment("inner"):
            pass

    with tracer.span("outer"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert [node.names() for node in xray_daemon.tree()] == [("outer", ("span", "inner"))]


def test_a_span_that_outlives_its_invocation_in_a_thread_stays_in_its_trace(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        with tracer.span("slow"):
            started.set()
            go_on.wait(PATIENCE)
            with tracer.span("late"):
                pass
        with tracer.span("never"):
            pass
        assert tracer.headers() == {}

    @handler(tracer)
    def place_order(event: Any, context: Any) -> None:
        threads.append(threading.Thread(target=contextvars.copy_context().run, args=(work,)))
        threads[0].start()
        assert started.wait(PATIENCE)

    place_order({}, make_context())
    trace = xray_daemon.trace_id
    monkeypatch.setenv("_X_AMZN_TRACE_ID", xray_daemon.next_invocation())
    go_on.set()
    threads[0].join()
    [node] = xray_daemon.tree()
    assert node.names() == (node.name, ("slow", "late"))
    assert {document["trace_id"] for document in xray_daemon.documents} == {trace}


def test_a_generator_is_a_parent_only_while_it_runs(recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer) -> None:
    @tracer.span("generator")
    def numbers() -> Generator[int]:
        with recorder.in_subsegment("inside"):
            pass
        yield 1

    with tracer.span("outer"):
        for _ in numbers():
            with tracer.span("outside"):
                pass
    [node] = xray_daemon.tree()
    assert sorted(map(str, node.names()[1:])) == ["('generator', 'inside')", "outside"]


def test_spans_are_in_a_segment_of_ones_own(
    xray_daemon: FakeXRayDaemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    sent: list[Any] = []

    def send(entity: Any) -> None:
        sent.append(entity.to_dict())

    with recording(xray_daemon.port, Context()) as recorder:
        recorder.streaming_threshold = 30
        recorder.emitter.send_entity = send
        segment = recorder.begin_segment("segment", sampling=1)
        with tracer.span("outer"), recorder.in_subsegment("call"), tracer.span("inner"):
            assert tracer.headers() == {
                "X-Amzn-Trace-Id": f"Root={segment.trace_id};Parent={inner_of(tracer)};Sampled=1"
            }
        late = tracer.span("late").__enter__()
        recorder.end_segment()
        assert sent == []
        late.end()
        assert tracer.headers() == {}
    [document] = sent
    assert names(document) == ["segment", ["outer", ["call", ["inner"]]], ["late"]]


def inner_of(tracer: Tracer) -> str:
    current: Any = tracer.current()
    return str(current.id)


def names(document: dict[str, Any]) -> list[Any]:
    return [document["name"], *map(names, document.get("subsegments", ()))]


# Invocations


def test_the_outermost_span_tells_of_the_invocation(
    recorder: Any, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = Tracer("shop", "xray-sdk", w3c=True)
    traceparent = f"00-{'1' * 32}-{'2' * 16}-01"

    @handler(tracer.span("handler"))
    def place_order(event: Any, context: Any) -> Any:
        with tracer.span("inner"):
            pass
        return tracer.headers()

    headers = place_order({"headers": {"traceparent": traceparent}}, make_context())
    monkeypatch.setenv("_X_AMZN_TRACE_ID", xray_daemon.next_invocation())
    place_order({}, make_context())
    first, second = xray_daemon.tree()
    assert [one.annotations for one in (first, second)] == [
        {"ColdStart": cold, "Service": "shop"} for cold in (True, False)
    ]
    assert first.metadata == {"shop": {"traceparent": traceparent}}
    assert (first.find("inner").annotations, second.metadata) == ({}, {})
    assert headers == {
        "X-Amzn-Trace-Id": f"Root={first.trace_id};Parent={first.id};Sampled=1",
        "traceparent": f"00-{first.trace_id[2:].replace('-', '')}-{first.id}-01",
    }


@pytest.mark.parametrize("same_trace", [False, True])
def test_nothing_of_an_invocation_is_in_the_next_one(
    same_trace: bool, recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    @handler(tracer)
    def first(event: Any, context: Any) -> None:
        recorder.begin_subsegment("never ended")
        tracer.span("forgotten").__enter__()

    @handler(tracer)
    def second(event: Any, context: Any) -> None:
        with recorder.in_subsegment("call"):
            pass

    first({}, make_context())
    header = xray_daemon.next_invocation()
    if same_trace:  # Lambda tries again what has failed: the trace is the same, the segment another
        xray_daemon._functions.pop(xray_daemon.trace_id)
        (trace,) = xray_daemon._functions
        header = header.replace(xray_daemon.trace_id, trace)
        segment = header.partition("Parent=")[2][:16]
        [node] = xray_daemon.tree()
        xray_daemon._datagrams.clear()
        xray_daemon._read.clear()
        xray_daemon._functions[trace] = segment, True
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    second({}, make_context())
    node = xray_daemon.tree()[-1]
    assert node.names() == (node.name, "call")
    assert node.name.endswith("second")
    with recorder.in_subsegment("after"):
        pass
    monkeypatch.setenv("_X_AMZN_TRACE_ID", xray_daemon.next_invocation())
    recorder.get_trace_entity()  # lets go of what was never ended


@pytest.mark.parametrize("header", [None, "nothing", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"])
def test_without_a_trace_nothing_is_recorded(
    header: str | None, recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorder.in_subsegment("before"):
        pass
    if header is None:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")
    else:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    with tracer.span("span") as span:
        assert (span.recording, tracer.current().recording, tracer.headers()) == (False, False, {})
    assert [node.names() for node in xray_daemon.tree()] == ["before"]


def test_what_is_not_sampled_is_not_recorded_and_the_decision_goes_on(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = xray_daemon.next_invocation(sampled=False)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    @tracer
    def traced() -> dict[str, str]:
        return tracer.headers()

    assert traced() == {"X-Amzn-Trace-Id": header}
    monkeypatch.setenv("_X_AMZN_TRACE_ID", xray_daemon.next_invocation())
    recorder.begin_subsegment_without_sampling("unsampled")
    with tracer.span("span") as span:
        assert span.recording is False
    recorder.end_subsegment()
    assert xray_daemon.tree() == []


def test_outside_of_a_segment_nothing_is_recorded(xray_daemon: FakeXRayDaemon, tracer: Tracer) -> None:
    with recording(xray_daemon.port, Context("RUNTIME_ERROR")), tracer.span("span") as span:
        assert span.recording is False


def test_a_segment_that_has_ended_takes_no_span(
    xray_daemon: FakeXRayDaemon, tracer: Tracer, caplog: pytest.LogCaptureFixture
) -> None:
    with recording(xray_daemon.port, Context()) as recorder:
        recorder.begin_segment("segment", sampling=1).close()
        with tracer.span("span") as span:
            assert span.recording is False
    [record] = caplog.records
    assert record.getMessage().startswith("the X-Ray SDK did not accept the span span: Already ended")
