"""A plugin of pytest that makes imports lazy: those of the package in this process, all of them in its children.

`make test-lazy` uses it, on Python 3.15. pytest and its plugins do not work when their own imports are lazy.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

_LAZY = ("lambda_kit", "tests")


def _is_lazy(importing: str | None, imported: str, names: tuple[str, ...] | None) -> bool:
    return importing is not None and importing.partition(".")[0] in _LAZY


@pytest.fixture(autouse=True)
def _eager_pytest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        monkeypatch.delenv("PYTHON_LAZY_IMPORTS", raising=False)


_sys: Any = sys  # the functions are new in Python 3.15
_sys.set_lazy_imports_filter(_is_lazy)
_sys.set_lazy_imports("all")


def pytest_configure(config: pytest.Config) -> None:
    """Make imports lazy in the programs that tests start, but not in the workers of pytest-xdist."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses"):
        os.environ["PYTHON_LAZY_IMPORTS"] = "all"
