"""A logger and a tracer in the pipeline know the route of a request."""

from __future__ import annotations

from typing import Any

from lambda_kit import HttpApp, Logger, Tracer, handler
from lambda_kit.events._http_build import http_event
from lambda_kit.testing import invoke
from tests.http.clients import every_trigger


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
