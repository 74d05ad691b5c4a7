"""The files of the page "Deploy": templates that cfn-lint takes, and syntax of the others."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.effort import is_full

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "examples" / "deploy"
LINT = ROOT / ".venvs" / "cfn-lint" / "bin" / "cfn-lint"


@pytest.mark.skipif(not is_full(), reason="it takes seconds, and is the same on each Python")
@pytest.mark.skipif(not LINT.exists(), reason="cfn-lint is not installed: make .venvs/cfn-lint/.installed")
def test_cfn_lint_takes_the_templates(tmp_path: Path) -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text()
    found = re.search(r'title="template.yaml"\n(.*?)^```', tutorial, re.DOTALL | re.MULTILINE)
    assert found is not None
    (tmp_path / "tutorial.yaml").write_text(found[1])
    files = [*DEPLOY.glob("*.yaml"), tmp_path / "tutorial.yaml"]
    assert len(files) == 3
    done = subprocess.run([LINT, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_alarm_is_on_a_search_which_cloudwatch_refuses() -> None:
    templates = [*DEPLOY.glob("*.yaml"), ROOT / "examples" / "shop" / "template.yaml"]
    alarms = [
        block
        for path in templates
        for block in re.split(r"^  (?=\w)", path.read_text(), flags=re.MULTILINE)
        if "Type: AWS::CloudWatch::Alarm" in block
    ]
    assert len(alarms) >= 8
    assert [block.partition(":")[0] for block in alarms if "SEARCH(" in block] == []


def test_the_stack_of_the_cdk_is_python() -> None:
    ast.parse((DEPLOY / "cdk_stack.py").read_text())


def test_the_blocks_of_the_terraform_file_are_closed() -> None:
    hcl2 = pytest.importorskip("hcl2")
    assert {"data", "locals", "resource", "terraform"} <= set(hcl2.loads((DEPLOY / "main.tf").read_text()))
