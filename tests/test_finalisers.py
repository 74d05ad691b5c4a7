"""Finalisers run for objects too whose `__init__` was interrupted, and then they raise nothing."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import lambda_kit


def classes_with_finalisers() -> list[tuple[str, str]]:
    """Return their modules and names, read from the source: importing all modules would disturb other tests."""
    root = Path(lambda_kit.__file__).parent
    found: list[tuple[str, str]] = []
    for path in sorted(root.rglob("*.py")):
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        source = path.read_text()
        if "def __del__(" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                methods = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
                if "__del__" in methods:
                    found.append((module, node.name))
    return found


CLASSES = classes_with_finalisers()


def test_the_classes_with_a_finaliser_are_found() -> None:
    assert ("lambda_kit.aws._http", "Pool") in CLASSES
    assert len(CLASSES) >= 4


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_an_object_whose_init_was_interrupted_is_finalised_without_an_error(module: str, name: str) -> None:
    made: Any = object.__new__(getattr(import_module(module), name))
    made.__del__()
