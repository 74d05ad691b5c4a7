"""An interrupt anywhere in a call of the metrics leaves them usable: nothing is locked, nothing is written twice."""

from __future__ import annotations

import io
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit
from lambda_kit import handler
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.metrics import Metrics
from tests.metrics.validator import parse_all, points
from tests.patience import PATIENCE
from tests.stepping import interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stepping import Outcome

METRICS = f"{lambda_kit.__path__[0]}/metrics"


def add(metrics: Metrics) -> None:
    metrics.add("Orders", 1)
    metrics.add("Orders", [10, 100])


def bind(metrics: Metrics) -> None:
    with metrics.bind(tenant="a"):
        metrics.add("Orders", 1)
    metrics.add("Orders", 10, dimensions={"tenant": "b"})


def flush(metrics: Metrics) -> None:
    metrics.add("Orders", 1)
    metrics.flush()
    metrics.add("Orders", 10)
    metrics.dimension(stage="test")
    metrics.metadata(order="o")


CALLS: dict[str, Callable[[Metrics], object]] = {"add": add, "bind": bind, "flush": flush}


def written(output: io.StringIO) -> Counter[float]:
    text = output.getvalue()
    output.seek(0)
    output.truncate()
    return Counter(value for name, _, value, _, _ in points(parse_all(text)) if name == "Orders")


@pytest.mark.parametrize("call", CALLS)
def test_after_an_interrupt_at_any_bytecode_the_next_invocation_writes_its_own_values(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)

    @handler(metrics := Metrics("Shop"))
    def first(event: object, context: object) -> None:
        CALLS[call](metrics)

    @handler(metrics)
    def second(event: object, context: object) -> None:
        metrics.add("Orders", 1_000)

    def prepare() -> None:
        metrics.flush()
        written(output)

    def run(_: object) -> None:
        first({}, None)

    def check(_: object, outcome: Outcome) -> None:
        assert outcome.error is None or isinstance(outcome.error, TimeLimitInterrupt), outcome.error
        thread = threading.Thread(target=second, args=({}, None))
        thread.start()
        thread.join(PATIENCE)
        metrics.flush()
        found = written(output)
        assert found.pop(1_000) == 1
        # Whether an interrupted write has reached its end cannot be known: its line is written again.
        most = 2 if " in Pending.write" in outcome.place or " in Pending.finish" in outcome.place else 1
        assert found <= Counter({1: most, 10: most, 100: most}), "a value was written twice"

    steps = interrupt_each_step(run, prepare=prepare, check=check, steps="bytecodes", inside=(METRICS,))
    assert steps > 50


def test_an_interrupt_of_the_writing_loses_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)

    def prepare() -> Metrics:
        metrics = Metrics("Shop")
        metrics.add("Orders", list(range(250)))
        return metrics

    def check(metrics: Any, outcome: Outcome) -> None:
        metrics.flush()
        assert sorted(written(output)) == list(range(250))

    interrupt_each_step(
        lambda metrics: metrics.flush(),
        prepare=prepare,
        check=check,
        inside=(f"{lambda_kit.__path__[0]}/_kernel/stdout",),
    )
