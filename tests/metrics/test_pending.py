"""The values that wait, where writing itself fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambda_kit import handler

if TYPE_CHECKING:
    import pytest

    from lambda_kit.metrics import Metrics


def test_a_failure_to_write_is_logged_and_does_not_reach_the_handler(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(line: str) -> None:
        raise OSError("gone")

    monkeypatch.setattr("lambda_kit.metrics._pending.write", broken)

    @handler(metrics)
    def place(event: object, context: object) -> str:
        metrics.add("Orders", 1)
        return "done"

    assert place({}, None) == "done"
    (record,) = caplog.records
    assert (record.name, record.levelno, record.message) == (
        "lambda_kit",
        logging.ERROR,
        "metrics could not be written",
    )
