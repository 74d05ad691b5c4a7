"""Code in the documentation fits the column that it is shown in, so that nobody scrolls sideways to read it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHON, OTHERS = 88, 110
FENCE = re.compile(r"^( *)```(\w*)")


def too_wide(text: str) -> list[tuple[int, str]]:
    """Return number and text of each line of code that is too wide: of Python, and of commands, output and JSON.

    Tables of figures and drawings, which are `text`, are left out: folding would break them.
    """
    found: list[tuple[int, str]] = []
    language, indent = "", 0
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence is not None:
            inside = not inside
            language, indent = fence[2], len(fence[1])
        elif inside and language != "text":
            limit = PYTHON if language in ("python", "py") else OTHERS
            if len(line) - indent > limit:
                found.append((number, line))
    return found


def test_no_line_of_code_in_the_documentation_is_too_wide() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    wide = [f"{page.name}:{number}: {line}" for page in pages for number, line in too_wide(page.read_text())]
    assert wide == [], "fold them: ruff format --line-length 88"


def test_no_line_of_code_in_a_docstring_is_too_wide() -> None:
    wide: list[str] = []
    for path in sorted((ROOT / "lambda_kit").rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "```" in text else ():
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                wide += [f"{path.name}: {line}" for _, line in too_wide(ast.get_docstring(node) or "")]
    assert wide == [], "fold them: ruff format --line-length 88"


def test_a_wide_line_is_found_in_its_block_alone() -> None:
    python, output = "x" * 89, "y" * 111
    blocks = [python, "```python", python, "```", python, "  ```console", python, f"  {output}", "  ```"]
    text = "\n".join([*blocks, "```text", output, "```"])
    assert too_wide(text) == [(3, python), (8, f"  {output}")]
