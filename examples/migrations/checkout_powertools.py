"""A checkout with six features of Powertools for AWS Lambda."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.feature_flags import AppConfigStore, FeatureFlags
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="checkout")
metrics = Metrics(namespace="Shop", service="checkout")
tracer = Tracer(service="checkout")
flags = FeatureFlags(
    store=AppConfigStore(environment="prod", application="shop", name="flags")
)
records = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY_TABLE"])
once = IdempotencyConfig(
    event_key_jmespath="order", payload_validation_jmespath="lines"
)
orders = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


@logger.inject_lambda_context(log_event=False, correlation_id_path="request")
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
@idempotent(persistence_store=records, config=once)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    currency = parameters.get_parameter("/shop/currency", max_age=300)
    limits: Any = parameters.get_secret("shop/limits", transform="json")
    discount = flags.evaluate(
        name="discount", context={"customer": event["customer"]}, default=False
    )
    total = sum(line["price"] * line["count"] for line in event["lines"])
    if total > limits["total"]:
        raise ValueError("over the limit")
    if discount:
        total = total * 9 // 10
    logger.append_keys(order=event["order"])
    with tracer.provider.in_subsegment("## save") as part:
        part.put_annotation("order", event["order"])
        orders.put_item(Item={"id": event["order"], "total": total})
    metrics.add_metric(name="OrdersPlaced", unit=MetricUnit.Count, value=1)
    with single_metric(
        name="OrderTotal", unit=MetricUnit.NoUnit, value=total, namespace="Shop"
    ) as one:
        one.add_dimension(name="currency", value=str(currency))
    logger.info("placed", total=total)
    return {"order": event["order"], "total": total, "currency": currency}
