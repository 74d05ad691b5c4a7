"""Types of the test kit: of results, of what is recorded, and of the fixtures."""

from __future__ import annotations

from typing import Any, assert_type

from lambda_kit import handler

# These are only named in annotations of tests.
from lambda_kit.testing import (
    FakeClock,
    Invoke,
    Logs,
    MetricValues,
    Ministack,
    RealResult,
    RecordedLogs,
    RecordedMetrics,
    RecordedSpans,
    Result,
    SpanNode,
    Spans,
    StartFunction,
    assert_logged,
    assert_metric,
    freeze_clock,
    invoke,
    recorded,
)


@handler
def place(event: dict[str, str], context: object) -> int:
    return len(event)


async def load(event: dict[str, str], context: object) -> str:
    return ""


result = invoke(place, {"id": "o-1"})
assert_type(result, Result[int])
assert_type(result.unwrap(), int)
assert_type(result.value, int | None)
assert_type(result.logs, Logs)
assert_type(result.logs.one(level="INFO"), dict[str, Any])
assert_type(result.spans, Spans)
assert_type(result.spans.find("place"), SpanNode)
assert_type(result.metrics, MetricValues)
assert_type(result.metrics["Orders"], list[float])
assert_type(result.assert_metric("Orders", 1, tenant="a"), list[float])
assert_type(invoke(handler(load)).unwrap(), str)
assert_type(assert_logged(level="INFO"), dict[str, Any])
assert_type(assert_metric("Orders"), list[float])
result.assert_spans(("place", ("charge", "card"), ...))
result.assert_metric("Orders", tenant=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
result.assert_metric("Orders", totl=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

with recorded() as seen:
    assert_type(seen.logs, Logs)
with freeze_clock("2026-01-02T03:04:05Z") as clock:
    assert_type(clock, FakeClock)


def test_a_user_writes(
    lambda_invoke: Invoke,
    lambda_logs: RecordedLogs,
    lambda_spans: RecordedSpans,
    lambda_metrics: RecordedMetrics,
    lambda_runtime: StartFunction,
    lambda_aws: Ministack,
) -> None:
    assert_type(lambda_invoke(place, {}).unwrap(), int)
    assert_type(lambda_logs[0], dict[str, Any])
    assert_type(lambda_spans[0], SpanNode)
    assert_type(lambda_metrics["Orders"], list[float])
    function = lambda_runtime(place, timeout=3.0, env={"STAGE": "test"})
    assert_type(function.invoke({}), RealResult)
    lambda_runtime("app.handler", timeot=3.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(lambda_aws.url, str)
