"""The template under test: cfn-lint, and the rules that hold between its settings and the code."""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from shop.tests.template import TEMPLATE, actions_of, functions, resources, statements
from storefront import settings

from tests.effort import is_full

ROOT = Path(__file__).parents[3]
LINT = ROOT / ".venvs" / "cfn-lint" / "bin" / "cfn-lint"


@pytest.mark.skipif(not LINT.exists(), reason="cfn-lint is not installed: make .venvs/cfn-lint/.installed")
def test_cfn_lint_finds_nothing() -> None:
    if not is_full():
        pytest.skip("it takes seconds, and is the same on each Python")
    ran = subprocess.run([str(LINT), str(TEMPLATE)], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert (ran.returncode, ran.stdout) == (0, "")


def test_each_handler_exists() -> None:
    handlers = [one["Handler"] for one in functions().values()]
    assert len(handlers) == 4
    for handler in handlers:
        module, _, name = handler.rpartition(".")
        assert callable(getattr(import_module(module), name))


def test_messages_stay_invisible_for_six_times_the_time_that_the_worker_has() -> None:
    queue = resources()["OrdersQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * resources()["WorkerFunction"]["Properties"]["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == "GetAtt OrdersRedrive.Arn"


def test_both_event_sources_take_reports_of_single_failures() -> None:
    sources = [
        event["Properties"]
        for one in functions().values()
        for event in one.get("Events", {}).values()
        if event["Type"] in ("SQS", "DynamoDB")
    ]
    assert [one["FunctionResponseTypes"] for one in sources] == [["ReportBatchItemFailures"]] * 2


def test_no_function_may_do_something_to_everything() -> None:
    for properties in functions().values():
        for statement in statements(properties):
            assert not any("*" in action for action in actions_of(statement))
            assert statement["Resource"] != "*"


def test_each_variable_of_the_template_is_one_that_the_settings_read() -> None:
    text = (TEMPLATE.parent / "src" / "storefront" / "settings.py").read_text("utf-8")
    named = {name for one in functions().values() for name in one.get("Environment", {}).get("Variables", {})}
    assert named
    assert sorted(name for name in named if f'"{name}"' not in text) == []
    assert settings.ORDERS_TABLE == "orders"  # without variables, so that tests need none
