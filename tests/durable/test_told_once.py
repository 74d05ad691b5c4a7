"""Lines, metrics and spans of a durable execution, under AWS's own SDK: what is replayed is told once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, Metrics, current_invocation, handler
from lambda_kit.errors import ConfigurationError
from tests.durable_context import durable_context, one_operation
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from lambda_kit.testing import FakeXRayDaemon

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "programs" / "told_once.py"


class Told:
    """What an execution told.

    Attributes:
        lines: the lines of the logger.
        metrics: the lines of metrics.
        replayed_metrics: those which CloudWatch does not count.
        found: what the program says of the execution.
    """

    def __init__(self, replays: str, environ: dict[str, str]) -> None:
        command = [sys.executable, str(PROGRAM), replays]
        env = {**os.environ, **environ}
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True, env=env)
        told = [json.loads(line) for line in done.stdout.splitlines()]
        self.metrics = [line for line in told if "_aws" in line]
        self.replayed_metrics = [line for line in told if "_aws" in line.get("metrics", {})]
        self.lines = [line for line in told if line not in self.metrics and line not in self.replayed_metrics]
        self.found: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])


ONCE = {
    "begins": 1,
    "foreign": 1,
    "waited": 1,
    "branch begins": 2,
    "step": 2,
    "branch ends": 2,
    "mapped": 1,
    "asked": 1,
    "asked twice": 1,
    "answered": 1,
    "answered twice": 1,
    "ends": 1,
}


COUNTED = {"ColdStart": 1, "Begun": 1, "Waited": 1, "Mapped": 1, "Answered": 1, "Took": 1}


def test_an_execution_of_five_runs_tells_each_line_and_metric_once_and_spans_of_branches_hang_where_they_belong(
    xray_daemon: FakeXRayDaemon,
) -> None:
    told = Told("once", xray_daemon.environ)
    arn = told.found["arn"]
    assert (told.found["status"], told.found["result"][0]) == ("SUCCEEDED", ["a", "b"])
    more = len(told.found["invocations"]) - 1
    assert more >= 4  # the service may run it once more than it has to
    assert told.found["invocations"] == [[False, None, True], *[[True, None, True]] * more]

    assert Counter(line["message"] for line in told.lines) == ONCE
    assert all(line["executionArn"] == arn and line["requestId"] for line in told.lines)
    assert not any("replayed" in line for line in told.lines)
    branches = [line for line in told.lines if line["message"].startswith("branch")]
    assert {line["order"] for line in branches} == {"o-1"}
    (mapped,) = (line for line in told.lines if line["message"] == "mapped")
    assert (mapped["items"], mapped["location"].rpartition(":")[0]) == (2, "__main__.place")

    assert told.replayed_metrics == []
    values = Counter(name for line in told.metrics for name in line if name[0].isupper())
    assert values == COUNTED

    runs = xray_daemon.tree()
    assert [run.name for run in runs] == ["place"] * (1 + more)
    assert [run.annotations["Replay"] for run in runs] == [False, *[True] * more]
    assert {run.annotations["ExecutionArn"] for run in runs} == {arn}
    assert not any(run.fault or run.error for run in runs)
    assert sorted(runs[1].find("fan out").names()) == ["branch a", "branch b", "fan out"]
    assert "Replayed" not in runs[1].find("fan out").annotations
    assert all(run.find("fan out").annotations["Replayed"] for run in runs[2:])


def test_lines_and_metrics_of_a_replay_can_be_written_with_a_mark() -> None:
    told = Told("mark", {})
    lines, more = told.lines, len(told.found["invocations"]) - 1
    new = Counter(line["message"] for line in lines if not line.get("replayed"))
    assert new == ONCE
    replayed = Counter(line["message"] for line in lines if line.get("replayed"))
    assert (replayed["begins"], replayed["foreign"], replayed["waited"], replayed["step"]) == (more, more, more - 1, 0)

    assert Counter(name for line in told.metrics for name in line if name[0].isupper()) == COUNTED
    assert not any("replayed" in line for line in told.metrics)
    marked = told.replayed_metrics
    assert all(line["replayed"] is True and "_aws" not in line for line in marked)
    counted = Counter(name for line in marked for name in line["metrics"] if name[0].isupper())
    assert (counted["Begun"], counted["Waited"], counted["ColdStart"]) == (more, more - 1, 0)
    (kind,) = {line["metrics"]["kind"] for line in marked if "Waited" in line["metrics"]}
    assert kind == "short"


def test_the_option_for_what_a_replay_repeats_is_checked() -> None:
    wrong: Any = "twice"
    for make in (Logger, Metrics):
        with pytest.raises(ConfigurationError, match=rf"{make.__name__}\(replays='twice'\): pass 'once' or 'mark'"):
            make(replays=wrong)


def test_a_run_that_fails_while_it_replays_still_tells_its_failure(capsys: pytest.CaptureFixture[str]) -> None:
    log = Logger()

    @handler(log, Metrics("Shop"))
    def fail(event: Any, context: Any) -> None:
        log.error("replayed")
        raise ValueError("sold out")

    with pytest.raises(ValueError, match="sold out"):
        fail({}, durable_context(operations=one_operation()))
    (line,) = (json.loads(one) for one in capsys.readouterr().out.splitlines())
    assert line["message"] == "the handler failed: ValueError: sold out"


def test_the_invocation_knows_the_name_of_its_execution() -> None:
    found: list[Any] = []

    @handler
    def tell(event: Any, context: Any) -> None:
        invocation = current_invocation()
        found.append((invocation.execution_arn, invocation.execution_name, invocation.replay))

    arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop:1/durable-execution/order-1/abc"
    tell({}, durable_context(arn))
    tell({}, durable_context("odd", operations=one_operation()))
    tell({}, None)
    assert found == [(arn, "order-1", False), ("odd", None, True), (None, None, False)]
