"""An API for orders with Powertools: what `http_lambda_kit.py` is made of. It runs where Powertools is installed."""

# Powertools is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUntypedFunctionDecorator=false, reportUnknownParameterType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false
# mypy: disable-error-code="untyped-decorator, no-any-return, misc"
from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import (
    APIGatewayRestResolver,
    CORSConfig,
    Response,
)
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import BaseModel, Field

logger = Logger(service="shop")
app = APIGatewayRestResolver(
    enable_validation=True,
    cors=CORSConfig(allow_origin="https://shop.example", max_age=300),
)
router = Router()
ORDERS: dict[int, dict[str, Any]] = {}


class NewOrder(BaseModel):
    sku: str = Field(min_length=1)
    count: int = Field(ge=1, le=1000)


class OutOfStock(Exception):
    pass


def count_requests(app: APIGatewayRestResolver, next_middleware: Any) -> Response[Any]:
    response = next_middleware(app)
    response.headers["x-shop"] = "1"
    return response


@router.post("/orders")
def place_order(
    order: NewOrder, x_tenant: Annotated[str, Header()] = "none"
) -> tuple[dict[str, Any], int]:
    if order.sku == "gold":
        raise OutOfStock
    number = len(ORDERS) + 1
    ORDERS[number] = {"id": number, "tenant": x_tenant, **order.model_dump()}
    logger.info("placed", order=number)
    return ORDERS[number], 201


@router.get("/orders")
def list_orders(
    sku: Annotated[list[str] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    found = [order for order in ORDERS.values() if not sku or order["sku"] in sku]
    return {
        "orders": found[:limit],
        "client": app.current_event.request_context.identity.source_ip,
    }


@router.get("/orders/<order_id>", middlewares=[count_requests])
def get_order(order_id: int) -> dict[str, Any]:
    if order_id not in ORDERS:
        raise NotFoundError(f"there is no order {order_id}")
    return ORDERS[order_id]


@router.get("/orders/<order_id>/invoice")
def get_invoice(order_id: int) -> Response[str]:
    order = ORDERS[order_id]
    text = f"sku,count\r\n{order['sku']},{order['count']}\r\n"
    return Response(200, "text/csv", text, headers={"Cache-Control": "max-age=60"})


@app.exception_handler(OutOfStock)
def on_out_of_stock(error: OutOfStock) -> Response[str]:
    return Response(409, "application/json", '{"message":"out of stock"}')


app.include_router(router, prefix="/v1")


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
