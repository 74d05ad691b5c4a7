from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Stdout:
    """A standard output that keeps each write for itself.

    Attributes:
        before: is called before each write.
    """

    def __init__(self, writes: list[str]) -> None:
        self.writes = writes
        self.before: Callable[[], object] = bool

    def write(self, text: str) -> int:
        self.before()
        self.writes.append(text)
        return len(text)

    def flush(self) -> None: ...


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Stdout:
    """A standard output that keeps what is written."""
    stdout = Stdout([])
    # Not `sys.stdout` itself, which pytest replaces again before the test begins.
    monkeypatch.setattr("lambda_kit._kernel.stdout.sys", SimpleNamespace(stdout=stdout, __stdout__=None))
    return stdout


@pytest.fixture
def writes(stdout: Stdout) -> list[str]:
    """The text of each write to standard output."""
    return stdout.writes


@pytest.fixture
def logs(writes: list[str]) -> Callable[[], list[dict[str, Any]]]:
    """Return the lines that were written, parsed, and forget them; each is one write."""

    def read() -> list[dict[str, Any]]:
        for line in writes:
            assert line.endswith("\n")
            assert "\n" not in line[:-1]
        found = [json.loads(line) for line in writes]
        writes.clear()
        return found

    return read
