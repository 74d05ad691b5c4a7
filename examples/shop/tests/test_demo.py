"""The demo under test, whole: the services of AWS, the runtime client, faults; and the count of what it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shop.demo.faults import PLANNED
from shop.tests.template import allowed_actions

from tests.effort import is_full
from tests.patience import PATIENCE

EXAMPLES = Path(__file__).parents[2]
# SAM adds a managed policy with these to a durable function.
KEPT_BY_SAM = {"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"}
# Actions for what does not happen in each run: a claim is given back and a message put off after an error; several
# values come in one call.
NOT_NEEDED = {
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "sqs:ChangeMessageVisibility",
    "ssm:GetParameters",
    "ssm:GetParameter",
}
PLACED, DONE = 13, {"paid", "declined", "refused"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runtime client has wheels for Linux alone")


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the demo once, and return its counts."""
    if not is_full():
        pytest.skip("it takes 20 seconds, and runs on one version of Python")
    file = tmp_path_factory.mktemp("demo") / "counts.json"
    path = os.pathsep.join([str(EXAMPLES.parent), str(EXAMPLES)])
    ran = subprocess.run(  # noqa: S603  # the program of this folder
        [sys.executable, "-m", "shop.demo", "--json", str(file)],
        cwd=EXAMPLES,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def test_each_order_is_placed_and_charged_exactly_once_whatever_goes_wrong(counts: dict[str, Any]) -> None:
    assert counts["killed"]
    assert counts["faults"] == PLANNED
    assert counts["recognised"] >= 1  # the charge after which the worker was killed, and those that could not be noted
    assert counts["refused_keys"] >= 1
    assert counts["mistakes"] == []
    assert len(counts["orders"]) == PLACED
    assert set(counts["orders"].values()) == DONE
    paid = {order for order, status in counts["orders"].items() if status == "paid"}
    assert counts["charges"] == dict.fromkeys(paid, 1)


def test_repeated_requests_get_the_same_answer(counts: dict[str, Any]) -> None:
    answers: dict[tuple[str, str], set[str]] = {}
    for customer, key, status, body in counts["requests"]:
        assert status == 201
        answers.setdefault((customer, key), set()).add(json.dumps(body, sort_keys=True))
    assert len(answers) == PLACED
    assert len(counts["requests"]) > PLACED
    assert all(len(bodies) == 1 for bodies in answers.values())


def test_what_no_retry_mends_is_put_aside_once_and_nothing_else(counts: dict[str, Any]) -> None:
    assert (counts["letters"], counts["redrive"]) == (1, 0)


def test_each_function_may_do_what_it_does_and_no_more(counts: dict[str, Any]) -> None:
    used: dict[str, set[str]] = {}
    for function, action in counts["calls"]:
        if action not in KEPT_BY_SAM:
            used.setdefault(function, set()).add(action)
    allowed = {name.removesuffix("Function").lower(): actions for name, actions in allowed_actions().items()}
    assert {name: sorted(actions - allowed[name]) for name, actions in used.items() if actions - allowed[name]} == {}
    unused = {name: actions - used.get(name, set()) for name, actions in allowed.items()}
    assert set().union(*unused.values()) <= NOT_NEEDED


def test_one_order_is_found_in_all_functions_by_its_correlation_id(counts: dict[str, Any]) -> None:
    assert counts["functions"][:4] == ["api", "publish", "worker", "approval"]
    assert "api" in counts["functions"][4:]  # the decision
