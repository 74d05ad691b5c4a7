"""`lambda_kit.testing`: what users test their handlers with."""

from __future__ import annotations

import json
import logging

import pytest

from lambda_kit import Metrics, Tracer, current_invocation, handler, init
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeXRayDaemon, invoke, reset


def test_invoke_returns_the_value_and_what_was_printed() -> None:
    @handler
    def greet(event: dict[str, str], context: object) -> str:
        print("greeting")
        return f"Hello, {event['name']}"

    result = invoke(greet, {"name": "Ada"})
    assert (result.value, result.error, result.output) == ("Hello, Ada", None, "greeting\n")
    assert result.unwrap() == "Hello, Ada"
    assert 0 <= result.duration < 5


def test_invoke_returns_the_error_instead_of_raising() -> None:
    failure = ValueError("x")

    @handler
    def fail(event: object, context: object) -> None:
        raise failure

    result = invoke(fail)
    assert result.value is None
    assert result.error is failure
    with pytest.raises(ValueError, match="x") as caught:
        result.unwrap()
    assert caught.traceback[-1].name == "fail"


def test_a_handler_that_returns_a_coroutine_has_failed_as_on_lambda() -> None:
    async def inner() -> int:
        return 1

    @handler
    def mixed(event: object, context: object) -> object:
        return inner()

    async def bare(event: object, context: object) -> int:
        return 1

    @handler
    async def twice(event: object, context: object) -> object:
        return inner()

    for one in (mixed, bare, twice):
        result = invoke(one)
        assert result.value is None
        with pytest.raises(ConfigurationError, match=f"{one.__name__} returned a coroutine, which nothing awaits"):
            result.unwrap()


def test_invoke_does_not_catch_what_would_end_the_process() -> None:
    @handler
    def leave(event: object, context: object) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        invoke(leave)


def test_logs_are_the_json_lines_and_the_records_of_logging_in_order() -> None:
    @handler
    def talk(event: object, context: object) -> None:
        print(json.dumps({"message": "one"}))
        logging.getLogger("shop").warning("two %s", 2)
        print("not json")
        print("{neither is this")
        try:
            raise KeyError("k")
        except KeyError:
            logging.getLogger("shop").exception("three")
        print(json.dumps({"message": "four"}), end="")

    result = invoke(talk)
    assert result.logs == (
        {"message": "one"},
        {"level": "WARNING", "logger": "shop", "message": "two 2"},
        {"level": "ERROR", "logger": "shop", "message": "three", "exception": "KeyError: 'k'"},
        {"message": "four"},
    )


def test_spans_are_kept_without_a_daemon_and_metrics_read_back() -> None:
    tracer, metrics = Tracer(service="shop"), Metrics(namespace="Shop", service="orders")

    @handler(tracer, metrics)
    def place(event: dict[str, int], context: object) -> None:
        for size in range(event["orders"]):
            with tracer.span("order") as span:
                span.annotate(size=size)
                metrics.add("Size", size)

    result = invoke(place, {"orders": 2})
    (outermost,) = result.spans
    assert (outermost.name, outermost.annotations["Service"]) == ("place", "shop")
    assert [(span.name, span.annotations) for span in outermost.children] == [
        ("order", {"size": 0}),
        ("order", {"size": 1}),
    ]
    assert result.metrics == {"Size": [0, 1]}
    assert invoke(place, {"orders": 0}).metrics == {}
    assert tracer.headers() == {}


def test_spans_go_where_the_environment_says(xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        pass

    assert invoke(place).spans == ()
    assert [span.name for span in xray_daemon.tree()] == ["place"]


def test_an_error_in_a_handler_is_in_its_span() -> None:
    tracer = Tracer()

    @handler(tracer)
    def fail(event: object, context: object) -> None:
        raise ValueError("no such order")

    (span,) = invoke(fail).spans
    assert span.fault
    assert [(one.type, one.message) for one in span.exceptions] == [("ValueError", "no such order")]


def test_cold_resets_the_state_and_warm_keeps_it() -> None:
    builds: list[int] = []

    @init.resource
    def table() -> int:
        builds.append(1)
        return len(builds)

    @handler
    def place(event: object, context: object) -> tuple[bool, int]:
        return current_invocation().cold_start, table()

    assert invoke(place).value == (False, 1)
    assert invoke(place).value == (False, 1)
    assert invoke(place, cold=True).value == (True, 2)
    assert invoke(place).value == (False, 2)


def test_reset_brings_back_the_first_invocation_and_an_empty_cache() -> None:
    @init.resource
    def table() -> object:
        return object()

    @handler
    def place(event: object, context: object) -> tuple[bool, object]:
        return current_invocation().cold_start, table()

    first = place({}, None)
    reset()
    second = place({}, None)
    assert (first[0], second[0]) == (True, True)
    assert first[1] is not second[1]
