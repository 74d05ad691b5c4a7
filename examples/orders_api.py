"""The API of the tutorial, docs/http-tutorial.md."""

import itertools
import os
from typing import Annotated, Any

from pydantic import BaseModel, Field

from lambda_kit import HttpApp, Logger, handler, idempotent, init
from lambda_kit.events import HttpEvent
from lambda_kit.http import Bearer, Cors, Depends, File, NotFound, Query, Response, UploadFile, check_etag, from_header
from lambda_kit.idempotency import MemoryStore

log = Logger(service="orders")
app = HttpApp(
    title="Orders",
    version="1",
    cors=Cors(["https://shop.example"], headers=["*"]),
    etag=True,
    max_body=1_000_000,
)


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


lambda_handler = handler(log)(app)


class NewOrder(BaseModel):
    sku: str = Field(min_length=1, max_length=40, examples=["tea"])
    count: int = Field(ge=1, le=1000)


class Order(NewOrder):
    id: int
    user: str
    version: int = 1


@init.resource
def table() -> dict[int, Order]:
    """Open the table of orders: here a dict, in real life a table of DynamoDB."""
    return {}


numbers = itertools.count(1)


signed_in = Bearer(
    lambda: os.environ.get("ORDERS_SECRET", "a secret that is for tests alone"),
    algorithms=["HS256"],
    issuer=None,
    audience=None,
)


def user_of(claims: Annotated[dict[str, Any], Depends(signed_in)]) -> str:
    return str(claims["sub"])


User = Annotated[str, Depends(user_of)]


once = idempotent(
    MemoryStore(), key=from_header("idempotency-key", client=signed_in), payload="body", missing_key="run"
)


@app.post("/orders", status=201, layers=[once])
def place_order(order: NewOrder, user: User) -> tuple[int, Order, dict[str, str]]:
    """Place an order.

    With the header `Idempotency-Key`, a second request places nothing and gets the
    same answer.
    """
    placed = Order(id=next(numbers), user=user, sku=order.sku, count=order.count)
    table()[placed.id] = placed
    log.info("placed", order=placed.id)
    return 201, placed, {"Location": f"/orders/{placed.id}"}


class Page(BaseModel):
    orders: list[Order]
    next: int | None = Field(description="The value of `after` for the next page; null on the last one.")


@app.get("/orders")
def list_orders(user: User, after: int = 0, limit: Annotated[int, Query(), Field(ge=1, le=100)] = 20) -> Page:
    """List your orders, a page at a time."""
    found = [one for one in table().values() if one.user == user and one.id > after]
    page = found[:limit]
    return Page(orders=page, next=page[-1].id if len(found) > limit else None)


def order_of(order_id: int, user: str) -> Order:
    found = table().get(order_id)
    if found is None or found.user != user:
        raise NotFound(f"there is no order {order_id}")
    return found


@app.get("/orders/{order_id}")
def get_order(order_id: int, user: User) -> tuple[int, Order, dict[str, str]]:
    """Return an order.

    Raises:
        NotFound: you have no such order.
    """
    found = order_of(order_id, user)
    return 200, found, {"ETag": f'"v{found.version}"'}


@app.put("/orders/{order_id}")
def replace_order(order_id: int, order: NewOrder, user: User, request: HttpEvent) -> Order:
    """Replace an order.

    Raises:
        NotFound: you have no such order.
        PreconditionFailed: the order has changed since the client read it.
    """
    found = order_of(order_id, user)
    check_etag(request, f'"v{found.version}"')
    changed = found.model_copy(update={"sku": order.sku, "count": order.count, "version": found.version + 1})
    table()[order_id] = changed
    return changed


@init.resource
def photos() -> dict[int, UploadFile]:
    """Open the store of photos: here a dict, in real life a bucket of S3."""
    return {}


@app.put("/orders/{order_id}/photo")
def put_photo(
    order_id: int, photo: Annotated[UploadFile, File(media_types=["image/png", "image/jpeg"])], user: User
) -> None:
    """Keep a photo of what has arrived.

    Raises:
        NotFound: you have no such order.
    """
    photos()[order_of(order_id, user).id] = photo


@app.get("/orders/{order_id}/photo", responses={200: {"content": {"image/png": {}, "image/jpeg": {}}}})
def get_photo(order_id: int, user: User) -> Response:
    """Return the photo of an order.

    Raises:
        NotFound: you have no such order, or it has no photo.
    """
    photo = photos().get(order_of(order_id, user).id)
    if photo is None:
        raise NotFound(f"order {order_id} has no photo")
    return Response(photo.data, media_type=photo.content_type)
