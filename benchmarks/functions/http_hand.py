"""The same written by hand, without any library but pydantic where models are validated."""

from __future__ import annotations

import json

from benchmarks.functions.http_events import routes_of, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_JSON = {"content-type": "application/json"}


def _answer(status: int, body: str) -> dict[str, Any]:
    return {"statusCode": status, "headers": _JSON, "body": body, "isBase64Encoded": False}


def app_of(what: str) -> Callable[[Any, Any], Any]:
    """Return the app of a benchmark."""
    known = {f"resource-{number}" for number in range(routes_of(what))}
    if what != "post":

        def get(event: Any, context: object) -> dict[str, Any]:
            parts = event["rawPath"].split("/")
            if len(parts) != 3 or parts[1] not in known:
                return _answer(404, '{"message": "not found"}')
            if event["requestContext"]["http"]["method"] != "GET":
                return _answer(405, '{"message": "method not allowed"}')
            return _answer(200, json.dumps({"id": parts[2]}))

        return get
    from benchmarks.functions import http_models

    def post(event: Any, context: object) -> dict[str, Any]:
        if event["rawPath"] != "/orders" or event["requestContext"]["http"]["method"] != "POST":
            return _answer(404, '{"message": "not found"}')
        new = http_models.NewOrder.model_validate_json(event["body"])
        order = http_models.Order(id=1, customer=new.customer, lines=new.lines)
        return _answer(200, order.model_dump_json())

    return post


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return told(app_of(name))
