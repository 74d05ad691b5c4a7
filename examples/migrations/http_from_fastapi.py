"""The API of `http_fastapi.py` with the kit. `test_http.py` sends the same events to both."""

from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003  # annotations of dependencies are evaluated
from typing import Annotated, Any

from pydantic import BaseModel, Field

from lambda_kit import HttpApp, handler
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import Cors, Depends, Header, NotFound, Query, Response, Router

app = HttpApp(title="Shop", cors=Cors(["https://shop.example"], max_age=300))
router = Router("/v1", tags=["orders"])
ORDERS: dict[int, dict[str, Any]] = {}
closed: list[str] = []


class NewOrder(BaseModel):
    sku: str = Field(min_length=1)
    count: int = Field(ge=1, le=1000)


class Order(NewOrder):
    id: int
    tenant: str


class OutOfStock(Exception):
    pass


def tenant_of(x_tenant: Annotated[str, Header()]) -> Iterator[str]:
    yield x_tenant
    closed.append(x_tenant)


Tenant = Annotated[str, Depends(tenant_of)]


@router.post("/orders", status=201)
async def place_order(order: NewOrder, tenant: Tenant) -> Order:
    if order.sku == "gold":
        raise OutOfStock
    number = len(ORDERS) + 1
    ORDERS[number] = {"id": number, "tenant": tenant, **order.model_dump()}
    return Order(**ORDERS[number])


@router.get("/orders")
def list_orders(
    request: HttpEvent,
    sku: list[str] | None = None,
    limit: Annotated[int, Query(), Field(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    found = [order for order in ORDERS.values() if not sku or order["sku"] in sku]
    return {"orders": found[:limit], "client": request.source_ip}


@router.get("/orders/{order_id}")
def get_order(order_id: int) -> Order:
    if order_id not in ORDERS:
        raise NotFound(f"there is no order {order_id}")
    return Order(**ORDERS[order_id])


@router.delete("/orders/{order_id}")
def delete_order(order_id: int, tenant: Tenant) -> None:
    ORDERS.pop(order_id, None)


@router.get("/orders/{order_id}/invoice")
def get_invoice(order_id: int) -> Response:
    order = ORDERS[order_id]
    text = f"sku,count\r\n{order['sku']},{order['count']}\r\n"
    return Response(
        text, media_type="text/csv", headers={"Cache-Control": "max-age=60"}
    )


@app.on_error(OutOfStock)
def on_out_of_stock(
    error: OutOfStock, request: HttpEvent
) -> tuple[int, dict[str, str]]:
    return 409, {"message": "out of stock"}


app.include(router)
lambda_handler = handler()(app)
