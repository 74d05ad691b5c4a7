"""Spans and what code records with the X-Ray SDK, in one tree, whichever is outside."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.pipeline import handler
from lambda_kit.testing import make_context
from lambda_kit.tracer import Tracer
from tests.aws.servers import Server
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE
from tests.services import REGION
from tests.tracer.sdk import FOUND, KEY, lambda_with_sdk, parents, patched_dynamodb, recording, sdk_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import FakeXRayDaemon

skip_in_the_middle()

Subsegment: Any = import_module("aws_xray_sdk.core.models.subsegment").Subsegment
Context: Any = import_module("aws_xray_sdk.core.context").Context


@pytest.fixture
def recorder(xray_daemon: FakeXRayDaemon) -> Iterator[Any]:
    with recording(xray_daemon.port) as recorder:
        yield recorder
        assert not any(type(entity).__module__.startswith("lambda_kit") for entity in sdk_stack())


def test_what_the_sdk_records_is_under_the_span_around_it(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    with Tracer().span("outer"), recorder.in_subsegment("middle"), recorder.in_subsegment("inner"):
        pass
    assert [node.names() for node in xray_daemon.tree()] == [("outer", ("middle", "inner"))]


def test_a_span_is_under_what_the_sdk_records_around_it(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()
    with recorder.in_subsegment("a"), tracer.span("b"), recorder.in_subsegment("c"), tracer.span("d"):
        pass
    assert [node.names() for node in xray_daemon.tree()] == [("a", ("b", ("c", "d")))]


KINDS = ("xray", "xray-sdk", "sdk")


@given(st.lists(st.one_of(st.sampled_from(KINDS), st.integers(0, 9)), max_size=30))
def test_whatever_begins_and_ends_in_whatever_order_is_under_the_last_that_is_open(steps: list[str | int]) -> None:
    with lambda_with_sdk() as (daemon, recorder):
        tracers: dict[str, Any] = {"xray": Tracer(backend="xray"), "xray-sdk": Tracer(backend="xray-sdk")}
        expected: dict[str, str | None] = {}
        opened: list[tuple[str, Any]] = []

        def end(number: int) -> None:
            span = opened[number][1]
            if span is None:  # the SDK ends the last of its own
                number = max(index for index, (_, one) in enumerate(opened) if one is None)
                recorder.end_subsegment()
            else:
                span.end()
            del opened[number]

        for number, step in enumerate(steps):
            if isinstance(step, int):
                if opened:
                    end(step % len(opened))
                continue
            name = f"{step} {number}"
            expected[name] = opened[-1][0] if opened else None
            if step == "sdk":
                assert recorder.begin_subsegment(name) is not None
                opened.append((name, None))
            else:
                opened.append((name, tracers[step].span(name).__enter__()))
        while opened:
            end(0)
        assert parents(daemon) == expected
        assert recorder.context._local.__dict__.get("entities", []) == []


def test_the_sdk_ends_its_own_subsegment_while_a_span_inside_of_it_is_still_open(
    recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    span = Tracer().span("inner")
    with recorder.in_subsegment("outer"):
        span.__enter__()
    outer = [document["name"] for document in xray_daemon.documents]
    with recorder.in_subsegment("after"):
        pass
    span.end()
    assert outer == ["outer"]
    assert [node.names() for node in xray_daemon.tree()] == [("outer", ("inner", "after"))]


def test_the_sdk_has_nothing_to_end_where_only_spans_are_open(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    with Tracer().span("outer"):
        recorder.end_subsegment()
        with recorder.in_subsegment("inner"):
            pass
    assert [node.names() for node in xray_daemon.tree()] == [("outer", "inner")]


def test_what_the_sdk_has_begun_ends_after_the_span_and_is_sent(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    span = Tracer().span("outer").__enter__()
    recorder.begin_subsegment("late")
    recorder.begin_subsegment("later")
    span.end()
    recorder.end_subsegment()
    recorder.end_subsegment()
    assert [node.names() for node in xray_daemon.tree()] == [("outer", ("late", "later"))]


def test_each_thing_is_sent_as_soon_as_it_ends(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    with recorder.in_subsegment("a"), Tracer().span("b"):
        with recorder.in_subsegment("c"):
            pass
        assert [document["name"] for document in xray_daemon.documents] == ["c"]


# Tasks, threads, generators


def test_calls_of_tasks_that_take_turns_are_under_the_spans_of_their_tasks(
    recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    tracer = Tracer()
    turn = [asyncio.Event(), asyncio.Event()]

    async def task(number: int) -> None:
        with tracer.span(f"task {number}"):
            for step in range(2):
                turn[1 - number].set()
                await turn[number].wait()
                turn[number].clear()
                with recorder.in_subsegment(f"call {number}.{step}"):
                    recorder.put_annotation("number", number)
                recorder.put_annotation("own", number)
            turn[1 - number].set()

    async def both() -> None:
        with tracer.span("all"):
            await asyncio.gather(task(0), task(1))

    asyncio.run(both())
    assert parents(xray_daemon) == {
        "all": None,
        **{f"task {number}": "all" for number in range(2)},
        **{f"call {number}.{step}": f"task {number}" for number in range(2) for step in range(2)},
    }
    [node] = xray_daemon.tree()
    assert [node.find(f"task {number}").annotations["own"] for number in range(2)] == [0, 1]


def test_a_thread_with_a_copy_of_the_context_has_the_span_for_a_parent(
    recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    tracer = Tracer()

    def work() -> None:
        with tracer.span("span"), recorder.in_subsegment("inner"):
            pass

    with tracer.span("outer"):
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert [node.names() for node in xray_daemon.tree()] == [("outer", ("span", "inner"))]


def test_a_thread_that_is_given_the_entity_of_the_sdk_has_the_span_for_a_parent(
    recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    tracer = Tracer()

    def work(entity: Any) -> None:
        recorder.set_trace_entity(entity)
        with recorder.in_subsegment("by the SDK"):
            pass
        with tracer.span("span"), recorder.in_subsegment("inner"):
            pass

    with tracer.span("outer"):
        thread = threading.Thread(target=work, args=(recorder.get_trace_entity(),))
        thread.start()
        thread.join()
    assert [node.names() for node in xray_daemon.tree()] == [("outer", "by the SDK", ("span", "inner"))]


def test_a_span_that_ends_in_another_thread_leaves_nothing_behind(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()
    with tracer.span("outer"):
        span = tracer.span("elsewhere").__enter__()
        recorder.begin_subsegment("open")
        thread = threading.Thread(target=span.end)
        thread.start()
        thread.join()
        recorder.end_subsegment()
        with recorder.in_subsegment("after"):
            pass
        recorder.put_annotation("said", "after")
        with tracer.span("last"):
            pass
    [outer] = xray_daemon.tree()
    assert outer.names() == ("outer", ("elsewhere", "open"), "after", "last")
    assert outer.annotations == {"said": "after"}


def test_whoever_iterates_is_not_inside_of_the_generator(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()

    @tracer.span("generator")
    def numbers() -> Iterator[int]:
        with recorder.in_subsegment("inside"):
            pass
        yield 1

    with recorder.in_subsegment("outer"):
        for _ in numbers():
            recorder.put_annotation("outside", True)
            with recorder.in_subsegment("outside"):
                pass
    [outer] = xray_daemon.tree()
    assert outer.names() == ("outer", ("generator", "inside"), "outside")
    assert outer.annotations == {"outside": True}


# What is said to the SDK


def test_what_the_sdk_is_told_about_what_is_open_is_told_to_the_span(
    recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    with Tracer().span("span"):
        recorder.put_annotation("order", "o-1")
        recorder.put_metadata("items", [1])
        recorder.put_metadata("a", 1, "mine")
        recorder.put_metadata("b", 2, "mine")
        entity = recorder.current_subsegment()
        assert entity.name == "span"
        entity.put_http_meta("method", "GET")
        entity.put_http_meta("url", "https://example.org/?hidden")
        entity.put_http_meta("status", "200")
        entity.put_http_meta("content_length", 3)
        entity.set_aws({"operation": "GetItem"})
        entity.set_sql({"url": "sqlite://"})
        entity.add_exception(ValueError("no"), [])
    [span] = xray_daemon.tree()
    assert span.annotations == {"order": "o-1"}
    assert span.metadata == {"default": {"items": [1], "mine": {"a": 1, "b": 2}, "sql": {"url": "sqlite://"}}}
    assert span.http == {
        "request": {"method": "GET", "url": "https://example.org/"},
        "response": {"status": 200, "content_length": 3},
    }
    assert (span.aws, span.fault) == ({"operation": "GetItem"}, True)
    assert [(one.type, one.message) for one in span.exceptions] == [("ValueError", "no")]


@pytest.mark.parametrize(
    ("say", "arguments", "flags"),
    [
        ("add_error_flag", (), (True, False, False)),
        ("add_fault_flag", (), (False, True, False)),
        ("add_throttle_flag", (), (True, False, True)),
        ("apply_status_code", (503,), (False, True, False)),
    ],
)
def test_a_failure_that_the_sdk_is_told_is_one_of_the_span(
    say: str, arguments: tuple[int, ...], flags: tuple[bool, ...], recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    with Tracer().span("span"):
        getattr(recorder.current_subsegment(), say)(*arguments)
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.throttle) == flags


def test_what_is_said_while_a_span_of_another_context_is_on_top_goes_where_the_sdk_would_say_it(
    recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    tracer = Tracer()
    with recorder.in_subsegment("outer"):
        away = contextvars.copy_context().run(tracer.span("away").__enter__)
        entity = recorder.current_subsegment()
        entity.put_metadata("k", 1, "mine")
        entity.put_http_meta("status", 404)
        entity.set_aws({"operation": "GetItem"})
        entity.set_sql({"url": "sqlite://"})
        entity.add_exception(ValueError("no"), [])
        away.end()
    [outer] = xray_daemon.tree()
    assert outer.names() == ("outer", "away")
    assert (outer.metadata, outer.aws) == ({"mine": {"k": 1}}, {"operation": "GetItem"})
    assert (outer.error, outer.fault, outer.exceptions[0].message) == (True, True, "no")


# Where there is nothing to bridge


def test_the_sdk_hears_nothing_of_spans_that_it_does_not_sample(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    recorder.begin_subsegment_without_sampling("unsampled")
    with Tracer().span("span"):
        assert type(recorder.current_subsegment()).__name__ == "DummySubsegment"
    recorder.end_subsegment()
    assert [node.names() for node in xray_daemon.tree()] == ["span"]


def test_a_context_that_is_not_for_lambda_is_left_alone(
    xray_daemon: FakeXRayDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    with recording(xray_daemon.port, Context()), Tracer().span("span"):
        pass
    assert [node.names() for node in xray_daemon.tree()] == ["span"]
    assert caplog.records == []


def test_a_context_that_fails_costs_no_more_than_the_bridge(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recording(xray_daemon.port) as recorder:
        monkeypatch.delattr(recorder.context, "_local")
        with Tracer().span("span"):
            pass
    assert [node.names() for node in xray_daemon.tree()] == ["span"]


@pytest.mark.parametrize("same_trace", [False, True])
def test_nothing_of_an_invocation_is_in_the_next_one(
    same_trace: bool, recorder: Any, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = Tracer()
    forgotten: list[Any] = []

    @handler(tracer)
    def first(event: Any, context: Any) -> None:
        recorder.begin_subsegment("never ended")
        forgotten.append(tracer.span("forgotten").__enter__())

    @handler(tracer)
    def second(event: Any, context: Any) -> None:
        with recorder.in_subsegment("call"):
            pass

    first({}, make_context())
    one = xray_daemon.trace_id
    header = xray_daemon.next_invocation()
    if same_trace:  # Lambda tries again what has failed: the trace is the same, the segment another
        header = header.replace(xray_daemon.trace_id, one)
        xray_daemon._functions[one] = xray_daemon._functions.pop(xray_daemon.trace_id)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    second({}, make_context())
    documents = {document["name"].rpartition(".")[2]: document for document in xray_daemon.documents}
    assert documents["second"]["parent_id"] == header.partition("Parent=")[2].partition(";")[0]
    assert documents["call"]["parent_id"] == documents["second"]["id"]
    assert documents["call"]["trace_id"] == documents["second"]["trace_id"]
    xray_daemon._datagrams.clear()  # those before have ids of what has never been sent
    xray_daemon._read.clear()


PROGRAM = """
import json, os, sys
from lambda_kit import handler
from lambda_kit.testing import make_context
from lambda_kit.tracer import Tracer
from aws_xray_sdk.core import patch, xray_recorder
import boto3

