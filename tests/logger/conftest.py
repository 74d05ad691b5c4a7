from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class _Stdout:
    """A standard output that keeps each write for itself."""

    def __init__(self, writes: list[str]) -> None:
        self.writes = writes

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)

    def flush(self) -> None: ...


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was written to standard output, one item for each write."""
    kept: list[str] = []
    # Not `sys.stdout` itself, which pytest replaces again before the test begins.
    monkeypatch.setattr("lambda_kit._kernel.stdout.sys", SimpleNamespace(stdout=_Stdout(kept), __stdout__=None))
    return kept


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
