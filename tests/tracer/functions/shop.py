"""A function that is traced, for tests: nested spans, a table, an error."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, Parameter, Tracer, handler, time_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

log, tracer = Logger(service="shop"), Tracer(service="shop")
price = Parameter("/shop/price", default="9")
_table: Any = None


def table() -> Any:
    global _table
    if _table is None:
        boto3: Any = import_module("boto3")
        _table = tracer.instrument(boto3.client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL"]))
    return _table


@tracer
def charge(order: str) -> str:
    with tracer.span("card", kind="remote") as span:
        span.annotate(order=order)
        span.metadata(request={"card": "4111", "password": "secret"})
        return f"ch-{order}"


@handler(log, tracer, time_limit(margin=0.3))
def place(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    log.info("placing order")
    if event.get("table"):
        table().put_item(TableName=event["table"], Item={"id": {"S": event["order"]}})
    if event.get("price"):
        price()
    if event.get("fail"):
        with tracer.span("stock"):
            raise ValueError("no such order")
    if event.get("sleep"):
        import time

        with tracer.span("stock"):
            time.sleep(event["sleep"])
    return {"charge": charge(event["order"]), "headers": tracer.headers()}
