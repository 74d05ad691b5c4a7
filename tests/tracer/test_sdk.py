"""Spans that the X-Ray SDK records: by its own hand, and beside the backend that does without it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.tracer import Tracer
from tests.patience import PATIENCE
from tests.tracer.sdk import KEY, lambda_with_sdk, patched_dynamodb, recording, sdk_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lambda_kit.testing import FakeXRayDaemon, SpanNode

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


# The same scenario by each


def by_hand(recorder: Any, call: Callable[[], object]) -> None:
    with recorder.in_subsegment("order"):
        recorder.put_annotation("order_id", "o-1")
        recorder.put_metadata("items", [{"n": 1}], "shop")
        with recorder.in_subsegment("charge"):
            call()
            raise ValueError("declined")


def by_spans(tracer: Tracer, call: Callable[[], object]) -> None:
    with tracer.span("order") as span:
        span.annotate(order_id="o-1")
        span.metadata(items=[{"n": 1}])
        with tracer.span("charge"):
            call()
            raise ValueError("declined")


def by_spans_outside(tracer: Tracer, recorder: Any, call: Callable[[], object]) -> None:
    with tracer.span("order") as span:
        span.annotate(order_id="o-1")
        span.metadata(items=[{"n": 1}])
        with recorder.in_subsegment("charge"):
            call()
            raise ValueError("declined")


def by_spans_inside(tracer: Tracer, recorder: Any, call: Callable[[], object]) -> None:
    with recorder.in_subsegment("order"):
        recorder.put_annotation("order_id", "o-1")
        recorder.put_metadata("items", [{"n": 1}], "shop")
        with tracer.span("charge"):
            call()
            raise ValueError("declined")


def told(node: SpanNode) -> dict[str, Any]:
    """Return what a span says, without what differs each time."""
    return {
        "name": node.name,
        "namespace": node.namespace,
        "flags": (node.error, node.fault, node.throttle),
        "annotations": node.annotations,
        "metadata": node.metadata,
        "exceptions": [(one.type, one.message) for one in node.exceptions],
        "aws": node.aws,
        "http": node.http,
        "children": [told(child) for child in node.children],
    }


SCENARIO: dict[str, Callable[[Any, Callable[[], object]], None]] = {
    "by hand": by_hand,
    "the SDK's backend": lambda recorder, call: by_spans(Tracer("shop", "xray-sdk"), call),
    "the SDK's backend, outside": lambda recorder, call: by_spans_outside(Tracer("shop", "xray-sdk"), recorder, call),
    "the SDK's backend, inside": lambda recorder, call: by_spans_inside(Tracer("shop", "xray-sdk"), recorder, call),
    "X-Ray's protocol": lambda recorder, call: by_spans(Tracer("shop", "xray"), call),
    "X-Ray's protocol, outside": lambda recorder, call: by_spans_outside(Tracer("shop", "xray"), recorder, call),
    "X-Ray's protocol, inside": lambda recorder, call: by_spans_inside(Tracer("shop", "xray"), recorder, call),
}


@pytest.mark.parametrize("by", SCENARIO)
def test_the_same_scenario_gives_the_same_tree_whoever_records_it(
    by: str, recorder: Any, xray_daemon: FakeXRayDaemon
) -> None:
    with patched_dynamodb() as (client, server):
        with pytest.raises(ValueError, match="declined"):
            SCENARIO[by](recorder, lambda: client.get_item(TableName="orders", Key=KEY))
        header = server.requests[0].headers["x-amzn-trace-id"]
    [order] = xray_daemon.tree()
    call = order.find("dynamodb")
    assert f"Root={xray_daemon.trace_id};Parent={call.id};Sampled=1" in header
    failed = {"flags": (False, True, False), "namespace": None, "exceptions": [("ValueError", "declined")]}
    silent: dict[str, Any] = {"annotations": {}, "metadata": {}, "aws": {}, "http": {}}
    assert told(order) == {
        **silent,
        **failed,
        "name": "order",
        "annotations": {"order_id": "o-1"},
        "metadata": {"shop": {"items": [{"n": 1}]}},
        "children": [
            {
                **silent,
                **failed,
                "name": "charge",
                "children": [
                    {
                        **silent,
                        "name": "dynamodb",
                        "namespace": "aws",
                        "flags": (False, False, False),
                        "exceptions": [],
                        "aws": {
                            "operation": "GetItem",
                            "region": call.aws["region"],
                            "request_id": "r-1",
                            "table_name": "orders",
                        },
                        "http": {"response": {"status": 200}},
                        "children": [],
                    }
                ],
            }
        ],
    }


# What is sent


def test_what_is_said_of_a_span_is_sent(recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer) -> None:
    nothing: Any = None
    with tracer.span("call", kind="remote") as span:
        assert (span.recording, tracer.current()) == (True, span)
        span.annotate(none=nothing)
        span.annotate(number=1.5, **{"a key": "x" * 2_000, "password": "hidden"})
        span.metadata(token="hidden", inner={"api_key": "hidden", "n": [1, None]}, what={1})
        span.http(method="GET", url="https://example.org/a?hidden#hidden", status=429, length=3)
        span.aws(operation="GetItem", region=None)
        span.aws(retries=2)
    assert (span.recording, tracer.current().recording) == (False, False)
    span.annotate(late=1)
    span.metadata(late=1)
    span.http(status=500)
    span.aws(late=1)
    span.record_error(ValueError("late"))
    span.end()
    [node] = xray_daemon.tree()
    assert (node.name, node.namespace, node.error, node.fault, node.throttle) == ("call", "remote", True, False, True)
    assert (node.annotations["number"], node.annotations["password"]) == (1.5, "[redacted]")
    assert len(str(node.annotations["a_key"])) == 1_000
    assert node.metadata["shop"]["token"] == "[redacted]"
    assert node.metadata["shop"]["inner"] == {"api_key": "[redacted]", "n": [1, None]}
    assert node.http == {
        "request": {"method": "GET", "url": "https://example.org/a"},
        "response": {"status": 429, "content_length": 3},
    }
    assert node.aws == {"operation": "GetItem", "retries": 2}
    assert b"hidden" not in b"".join(xray_daemon.datagrams)


@given(
    name=st.text(max_size=300),
    values=st.dictionaries(
        st.text(max_size=50), st.recursive(st.none() | st.floats() | st.text() | st.binary(), st.lists, max_leaves=5)
    ),
)
def test_no_name_and_no_value_is_more_than_the_sdk_takes(name: str, values: dict[str, Any]) -> None:
    with lambda_with_sdk() as (daemon, _):
        with Tracer(service="AWS.shop", backend="xray-sdk").span(name) as span:
            span.annotate(**values)
            span.metadata(**values)
            span.aws(**{f"other {key}": value for key, value in values.items()})
        [node] = daemon.tree()
        assert set(node.metadata.get("default", {})) == set(values)


@given(
    st.lists(
        st.tuples(st.sampled_from(["annotate", "metadata", "aws"]), st.integers(1, 2_000), st.integers(0, 40_000)),
        max_size=6,
    )
)
def test_no_document_is_larger_than_x_ray_takes(said: list[tuple[str, int, int]]) -> None:
    with lambda_with_sdk() as (daemon, _):
        with Tracer(backend="xray-sdk").span("span") as span:
            for number, (say, count, length) in enumerate(said):
                each = "ä" * (length // count)
                getattr(span, say)(**{f"{say}_{number}_{index}": each for index in range(count)})
        [node] = daemon.tree()  # which has been sent, and has the right size
        assert node.name == "span"


def test_what_was_cut_says_how_large_it_was(recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer) -> None:
    with tracer.span("span") as span:
        span.metadata(large="x" * 70_000, small="y" * 200)
    [node] = xray_daemon.tree()
    assert node.metadata == {"shop": {"large": "[cut: 70002 bytes]", "small": "y" * 200}}


# Errors


class Unusual(Exception):
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def __str__(self) -> str:
        raise RuntimeError("no text")


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    reason: str


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ValueError("no"), "ValueError", "no"),
        (KeyboardInterrupt("stop"), "KeyboardInterrupt", "stop"),
        (Unusual("x"), "Unusual", "[its message cannot be had: RuntimeError]"),
        (Frozen("full"), "Frozen", "full"),
        (ValueError("x" * 5_000), "ValueError", "x" * 3_999 + "…"),
    ],
)
def test_what_leaves_a_span_is_recorded_and_goes_on(
    error: BaseException, kind: str, message: str, recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer
) -> None:
    with pytest.raises(type(error)) as raised, tracer.span("span"):
        raise error
    assert raised.value is error
    [node] = xray_daemon.tree()
    [one] = node.exceptions
    assert (node.fault, one.type, one.message) == (True, kind, message)
    assert [frame[2] for frame in one.stack] == ["test_what_leaves_a_span_is_recorded_and_goes_on"]


def test_an_error_that_is_recorded_twice_is_one_error(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer
) -> None:
    first, second = ValueError("first"), ValueError("second")
    with tracer.span("outer") as outer:
        with tracer.span("inner") as inner:
            inner.record_error(first)
            inner.record_error(second)
            inner.record_error(first)
        outer.record_error(first)
        outer.record_error(second)
    [node] = xray_daemon.tree()
    assert [one.message for one in node.find("inner").exceptions] == ["first", "second"]
    assert [one.message for one in node.exceptions] == ["second"]
    with tracer.span("other") as span:
        span.record_error(first)
        span.record_error(ValueError("third"))
    assert [one.message for one in xray_daemon.tree()[1].exceptions] == ["third"]


def test_causes_and_members_of_a_group_are_recorded_as_the_kits_own_backend_records_them(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer
) -> None:
    def fail() -> None:
        caused = ValueError("caused")
        caused.__cause__ = KeyError("cause")
        raise ExceptionGroup("outer", [caused, ExceptionGroup("inner", [TypeError("a"), Unusual("b")]), Frozen("c")])

    for each in (tracer, Tracer(backend="xray")):
        with pytest.raises(ExceptionGroup), each.span("span"):
            fail()
    theirs, ours = xray_daemon.tree()
    found = [(one.type, one.message) for one in theirs.exceptions]
    assert found == [(one.type.rpartition(".")[2], one.message) for one in ours.exceptions]
    assert [kind for kind, _ in found] == [
        "ExceptionGroup", "ValueError", "KeyError", "ExceptionGroup", "TypeError", "Unusual", "Frozen",
    ]  # fmt: skip
    assert theirs.exceptions[0].stack[-1][2] == "fail"
    assert [_places_of_causes(one) for one in xray_daemon.documents] == [[1, 2, None, 4, None, None, None]] * 2


def _places_of_causes(document: dict[str, Any]) -> list[int | None]:
    """Return the index of the cause of each exception."""
    exceptions = document["cause"]["exceptions"]
    places = {one["id"]: index for index, one in enumerate(exceptions)}
    return [places.get(one.get("cause")) for one in exceptions]


def test_recording_a_group_marks_no_member_of_it(recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer) -> None:
    member = ValueError("member")
    with tracer.span("group") as span:
        span.record_error(ExceptionGroup("outer", [member]))
    with tracer.span("member") as span:
        span.record_error(member)
    assert [len(one.exceptions) for one in xray_daemon.tree()] == [2, 1]


def test_a_group_that_is_too_large_for_a_document_is_recorded_as_far_as_it_fits(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer
) -> None:
    with tracer.span("span") as span:
        span.metadata(order="o-1")
        span.record_error(ExceptionGroup("many", [ValueError(f"{number}" * 3_900) for number in range(1, 100)]))
        span.record_error(ExceptionGroup("more", [ValueError("\N{SNOWMAN}" * 3_900) for _ in range(1, 100)]))
    [node] = xray_daemon.tree()
    assert 1 < len(node.exceptions) <= 16
    assert list(node.metadata.values()) == [{"order": "o-1"}]


def test_without_errors_captured_a_span_has_only_failed(recorder: Any, xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer(backend="xray-sdk", capture_error=False)
    with pytest.raises(ValueError, match="hidden"), tracer.span("span"):
        raise ValueError("hidden")
    [node] = xray_daemon.tree()
    assert (node.fault, node.exceptions) == (True, [])


def test_frames_are_as_many_as_the_recorder_is_told(
    recorder: Any, xray_daemon: FakeXRayDaemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(deeper: int) -> None:
        if deeper == 0:
            raise ValueError
        fall(deeper - 1)

    monkeypatch.setattr(recorder, "max_trace_back", 3)
    with pytest.raises(ValueError), tracer.span("span"):  # noqa: PT011 (it has no message)
        fall(10)
    [node] = xray_daemon.tree()
    assert [frame[2] for frame in node.exceptions[0].stack] == ["fall"] * 3


# Failures


def test_an_emitter_that_fails_fails_no_span(
    xray_daemon: FakeXRayDaemon, tracer: Tracer, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(entity: Any) -> None:
        raise OSError("full")

    with recording(xray_daemon.port) as recorder:
        recorder.emitter.send_entity = fail
        with tracer.span("span"):
            pass
        assert tracer.current().recording is False
        assert sdk_stack() == []
    assert [record.getMessage() for record in caplog.records] == ["the X-Ray SDK did not send the span span: full"]


def test_without_the_sdk_the_error_names_what_to_install() -> None:
    program = """
import sys

sys.modules["aws_xray_sdk"] = None
from lambda_kit.tracer import Tracer

Tracer(backend="xray-sdk")
"""
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert 'MissingExtra: Tracer(backend="xray-sdk") needs aws-xray-sdk' in run.stderr
    assert 'pip install "lambda-kit-sdk[xray]"' in run.stderr


def test_an_exception_that_is_raised_in_two_invocations_is_recorded_in_both(
    recorder: Any, tracer: Tracer, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    always = ValueError("sold out")
    for _ in range(2):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", xray_daemon.next_invocation())
        with pytest.raises(ValueError, match="sold out"), tracer.span("span"):
            raise always
    assert [(span.exceptions[0].type, span.exceptions[0].message) for span in xray_daemon.tree()] == [
        ("ValueError", "sold out"),
        ("ValueError", "sold out"),
    ]
