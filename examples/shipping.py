"""Ship an order, and trace how long the parts of it take: the stock, the carrier, the label.

echo '{"order_id": "o-1", "items": ["tea", "coffee"]}' | lambda-kit invoke shipping.ship --event -
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, Tracer, handler

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log, tracer = Logger(service="shipping"), Tracer(service="shipping")


class OutOfStock(Exception):
    """There is nothing left of an item."""


@tracer
async def take(item: str) -> str:
    """Take an item from the stock. It stands for a call of a warehouse."""
    tracer.current().annotate(item=item)
    await asyncio.sleep(0)
    if item == "saffron":
        raise OutOfStock(item)
    return item


@handler(log, tracer)
async def ship(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take all items side by side, and book a carrier; nothing is booked if an item is missing."""
    items = await asyncio.gather(*[take(item) for item in event["items"]])
    with tracer.span("carrier", kind="remote") as span:
        span.annotate(parcels=len(items))
        span.metadata(order={"id": event["order_id"], "items": items})
        headers = tracer.headers()  # the carrier's own spans would continue the trace
    log.info("shipped", parcels=len(items))
    return {"shipped": items, "traced": bool(headers)}
