"""The lines that are written: what is in them, and how much."""

from __future__ import annotations

import json
import time
from collections import deque
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from lambda_kit import handler
from lambda_kit.metrics import Metrics
from lambda_kit.metrics._lines import LIMIT
from lambda_kit.testing import FakeClock, invoke
from tests.metrics.filled_lines import filled, size_of_line
from tests.metrics.validator import parse, parse_all, points, values_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.metrics import Unit


def lines_of(metrics: Metrics, work: Callable[[Metrics], object]) -> list[dict[str, Any]]:
    """Do the work in an invocation and return the lines, each of them held to the rules of the format."""
    return parse_all(output_of(metrics, work))


def output_of(metrics: Metrics, work: Callable[[Metrics], object]) -> str:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        work(metrics)

    result = invoke(place)
    result.unwrap()
    return result.output


def parse_unchecked(metrics: Metrics, work: Callable[[Metrics], object]) -> dict[str, Any]:
    """Do the work in an invocation and return its line, which may have what a checked one has not."""
    line: dict[str, Any] = json.loads(output_of(metrics, work))
    return line


def line_of(metrics: Metrics, work: Callable[[Metrics], object]) -> dict[str, Any]:
    (line,) = lines_of(metrics, work)
    return line


def directive_of(line: dict[str, Any]) -> dict[str, Any]:
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    found: dict[str, Any] = directive
    return found


def test_a_line_is_the_metric_its_definition_and_its_dimensions() -> None:
    line = line_of(Metrics("Shop", service="orders", stage="prod"), lambda m: m.add("Orders", 1))
    assert line.pop("_aws")["CloudWatchMetrics"] == [
        {
            "Namespace": "Shop",
            "Dimensions": [["service", "stage"]],
            "Metrics": [{"Name": "Orders", "Unit": "Count"}],
        }
    ]
    assert line == {"service": "orders", "stage": "prod", "Orders": 1}


def test_without_values_there_is_no_line(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.dimension(a="b")
        m.metadata(c="d")
        m.add("Orders", [])

    assert lines_of(metrics, work) == []


def test_without_a_service_the_dimension_set_is_empty(metrics: Metrics) -> None:
    assert directive_of(line_of(metrics, lambda m: m.add("Orders", 1)))["Dimensions"] == [[]]


def test_values_of_one_metric_stand_in_an_array_in_their_order(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.add("Size", 3)
        m.add("Size", [1, 2.5])
        m.add("Size", 4)

    assert line_of(metrics, work)["Size"] == [3, 1, 2.5, 4]


class Level(int, Enum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, 0),
        (-1, -1),
        (10**60, 10**60),
        (0.1, 0.1),
        (1e-300, 1e-300),
        (-0.0, 0.0),
        (2.0**360, 2.0**360),
        (Decimal("0.10"), 0.1),
        (Decimal("1E+2"), 100),
        (Level.HIGH, 3),
        ((1, Decimal(2)), [1, 2]),
        (range(3), [0, 1, 2]),
        (deque([1, 2]), [1, 2]),
    ],
    ids=repr,
)
def test_a_value_is_any_finite_number_or_several(metrics: Metrics, value: Any, written: object) -> None:
    assert line_of(metrics, lambda m: m.add("Size", value))["Size"] == written


def test_a_high_resolution_metric_says_so(metrics: Metrics) -> None:
    line = line_of(metrics, lambda m: m.add("Latency", 12.5, "Milliseconds", high_resolution=True))
    assert directive_of(line)["Metrics"] == [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 1}]


def test_the_timestamp_is_in_milliseconds() -> None:
    line = parse_unchecked(Metrics("Shop", clock=FakeClock(1_795_420_800.1239)), lambda m: m.add("Orders", 1))
    assert line["_aws"]["Timestamp"] == 1_795_420_800_123


def test_with_a_log_level_above_info_the_lines_have_it_so_that_the_platform_lets_them_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "ERROR")
    metrics = Metrics("Shop", cold_start=True)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.metadata(order="o-1")
        metrics.add("Orders", list(range(150)))

    lines = parse_all(invoke(place, cold=True).output)
    assert len(lines) == 3
    for line in lines:
        assert line["level"] == "ERROR"
        written = datetime.fromisoformat(line["timestamp"])
        assert round(written.timestamp() * 1000) == line["_aws"]["Timestamp"]


@pytest.mark.parametrize("level", ["TRACE", "DEBUG", "INFO", ""])
def test_with_another_log_level_the_lines_need_none(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)
    metrics = Metrics("Shop")

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)

    (line,) = parse_all(invoke(place).output)
    assert set(line) == {"_aws", "Orders"}


