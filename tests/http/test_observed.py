"""A logger and a tracer in the pipeline know the route of a request."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from lambda_kit import HttpApp, Logger, Metrics, Tracer, handler, layer
from lambda_kit.events._http_build import http_event
from lambda_kit.http import Forbidden, Response, ServiceUnavailable
from lambda_kit.invocation import request_observers
from lambda_kit.testing import invoke
from tests.http.clients import every_trigger
from tests.http.streaming import sending


@every_trigger
def test_lines_and_spans_have_the_route_and_no_values_of_the_path(trigger: Any) -> None:
    log, tracer, app = Logger(service="orders"), Tracer(), HttpApp()

    @app.get("/orders/{order_id}")
    def get_order(order_id: str) -> Any:
        log.info("reading")
        return {"id": order_id}

    lambda_handler = handler(log, tracer)(app)
    result = invoke(lambda_handler, http_event(trigger, "GET", "/orders/7"))
    assert [line["route"] for line in result.logs if line["message"] == "reading"] == ["/orders/{order_id}"]
    assert result.spans[0].annotations["route"] == "/orders/{order_id}"
    assert result.spans[0].annotations["method"] == "GET"
    missing = invoke(lambda_handler, http_event(trigger, "GET", "/none"))
    assert not [line for line in missing.logs if "route" in line]
    assert "route" not in missing.spans[0].annotations


def test_an_app_outside_of_an_invocation_leaves_no_route_on_later_lines() -> None:
    log, app = Logger(service="orders"), HttpApp()

    @app.get("/orders")
    def get_orders() -> Any:
        return []

    app.test_client().get("/orders")

    @handler(log)
    def other(event: Any, context: Any) -> None:
        log.info("later")

    assert [line.get("route") for line in invoke(other, {}).logs] == [None]


def test_an_exception_that_the_app_answers_is_a_line_of_the_logger() -> None:
    log, app = Logger(service="orders"), HttpApp()

    @app.get("/broken")
    def broken() -> None:
        raise KeyError("a")

    result = invoke(handler(log)(app), http_event("alb", "GET", "/broken"))
    (line,) = [line for line in result.logs if line["level"] == "ERROR" and "service" in line]
    assert (line["route"], line["exception"]["type"]) == ("/broken", "KeyError")


@every_trigger
def test_a_request_has_a_span_named_by_its_route(trigger: Any) -> None:
    tracer, app = Tracer(), HttpApp()

    @app.get("/orders/{order_id}", layers=[layer(_passing)])
    def get_order(order_id: str) -> Any:
        with tracer.span("reading"):
            return {"id": order_id}

    result = invoke(handler(tracer)(app), http_event(trigger, "GET", "/orders/7"))
    (outer,) = result.spans
    (route,) = outer.children
    (inner,) = route.children
    assert route.name == "GET /orders/order_id"  # X-Ray takes no braces in names
    assert (route.parent_id, inner.parent_id) == (outer.id, route.id)
    assert route.annotations["status"] == 200
    assert (route.fault, route.error) == (False, False)


def nothing() -> Any:
    return {}


def _passing(event: Any, context: Any) -> Any:
    yield


@pytest.mark.parametrize(
    ("error", "status", "fault"),
    [(Forbidden(), 403, False), (ServiceUnavailable(), 503, True), (KeyError("a"), 500, True)],
    ids=["refused", "unavailable", "broken"],
)
def test_the_span_of_a_request_fails_by_what_is_the_functions_fault(error: Exception, status: int, fault: bool) -> None:
    tracer, app = Tracer(), HttpApp()

    @app.get("/")
    def route() -> None:
        raise error

    result = invoke(handler(tracer)(app), http_event("alb", "GET", "/"))
    (span,) = result.spans[0].children
    assert span.name == "GET /"
    assert (span.annotations["status"], span.fault) == (status, fault)
    assert result.value is not None
    assert result.value["statusCode"] == status


METRICS = ("Requests", "Latency", "ServerErrors")


def requests_of(result: Any) -> list[dict[str, Any]]:
    return [line for line in result.logs if "Requests" in line]


@every_trigger
def test_a_request_is_counted_by_its_route(trigger: Any) -> None:
    metrics, app = Metrics("Shop", service="orders"), HttpApp(etag=True)

    @app.get("/orders/{order_id}")
    def get_order(order_id: int) -> Any:
        if order_id == 5:
            raise KeyError
        metrics.add("Orders", 1)
        return {"id": order_id}

    lambda_handler = handler(metrics)(app)

    def line(method: str, path: str) -> dict[str, Any]:
        (found,) = requests_of(invoke(lambda_handler, http_event(trigger, method, path)))
        (directive,) = found["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("Shop", [["route", "service"]])
        assert [(one["Name"], one["Unit"]) for one in directive["Metrics"]] == [
            ("Requests", "Count"),
            ("Latency", "Milliseconds"),
            ("ServerErrors", "Count"),
        ]
        assert (found["Requests"], found["service"]) == (1, "orders")
        assert 0 < found["Latency"] < 60_000
        return found

    def told(method: str, path: str) -> tuple[Any, ...]:
        found = line(method, path)
        return found["route"], found["method"], found["status"], found["ServerErrors"]

    assert told("GET", "/orders/7") == ("/orders/{order_id}", "GET", 200, 0)
    assert told("GET", "/orders/seven") == ("/orders/{order_id}", "GET", 422, 0)
    assert told("GET", "/orders/5") == ("/orders/{order_id}", "GET", 500, 1)
    assert told("GET", "/none/7") == ("unmatched", "GET", 404, 0)
    assert told("PUT", "/orders/7") == ("unmatched", "PUT", 405, 0)
    assert told("BREW", "/orders/7") == ("unmatched", "other", 405, 0)


def test_requests_are_not_counted_outside_of_the_layer_or_if_it_says_so() -> None:
    app = HttpApp()
    inner = Metrics("Inner")
    app.get("/", layers=[inner])(nothing)
    elsewhere, off = Metrics("Elsewhere"), Metrics("Off", routes=False)
    handler(elsewhere)(lambda event, context: None)
    assert requests_of(invoke(handler(off)(app), http_event("alb", "GET", "/"))) == []
    app.test_client().get("/")  # no invocation


def test_a_request_is_counted_once_however_often_the_layer_stands_around_it() -> None:
    metrics, app = Metrics("Shop"), HttpApp(layers=[layer(_passing)])
    app.get("/")(nothing)

    def nested(event: Any, context: Any) -> Any:
        return app(event, context)

    lambda_handler = handler(metrics)(metrics(nested))
    assert len(requests_of(invoke(lambda_handler, http_event("alb", "GET", "/")))) == 1


def test_a_request_that_cannot_be_answered_is_a_server_error() -> None:
    metrics, app = Metrics("Shop"), HttpApp()

    @app.get("/unsendable")
    def unsendable() -> Any:
        return Response("x", headers={"x-a": "a\nb"})

    @app.get("/broken")
    def broken() -> Any:
        yield "a"
        raise KeyError

    lambda_handler = handler(metrics)(app)
    (line,) = requests_of(invoke(lambda_handler, http_event("function_url", "GET", "/unsendable")))
    assert (line["status"], line["ServerErrors"]) == (500, 1)
    with sending():
        (line,) = requests_of(invoke(lambda_handler, http_event("function_url", "GET", "/broken")))
    assert (line["route"], line["status"], line["ServerErrors"]) == ("/broken", 500, 1)


def test_without_a_namespace_requests_are_answered_and_one_warning_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    app = HttpApp()
    app.get("/")(nothing)
    lambda_handler = handler(Metrics())(app)
    for _ in range(2):
        result = invoke(lambda_handler, http_event("alb", "GET", "/"))
        assert result.value is not None
        assert (result.value["statusCode"], requests_of(result)) == (200, [])
    assert len([one for one in caplog.records if "routes=False" in one.getMessage()]) == 1


def test_the_path_of_a_route_is_a_dimension_that_cloudwatch_takes() -> None:
    metrics, app = Metrics("Shop"), HttpApp()

    @app.get("/café/{x}")
    def cafe(x: str) -> Any:
        return {"x": x}

    app.get("/" + "a" * 2000)(nothing)
    lambda_handler = handler(metrics)(app)
    (short,) = requests_of(invoke(lambda_handler, http_event("http_api_2", "GET", "/café/7")))
    (long,) = requests_of(invoke(lambda_handler, http_event("http_api_2", "GET", "/" + "a" * 2000)))
    assert (short["route"], len(long["route"])) == ("/caf%C3%A9/{x}", 1024)


def test_metrics_that_are_gone_are_told_nothing() -> None:
    gc.collect()
    before = len(request_observers)
    handler(Metrics("Gone"))(lambda event, context: None)
    gc.collect()
    assert len(request_observers) == before
