"""The landing page shows what its handler writes: it is run with the command of the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.effort import skip_in_the_middle

skip_in_the_middle()
if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "index.md").read_text()


def shape(value: Any) -> Any:
    """Return the keys of objects in their order, and the types of values."""
    if isinstance(value, dict):
        return [(key, shape(one)) for key, one in value.items()]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [shape(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    return type(value).__name__


def objects(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects that stand one after another in a text."""
    found: list[dict[str, Any]] = []
    at = 0
    while (at := text.find("{", at)) >= 0:
        one, at = json.JSONDecoder().raw_decode(text, at)
        found.append(one)
    return found


def without_values(message: str) -> str:
    """Return a text without the hash of a key, which the page shortens, times, and numbers of lines in the kit."""
    message = re.sub(r"^(_\w+\.\w+):\d+$", r"\1", message)
    return re.sub(r"#[0-9a-f]+…?", "#", re.sub(r"\d+\.\d", "0", message))


def test_the_output_on_the_page_is_that_of_its_handler(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    (command,) = re.findall(r"`(lambda-kit invoke [^`]+)`", PAGE)
    (tmp_path / "shop.py").write_text(code)
    (tmp_path / "order.json").write_text('{"order": "o-1", "total": "19.90"}')
    program = [sys.executable, "-m", "lambda_kit.local", *command.split()[1:]]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(program, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith('{"')]
    on_page = objects(shown)
    assert [shape(one) for one in on_page] == [shape(one) for one in lines]
    plain = ("level", "message", "location", "service", "functionName", "coldStart", "order", "total", "logger")
    for one, line in zip(on_page, lines, strict=True):
        assert {name: without_values(str(one[name])) for name in plain if name in one} == {
            name: without_values(str(line[name])) for name in plain if name in line
        }
    keys = [re.match(r"[\w.]+#", one["idempotencyKey"]) for one in (on_page[0], lines[0])]
    assert keys[0] is not None
    assert keys[1] is not None
    assert keys[0][0] == keys[1][0]
