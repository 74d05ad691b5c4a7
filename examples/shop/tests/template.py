"""Reads the template for tests."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

yaml: Any = import_module("yaml")  # it has no types
TEMPLATE = Path(__file__).parents[1] / "template.yaml"


def _short(loader: Any, tag: str, node: Any) -> Any:
    """Return `!Ref` and the like as text, or as their list."""
    if isinstance(node.value, list):
        return loader.construct_sequence(node, deep=True)
    return f"{tag} {loader.construct_scalar(node)}"


def resources() -> dict[str, Any]:
    """Return the resources by name."""
    loader: Any = type("Loader", (yaml.SafeLoader,), {})
    loader.add_multi_constructor("!", _short)
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text("utf-8"), loader)["Resources"]
    return found


def functions() -> dict[str, Any]:
    """Return the properties of the functions by name."""
    return {name: one["Properties"] for name, one in resources().items() if one["Type"] == "AWS::Serverless::Function"}


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of the policies of a function."""
    return [one for policy in properties["Policies"] for one in policy["Statement"]]


def actions_of(statement: dict[str, Any]) -> list[str]:
    """Return the actions of a statement."""
    found: Any = statement["Action"]
    actions: list[str] = [found] if isinstance(found, str) else found
    return actions


def allowed_actions() -> dict[str, set[str]]:
    """Return the actions that each function may do by its own policies."""
    return {
        name: {one for found in statements(props) for one in actions_of(found)} for name, props in functions().items()
    }
