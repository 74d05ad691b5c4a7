"""What spans of OpenTelemetry tell, and what they load."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.trace import SpanKind, StatusCode

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import invoke, make_context
from tests.patience import PATIENCE
from tests.tracer.otel import Recorded, installed, make

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    found = Recorded()
    with installed(found.provider):
        yield found


def test_the_outermost_span_of_an_invocation_is_a_server_span_that_tells_of_it(recorded: Recorded) -> None:
    tracer = make(service="shop")

    @handler(tracer)
    def place_order(event: Any, context: Any) -> None:
        with tracer.span("card"):
            pass

    invoke(place_order, context=make_context(request_id="r-1"), cold=True)
    assert recorded.tree() == ((place_order.__qualname__.rpartition(".")[2], (("card", ()),)),)
    outermost = recorded.span("place_order")
    assert outermost.kind is SpanKind.SERVER
    assert dict(outermost.attributes or {}) == {
        "faas.coldstart": True,
        "faas.invocation_id": "r-1",
        "faas.name": "test-function",
        "aws.lambda.invoked_arn": "arn:aws:lambda:us-east-1:123456789012:function:test-function",
        "cloud.account.id": "123456789012",
        "service.name": "shop",
    }
    assert recorded.span("card").kind is SpanKind.INTERNAL
    assert not recorded.attributes("card")
    assert outermost.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("kind", ["aws", "remote"])
def test_calls_of_others_are_client_spans(recorded: Recorded, kind: Any) -> None:
    with make().span("dynamodb", kind=kind):
        pass
    assert recorded.span("dynamodb").kind is SpanKind.CLIENT


def test_annotations_and_metadata_are_attributes_with_secrets_hidden(recorded: Recorded) -> None:
    with make(redact=("pin",)).span("card") as span:
        assert span.recording
        span.annotate(order_id="o-1", amount=3, pin=1234)
        span.metadata(order={"pin": 1234, "items": [1]}, PIN="1234")
    span.annotate(late=1)
    span.metadata(late=1)
    assert recorded.attributes("card") == {
        "order_id": "o-1",
        "amount": 3,
        "pin": "[redacted]",
        "order": '{"pin":"[redacted]","items":[1]}',
        "PIN": "[redacted]",
    }


def test_what_a_function_returns_is_kept_where_that_is_asked_for(recorded: Recorded) -> None:
    @make().span("charge", capture_response=True)
    def charge() -> dict[str, str]:
        return {"id": "ch_1", "token": "t"}

    charge()
    assert recorded.attributes("charge") == {"charge response": '{"id":"ch_1","token":"[redacted]"}'}


def test_an_exception_is_an_event_and_the_status_of_each_span_that_it_leaves(recorded: Recorded) -> None:
    tracer = make()

    @tracer.span("outer")
    def charge() -> None:
        with tracer.span("inner") as span:
            try:
                raise ValueError("no such card")
            except ValueError as error:
                span.record_error(error)
                raise

    with pytest.raises(ValueError, match="no such card"):
        charge()
    for name in ("inner", "outer"):
        found = recorded.span(name)
        assert (found.status.status_code, found.status.description) == (StatusCode.ERROR, "ValueError: no such card")
        (event,) = found.events
        about = dict(event.attributes or {})
        assert (event.name, about["exception.type"], about["exception.message"]) == (
            "exception",
            "ValueError",
            "no such card",
        )
        assert "in charge" in str(about["exception.stacktrace"])
        assert recorded.attributes(name) == {"error.type": "ValueError"}


def test_the_stack_trace_of_a_group_has_its_causes_and_members(recorded: Recorded) -> None:
    caused = ValueError("caused")
    caused.__cause__ = KeyError("cause")
    with pytest.raises(ExceptionGroup), make().span("card"):
        raise ExceptionGroup("outer", [caused, ExceptionGroup("inner", [TypeError("a")])])
    (event,) = recorded.span("card").events
    text = str(dict(event.attributes or {})["exception.stacktrace"])
    for part in ("ExceptionGroup: outer", "KeyError: 'cause'", "ValueError: caused", "inner (1 sub-", "TypeError: a"):
        assert part in text


def test_of_several_exceptions_the_first_is_the_status(recorded: Recorded) -> None:
    with make().span("card") as span:
        span.record_error(ValueError("first"))
        span.record_error(KeyError("second"))
    found = recorded.span("card")
    assert found.status.description == "ValueError: first"
    assert recorded.attributes("card") == {"error.type": "ValueError"}
    assert len(found.events) == 2


def test_without_capture_error_nothing_is_told_but_that_there_was_one(recorded: Recorded) -> None:
    with pytest.raises(ValueError, match="secret"), make(capture_error=False).span("card"):
        raise ValueError("secret")
    found = recorded.span("card")
    assert (found.status.status_code, found.status.description) == (StatusCode.ERROR, None)
    assert not found.events
    assert not found.attributes


def test_a_request_is_told_by_the_stable_names_and_fails_from_400_on(recorded: Recorded) -> None:
    tracer = make()
    with tracer.span("found", kind="remote") as span:
        span.http(method="GET", url="https://ada:pw@example.com:8443/cards?pin=1#top", status=200, length=12)
    with tracer.span("missing", kind="remote") as span:
        span.http(status=404)
    assert recorded.attributes("found") == {
        "http.request.method": "GET",
        "url.full": "https://example.com:8443/cards",
        "server.address": "example.com",
        "server.port": 8443,
        "http.response.status_code": 200,
        "http.response.body.size": 12,
    }
    assert recorded.span("found").status.status_code is StatusCode.UNSET
    assert recorded.span("missing").status.status_code is StatusCode.ERROR
    assert recorded.attributes("missing") == {"http.response.status_code": 404, "error.type": "404"}


def test_an_exception_says_more_than_the_status_before_or_after_it(recorded: Recorded) -> None:
    tracer = make()
    for name, calls in {"before": "he", "after": "eh"}.items():
        with tracer.span(name) as span:
            for call in calls:
                if call == "h":
                    span.http(status=500)
                else:
                    span.record_error(KeyError("card"))
        assert recorded.span(name).status.description == "KeyError: 'card'"
        assert recorded.attributes(name)["error.type"] == "KeyError"


def test_a_call_of_aws_has_service_and_operation_as_its_name(recorded: Recorded) -> None:
    with make().span("dynamodb", kind="aws") as span:
        span.aws(operation="GetItem", region="eu-west-1", table_name="orders")
        span.aws(request_id="r-1", retries=2, id_2=None)
    assert recorded.attributes("dynamodb.GetItem") == {
        "rpc.system": "aws-api",
        "rpc.service": "dynamodb",
        "rpc.method": "GetItem",
        "cloud.region": "eu-west-1",
        "aws.dynamodb.table_names": ("orders",),
        "aws.request_id": "r-1",
        "aws.retries": 2,
    }


class Unwritable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_what_cannot_be_written_neither_raises_nor_keeps_the_rest_from_being_exported(recorded: Recorded) -> None:
    lone = "\ud800"
    with make(service=lone).span(lone, kind="aws") as span:
        values: dict[str, Any] = {lone: lone, "big": 2**70, "texts": [lone]}
        span.annotate(**values)
        span.metadata(text=lone, **{lone: object()})
        span.http(method=lone, url=f"http://h/{lone}")
        span.aws(operation=lone, **{lone: lone})
        span.record_error(Unwritable())
        span.record_error(ValueError(lone))
    (found,) = recorded.spans
    assert [dict(event.attributes or {})["exception.type"] for event in found.events] == [
        f"{Unwritable.__module__}.Unwritable",
        "ValueError",
    ]
    (exported,) = encode_spans([found]).resource_spans[0].scope_spans[0].spans
    assert exported.name == "\\ud800.\\ud800"


def test_without_the_api_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "lambda_kit.tracer._otel", raising=False)
    with pytest.raises(ConfigurationError, match=r'pip install "lambda-kit-sdk\[otel\]"'):
        importlib.import_module("lambda_kit.tracer._otel")


def test_the_api_is_all_that_is_loaded() -> None:
    code = """
import sys
from lambda_kit.tracer import Tracer
assert "opentelemetry" not in sys.modules
tracer = Tracer(backend="otel")
with tracer.span("step"):
    tracer.headers()
assert "opentelemetry.trace" in sys.modules
assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
