"""A view loads its own file, and a few that it is made of."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from lambda_kit import events
from tests.patience import PATIENCE

FOLDER = Path(events.__file__).parent
HTTP = {"_http_trigger", "_http_values"}
BASE = {"_view"}
FIELDS = BASE | {"_fields"}
ALSO: dict[str, set[str]] = {  # what a file with views loads beside the base; the others load FIELDS
    "_attributes": BASE | {"_data"},
    "_data": BASE,
    "_dynamodb": FIELDS | {"_window"},
    "_firehose": BASE | {"_data"},
    "_http": BASE | HTTP,
    "_kafka": FIELDS | {"_data"},
    "_kinesis": FIELDS | {"_data", "_window"},
    "_mq": FIELDS | {"_data"},
    "_pipes": FIELDS | {"_data", "_kinesis", "_window"},
    "_sqs": BASE,
}
PROGRAM = """
import json, sys
import lambda_kit.errors
from lambda_kit import events

loaded = {}
for module, name in json.load(sys.stdin):
    for one in [one for one in sys.modules if one.startswith("lambda_kit.events.")]:
        del sys.modules[one]
    vars(events).pop(name, None)
    before = set(sys.modules)
    getattr(events, name)
    loaded[module] = sorted(set(sys.modules) - before)
json.dump(loaded, sys.stdout)
"""


def views() -> dict[str, str]:
    """Return the name of a view of each file."""
    tree = ast.parse((FOLDER / "__init__.py").read_text("utf-8"))
    return {
        str(node.module).rpartition(".")[2]: node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("lambda_kit.events.")
    }


VIEWS = {module: name for module, name in views().items() if hasattr(getattr(events, name), "raw")}


@cache
def loaded() -> dict[str, list[str]]:
    asked = json.dumps(list(VIEWS.items()))
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=asked, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    found: dict[str, list[str]] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("module", VIEWS)
def test_a_view_loads_its_own_file_and_no_more(module: str) -> None:
    own = {one.rpartition(".")[2] for one in loaded()[module] if one.startswith("lambda_kit.events.")}
    assert own == {module} | ALSO.get(module, FIELDS)
    others = {one.partition(".")[0] for one in loaded()[module]} - {"lambda_kit", "_json", "json", "re", "enum"}
    assert (
        others & {"pydantic", "typing", "dataclasses", "datetime", "decimal", "urllib", "zlib", "gzip", "base64"}
        == set()
    )
