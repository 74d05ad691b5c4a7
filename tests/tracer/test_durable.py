"""Durable executions, under AWS's own SDK: a suspension is neither a fault in the trace nor an error in the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from lambda_kit.testing import FakeXRayDaemon

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "functions" / "durable_shop.py"
exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")


def run(event: dict[str, Any], daemon: FakeXRayDaemon) -> tuple[list[Any], list[dict[str, Any]]]:
    """Return status and result of the execution, and the lines of its log."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), json.dumps(event)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        env={**os.environ, **daemon.environ},
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(done.stderr.splitlines()[-1]), lines


def test_a_run_that_is_suspended_and_replayed_has_no_fault_and_no_error_line(xray_daemon: FakeXRayDaemon) -> None:
    result, lines = run({"fail": False}, xray_daemon)
    assert result == ["SUCCEEDED", '"paid"']
    assert lines == []
    runs = xray_daemon.tree()
    assert [root.names() for root in runs] == [("place", "waiting"), ("place", "waiting")]
    for root in runs:
        for node in (root, root.find("waiting")):
            assert (node.fault, node.error, node.exceptions) == (False, False, [])


def test_a_failure_of_a_durable_handler_is_still_a_fault_and_an_error_line(xray_daemon: FakeXRayDaemon) -> None:
    result, lines = run({"fail": True}, xray_daemon)
    assert result == ["FAILED", None]
    assert [line["level"] for line in lines] == ["ERROR"]
    (root,) = xray_daemon.tree()
    assert (root.fault, root.exceptions[0].message) == (True, "sold out")


@pytest.mark.parametrize("name", ["SuspendExecution", "TimedSuspendExecution", "OrphanedChildException"])
def test_the_control_flow_of_the_sdk_is_no_fault_and_goes_on_unchanged(name: str, xray_daemon: FakeXRayDaemon) -> None:
    arguments = {"TimedSuspendExecution": (0.0,), "OrphanedChildException": ("id",)}.get(name, ())
    error: BaseException = getattr(exceptions, name)("x", *arguments)

    @Tracer()
    def suspended() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        suspended()
    assert caught.value is error
    (node,) = xray_daemon.tree()
    assert not node.fault
