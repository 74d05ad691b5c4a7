"""A protected handler under test: with a file in place of the table, and the plain function behind it."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.idempotency import PayloadMismatch
from lambda_kit.testing import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def payments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("IDEMPOTENCY_FILE", str(tmp_path / "payments.db"))
    yield import_module("payments")
    del sys.modules["payments"]


def test_an_order_is_charged_once(payments: Any) -> None:
    first, second = (invoke(payments.charge, {"id": "o-1", "total": 20}) for _ in range(2))
    assert first.value == second.value == {"order": "o-1", "charged": "20"}
    (line,) = first.logs
    assert (line["order"], line["idempotencyKey"].partition("#")[0]) == ("o-1", "local.payments.charge")
    assert all(line["message"].startswith("replayed the result of local.payments.charge#") for line in second.logs)


def test_a_card_that_was_declined_is_declined_again(payments: Any) -> None:
    errors = [invoke(payments.charge, {"id": "o-2", "total": 2000}).error for _ in range(2)]
    assert [type(error) for error in errors] == [payments.Declined] * 2


def test_another_total_for_the_same_order_is_refused(payments: Any) -> None:
    invoke(payments.charge, {"id": "o-3", "total": 20})
    assert isinstance(invoke(payments.charge, {"id": "o-3", "total": 30}).error, PayloadMismatch)


def test_the_plain_function_is_not_protected(payments: Any) -> None:
    charge = payments.charge.__wrapped__
    assert charge({"id": "o-4", "total": 1}, None) == charge({"id": "o-4", "total": 1}, None)
