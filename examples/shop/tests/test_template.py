"""The template under test: cfn-lint, and the rules that hold between its settings and the code."""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from storefront.settings import settings

from tests.effort import is_full

ROOT = Path(__file__).parents[3]
yaml: Any = import_module("yaml")  # it has no types
TEMPLATE = Path(__file__).parents[1] / "template.yaml"
LINT = ROOT / ".venvs" / "cfn-lint" / "bin" / "cfn-lint"


def _short(loader: Any, tag: str, node: Any) -> Any:
    """Return `!Ref` and the like as text, or as their list."""
    if isinstance(node.value, list):
        return loader.construct_sequence(node, deep=True)
    return f"{tag} {loader.construct_scalar(node)}"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    loader: Any = type("Loader", (yaml.SafeLoader,), {})
    loader.add_multi_constructor("!", _short)
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text("utf-8"), loader)["Resources"]  # a safe one
    return found


def functions(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of the functions."""
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == "AWS::Serverless::Function"}


@pytest.mark.skipif(not LINT.exists(), reason="cfn-lint is not installed: make .venvs/cfn-lint/.installed")
def test_cfn_lint_finds_nothing() -> None:
    if not is_full():
        pytest.skip("it takes seconds, and is the same on each Python")
    ran = subprocess.run([str(LINT), str(TEMPLATE)], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert (ran.returncode, ran.stdout) == (0, "")


def test_each_handler_exists(resources: dict[str, Any]) -> None:
    handlers = [one["Handler"] for one in functions(resources).values()]
    assert len(handlers) == 4
    for handler in handlers:
        module, _, name = handler.rpartition(".")
        assert callable(getattr(import_module(module), name))


def test_messages_stay_invisible_for_six_times_the_time_that_the_worker_has(resources: dict[str, Any]) -> None:
    queue = resources["OrdersQueue"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * resources["WorkerFunction"]["Properties"]["Timeout"]
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == "GetAtt OrdersRedrive.Arn"


def test_both_event_sources_take_reports_of_single_failures(resources: dict[str, Any]) -> None:
    sources = [
        event["Properties"]
        for one in functions(resources).values()
        for event in one.get("Events", {}).values()
        if event["Type"] in ("SQS", "DynamoDB")
    ]
    assert [one["FunctionResponseTypes"] for one in sources] == [["ReportBatchItemFailures"]] * 2


def test_no_function_may_do_something_to_everything(resources: dict[str, Any]) -> None:
    for properties in functions(resources).values():
        for policy in properties["Policies"]:
            for statement in policy["Statement"]:
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert not any("*" in action for action in actions)
                assert statement["Resource"] != "*"


def test_each_variable_of_the_template_is_one_that_the_settings_read(resources: dict[str, Any]) -> None:
    text = (TEMPLATE.parent / "src" / "storefront" / "settings.py").read_text("utf-8")
    named = {name for one in functions(resources).values() for name in one.get("Environment", {}).get("Variables", {})}
    assert named
    assert sorted(name for name in named if f'"{name}"' not in text) == []
    assert settings.orders_table == "orders"  # without variables, so that tests need none
