"""Values that are added while other threads add and write: in every order, each is written once."""

from __future__ import annotations

import functools
import io
import operator
import sys
from collections import Counter
from typing import Any

import pytest

import lambda_kit
from lambda_kit import handler
from lambda_kit.metrics import Metrics
from tests.effort import skip_in_the_middle
from tests.metrics.validator import parse_all, points
from tests.stepping import visit_each_step

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
