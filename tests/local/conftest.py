from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lambda_kit.local import Environment, _proc
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTIONS = Path(__file__).parent / "functions"

if sys.platform != "linux":
    # The runtime client has wheels for Linux alone; what runs elsewhere is the handler in process.
    collect_ignore = [
        "test_bench.py",
        "test_environment.py",
        "test_init.py",
        "test_managed.py",
        "test_cli.py",
        "test_interrupt.py",
        "test_rie.py",
        "test_function_url.py",
        "test_streamed.py",
        "test_serve.py",
        "test_runtime_clients.py",
    ]


@pytest.fixture(scope="session")
def functions() -> Path:
    return FUNCTIONS


@pytest.fixture(scope="module")
def env() -> Iterator[Environment]:
    """One environment for all the tests of a module that do not care what ran in it before."""
    with Environment("app.handler", cwd=FUNCTIONS, timeout=PATIENCE, memory=256) as environment:
        yield environment


@pytest.fixture
def mark() -> str:
    """An environment variable by which the processes of one test are found."""
    return f"LAMBDA_KIT_TEST={uuid.uuid4()}"


@pytest.fixture
def processes(mark: str) -> Callable[[int], list[int]]:
    """Wait until so many processes carry the mark, and return them."""

    def wait(count: int) -> list[int]:
        deadline = time.monotonic() + PATIENCE
        while len(found := _proc.with_environment(mark)) != count and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], Path]:
    """Write `app.py` and return the directory that it is in."""

    def write(source: str) -> Path:
        (tmp_path / "app.py").write_text(source)
        return tmp_path

    return write
