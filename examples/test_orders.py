"""The handler of `orders.py` under test: whole, with its layers, and as the plain function."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from orders import orders, place_order

from lambda_kit.errors import TimeLimitReached
from lambda_kit.testing import FakeClock, invoke, make_context

EVENT: dict[str, Any] = json.loads(Path(__file__).with_name("orders.json").read_text())


def test_an_order_is_stored_and_answered() -> None:
    result = invoke(place_order, EVENT, cold=True)
    assert result.value == {"statusCode": 201, "orderId": "o-1", "total": 29.0}
    assert [line["message"] for line in result.logs] == [
        "order received",
        "opening the table of orders",
        "order answered",
    ]
    assert {line["order_id"] for line in result.logs} == {"o-1"}
    assert orders().execute("select total from orders where id = 'o-1'").fetchone() == (29.0,)


def test_a_warm_invocation_opens_no_second_table() -> None:
    invoke(place_order, EVENT, cold=True)
    invoke(place_order, EVENT)
    assert orders.info.builds == 1


def test_a_test_may_bring_its_own_table() -> None:
    table = sqlite3.connect(":memory:")
    table.execute("create table orders (id text primary key, total real)")
    with orders.override(table):
        assert invoke(place_order, EVENT).unwrap()["statusCode"] == 201
    assert place_order.__wrapped__(EVENT, make_context(), table=table)["total"] == 29.0
    table.close()


def test_an_order_that_comes_too_late_is_not_started() -> None:
    result = invoke(place_order, EVENT, context=make_context(timeout=0.0, clock=FakeClock()))
    assert isinstance(result.error, TimeLimitReached)


def test_an_order_without_items_fails_as_it_is() -> None:
    result = invoke(place_order, {"order_id": "o-2"})
    assert result.logs[-1]["exception"]["type"] == "KeyError"
    with pytest.raises(KeyError, match="items"):
        result.unwrap()
