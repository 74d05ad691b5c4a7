"""Metrics under test: by the lines that an invocation wrote."""

from __future__ import annotations

from typing import Any

from checkout import check_out

from lambda_kit.testing import invoke

EVENT: dict[str, Any] = {"tenant": "t-1", "items": [5, 12.5], "card": "valid"}


def test_an_order_is_counted_for_the_service_and_for_the_tenant() -> None:
    result = invoke(check_out, EVENT)
    (line,) = result.logs
    assert result.value == {"statusCode": 201, "total": 17.5}
    assert (line["OrdersPlaced"], line["Revenue"], line["items"]) == (1, 17.5, [5, 12.5])
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"], ["service", "tenant"]]


def test_a_declined_card_is_counted_and_timed() -> None:
    result = invoke(check_out, {**EVENT, "card": "expired"})
    (line,) = result.logs
    assert result.value == {"statusCode": 402}
    assert line["PaymentsDeclined"] == 1
    assert line["PaymentTime"] >= 0
    assert "OrdersPlaced" not in line


def test_a_cold_start_is_counted_apart() -> None:
    cold, order = invoke(check_out, EVENT, cold=True).logs
    assert (cold["ColdStart"], cold["function_name"]) == (1, "test-function")
    assert "ColdStart" not in order
