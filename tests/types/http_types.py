"""The types of `http`: the function keeps its own, and the body has that of `body=`. Checked, and not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from lambda_kit import HttpApp, Logger, handler
from lambda_kit.events import HttpEvent
from lambda_kit.http import HttpFunction, http
from lambda_kit.invocation import LambdaContext
from lambda_kit.pipeline import Layer
from lambda_kit.testing import make_context

log = Logger()


class Order:
    sku: str


@handler(log, http("/orders/{order_id}", "GET"))
def get_order(order_id: int, expand: bool = False) -> Order:
    return Order()


assert_type(get_order({}, None), dict[str, Any])
assert_type(get_order.__wrapped__(7, expand=True), Order)
get_order.__wrapped__("7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@handler(log, http(body=Order, status=201))
def place_order(order: Order, tenant: str = "") -> str:
    return order.sku


assert_type(place_order({}, None), dict[str, Any])
assert_type(place_order.__wrapped__(Order(), tenant="a"), str)


@handler(http(body=Order))
async def place_later(order: Order) -> str:
    return order.sku


assert_type(place_later({}, None), dict[str, Any])


async def check() -> None:
    assert_type(await place_later.__wrapped__(Order()), str)


@handler(http())
def one(event: Order, context: str) -> int:
    return 1


assert_type(one({}, None), dict[str, Any])
assert_type(one.__wrapped__(Order(), ""), int)


def of_text(order: str) -> None: ...


handler(http(body=Order))(of_text)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def on_missing(error: KeyError, request: HttpEvent) -> tuple[int, None]:
    return 409, None


@http(body=Order, on_error={KeyError: on_missing})
def alone(order: Order, page: int = 1) -> int:
    return page


assert_type(alone, HttpFunction[Callable[[Order, int], int]])  # type: ignore[assert-type]  # pyright: ignore[reportAssertTypeFailure]  # names and defaults are kept too
assert_type(alone.function(Order(), page=2), int)
assert_type(alone({}, None), dict[str, Any])

http(colour="red")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


# A layer without types makes what `handler` returns unknown; the annotation `Layer` keeps it.

untyped: Any = log
as_layer: Layer = untyped
assert_type(handler(log, untyped), Any)


@handler(as_layer, http("/orders/{order_id}", "GET"))
def behind_layer(order_id: int) -> Order:
    return Order()


@handler(log, as_layer)
def before_layer(event: dict[str, int], context: LambdaContext) -> str:
    return ""


assert_type(behind_layer({}, None), dict[str, Any])
assert_type(before_layer.__wrapped__({"a": 1}, make_context()), str)
assert_type(handler(log, as_layer)(HttpApp())({}, None), dict[str, Any])
