"""The lines as they come out of the runtime client that AWS ships."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.metrics.validator import parse, points
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from lambda_kit.local import Outcome

if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

from lambda_kit.local import Environment

FUNCTIONS = Path(__file__).parent / "functions"
STATIC = ("service", "orders")


def lines_of(output: str) -> list[dict[str, Any]]:
    return [parse(line) for line in output.splitlines(keepends=True) if "_aws" in line]


def names_of(outcome: Outcome) -> dict[str, tuple[Any, ...]]:
    return {name: dimensions for name, dimensions, *_ in points(lines_of(outcome.output))}


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_each_line_stands_alone_in_either_log_format(log_format: str) -> None:
    with Environment("shop.place", cwd=FUNCTIONS, log_format=log_format, timeout=PATIENCE) as environment:
        cold = environment.invoke({"order": "o-1"})
        warm = environment.invoke({"order": "o-2", "values": list(range(150))})
    dimensions = (STATIC, ("tenant", "t"))
    assert names_of(cold) == {
        "ColdStart": (("function_name", "shop"), STATIC),
        "Imported": (STATIC,),
        "Orders": dimensions,
        "Work": dimensions,
    }
    assert names_of(warm) == {"Orders": dimensions, "Work": dimensions}
    assert [len(line["Orders"]) for line in lines_of(warm.output)] == [100, 50]
    assert lines_of(warm.output)[0]["order"] == {"id": "o-2", "note": "größe"}
    assert "a line of the handler\n" in warm.output
    assert "a record of the handler" in warm.output


def test_an_error_reaches_the_platform_and_the_metrics_are_written() -> None:
    with Environment("shop.place", cwd=FUNCTIONS, timeout=PATIENCE) as environment:
        outcome = environment.invoke({"fail": True})
    assert outcome.status == "error"
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.message) == ("ValueError", "no such order")
    assert {"Orders", "Work"} <= set(names_of(outcome))


def test_the_metrics_of_an_invocation_that_runs_out_of_time_are_written() -> None:
    with Environment("shop.place", cwd=FUNCTIONS, timeout=1.0) as environment:
        outcome = environment.invoke({"sleep": 30})
    assert outcome.error is not None
    assert outcome.error.type == "TimeLimitReached"
    (work,) = [value for name, _, value, *_ in points(lines_of(outcome.output)) if name == "Work"]
    assert 0 < work < 1000


def test_workers_side_by_side_write_their_own_lines(tmp_path: Path) -> None:
    with (
        Environment("shop.place", cwd=FUNCTIONS, concurrency=4, memory=512, timeout=PATIENCE) as environment,
        ThreadPoolExecutor(4) as pool,
    ):
        events = [{"tenant": f"t-{i}", "meet": str(tmp_path), "count": 4} for i in range(4)]
        outcomes = list(pool.map(environment.invoke, events))
    assert len({outcome.payload for outcome in outcomes}) == 4
    for i, outcome in enumerate(outcomes):
        names = names_of(outcome)
        assert set(names) == {"Imported", "Orders", "Work"}, (
            "an initialisation that no caller waits for is no cold start"
        )
        assert names["Orders"] == (STATIC, ("tenant", f"t-{i}"))
