"""The cost of an HTTP request, against the peer: the same event of an HTTP API and the same answers on both sides."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

_PEER = "aws_lambda_powertools.event_handler"
_COUNTS = (10, 100, 500)
_ORDER = {"customer": "c-1", "lines": [{"sku": "tea", "amount": 2}, {"sku": "milk", "amount": 1}]}


def _event(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*", "content-type": "application/json", "host": "api.example"},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default", "requestId": "r-1"},
        "isBase64Encoded": False,
    }
    return event if body is None else {**event, "body": body}


def _get(order_id: str) -> dict[str, str]:
    return {"id": order_id}


def _kit_app(count: int) -> Any:
    from lambda_kit import HttpApp

    app = HttpApp()
    for number in range(count):
        app.get(f"/resource-{number}/{{order_id}}")(_get)
    return app


def _peer_app(count: int, **options: Any) -> Any:
    app = import_module(_PEER).APIGatewayHttpResolver(**options)
    for number in range(count):
        app.get(f"/resource-{number}/<order_id>")(_get)
    return app.resolve


def _loop(app: Any, event: dict[str, Any], status: int) -> Loop:
    answer = app(event, None)
    assert answer["statusCode"] == status, answer
    return Loop("app(event, None)", {"app": app, "event": event})


def kit_get(count: int) -> Loop:
    """Answer the last of some routes."""
    return _loop(_kit_app(count), _event("GET", f"/resource-{count - 1}/7"), 200)


def peer_get(count: int) -> Loop:
    """Answer the last of some routes."""
    return _loop(_peer_app(count), _event("GET", f"/resource-{count - 1}/7"), 200)


def kit_missing() -> Loop:
    """Answer a path without a route."""
    return _loop(_kit_app(100), _event("GET", "/nothing/7"), 404)


def peer_missing() -> Loop:
    """Answer a path without a route."""
    return _loop(_peer_app(100), _event("GET", "/nothing/7"), 404)


def _models() -> tuple[Any, Any]:
    from pydantic import create_model

    make: Any = create_model
    line: Any = make("Line", sku=(str, ...), amount=(int, ...))
    lines: Any = list.__class_getitem__(line)
    new = make("NewOrder", customer=(str, ...), lines=(lines, ...))
    return new, make("Order", __base__=new, id=(int, ...))


def _place() -> Any:
    new, order = _models()

    def place(body: Any) -> Any:
        return order(id=1, customer=body.customer, lines=body.lines)

    place.__annotations__.update({"body": new, "return": order})
    return place


def kit_post() -> Loop:
    """Validate a body and an answer."""
    from lambda_kit import HttpApp

    app = HttpApp()
    app.post("/orders")(_place())
    return _loop(app, _event("POST", "/orders", json.dumps(_ORDER)), 200)


def peer_post() -> Loop:
    """Validate a body and an answer."""
    app = import_module(_PEER).APIGatewayHttpResolver(enable_validation=True)
    app.post("/orders")(_place())
    return _loop(app.resolve, _event("POST", "/orders", json.dumps(_ORDER)), 200)


_GET_GOALS = {10: 1 / 4, 100: None, 500: 1 / 12}

TOPIC = Topic(
    name="http",
    about="What an HTTP request costs. The goals: 1/4 of the peer's among 10 routes, 1/12 among 500, 1/5 validated.",
    cases=(
        *(Case(f"kit {count}", "kit", "kit_get", (count,)) for count in _COUNTS),
        *(Case(f"peer {count}", "peer", "peer_get", (count,)) for count in _COUNTS),
        Case("kit missing", "kit", "kit_missing"),
        Case("peer missing", "peer", "peer_missing"),
        Case("kit post", "kit", "kit_post"),
        Case("peer post", "peer", "peer_post"),
    ),
    rows=(
        *(
            Row(f"GET among {count} routes", Figure(f"kit {count}"), Figure(f"peer {count}"), "Powertools", goal=goal)
            for count, goal in _GET_GOALS.items()
        ),
        Row("500 routes and 10", Figure("kit 500"), Figure("kit 10"), "10 of ours", goal=1.1),
        Row("a path without a route, of 100", Figure("kit missing"), Figure("peer missing"), "Powertools"),
        Row("POST, validated in and out", Figure("kit post"), Figure("peer post"), "with validation", goal=1 / 5),
    ),
    open=calls_of("benchmarks.http"),
    rounds=(20, 5),
)
