"""The root of the package: its version, and the command behind `python -m`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import lambda_kit

OTHER_FILES = ["__init__.py", "__main__.py", "mvc/__init__.py", "utils/__init__.py"]  # of lambda-kit 1.0.14


def test_the_version_is_that_of_the_distribution() -> None:
    assert lambda_kit.__version__ == metadata.version("lambda-kit-sdk")


def test_python_m_runs_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "lambda_kit", "--version"], capture_output=True, text=True, check=True)
    assert re.match(rf"lambda-kit {re.escape(lambda_kit.__version__)}\b", done.stdout)


@pytest.mark.parametrize(
    ("replaced", "statement"),
    [
        pytest.param(False, "import lambda_kit", id="ours was installed last"),
        pytest.param(True, "from lambda_kit.local import main", id="theirs was installed last, the command"),
        pytest.param(True, "import lambda_kit._pytest_plugin", id="theirs was installed last, in tests"),
    ],
)
def test_an_import_is_refused_if_the_unrelated_distribution_is_in_the_same_folder(
    tmp_path: Path, replaced: bool, statement: str
) -> None:
    package = tmp_path / "lambda_kit"
    shutil.copytree(Path(lambda_kit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "samples"))
    for name in OTHER_FILES:
        file = package / name
        if replaced or not file.exists():
            file.parent.mkdir(exist_ok=True)
            file.write_text("")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {statement}"],
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert "lambda-kit-sdk" in last
    assert "pip uninstall" in last
