"""Whole durable executions, under AWS's own SDK: a claim belongs to the execution, through suspensions and replays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "functions" / "durable_shop.py"


def run(end: str) -> dict[str, Any]:
    """Start an execution, another one for the same order meanwhile, and a third one later; return what came of them."""
    command = [sys.executable, str(PROGRAM), end]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_an_execution_that_is_suspended_keeps_its_key_and_knows_it_again() -> None:
    assert run("wait") == {
        "first": ["SUCCEEDED", '"charge 1"'],
        "charges": ["o-1"],
        "runs": 2,
        "meanwhile": ["lambda_kit.errors.AlreadyInProgress"],
        "states": ["COMPLETED"],
        "later": '"charge 1"',
    }


def test_an_execution_that_fails_releases_its_key() -> None:
    found = run("fail")
    assert (found["first"], found["states"], found["runs"]) == (["FAILED", None], [], 1)
    assert found["later"] == "AssertionError"
