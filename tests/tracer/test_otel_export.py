"""The export of OpenTelemetry's spans: before the invocation ends, and as bytes on a socket."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lambda_kit import handler
from lambda_kit.testing import FakeClock, invoke, make_context
from tests.conditions import needs_eager_opentelemetry
from tests.patience import PATIENCE
from tests.threads import refuse_threads
from tests.tracer.otel import PARENT, TRACE_ID, XRAY, Recorded, installed, make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.tracer import Tracer


FUNCTIONS = Path(__file__).parent / "functions"


class Flushed:
    """A provider that counts how often it is flushed, and does what it is told then."""

    def __init__(self, inner: TracerProvider, work: Callable[[], object] = lambda: None) -> None:
        self._inner = inner
        self._work = work
        self.bounds: list[int] = []

    def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner.get_tracer(*args, **kwargs)

    def force_flush(self, timeout_millis: int) -> None:
        self.bounds.append(timeout_millis)
        self._work()


def two_spans(tracer: Tracer) -> Any:
    @handler
    def traced(event: Any, context: Any) -> str:
        with tracer.span("first"):
            pass
        with tracer.span("second"):
            pass
        return "done"

    return traced


def test_spans_are_exported_once_before_the_invocation_ends_within_the_time_that_is_left() -> None:
    provider = Flushed(Recorded().provider)
    with installed(provider):
        traced = two_spans(make())
        for count in (1, 2):
            invoke(traced, context=make_context(timeout=5.0))
            assert len(provider.bounds) == count
        assert 0 < provider.bounds[0] < 5_000
        traced({}, None)
        assert 5_000 < provider.bounds[2] <= 30_000
        invoke(traced, context=make_context(timeout=0.0))
        assert len(provider.bounds) == 3  # no time is left for it


def test_an_invocation_that_recorded_nothing_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY};Parent={PARENT};Sampled=0")
    provider = Flushed(Recorded().provider)
    with installed(provider):
        invoke(two_spans(make()))
    assert not provider.bounds


def test_an_export_that_hangs_does_not_take_the_invocation_with_it(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()
    provider = Flushed(Recorded().provider, lambda: release.wait(PATIENCE))
    with installed(provider):
        traced = two_spans(make())
        try:
            for _ in range(2):
                assert invoke(traced, context=make_context(timeout=0.2, clock=FakeClock())).value == "done"
            assert len(provider.bounds) == 1  # the second one waits for it too
        finally:
            release.set()
        assert invoke(traced).value == "done"
    assert len(provider.bounds) == 2
    assert [one.levelname for one in caplog.records if one.name == "lambda_kit"] == ["WARNING", "WARNING"]


def test_spans_wait_for_the_next_invocation_where_no_thread_can_be_started(caplog: pytest.LogCaptureFixture) -> None:
    provider = Flushed(Recorded().provider)
    with installed(provider):
        traced = two_spans(make())
        with pytest.MonkeyPatch.context() as patch:
            refuse_threads(patch, "lambda_kit.tracer._otel_export")
            assert invoke(traced, context=make_context(timeout=5.0)).value == "done"
        assert not provider.bounds
        assert "no thread can be started (can't start new thread): the spans are kept" in caplog.text
        assert invoke(traced, context=make_context(timeout=5.0)).value == "done"
        assert len(provider.bounds) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_wait_for_an_export_of_its_parent() -> None:
    release = threading.Event()
    provider = Flushed(Recorded().provider, lambda: release.wait(PATIENCE))
    with installed(provider), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        traced = two_spans(make())
        invoke(traced, context=make_context(timeout=0.2))
        child = os.fork()
        if child == 0:
            provider.bounds.clear()
            provider._work = lambda: None
            began = time.monotonic()
            invoke(traced, context=make_context(timeout=PATIENCE))
            os._exit(0 if len(provider.bounds) == 1 and time.monotonic() - began < PATIENCE / 2 else 1)
        _, status = os.waitpid(child, 0)
        release.set()
    assert status == 0


def test_an_export_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise OSError("no route")

    with installed(Flushed(Recorded().provider, fail)), caplog.at_level(logging.ERROR, "lambda_kit"):
        assert invoke(two_spans(make())).value == "done"
    assert "failed to export spans" in caplog.text


class Collector(HTTPServer):
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Take(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        collector: Any = self.server
        collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join(PATIENCE)


@pytest.mark.skipif(sys.platform != "linux", reason="the runtime client has wheels for Linux alone")
@needs_eager_opentelemetry
def test_under_the_runtime_client_the_collector_has_each_invocation_when_it_ends(collector: Collector) -> None:
    from lambda_kit.local import Environment

    trace_id = f"Root={XRAY};Parent={PARENT};Sampled=1"
    environ = {"COLLECTOR": collector.url}
    with Environment("otel_shop.place", cwd=FUNCTIONS, timeout=PATIENCE, env=environ) as environment:
        first = environment.invoke({"order": "o-1"}, trace_id=trace_id)
        assert len(collector.bodies) == 1
        second = environment.invoke({"order": "o-2", "fail": True}, trace_id=trace_id)
        assert len(collector.bodies) == 2
    assert first.payload["X-Amzn-Trace-Id"].startswith(f"Root={XRAY};Parent=")
    assert second.error is not None
    for body, order, status in zip(collector.bodies, ("o-1", "o-2"), (0, 2), strict=True):
        (scope,) = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans
        card, place = scope.spans
        assert (card.name, place.name, place.parent_span_id.hex()) == ("card", "place", PARENT)
        assert card.parent_span_id == place.span_id
        assert {one.trace_id.hex() for one in scope.spans} == {f"{TRACE_ID:032x}"}
        assert {one.key: one.value.string_value for one in card.attributes}["order"] == order
        assert (card.status.code, place.status.code) == (status, status)


def test_the_collector_has_the_spans_when_the_handler_has_returned(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={XRAY};Parent={PARENT};Sampled=1")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(collector.url)))
    try:
        with installed(provider):
            assert invoke(two_spans(make())).value == "done"
        (body,) = collector.bodies
    finally:
        provider.shutdown()
    sent = ExportTraceServiceRequest.FromString(body)
    (scope,) = sent.resource_spans[0].scope_spans
    assert scope.scope.name == "lambda_kit"
    assert [one.name for one in scope.spans] == ["first", "second"]
    assert {one.parent_span_id.hex() for one in scope.spans} == {PARENT}
    assert {one.trace_id.hex() for one in scope.spans} == {f"{TRACE_ID:032x}"}
