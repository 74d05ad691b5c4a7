"""Requests that schemathesis makes of the OpenAPI document of the example: valid ones, and all kinds of invalid ones.

It runs in an environment of its own, since it pins a package that the tests use in another version, and talks to the
example through the runtime client that AWS ships, behind a function URL on this machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.effort import scaled
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

from lambda_kit.local import FunctionUrl
from tests.effort import skip_in_the_middle

skip_in_the_middle()

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAM = ROOT / ".venvs" / "schemathesis" / "bin" / "st"
SETTINGS = Path(__file__).parent / "schemathesis"
EXAMPLES_OF_EACH = scaled(20)
IS_FULL = EXAMPLES_OF_EACH >= 20
PHASES = "examples,coverage,fuzzing,stateful" if IS_FULL else "fuzzing"


@pytest.fixture
def shop() -> Iterator[FunctionUrl]:
    with FunctionUrl("shop_api.lambda_handler", cwd=EXAMPLES, reload=False, timeout=PATIENCE, environments=1) as found:
        yield found


def run(url: str, document: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    event: dict[str, Any] = json.loads((EXAMPLES / "shop_api.json").read_text())
    command = [
        *(str(PROGRAM), "run", str(document), "--url", url, "--no-color", "--checks", "all"),
        *("--phases", PHASES, "--max-examples", str(EXAMPLES_OF_EACH), "--seed", "1"),
        *("--header", f"Authorization: {event['headers']['authorization']}"),
        # An order that was placed would have a photo: clients send it later, or never. The header above is in each
        # request, also in one that is to have none; tests/http/test_authorization.py sends those.
        *("--exclude-checks", "ensure_resource_availability,missing_required_header"),
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(SETTINGS)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not PROGRAM.exists(), reason="schemathesis is not installed: make .venvs/schemathesis/.installed")
@pytest.mark.parametrize("removed", [None, "404"] if IS_FULL else [None], ids=str)  # few requests may miss an answer
def test_the_example_answers_all_requests_as_its_document_says(
    removed: str | None, shop: FunctionUrl, tmp_path: Path
) -> None:
    """A document without one of the answers shows that the others are asked for."""
    document: dict[str, Any] = json.loads((EXAMPLES / "shop_api.openapi.json").read_text())
    if removed is not None:
        del document["paths"]["/orders/{order_id}"]["get"]["responses"][removed]
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    done = run(shop.url, path, tmp_path)
    failures = re.findall(r"^  ❌ (ST\d+ .*)$", done.stdout, re.MULTILINE)
    assert "Tested: 8" in done.stdout
    assert failures == ([] if removed is None else ["ST103 Undocumented status code: 1"]), done.stdout[-9_000:]
    assert done.returncode == (removed is not None)
