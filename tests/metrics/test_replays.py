"""Values that a replay of a durable execution adds again: they are dropped, or marked so that they do not count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lambda_kit import handler
from lambda_kit.metrics import Metrics
from lambda_kit.metrics._lines import LIMIT
from tests.durable_context import durable_context, one_operation
from tests.metrics.filled_lines import filled
from tests.metrics.validator import check

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run a handler in the replay of an execution, and return the lines that it wrote."""

    def run(place: Callable[..., object]) -> list[str]:
        place({}, durable_context(operations=one_operation()))
        return capsys.readouterr().out.splitlines(keepends=True)

    return run


def test_values_of_a_replay_are_dropped_by_default(metrics: Metrics, written: Callable[..., list[str]]) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        metrics.add("Orders", 1, dimensions={"tenant": "a"})

    assert written(place) == []


def test_marked_values_are_in_a_line_as_it_was_that_does_not_count(written: Callable[..., list[str]]) -> None:
    metrics = Metrics("Shop", replays="mark", stage="prod")

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.metadata(note='"_aws":')
        metrics.add("Orders", 1)
        metrics.add("Orders", [2, 3], dimensions={"tenant": "a"})

    lines = [json.loads(line) for line in written(place)]
    for line in lines:
        assert list(line) == ["replayed", "metrics"]
        assert line["replayed"] is True
        check(line["metrics"])
        assert (line["metrics"]["stage"], line["metrics"]["note"]) == ("prod", '"_aws":')
    assert [(line["metrics"]["Orders"], line["metrics"].get("tenant")) for line in lines] == [(1, None), ([2, 3], "a")]


def test_a_level_stays_at_the_root_of_a_marked_line(
    monkeypatch: pytest.MonkeyPatch, written: Callable[..., list[str]]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "WARN")
    metrics = Metrics("Shop", replays="mark")

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)

    (line,) = map(json.loads, written(place))
    assert list(line) == ["level", "timestamp", "replayed", "metrics"]
    assert line["level"] == "WARN"
    check(line["metrics"])


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_a_full_line_fits_into_a_log_event_with_its_level_and_its_mark(
    level: str, monkeypatch: pytest.MonkeyPatch, written: Callable[..., list[str]]
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", level)
    metrics, event_limit = Metrics("Shop", replays="mark"), 256 * 1024 - 26  # less what is the event's own

    @handler(metrics)
    def place(event: object, context: object) -> None:
        for name, values in filled("A", LIMIT).items():
            metrics.add(name, values)

    (line,) = written(place)
    assert event_limit - 100 < len(line) <= event_limit, "as long as possible, with a few bytes to spare"


def test_marked_metrics_are_written_by_flush_and_without_the_layer(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Metrics("Shop", replays="mark")

    @handler
    def count(event: object, context: object) -> None:
        metrics.dimension(shop="one")
        metrics.add("Orders", 1)
        metrics.flush()
        metrics.add("Late", 2)

    count({}, durable_context(operations=one_operation()))
    metrics.flush()
    flushed, late = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (flushed["replayed"], flushed["metrics"]["Orders"], flushed["metrics"]["shop"]) == (True, 1, "one")
    assert (late["replayed"], late["metrics"]["Late"], late["metrics"]["shop"]) == (True, 2, "one")
