"""The requests of the HTTP benchmarks, and a handler that tells what they took; for all sides."""

from __future__ import annotations

import os

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BODY = '{"customer": "c-1", "lines": [{"sku": "tea", "amount": 2}, {"sku": "milk", "amount": 1}]}'


def event(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    """Return the event of a request to an HTTP API."""
    found: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*", "content-type": "application/json", "host": "api.example"},
        "requestContext": {
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "benchmark",
            },
            "domainName": "api.example",
            "stage": "$default",
            "requestId": "r-1",
        },
        "isBase64Encoded": False,
    }
    return found if body is None else {**found, "body": body}


def request(what: str) -> tuple[dict[str, Any], int]:
    """Return the event for a side, and the status of its answer. `what` is `get_COUNT`, `missing` or `post`.

    Names of sides that validate more than others begin with `validated_`.
    """
    what = what.removeprefix("validated_")
    if what == "post":
        return event("POST", "/orders", BODY), 200
    if what == "missing":
        return event("GET", "/nothing/7"), 404
    count = int(what.rpartition("_")[2])
    return event("GET", f"/resource-{count - 1}/7"), 200


def routes_of(what: str) -> int:
    """Return how many routes an app has, beside the one for `post`."""
    return int(what.rpartition("_")[2]) if what.startswith("get_") else 0 if what == "post" else 100


def told(app: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a handler that also answers with the id of its process, and with what it took, if it is asked to."""

    def handle(event: Any, context: object) -> Any:
        if "pid" in event:
            return os.getpid()
        answer = app(event, context)
        if "usage" in event:
            answer["usage"] = usage()
        return answer

    initialized()
    return handle
