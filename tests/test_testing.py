"""`lambda_kit.testing`: what users test their handlers with."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest

from lambda_kit import Metrics, Tracer, current_invocation, handler, init
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeClock, FakeXRayDaemon, invoke, make_context, reset


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


def test_a_context_has_what_the_runtime_gives() -> None:
    context = make_context(
        request_id="r-1", function_name="shop", memory_mb=256, region="eu-west-1", w3c={"traceparent": "t"}
    )
    assert context.aws_request_id == "r-1"
    assert context.invoked_function_arn == "arn:aws:lambda:eu-west-1:123456789012:function:shop"
    assert (context.memory_limit_in_mb, context.function_version) == ("256", "$LATEST")
    assert context.w3c() == {"traceparent": "t"}
    assert (context.tenant_id, context.client_context, context.identity.cognito_identity_id) == (None, None, None)


def test_a_context_has_the_attributes_of_the_runtimes_own() -> None:
    lambda_context: Any = pytest.importorskip("awslambdaric.lambda_context")
    real = lambda_context.LambdaContext("r-1", None, None, int(time.time() * 1000) + 1000, "arn", None)
    public = {name for name in dir(real) if not name.startswith("_")}
    assert public <= set(dir(make_context()))


def test_the_deadline_of_a_context_runs_on_its_clock() -> None:
    clock = FakeClock()
    context = make_context(timeout=3.0, clock=clock)
    clock.advance(1.0)
    assert context.get_remaining_time_in_millis() == 2000
    clock.advance(5.0)
    assert context.get_remaining_time_in_millis() == 0
    real = make_context(timeout=3.0)
    assert 0 < real.get_remaining_time_in_millis() <= 3000


@pytest.mark.parametrize("timeout", [-1, float("nan"), True])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"make_context\(timeout="):
        make_context(timeout=timeout)


PLUGIN_TEST = """
    from lambda_kit import Metrics, Tracer, current_invocation, handler, init

    @init.resource
    def table():
        return []

    @handler
    def place(event, context):
        table().append(1)
        return current_invocation().cold_start, len(table())

    def test_one(lambda_context):
        assert lambda_context.get_remaining_time_in_millis() > 29_000
        assert place({}, lambda_context) == (True, 1)

    def test_two():
        assert place({}, None) == EXPECTED
"""


@pytest.mark.parametrize(("ini", "expected"), [("", "(True, 1)"), ("lambda_kit_reset = false", "(False, 2)")])
def test_the_plugin_resets_the_state_between_tests_unless_told_not_to(
    pytester: pytest.Pytester, ini: str, expected: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile(PLUGIN_TEST.replace("EXPECTED", expected))
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_the_plugin_loads_nothing_of_the_kit_by_itself(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_loaded():
            kit = sorted(name for name in sys.modules if name.startswith("lambda_kit"))
            assert not [name for name in kit if name not in EXPECTED], kit
    """.replace("EXPECTED", repr(["lambda_kit", "lambda_kit._pytest_plugin"]))
    )
    pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=1)
