"""From the stream of the table to the queue: each order that is stored becomes a message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambda_kit import init
from lambda_kit.aws import connect
from storefront import settings
from storefront.observability import ATTRIBUTE, log, tracer

if TYPE_CHECKING:
    from lambda_kit.aws import Caller


@init.resource
def queue() -> Caller:
    """Return the client of the queue, traced."""
    return tracer.instrument(connect("sqs"))


def announce(item: dict[str, Any]) -> None:
    """Send the message for an order.

    Args:
        item: the order as the table has it.
    """
    message: dict[str, Any] = {
        "QueueUrl": settings.ORDERS_QUEUE,
        "MessageBody": json.dumps({"order_id": item["id"], "customer": item["customer"], "total": int(item["total"])}),
        "MessageAttributes": {ATTRIBUTE: {"DataType": "String", "StringValue": item["correlationId"]}},
    }
    if trace := item.get("trace"):  # the worker's trace then belongs to that of the request
        message["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    queue().call("SendMessage", message)
    log.info("order announced")
