"""Tracing under test: by the tree of spans that an invocation has left."""

from __future__ import annotations

from shipping import OutOfStock, ship

from lambda_kit.testing import invoke


def test_the_items_are_taken_before_the_carrier_is_booked() -> None:
    result = invoke(ship, {"order_id": "o-1", "items": ["tea", "coffee"]})
    assert result.value == {"shipped": ["tea", "coffee"], "traced": True}
    (tree,) = result.spans
    assert tree.names() == ("ship", "take", "take", "carrier")
    carrier = tree.find("carrier")
    assert (carrier.namespace, carrier.annotations) == ("remote", {"parcels": 2})


def test_an_item_that_is_missing_fails_its_span_and_the_handler() -> None:
    result = invoke(ship, {"order_id": "o-1", "items": ["saffron"]})
    assert isinstance(result.error, OutOfStock)
    (tree,) = result.spans
    take = tree.find("take")
    assert (take.fault, take.annotations, tree.fault) == (True, {"item": "saffron"}, True)
    assert take.exceptions[0].message == "saffron"
