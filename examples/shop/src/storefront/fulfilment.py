"""Fulfilment: an order is charged, or waits for an approval if it is large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_kit import FeatureFlags, Parameter
from lambda_kit.flags import AppConfigData
from storefront import approvals, orders, payments, settings
from storefront.observability import log, metrics

if TYPE_CHECKING:
    from storefront.models import OrderMessage

flags = FeatureFlags(AppConfigData(*settings.FLAGS), record=True)
approval_limit = Parameter(settings.APPROVAL_LIMIT_PARAMETER, transform=int)


def fulfil(order: OrderMessage, correlation_id: str) -> str:
    """Charge an order, or have it approved; return its status. A card that is declined is an answer, and no error."""
    asks = flags.enabled("approvals", customer=order.customer, default=True)
    if asks and order.total >= approval_limit():
        orders.update(order.order_id, "waiting")
        approvals.request(order.order_id, order.customer, order.total, correlation_id)
        return "waiting"
    return settle(order.order_id, charged(order.order_id, order.customer, order.total))


def charged(order_id: str, customer: str, cents: int) -> str | None:
    """Charge an order; return the receipt, or None if the card is declined."""
    try:
        return payments.charge(order_id, customer, cents)
    except payments.Declined:
        return None


def settle(order_id: str, receipt: str | None) -> str:
    """Note what became of a charge, and return the status of the order."""
    if receipt is None:
        orders.update(order_id, "declined")
        metrics.add("OrdersDeclined", 1)
        log.warning("order declined")
        return "declined"
    orders.update(order_id, "paid", receipt=receipt)
    metrics.add("OrdersPaid", 1)
    log.info("order paid")
    return "paid"
