"""The root of the package: its version, and the command behind `python -m`."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata

import lambda_kit


def test_the_version_is_that_of_the_distribution() -> None:
    assert lambda_kit.__version__ == metadata.version("lambda-kit-sdk")


def test_python_m_runs_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "lambda_kit", "--version"], capture_output=True, text=True, check=True)
    assert re.match(rf"lambda-kit {re.escape(lambda_kit.__version__)}\b", done.stdout)