patch(["botocore"])
client = boto3.client("dynamodb", endpoint_url=sys.argv[1])
tracer = Tracer(service="shop")


@handler(tracer)
def place_order(event, context):
    with xray_recorder.in_subsegment("by hand"), tracer.span("charge"):
        client.get_item(TableName="orders", Key={"id": {"S": "o-1"}})


place_order({}, make_context())
"""


def test_in_an_environment_like_that_of_lambda_a_patched_client_is_under_the_span(
    xray_daemon: FakeXRayDaemon, tmp_path: Path
) -> None:
    server = Server(FOUND)
    environment = {
        **xray_daemon.environ,
        "LAMBDA_TASK_ROOT": str(tmp_path),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
    }
    try:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url],
            env=environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        server.stop()
    assert (run.returncode, run.stderr) == (0, "")
    [node] = xray_daemon.tree()
    assert node.names() == ("place_order", ("by hand", ("charge", "dynamodb")))
    assert node.annotations == {"ColdStart": True, "Service": "shop"}
    call = node.find("dynamodb")
    assert f"Parent={call.id};" in server.requests[0].headers["x-amzn-trace-id"]


def test_a_call_by_the_patched_client_is_under_the_span(
    recorder: Any, xray_daemon: FakeXRayDaemon, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with patched_dynamodb() as (client, server), Tracer().span("span"):
        client.get_item(TableName="orders", Key=KEY)
    [span] = xray_daemon.tree()
    assert span.names() == ("span", "dynamodb")
    assert f"Parent={span.children[0].id};" in server.requests[0].headers["x-amzn-trace-id"]
    assert caplog.records == []
