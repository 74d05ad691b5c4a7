# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAttributeAccessIssue=false
"""The same checkout with lambda_kit."""

import os
from typing import Any

from lambda_kit import (
    FeatureFlags,
    LambdaContext,
    Logger,
    Metrics,
    Parameter,
    Secret,
    Tracer,
    handler,
    idempotent,
    init,
    provide,
)
from lambda_kit.flags import AppConfigData
from lambda_kit.idempotency import DynamoDBStore
from lambda_kit.parameters import SecretValue

log = Logger(service="checkout", correlation_id="request")
metrics = Metrics(namespace="Shop", service="checkout", cold_start=True)
totals = Metrics(namespace="Shop", service=False)
tracer = Tracer(service="checkout")
flags = FeatureFlags(
    AppConfigData(application="shop", environment="prod", profile="flags")
)
records = DynamoDBStore(os.environ["IDEMPOTENCY_TABLE"])
currency = Parameter("/shop/currency", ttl=300.0)
limits = Secret("shop/limits", transform="json")


@init.resource
def orders() -> Any:
    import boto3

    return boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


@handler(
    log,
    tracer,
    metrics,
    totals,
    idempotent(records, key="order", payload="lines"),
    provide(currency=currency, limits=limits, table=orders),
)
def lambda_handler(
    event: dict[str, Any],
    context: LambdaContext,
    *,
    currency: str,
    limits: SecretValue[dict[str, Any]],
    table: Any,
) -> dict[str, Any]:
    discount = flags.enabled("discount", customer=event["customer"])
    total = sum(line["price"] * line["count"] for line in event["lines"])
    if total > limits.get_secret_value()["total"]:
        raise ValueError("over the limit")
    if discount:
        total = total * 9 // 10
    log.append(order=event["order"])
    with tracer.span("save") as span:
        span.annotate(order=event["order"])
        table.put_item(Item={"id": event["order"], "total": total})
    metrics.add("OrdersPlaced", 1)
    totals.add("OrderTotal", total, "None", dimensions={"currency": currency})
    log.info("placed", total=total)
    return {"order": event["order"], "total": total, "currency": currency}
