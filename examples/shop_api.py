"""An HTTP API for orders: models, sign-in, a POST that is safe to repeat, pages, photos, caching, CORS, a document.

Run it here, under the runtime client that AWS ships, from this folder:

    lambda-kit invoke shop_api.lambda_handler --event shop_api.json
    lambda-kit serve shop_api.lambda_handler
    lambda-kit openapi shop_api:app --check shop_api.openapi.json
"""

from __future__ import annotations

import itertools
import os
from typing import Annotated, Any

from pydantic import BaseModel, Field

from lambda_kit import HttpApp, Logger, handler, idempotent, init
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import (
    Bearer,
    Cors,
    Depends,
    File,
    NotFound,
    OpenApi,
    Query,
    Response,
    Router,
    UploadFile,
    check_etag,
    from_header,
)
from lambda_kit.idempotency import MemoryStore

log = Logger(service="shop")
numbers = itertools.count(1)
PHOTOS = ("image/png", "image/jpeg")
# In real life the keys of who signs users in: Bearer("https://id.example/keys.json", algorithms=["RS256"], ...).
signed_in = Bearer(
    lambda: os.environ.get("SHOP_SECRET", "a secret that is for this example alone"),
    algorithms=["HS256"],
    issuer="https://id.example",
    audience="shop",
)


class Line(BaseModel):
    sku: str = Field(min_length=1, max_length=40, examples=["tea"])
    count: int = Field(ge=1, le=1000, examples=[2])


class NewOrder(BaseModel):
    lines: list[Line] = Field(min_length=1, max_length=100)


class Order(NewOrder):
    id: int
    user: str
    version: int = 1


class Page(BaseModel):
    orders: list[Order]
    next: int | None = Field(description="The value of `after` for the next page; null on the last one.")


@init.resource
def table() -> dict[int, Order]:
    """Open the table of orders. It stands for a database."""
    return {}


@init.resource
def photos() -> dict[int, UploadFile]:
    """Open the store of photos. It stands for a bucket."""
    return {}


def user_of(claims: Annotated[dict[str, Any], Depends(signed_in)]) -> str:
    return str(claims.get("sub"))


User = Annotated[str, Depends(user_of)]
orders = Router("/orders", tags=["orders"])
once = idempotent(
    MemoryStore(), key=from_header("idempotency-key", client=signed_in), payload="body", missing_key="run"
)


@orders.post("/", status=201, layers=[once])
def place_order(order: NewOrder, user: User) -> Order:
    """Place an order.

    With the header `Idempotency-Key`, a second request places nothing and gets the same answer.
    """
    placed = Order(id=next(numbers), user=user, lines=order.lines)
    table()[placed.id] = placed
    log.info("placed", order=placed.id)
    return placed


@orders.get("/")
def list_orders(user: User, after: int = 0, limit: Annotated[int, Query(), Field(ge=1, le=100)] = 20) -> Page:
    """List your orders, a page at a time.

    Args:
        after: the number of the last order of the page before.
        limit: how many orders a page has.
    """
    found = [one for one in table().values() if one.user == user and one.id > after]
    page = found[:limit]
    return Page(orders=page, next=page[-1].id if len(found) > limit else None)


@orders.get("/{order_id}")
def get_order(order_id: int, user: User) -> Order:
    """Return an order.

    Raises:
        NotFound: you have no such order.
    """
    return _order_of(order_id, user)


@orders.put("/{order_id}")
def replace_order(order_id: int, order: NewOrder, user: User, request: HttpEvent) -> Order:
    """Replace the lines of an order.

    With the header `If-Match`, only if the order is still at this version, such as `"v1"`.

    Raises:
        NotFound: you have no such order.
        PreconditionFailed: the order has changed.
    """
    found = _order_of(order_id, user)
    check_etag(request, f'"v{found.version}"')
    changed = found.model_copy(update={"lines": order.lines, "version": found.version + 1})
    table()[order_id] = changed
    return changed


@orders.delete("/{order_id}")
def delete_order(order_id: int, user: Annotated[Any, Depends(signed_in.scopes("orders:delete"))]) -> None:
    """Delete an order.

    Raises:
        NotFound: you have no such order.
    """
    number = _order_of(order_id, str(user.get("sub"))).id
    del table()[number]
    photos().pop(number, None)


@orders.put("/{order_id}/photo")
def put_photo(order_id: int, photo: Annotated[UploadFile, File(media_types=PHOTOS)], user: User) -> None:
    """Keep a photo of what has arrived.

    Args:
        photo: a PNG or a JPEG.

    Raises:
        NotFound: you have no such order.
    """
    photos()[_order_of(order_id, user).id] = photo


@orders.get("/{order_id}/photo", responses={200: {"content": {kind: {} for kind in PHOTOS}}})
def get_photo(order_id: int, user: User) -> Response:
    """Return the photo of an order.

    Raises:
        NotFound: you have no such order, or it has no photo.
    """
    found = photos().get(_order_of(order_id, user).id)
    if found is None:
        raise NotFound(f"order {order_id} has no photo")
    return Response(found.data, media_type=found.content_type)


@orders.get("/{order_id}/invoice.csv", responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}})
def get_invoice(order_id: int, user: User) -> Response:
    """Return the invoice of an order as a file.

    Raises:
        NotFound: you have no such order.
    """
    lines = "".join(f"{line.sku},{line.count}\r\n" for line in _order_of(order_id, user).lines)
    headers = {"content-disposition": f'attachment; filename="invoice-{order_id}.csv"'}
    return Response(f"sku,count\r\n{lines}", media_type="text/csv", headers=headers)


def _order_of(order_id: int, user: str) -> Order:
    found = table().get(order_id)
    if found is None or found.user != user:
        raise NotFound(f"there is no order {order_id}")
    return found


app = HttpApp(
    title="Shop",
    version="1",
    openapi=OpenApi(description="Orders of a shop.", tags={"orders": "What customers have ordered."}),
    cors=Cors(["https://shop.example"], headers=["*"]),
    compress=True,
    etag=True,
    max_body=100_000,
)
app.include(orders)
app.openapi(path="/openapi.json", file="shop_api.openapi.json")
lambda_handler = handler(log)(app)
