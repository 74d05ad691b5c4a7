"""A protected handler under test: with a store in memory in place of the table, and time that a test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from payments import Declined, charge

from lambda_kit.idempotency import PayloadMismatch

if TYPE_CHECKING:
    from lambda_kit.idempotency import MemoryStore
    from lambda_kit.testing import FakeClock, FakeContext, Invoke

pytestmark = pytest.mark.usefixtures("idempotency_store")


def test_an_order_is_charged_once(lambda_invoke: Invoke, idempotency_store: MemoryStore) -> None:
    first, second = (lambda_invoke(charge, {"id": "o-1", "total": 20}) for _ in range(2))
    assert first.value == second.value == {"order": "o-1", "charged": "20"}
    assert first.logs.one(order="o-1")["idempotencyKey"].startswith("local.payments.charge#")
    second.logs.assert_none(order="o-1")
    assert len(idempotency_store.records) == 1


def test_after_a_day_it_is_another_order(lambda_invoke: Invoke, lambda_clock: FakeClock) -> None:
    lambda_invoke(charge, {"id": "o-1", "total": 20}).logs.one(order="o-1")
    lambda_clock.advance(86_401)
    lambda_invoke(charge, {"id": "o-1", "total": 20}).logs.one(order="o-1")


def test_a_card_that_was_declined_is_declined_again(lambda_invoke: Invoke) -> None:
    errors = [lambda_invoke(charge, {"id": "o-2", "total": 2000}).error for _ in range(2)]
    assert [type(error) for error in errors] == [Declined] * 2


def test_another_total_for_the_same_order_is_refused(lambda_invoke: Invoke) -> None:
    lambda_invoke(charge, {"id": "o-3", "total": 20})
    assert isinstance(lambda_invoke(charge, {"id": "o-3", "total": 30}).error, PayloadMismatch)


def test_the_plain_function_is_not_protected(idempotency_store: MemoryStore, lambda_context: FakeContext) -> None:
    plain = charge.__wrapped__
    assert plain({"id": "o-4", "total": 1}, lambda_context) == plain({"id": "o-4", "total": 1}, lambda_context)
    assert idempotency_store.records == {}