class Stage(Enum):
    PROD = "prod"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 1024, "x" * 1024),
        (7, "7"),
        (True, "True"),
        (Stage.PROD, "prod"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ('a "b" \\c', 'a "b" \\c'),
    ],
)
def test_the_value_of_a_dimension_becomes_a_string(metrics: Metrics, value: object, text: str) -> None:
    def work(m: Metrics) -> None:
        m.dimension(key=value)
        m.add("Orders", 1)

    assert line_of(metrics, work)["key"] == text


def test_a_dimension_counts_for_what_was_added_before_it(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.add("Orders", 1)
        m.dimension(tenant="t-1")

    assert directive_of(line_of(metrics, work))["Dimensions"] == [["tenant"]]


def test_each_dimension_set_has_the_dimensions_of_all_values_too() -> None:
    def work(m: Metrics) -> None:
        m.dimension_set(region="eu")
        m.dimension_set(region="eu", tenant="t-1")
        m.add("Orders", 1)
        m.dimension(stage="prod")

    line = line_of(Metrics("Shop", service="orders"), work)
    assert directive_of(line)["Dimensions"] == [
        ["service", "stage"],
        ["service", "stage", "region"],
        ["service", "stage", "region", "tenant"],
    ]


def test_the_same_dimension_set_twice_counts_once(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.dimension_set(a=1, b=2)
        m.dimension_set(b=2, a=1)
        m.dimension_set()
        m.dimension(b=2)
        m.add("Orders", 1)

    assert directive_of(line_of(metrics, work))["Dimensions"] == [["b"], ["b", "a"]]


def test_a_dimension_can_have_another_value_when_no_value_waits() -> None:
    def work(m: Metrics) -> None:
        m.dimension(stage="test")
        m.add("Orders", 1)
        m.flush()
        m.dimension(stage="dev")
        m.add("Orders", 2)

    found = points(lines_of(Metrics("Shop", stage="prod"), work))
    assert [(dimensions, value) for _, dimensions, value, _, _ in found] == [
        ((("stage", "dev"),), 2),
        ((("stage", "test"),), 1),
    ]


def test_metadata_of_any_kind_stands_beside_the_metrics(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.metadata(
            order_id="o-1", items=[{"sku": "x", "price": Decimal("1.5")}], größe="ü\ud800", error=ValueError("x")
        )
        m.metadata(order_id="o-2")
        m.add("Orders", 1)

    line = parse_unchecked(metrics, work)
    assert line["order_id"] == "o-2"
    assert line["items"] == [{"sku": "x", "price": 1.5}]
    assert line["größe"] == "ü\ufffd"
    assert line["error"] == "ValueError: x"


def test_metadata_that_is_changed_later_is_written_as_it_was(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        order = {"id": 1}
        m.metadata(order=order)
        order["id"] = 2
        m.add("Orders", 1)

    assert line_of(metrics, work)["order"] == {"id": 1}


def test_metadata_that_would_fill_the_line_is_cut_with_a_marker(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.metadata(small="x", large="ü" * 50_000, further="y")
        m.add("Orders", 1)

    line = line_of(metrics, work)
    assert line["large"] == "[cut: 100002 bytes]"
    assert (line["small"], line["further"]) == ("x", "y")


def test_101_metrics_take_two_lines_with_the_same_dimensions_and_metadata(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.dimension(stage="prod")
        m.metadata(order_id="o-1")
        for i in range(101):
            m.add(f"Metric{i}", i)

    lines = lines_of(metrics, work)
    assert [len(directive_of(line)["Metrics"]) for line in lines] == [100, 1]
    assert [(line["stage"], line["order_id"]) for line in lines] == [("prod", "o-1")] * 2
    assert sorted(value for _, _, value, _, _ in points(lines)) == list(range(101))


def test_100_metrics_of_100_values_take_one_line(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        for i in range(100):
            m.add(f"Metric{i}", range(100))

    assert len(lines_of(metrics, work)) == 1


@pytest.mark.parametrize("metric_count", [1, 2, 3])
@pytest.mark.parametrize("value_count", [1, 2, 3])
def test_few_values_of_few_metrics_take_one_line(metrics: Metrics, metric_count: int, value_count: int) -> None:
    expected = {f"Metric{i}": [i * 10 + j for j in range(value_count)] for i in range(metric_count)}

    def work(m: Metrics) -> None:
        for name, values in expected.items():
            m.add(name, values)

    line = line_of(metrics, work)
    assert [metric["Name"] for metric in directive_of(line)["Metrics"]] == list(expected)
    assert {name: values_of(line, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("count", "shares"),
    [(99, [99]), (100, [100]), (101, [100, 1]), (200, [100, 100]), (201, [100, 100, 1]), (300, [100, 100, 100])],
)
def test_each_line_takes_100_values_of_a_metric(metrics: Metrics, count: int, shares: list[int]) -> None:
    lines = lines_of(metrics, lambda m: m.add("Size", range(count)))
    assert [len(values_of(line, "Size")) for line in lines] == shares
    assert [value for line in lines for value in values_of(line, "Size")] == list(range(count))


def test_more_than_100_values_of_a_metric_take_several_lines(metrics: Metrics) -> None:
    def work(m: Metrics) -> None:
        m.add("Few", 1)
        m.add("Many", range(250))
        m.add("More", range(101))

    lines = lines_of(metrics, work)
    assert [sorted(set(line) - {"_aws"}) for line in lines] == [["Few", "Many", "More"], ["Many", "More"], ["Many"]]
    assert [value for line in lines for value in line["Many"]] == list(range(250))


def test_values_that_are_too_long_for_one_line_take_two_although_neither_they_nor_their_metrics_are_too_many(
    metrics: Metrics,
) -> None:
    def work(m: Metrics) -> None:
        for i in range(30):
            m.add(f"Metric{i}", [10**107 + j for j in range(100)])

    lines = lines_of(metrics, work)
    assert sum(len(directive_of(line)["Metrics"]) for line in lines) == 30
    assert (len(lines), len(points(lines))) == (2, 30 * 100)


@pytest.mark.parametrize(
    "given",
    [
        filled("A", LIMIT - 1),
        filled("A", LIMIT),
        filled("A", LIMIT + 1),
        filled("A", LIMIT) | filled("B", LIMIT) | {"Last": [1]},
        filled("A", LIMIT - 50) | {f"Small{i}": [i] for i in range(150)},
        filled("A", LIMIT + 1) | {f"Small{i}": [i] for i in range(250)},
        {f"Small{i}": [i] for i in range(99)} | filled("A", LIMIT),
    ],
    ids=["shorter", "as long", "longer", "two full", "small behind full", "small behind longer", "small before full"],
)
def test_a_line_takes_metrics_up_to_100_and_to_its_last_byte(metrics: Metrics, given: dict[str, list[int]]) -> None:
    expected: list[dict[str, list[int]]] = [{}]
    for name, values in given.items():
        if len(expected[-1]) == 100 or size_of_line({**expected[-1], name: values}) > LIMIT:
            expected.append({})
        expected[-1][name] = values

    def work(m: Metrics) -> None:
        for name, values in given.items():
            m.add(name, values)

    output = output_of(metrics, work)
    assert [len(line) for line in output.splitlines(keepends=True)] == [size_of_line(one) for one in expected]
    lines = parse_all(output)
    assert [{name: values_of(line, name) for name in line if name != "_aws"} for line in lines] == expected


def test_a_line_is_never_longer_than_a_log_event() -> None:
    metrics = Metrics("Shop", service="orders")

    def work(m: Metrics) -> None:
        for i in range(2):
            m.dimension_set(**{f"{'d' * 200}{i}{j}": "v" * 1024 for j in range(25)})
        m.metadata(**{f"field{i}": "ü" * 4000 for i in range(9)})
        for i in range(100):
            m.add(f"Metric{i}", [10**107 + j for j in range(130)])

    lines = output_of(metrics, work).splitlines(keepends=True)
    assert len(lines) > 4
    assert max(len(line.encode()) for line in lines) <= 256 * 1024 - 26, (
        "a log event of CloudWatch, less what is its own"
    )
    assert sum(len(points([parse(line)])) for line in lines) == 100 * 130 * 3


@pytest.mark.parametrize("unit", ["Milliseconds", "Seconds", "Microseconds"])
def test_a_timer_adds_the_time_of_its_block_in_the_unit_asked_for(unit: Unit) -> None:
    clock = FakeClock(time.time())

    def work(m: Metrics) -> None:
        with m.timer("Payment", unit, high_resolution=True):
            clock.advance(0.5)

    line = line_of(Metrics("Shop", clock=clock), work)
    assert line["Payment"] == pytest.approx({"Seconds": 0.5, "Milliseconds": 500, "Microseconds": 500_000}[unit])
    assert directive_of(line)["Metrics"] == [{"Name": "Payment", "Unit": unit, "StorageResolution": 1}]


def test_a_timer_adds_the_time_of_a_block_that_raised_too(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        with metrics.timer():
            raise KeyError("x")

    result = invoke(place)
    assert isinstance(result.error, KeyError)
    assert parse(result.output)["Duration"] >= 0


def test_a_timer_does_not_replace_the_exception_of_its_block(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        with metrics.timer("Payment"):
            metrics.dimension(Payment="card")
            raise KeyError("x")

    result = invoke(place)
    assert isinstance(result.error, KeyError)
    (entry,) = result.logs
    assert entry["message"] == "a timer could not add what it measured"


def test_a_timer_times_a_block_that_awaits(metrics: Metrics) -> None:
    @handler(metrics)
    async def place(event: object, context: object) -> None:
        async with metrics.timer("Payment"):
            pass

    assert parse(invoke(place).output)["Payment"] >= 0
