"""The rules of prose that a program can check. The others are in a reader's hands."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEADLESS = {"How", "What", "Whatever", "When", "Where", "Whether", "Which", "Who", "Whoever", "Whose", "Why"}
FILES = sorted(path for folder in ("lambda_kit", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py"))


def first_words(path: Path) -> list[tuple[int, str]]:
    """Return the line and the first word of each docstring of a file."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            words = (ast.get_docstring(node) or "").split()
            if words:
                found.append((getattr(node, "lineno", 1), words[0].strip("`,:")))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_docstring_begins_with_what_it_names_or_does(path: Path) -> None:
    assert [(line, word) for line, word in first_words(path) if word in HEADLESS] == []
