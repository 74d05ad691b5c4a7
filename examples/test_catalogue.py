"""A handler with flags under test: with the file as it is, and with flags of the test."""

from __future__ import annotations

from catalogue import flags, products

from lambda_kit.testing import invoke


def test_premium_customers_get_recommendations() -> None:
    assert "recommendations" in invoke(products, {"tier": "premium"}).unwrap()
    assert "recommendations" not in invoke(products, {"tier": "basic"}).unwrap()


def test_small_screens_get_short_pages() -> None:
    assert len(invoke(products, {"agent": "Mobile/1.0"}).unwrap()["products"]) == 5
    assert len(invoke(products, {}).unwrap()["products"]) == 20


def test_without_its_flags_it_still_lists_products() -> None:
    with flags.override({}):
        assert len(invoke(products, {"tier": "premium"}).unwrap()["products"]) == 10
