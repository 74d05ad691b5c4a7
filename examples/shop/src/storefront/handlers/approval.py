"""The durable function: it asks a person about a large order, waits without running, and charges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import (
    durable_execution,  # pyright: ignore[reportUnknownVariableType]  # boto3 has no types
)
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.exceptions import CallbackError

from lambda_kit import handler, time_limit
from storefront import fulfilment, orders
from storefront.observability import ATTRIBUTE, about, log, metrics, tracer

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext, StepContext

THREE_DAYS = CallbackConfig(timeout=Duration.from_days(3))


@durable_execution
@handler(log, tracer, metrics, time_limit(margin=0.5))
def approve_order(event: dict[str, Any], context: DurableContext) -> dict[str, str]:
    """Charge an order if a person approves it; refuse it if nobody does."""
    with about(event["order_id"], event[ATTRIBUTE], "approval"):
        return {"order": event["order_id"], "status": _decide(event, context)}


def _decide(event: dict[str, Any], context: DurableContext) -> str:
    order_id: str = event["order_id"]
    approval: Any = context.create_callback("approval", THREE_DAYS)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def ask(_: StepContext) -> None:
        orders.update(order_id, "waiting", callback=approval.callback_id)
        log.info("waiting for a decision")

    def pay(_: StepContext) -> str | None:
        return fulfilment.charged(order_id, event["customer"], event["total"])

    def close(_: StepContext) -> str:
        if decision["approved"]:
            return fulfilment.settle(order_id, receipt)
        orders.update(order_id, "refused")
        metrics.add("OrdersRefused", 1)
        return "refused"

    context.step(ask, name="ask")
    try:
        decision: dict[str, Any] = json.loads(approval.result())
    except CallbackError:  # three days are over, or the decision failed
        decision = {"approved": False, "by": "nobody"}
    log.info("decided", approved=decision["approved"], by=decision["by"])
    receipt = context.step(pay, name="pay") if decision["approved"] else None
    return context.step(close, name="close")
