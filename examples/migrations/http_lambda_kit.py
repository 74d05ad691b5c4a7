"""The API of `http_powertools.py` with the kit. `test_http.py` sends the same events to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field

from lambda_kit import HttpApp, Logger, handler, layer
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import Cors, Header, NotFound, Query, Response, Router

if TYPE_CHECKING:
    from collections.abc import Generator

log = Logger(service="shop")
app = HttpApp(cors=Cors(["https://shop.example"], max_age=300))
router = Router()
ORDERS: dict[int, dict[str, Any]] = {}


class NewOrder(BaseModel):
    sku: str = Field(min_length=1)
    count: int = Field(ge=1, le=1000)


class OutOfStock(Exception):
    pass


@layer
def count_requests(event: Any, context: Any) -> Generator[None, Any, None]:
    response = yield
    response["headers"]["x-shop"] = "1"


@router.post("/orders", status=201)
def place_order(
    order: NewOrder, x_tenant: Annotated[str, Header()] = "none"
) -> dict[str, Any]:
    if order.sku == "gold":
        raise OutOfStock
    number = len(ORDERS) + 1
    ORDERS[number] = {"id": number, "tenant": x_tenant, **order.model_dump()}
    log.info("placed", order=number)
    return ORDERS[number]


@router.get("/orders")
def list_orders(
    request: HttpEvent,
    sku: list[str] | None = None,
    limit: Annotated[int, Query(), Field(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    found = [order for order in ORDERS.values() if not sku or order["sku"] in sku]
    return {"orders": found[:limit], "client": request.source_ip}


@router.get("/orders/{order_id}", layers=[count_requests])
def get_order(order_id: int) -> dict[str, Any]:
    if order_id not in ORDERS:
        raise NotFound(f"there is no order {order_id}")
    return ORDERS[order_id]


@router.get("/orders/{order_id}/invoice")
def get_invoice(order_id: int) -> Response:
    order = ORDERS[order_id]
    text = f"sku,count\r\n{order['sku']},{order['count']}\r\n"
    kept = {"Cache-Control": "max-age=60"}
    return Response(text, media_type="text/csv", headers=kept)


@app.on_error(OutOfStock)
def on_out_of_stock(
    error: OutOfStock, request: HttpEvent
) -> tuple[int, dict[str, str]]:
    return 409, {"message": "out of stock"}


app.include(router, "/v1")
lambda_handler = handler(log)(app)
