"""A durable function: a manager approves a purchase, then the card is charged, once, whatever happens in between.

The execution waits for the manager without running, for up to three days. The address of the approval carries the id
of the callback; whoever opens it calls `SendDurableExecutionCallbackSuccess`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_durable_execution_sdk_python import (
    durable_execution,  # pyright: ignore[reportUnknownVariableType]  # boto3 has no types
)
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration

from lambda_kit import Logger, Metrics, handler, idempotent, time_limit
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from aws_durable_execution_sdk_python import DurableContext, StepContext

    from lambda_kit.idempotency import Store

log = Logger(service="purchases")
metrics = Metrics("Purchases")
mails: list[str] = []  # in place of a mail service
cards: list[tuple[str, int]] = []  # in place of a payment service


def store() -> Store:
    """Return the store of what was bought: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


records = store()


@idempotent(records, key="order_id")
def charge(order_id: str, amount: int) -> str:
    """Charge the card for an order: once, also if the step is tried again."""
    cards.append((order_id, amount))
    log.info("charged", amount=amount)
    return f"receipt for {order_id}"


@durable_execution
@handler(log, metrics, time_limit(margin=1.0), idempotent(records, key="id", lease=4 * 86_400.0))
def buy(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """Ask the manager, then charge. A second execution for the same order is refused, or gets the same result."""
    order_id: str = event["id"]
    log.append(order=order_id)
    log.info("purchase begins")
    metrics.add("Purchases", 1)

    three_days = CallbackConfig(timeout=Duration.from_days(3))
    approval: Any = context.create_callback("approval", three_days)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    def ask(_: StepContext) -> None:
        mails.append(f"https://shop.example/approve/{approval.callback_id}")

    context.step(ask, name="ask the manager")
    if approval.result() != "approved":
        log.info("refused")
        return {"order": order_id, "status": "refused"}

    def pay(_: StepContext) -> str:
        return charge(order_id, event["amount"])

    receipt = context.step(pay, name="pay")
    metrics.add("Paid", event["amount"])
    return {"order": order_id, "status": "paid", "receipt": receipt}
