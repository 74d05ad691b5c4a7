"""Where the trace of OpenTelemetry's spans comes from, and what goes on in requests."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry import context as otel_context
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind

from lambda_kit import handler
from lambda_kit.testing import invoke, make_context
from tests.tracer.otel import PARENT, TRACE_ID, XRAY, Recorded, id_of, installed, make, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterator


CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    found = Recorded()
    with installed(found.provider):
        yield found


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_PROPAGATORS", raising=False)


@pytest.fixture
def xray_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY};Parent={PARENT};Sampled=1;Lineage=a:0")


@pytest.mark.usefixtures("xray_parent")
def test_the_parent_is_lambda_s_segment(recorded: Recorded) -> None:
    @handler(make())
    def traced(event: Any, context: Any) -> None:
        pass

    invoke(traced, {"headers": {"traceparent": CALLER}})
    found = recorded.span("traced")
    assert found.parent is not None
    assert found.parent.is_remote
    assert (found.parent.trace_id, f"{found.parent.span_id:016x}") == (TRACE_ID, PARENT)


def test_each_invocation_has_its_own_parent_and_leaves_none(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    @handler(make())
    def traced(event: Any, context: Any) -> None:
        pass

    for number in range(3):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY};Parent={PARENT[:-1]}{number};Sampled=1")
        invoke(traced)
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert [f"{parent_of(one):016x}"[-1] for one in recorded.spans] == ["0", "1", "2"]


@pytest.mark.usefixtures("xray_parent")
def test_with_w3c_it_is_the_caller_s_span_whose_state_and_baggage_go_on(recorded: Recorded) -> None:
    tracer = make(w3c=True)
    sent: list[dict[str, str]] = []

    @handler(tracer)
    def traced(event: Any, context: Any) -> None:
        sent.append(tracer.headers())

    invoke(traced, context=make_context(w3c={"traceparent": CALLER, "tracestate": "a=1", "baggage": "user=u-1"}))
    found = recorded.span("traced")
    assert found.parent is not None
    assert f"00-{found.parent.trace_id:032x}-{found.parent.span_id:016x}-01" == CALLER
    ids = (CALLER[3:35], f"{id_of(found):016x}")
    (headers,) = sent
    assert headers["tracestate"] == "a=1"
    assert headers["baggage"] == "user=u-1"
    assert headers["traceparent"].startswith(f"00-{ids[0]}-{ids[1]}-")
    assert headers["X-Amzn-Trace-Id"] == f"Root=1-{ids[0][:8]}-{ids[0][8:]};Parent={ids[1]};Sampled=1;Lineage=a:0"


@pytest.mark.usefixtures("xray_parent")
def test_a_span_of_automatic_instrumentation_comes_before_both(recorded: Recorded) -> None:
    @handler(make(w3c=True))
    def traced(event: Any, context: Any) -> None:
        pass

    with trace.get_tracer("others").start_as_current_span("auto", otel_context.Context()):
        invoke(traced, {"headers": {"traceparent": CALLER}})
    assert recorded.tree() == (("auto", (("traced", ()),)),)
    assert recorded.span("traced").kind is SpanKind.INTERNAL  # the server span is the one outside


@pytest.mark.parametrize("text", ["", "Root=1;Parent=2;Sampled=1", f"Root={XRAY}"])
def test_a_header_that_is_none_begins_a_new_trace(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", text)
    with make().span("new"):
        pass
    assert recorded.span("new").parent is None


@pytest.mark.usefixtures("xray_parent")
@pytest.mark.parametrize(("names", "taken"), [("tracecontext,baggage", False), ("tracecontext,xray-lambda", True)])
def test_lambda_s_header_is_not_for_those_who_have_chosen_other_propagators(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, names: str, taken: bool
) -> None:
    monkeypatch.setenv("OTEL_PROPAGATORS", names)
    with make().span("step"):
        pass
    assert (recorded.span("step").parent is not None) is taken


def test_headers_are_those_of_the_configured_propagator_x_ray_s_and_with_w3c_its(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(propagate, "_HTTP_TEXT_FORMAT", AwsXRayPropagator())
    assert make().headers() == {}
    with make().span("step"):
        configured: dict[str, str] = {}
        propagate.inject(configured)
        assert make().headers() == configured
        assert make(w3c=True).headers().keys() == {"traceparent", "X-Amzn-Trace-Id"}
        monkeypatch.undo()
        assert make().headers().keys() == {"traceparent", "X-Amzn-Trace-Id"}
        otel_context.attach(baggage.set_baggage("user", "u-1"))
        assert make().headers()["baggage"] == "user=u-1"


def test_an_invocation_that_is_not_sampled_records_nothing_and_passes_that_on(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY};Parent={PARENT};Sampled=0")
    tracer = make()
    sent: list[dict[str, str]] = []

    @handler(tracer)
    def traced(event: Any, context: Any) -> None:
        with tracer.span("step") as span:
            assert not span.recording
            span.annotate(a=1)
            span.metadata(a=1)
            span.http(status=500)
            span.aws(operation="GetItem")
            span.record_error(ValueError())
            sent.append(tracer.headers())
        with trace.get_tracer("others").start_as_current_span("others"):
            pass

    assert invoke(traced).error is None
    assert not recorded.spans
    (headers,) = sent
    assert headers["X-Amzn-Trace-Id"].startswith(f"Root={XRAY};Parent=")
    assert headers["X-Amzn-Trace-Id"].endswith(";Sampled=0")
    assert headers["traceparent"].endswith("-00")


def test_a_sampler_may_record_what_x_ray_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY};Parent={PARENT};Sampled=0")
    found = Recorded(ALWAYS_ON)
    with installed(found.provider), make().span("step"):
        pass
    assert found.tree() == (("step", ()),)


@pytest.mark.usefixtures("xray_parent")
def test_without_an_sdk_nothing_is_recorded_and_the_trace_goes_on() -> None:
    with installed(None):
        tracer = make()
        sent: list[dict[str, str]] = []

        @handler(tracer)
        def traced(event: Any, context: Any) -> None:
            before = otel_context.get_current()
            with tracer.span("step") as span:
                assert not span.recording
                assert otel_context.get_current() is before
                sent.append(tracer.headers())

        assert invoke(traced).error is None
        assert sent[0]["X-Amzn-Trace-Id"] == f"Root={XRAY};Parent={PARENT};Sampled=1;Lineage=a:0"


def test_a_provider_may_be_set_after_the_tracer_is_made() -> None:
    found = Recorded()
    with installed(None):
        tracer = make()
        with installed(found.provider), tracer.span("step"):
            pass
    assert found.tree() == (("step", ()),)


@pytest.mark.usefixtures("xray_parent")
def test_a_thread_that_outlives_the_invocation_begins_no_trace_with_the_next_one_s_header(recorded: Recorded) -> None:
    tracer = make()
    contexts: list[contextvars.Context] = []

    @handler
    def traced(event: Any, context: Any) -> None:
        contexts.append(contextvars.copy_context())
        with tracer.span("step"):
            contexts.append(contextvars.copy_context())

    invoke(traced)

    def late() -> None:
        with tracer.span("late"):
            pass

    contexts[0].run(late)
    assert contexts[0].run(tracer.headers) == {}
    assert recorded.tree() == (("step", ()),)
    contexts[1].run(late)  # its parent is known
    assert recorded.tree() == (("step", (("late", ()),)),)
