"""The handler of `orders.py` under test: with its layers, as the plain function, and under the real runtime client."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from orders import orders, place_order

from lambda_kit.errors import TimeLimitReached
from lambda_kit.testing import make_context

if TYPE_CHECKING:
    from lambda_kit.testing import FakeClock, Invoke, StartFunction

EVENT: dict[str, Any] = json.loads(Path(__file__).with_name("orders.json").read_text())


def test_an_order_is_stored_and_answered(lambda_invoke: Invoke) -> None:
    result = lambda_invoke(place_order, EVENT, cold=True)
    assert result.value == {"statusCode": 201, "orderId": "o-1", "total": 29.0}
    assert result.logs.messages == ["order received", "opening the table of orders", "order answered"]
    assert len(result.logs.find_all(order_id="o-1")) == 3
    assert orders().execute("select total from orders where id = 'o-1'").fetchone() == (29.0,)


def test_a_warm_invocation_opens_no_second_table(lambda_invoke: Invoke) -> None:
    lambda_invoke(place_order, EVENT, cold=True)
    lambda_invoke(place_order, EVENT)
    assert orders.info.builds == 1


def test_a_test_may_bring_its_own_table(lambda_invoke: Invoke) -> None:
    table = sqlite3.connect(":memory:")
    table.execute("create table orders (id text primary key, total real)")
    with orders.override(table):
        assert lambda_invoke(place_order, EVENT).unwrap()["statusCode"] == 201
    assert place_order.__wrapped__(EVENT, make_context(), table=table)["total"] == 29.0
    table.close()


def test_an_order_that_comes_too_late_is_not_started(lambda_invoke: Invoke, lambda_clock: FakeClock) -> None:
    context = make_context(timeout=3.0)
    lambda_clock.advance(3.0)
    assert isinstance(lambda_invoke(place_order, EVENT, context=context).error, TimeLimitReached)


def test_an_order_without_items_fails_as_it_is(lambda_invoke: Invoke) -> None:
    result = lambda_invoke(place_order, {"order_id": "o-2"})
    result.logs.one(level="ERROR", exception=KeyError)
    with pytest.raises(KeyError, match="items"):
        result.unwrap()


def test_the_function_runs_under_the_real_runtime_client(lambda_runtime: StartFunction) -> None:
    function = lambda_runtime("orders.place_order", cwd=Path(__file__).parent, timeout=20)
    cold, warm = (function.invoke(EVENT) for _ in range(2))
    assert cold.unwrap() == warm.unwrap() == {"statusCode": 201, "orderId": "o-1", "total": 29.0}
    assert (cold.cold, warm.cold) == (True, False)
    assert warm.logs.messages == ["order received", "order answered"]
