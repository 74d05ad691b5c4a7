"""The rules of prose that a program can check, in docstrings and pages. The others are in a reader's hands."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEADLESS = {"How", "What", "Whatever", "When", "Where", "Whether", "Which", "Who", "Whoever", "Whose", "Why"}
FILES = sorted(path for folder in ("lambda_kit", "benchmarks", "examples") for path in (ROOT / folder).rglob("*.py"))

PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")),
]
CODE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
# Words that a reader has to guess, and plain ones for them.
RIDDLES = {
    "told so": "say which message or error comes",
    "told once": "written once, counted once",
    "told twice": "written twice, counted twice",
    "and not told": "say who gets no message",
    "tells nothing": "say what is not written or counted",
    "honest run": "the longest run that may succeed",
    "odd life": "say what happens to a process",
}


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


def paragraphs(text: str) -> list[tuple[int, str]]:
    """Return the line and the text of each paragraph of a page: no heading, list, table, code or quotation."""
    plain = CODE.sub(lambda code: "\n" * code[0].count("\n"), text)
    found = [
        (plain.count("\n", 0, one.start()) + 1, one[0]) for one in re.finditer(r"(?:^.+\n?)+", plain, re.MULTILINE)
    ]
    return [(line, one) for line, one in found if not re.match(r"[#|<!:>\s]|- |\d+\. ", one)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_paragraph_begins_with_its_subject(path: Path) -> None:
    """`When` and `Where` may begin one, because they name the condition of a whole sentence."""
    found = [(line, one.split()[0].strip("`,:")) for line, one in paragraphs(path.read_text())]
    assert [(line, word) for line, word in found if word in HEADLESS - {"When", "Where"}] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_has_plain_words_for_what_a_reader_would_have_to_guess(path: Path) -> None:
    words = " ".join(path.read_text().split())
    assert {one: plain for one, plain in RIDDLES.items() if one in words} == {}


def test_a_paragraph_is_found_with_its_line_and_without_code() -> None:
    page = "# What\n\nWho is\nit\n\n```text\nWhat\n```\n\n- What\n\n| What |\n\nThe end\n"
    assert [(line, one.strip()) for line, one in paragraphs(page)] == [(3, "Who is\nit"), (14, "The end")]
