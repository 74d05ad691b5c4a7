"""An HTTP API for orders: models, keys of clients, a POST that is safe to repeat, pages, caching and CORS.

Run it here, under the runtime client that AWS ships, from this folder:

    lambda-kit invoke shop_api.lambda_handler --event shop_api.json
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any

from pydantic import BaseModel, Field

from lambda_kit import HttpApp, Logger, handler, idempotent, init
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import ApiKey, Cors, Depends, NotFound, Query, Response, Router, check_etag, from_header
from lambda_kit.idempotency import MemoryStore

log = Logger(service="shop")
numbers = itertools.count(1)


class Line(BaseModel):
    sku: str
    count: int = Field(ge=1)


class NewOrder(BaseModel):
    lines: list[Line] = Field(min_length=1)


class Order(NewOrder):
    id: int
    client: str
    version: int = 1


@init.resource
def table() -> dict[int, Order]:
    """Open the table of orders. It stands for a database."""
    return {}


client_name = ApiKey({"shop": "k-shop", "warehouse": "k-warehouse"})  # in real life: Secret("keys", transform="json")
Client = Annotated[str, Depends(client_name)]
orders = Router("/orders")


@orders.post("/", status=201, layers=[idempotent(MemoryStore(), key=from_header("idempotency-key"), missing_key="run")])
def place_order(order: NewOrder, client: Client) -> Order:
    """Place an order. With the header `Idempotency-Key` a second request places nothing and gets the same answer."""
    placed = Order(id=next(numbers), client=client, lines=order.lines)
    table()[placed.id] = placed
    log.info("placed", order=placed.id)
    return placed


@orders.get("/")
def list_orders(client: Client, after: int = 0, limit: Annotated[int, Query(), Field(ge=1, le=100)] = 20) -> Any:
    """List the orders of the client, a page at a time."""
    found = [one for one in table().values() if one.client == client and one.id > after]
    page = found[:limit]
    return {"orders": page, "next": page[-1].id if len(found) > limit else None}


@orders.get("/{order_id}")
def get_order(order_id: int, client: Client) -> Order:
    """Return an order."""
    return _order_of(order_id, client)


@orders.put("/{order_id}")
def replace_order(order_id: int, order: NewOrder, client: Client, request: HttpEvent) -> Order:
    """Replace the lines of an order, if it is still the one that the client knows (`If-Match`)."""
    found = _order_of(order_id, client)
    check_etag(request, f'"v{found.version}"')
    changed = found.model_copy(update={"lines": order.lines, "version": found.version + 1})
    table()[order_id] = changed
    return changed


@orders.delete("/{order_id}")
def delete_order(order_id: int, client: Client) -> None:
    """Delete an order."""
    del table()[_order_of(order_id, client).id]


@orders.get("/{order_id}/invoice.csv")
def invoice(order_id: int, client: Client) -> Response:
    """Return the invoice of an order as a file."""
    lines = "".join(f"{line.sku},{line.count}\r\n" for line in _order_of(order_id, client).lines)
    headers = {"content-disposition": f'attachment; filename="invoice-{order_id}.csv"'}
    return Response(f"sku,count\r\n{lines}", media_type="text/csv", headers=headers)


def _order_of(order_id: int, client: str) -> Order:
    found = table().get(order_id)
    if found is None or found.client != client:
        raise NotFound(f"there is no order {order_id}")
    return found


app = HttpApp(cors=Cors(["https://shop.example"], headers=["*"]), compress=True, etag=True, max_body=100_000)
app.include(orders)
lambda_handler = handler(log)(app)
