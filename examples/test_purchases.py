"""A durable function under test: AWS's testing package in place of the service, and a file in place of the table."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.testing import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def purchases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("IDEMPOTENCY_FILE", str(tmp_path / "purchases.db"))
    module = import_module("purchases")
    yield module
    module.records.close()
    del sys.modules["purchases"]


def test_an_approved_purchase_is_charged_once_however_often_it_is_started(purchases: Any) -> None:
    first, second = (
        invoke(purchases.buy, {"id": "o-1", "amount": 20}, answers={"approval": "approved"}) for _ in range(2)
    )
    assert first.value == second.value == {"order": "o-1", "status": "paid", "receipt": "receipt for o-1"}
    assert purchases.cards == [("o-1", 20)]
    assert len(purchases.mails) == 1
    assert [run.status for run in first.runs] == ["PENDING", "SUCCEEDED"]
    assert [line["message"] for line in first.logs if "message" in line] == ["purchase begins", "charged"]
    assert first.metrics == {"Purchases": [1], "Paid": [20]}


def test_a_purchase_that_was_refused_charges_nothing(purchases: Any) -> None:
    result = invoke(purchases.buy, {"id": "o-2", "amount": 20}, answers={"approval": "refused"})
    assert result.value == {"order": "o-2", "status": "refused"}
    assert purchases.cards == []
