"""Check a basket out, and count what the business wants to know: orders, revenue, how long payments take.

echo '{"tenant": "t-1", "items": [5, 12.5], "card": "valid"}' | lambda-kit invoke checkout.check_out --event -
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Metrics, handler

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

metrics = Metrics("Shop", service="checkout", cold_start=True)


class Declined(Exception):
    """The bank said no."""


def pay(card: str, total: float) -> None:
    """Charge the card. It stands for a call to a payment provider."""
    with metrics.timer("PaymentTime"):
        if card != "valid":
            raise Declined(card)


@handler(metrics)
def check_out(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Charge for a basket; a card that is declined is counted, and no error of the function."""
    metrics.dimension_set(tenant=event["tenant"])
    total = sum(event["items"])
    try:
        pay(event["card"], total)
    except Declined:
        metrics.add("PaymentsDeclined", 1)
        return {"statusCode": 402}
    metrics.add("OrdersPlaced", 1)
    metrics.add("Revenue", total, "None")
    metrics.metadata(items=event["items"])
    return {"statusCode": 201, "total": total}
