"""The blocks of the tutorial are two files in the folder of examples, which type checkers and tests take from there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```py(?:thon)?\n# (\w+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["orders_api.py", "test_orders_api.py"])
def test_the_blocks_of_the_tutorial_are_the_example(name: str) -> None:
    page = (ROOT / "docs" / "http-tutorial.md").read_text()
    blocks = [code for file, code in BLOCK.findall(page) if file == name]
    _, _, example = (ROOT / "examples" / name).read_text().partition('."""\n')
    # The page is narrower than the file, so that lines are folded elsewhere.
    assert ast.unparse(ast.parse("\n".join(blocks))) == ast.unparse(ast.parse(example))
