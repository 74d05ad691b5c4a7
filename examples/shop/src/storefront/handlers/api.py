"""The HTTP API: place an order, look at it, decide on it."""

from __future__ import annotations

from typing import Annotated, Any

from lambda_kit import HttpApp, Parameter, Secret, current_invocation, handler, idempotent, time_limit
from lambda_kit.http import BadRequest, Bearer, Conflict, Depends, Header, NotFound, from_header
from lambda_kit.idempotency import DynamoDBStore
from storefront import approvals, orders, settings
from storefront.models import Decision, NewOrder, Order  # noqa: TC001  # the kit reads annotations
from storefront.observability import log, metrics, tracer

prices = Parameter(settings.PRICES_PARAMETER, transform=dict[str, int])
# A shop of yours takes the keys of who signs its users in: Bearer("https://id.example/keys.json", ["RS256"], ...).
signed_in = Bearer(Secret(settings.SIGNING_SECRET), algorithms=["HS256"], issuer="https://id.example", audience="shop")
once = idempotent(
    DynamoDBStore(settings.IDEMPOTENCY_TABLE),
    key=from_header("idempotency-key", client=signed_in),
    payload="body",
    on_in_progress="wait",
)
app = HttpApp(title="Shop", version="1")


def customer_of(claims: Annotated[dict[str, Any], Depends(signed_in)]) -> str:
    return str(claims["sub"])


Customer = Annotated[str, Depends(customer_of)]
Approver = Annotated[dict[str, Any], Depends(signed_in.scopes("orders:approve"))]


@app.post("/orders", status=201, layers=[once])
def place_order(order: NewOrder, customer: Customer, idempotency_key: Annotated[str, Header()]) -> Order:
    """Place an order. A repeated request with the same `Idempotency-Key` gets the same answer, and places nothing.

    Raises:
        BadRequest: the shop does not sell an item.
    """
    correlation_id = current_invocation().correlation_id or ""
    try:
        placed = orders.place(order, customer, idempotency_key, correlation_id, prices())
    except orders.UnknownItem as error:
        raise BadRequest(f"the shop does not sell {error.args[0]!r}") from None
    tracer.current().annotate(order_id=placed.id, correlation_id=correlation_id)
    return placed


@app.get("/orders/{order_id}")
def get_order(order_id: str, customer: Customer) -> Order:
    """Return an order of yours.

    Raises:
        NotFound: you have no such order.
    """
    found = orders.find(order_id)
    if found is None or found.order.customer != customer:
        raise NotFound(f"there is no order {order_id}")
    return found.order


@app.post("/orders/{order_id}/decision", status=202)
def decide(order_id: str, decision: Decision, approver: Approver) -> None:
    """Approve or refuse an order that waits for it.

    Raises:
        NotFound: there is no such order.
        Conflict: the order does not wait for a decision.
    """
    found = orders.find(order_id)
    if found is None:
        raise NotFound(f"there is no order {order_id}")
    if found.order.status != "waiting" or found.callback is None:
        raise Conflict(f"order {order_id} does not wait for a decision")
    with log.bind(orderId=order_id, correlationId=found.correlation_id):
        tracer.current().annotate(order_id=order_id, correlation_id=found.correlation_id)
        approvals.answer(found.callback, decision.approved, str(approver["sub"]))


handle = handler(log, tracer, metrics, time_limit(margin=0.5))(app)
