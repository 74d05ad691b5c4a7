"""An API for orders with FastAPI behind Mangum: what `http_from_fastapi.py` is made of. It runs where these are."""

# FastAPI and Mangum are not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUntypedFunctionDecorator=false, reportUnknownParameterType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false
# mypy: disable-error-code="untyped-decorator, misc"
from __future__ import annotations

from collections.abc import Iterator  # noqa: TC003  # annotations of dependencies are evaluated
from typing import Annotated, Any

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
)
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel, Field

app = FastAPI(title="Shop")
app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://shop.example"],
    allow_methods=["*"],
    max_age=300,
)
router = APIRouter(prefix="/v1", tags=["orders"])
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


@router.post("/orders", status_code=201, response_model=Order)
async def place_order(order: NewOrder, tenant: Tenant) -> Any:
    if order.sku == "gold":
        raise OutOfStock
    number = len(ORDERS) + 1
    ORDERS[number] = {"id": number, "tenant": tenant, **order.model_dump()}
    return ORDERS[number]


@router.get("/orders")
def list_orders(
    request: Request,
    sku: Annotated[list[str] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    found = [order for order in ORDERS.values() if not sku or order["sku"] in sku]
    client = request.client
    return {"orders": found[:limit], "client": client.host if client else None}


@router.get("/orders/{order_id}")
def get_order(order_id: int) -> Order:
    if order_id not in ORDERS:
        raise HTTPException(404, f"there is no order {order_id}")
    return Order(**ORDERS[order_id])


@router.delete("/orders/{order_id}", status_code=204)
def delete_order(order_id: int, tenant: Tenant) -> None:
    ORDERS.pop(order_id, None)


@router.get("/orders/{order_id}/invoice")
def get_invoice(order_id: int) -> Response:
    order = ORDERS[order_id]
    text = f"sku,count\r\n{order['sku']},{order['count']}\r\n"
    return Response(
        text, media_type="text/csv", headers={"Cache-Control": "max-age=60"}
    )


@app.exception_handler(OutOfStock)
async def on_out_of_stock(request: Request, error: OutOfStock) -> JSONResponse:
    return JSONResponse({"message": "out of stock"}, status_code=409)


app.include_router(router)
lambda_handler = Mangum(app, lifespan="off")
