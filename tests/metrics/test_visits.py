"""Values that are added while other threads add and write: in every order, each is written once."""

from __future__ import annotations

import functools
import io
import operator
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit
from lambda_kit import handler
from lambda_kit.metrics import Metrics
from tests.effort import skip_in_the_middle
from tests.metrics.validator import parse_all, points
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from collections.abc import Callable

skip_in_the_middle()

METRICS = f"{lambda_kit.__path__[0]}/metrics/"
CALLS: dict[str, tuple[str, ...]] = {"add": ("_metrics.py", "_record.py"), "flush": ("_pending.py", "_lines.py")}
VISITORS = ["add", "flush", "flush_and_add"]
OPTIONS: dict[str, dict[str, Any]] = {"plain": {}, "own": {"dimensions": {"tenant": "a"}}}


class Shop:
    """Adds values that all differ, and knows what was written."""

    def __init__(self, metrics: Metrics, options: dict[str, Any], output: io.StringIO) -> None:
        self.metrics = metrics
        self.options = options
        self.output = output
        self.added: list[int] = []
        metrics.flush()
        output.seek(0)
        output.truncate()

    def add(self) -> None:
        self.added.append(len(self.added))
        self.metrics.add("Orders", self.added[-1], **self.options)

    def flush(self) -> None:
        self.metrics.flush()

    def flush_and_add(self) -> None:
        self.flush()
        self.add()

    def check(self, places: str) -> None:
        self.flush()
        lines = parse_all(self.output.getvalue())
        assert Counter(value for _, _, value, _, _ in points(lines)) == Counter(self.added)


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("second", VISITORS)
@pytest.mark.parametrize("first", VISITORS)
@pytest.mark.parametrize("call", CALLS)
def test_each_value_is_written_once_whoever_adds_and_writes_between_the_steps_of_a_call(
    call: str, first: str, second: str, options: str, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    metrics = Metrics("Shop")

    @handler(metrics)
    def place(shop: Shop, context: object) -> None:
        start(shop)

    def start(shop: Shop) -> None:
        shop.add()
        getattr(shop, call)()

    visit_each_step(
        functools.partial(place, context=None) if inside else start,
        operator.methodcaller(first),
        operator.methodcaller(second),
        prepare=lambda: Shop(metrics, OPTIONS[options], output),
        check=Shop.check,
        inside=tuple(METRICS + name for name in CALLS[call]),
        most=1_000,
    )


HEADS: dict[str, Callable[[Metrics], object]] = {
    "metadata": lambda metrics: metrics.metadata(order="o-1"),
    "dimension": lambda metrics: metrics.dimension(stage="test"),
    "set": lambda metrics: metrics.dimension_set(region="eu"),
    "flush": lambda metrics: metrics.flush(),
}


@pytest.mark.parametrize("visitor", [name for name in HEADS if name != "flush"])
@pytest.mark.parametrize("call", HEADS)
def test_dimensions_and_metadata_that_threads_add_at_once_are_all_in_lines_that_cloudwatch_takes(
    call: str, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    metrics = Metrics("Shop")

    @handler(metrics)
    def place(visited: list[str], context: object) -> None:
        metrics.add("Orders", 1)
        metrics.add("Orders", 2, dimensions={"tenant": "a"})
        HEADS[call](metrics)
        metrics.flush()
        if visited:
            metrics.add("Orders", 3)
        visited.append("over")

    def prepare() -> list[str]:
        metrics.flush()
        output.seek(0)
        output.truncate()
        return []

    def visit(visited: list[str]) -> None:
        visited.append(visitor)
        HEADS[visitor](metrics)

    def check(visited: list[str], places: str) -> None:
        last = parse_all(output.getvalue())[-1]  # this checks that each dimension has its value, on all lines
        if visited[0] == "over":  # the visit was later than the last value
            return
        sets = last["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
        for name in (call, visitor):
            assert name != "metadata" or last["order"] == "o-1"
            assert name != "dimension" or (last["stage"] == "test" and all("stage" in one for one in sets))
            assert name != "set" or (last["region"] == "eu" and any("region" in one for one in sets))

    visit_each_step(
        functools.partial(place, context=None),
        visit,
        prepare=prepare,
        check=check,
        inside=tuple(METRICS + name for name in ("_head.py", "_metrics.py", "_pending.py", "_record.py")),
        most=1_000,
    )
