"""The writer, where it fails itself: a shorter line says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Logger
from lambda_kit.logger import _writer

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Logs = Callable[[], list[dict[str, Any]]]


def test_if_putting_the_line_together_fails_altogether_a_shorter_one_says_so(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> Any:
        raise RuntimeError("broken inside")

    monkeypatch.setattr(_writer, "place", fail)
    Logger().info("x", a=1)
    Logger().info(object())
    first, second = logs()
    assert (first["level"], first["message"], first["loggingError"]) == ("INFO", "x", "RuntimeError: broken inside")
    assert second["message"] == "[object]"
