"""Orders and their table."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_kit import init
from lambda_kit.aws import connect
from lambda_kit.errors import ConditionalCheckFailed
from storefront import settings
from storefront.models import Order
from storefront.observability import log, metrics, tracer

if TYPE_CHECKING:
    from lambda_kit.aws import Caller
    from storefront.models import NewOrder, Status

_NAMESPACE = uuid.UUID("6c4e4d2e-3a4f-4a53-9f0e-5a0f2f2d7f11")
_DONE = ("paid", "declined", "refused")


class UnknownItem(Exception):
    """The shop does not sell this."""


@init.resource
def table() -> Caller:
    """Return the client of the table, traced."""
    return tracer.instrument(connect("dynamodb"))


@dataclass(frozen=True, slots=True)
class Stored:
    """An order as the table has it.

    Attributes:
        order: what the customer sees.
        correlation_id: the id by which all lines about it are found.
        callback: the id of the callback for which its approval waits, or None.
    """

    order: Order
    correlation_id: str
    callback: str | None


def place(new: NewOrder, customer: str, key: str, correlation_id: str, prices: dict[str, int]) -> Order:
    """Store an order, and return it.

    The id is made of the customer and the key of the request. A run that died before it could answer, and runs again,
    finds the order that it has stored.

    Raises:
        UnknownItem: a line has no price.
    """
    for line in new.lines:
        if line.sku not in prices:
            raise UnknownItem(line.sku)
    order = Order(
        id=str(uuid.uuid5(_NAMESPACE, json.dumps([customer, key]))),
        customer=customer,
        lines=new.lines,
        total=sum(prices[line.sku] * line.count for line in new.lines),
    )
    item: dict[str, Any] = {
        "id": {"S": order.id},
        "customer": {"S": customer},
        "lines": {"S": json.dumps([line.model_dump() for line in order.lines])},
        "total": {"N": str(order.total)},
        "status": {"S": order.status},
        "correlationId": {"S": correlation_id},
    }
    if trace := tracer.headers().get("X-Amzn-Trace-Id"):
        item["trace"] = {"S": trace}
    try:
        table().call(
            "PutItem",
            {"TableName": settings.ORDERS_TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(id)"},
        )
    except ConditionalCheckFailed:
        log.info("the order was stored before")
    else:
        metrics.add("OrdersPlaced", 1)
        log.info("order placed", total=order.total)
    return order


def find(order_id: str) -> Stored | None:
    """Return an order; None if there is none."""
    reply = table().call(
        "GetItem", {"TableName": settings.ORDERS_TABLE, "Key": {"id": {"S": order_id}}, "ConsistentRead": True}
    )
    if not (item := reply.get("Item")):
        return None
    texts = {name: value.get("S") for name, value in item.items()}
    order = Order.model_validate(
        {
            "id": order_id,
            "customer": texts["customer"],
            "lines": json.loads(texts["lines"] or "[]"),
            "total": item["total"]["N"],
            "status": texts["status"],
            "receipt": texts.get("receipt"),
        }
    )
    return Stored(order, texts["correlationId"] or "", texts.get("callback"))


def update(order_id: str, status: Status, **texts: str) -> None:
    """Set the status of an order, and more fields. An order that is done stays as it is.

    Args:
        order_id: the id of the order.
        status: the new status.
        texts: further fields by name.
    """
    fields = {"status": status, **texts}
    names = {f"#{name}": name for name in fields}
    values: dict[str, Any] = {f":{name}": {"S": value} for name, value in fields.items()}
    done = {f":{one}_": {"S": one} for one in _DONE}
    try:
        table().call(
            "UpdateItem",
            {
                "TableName": settings.ORDERS_TABLE,
                "Key": {"id": {"S": order_id}},
                "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in fields),
                "ConditionExpression": f"attribute_exists(id) AND NOT #status IN ({', '.join(done)})",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values | done,
            },
        )
    except ConditionalCheckFailed:
        log.info("the order was done before", status=status)
