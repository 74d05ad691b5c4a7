"""The triggers that send HTTP requests, recognised by the keys of their events."""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    HttpTrigger: TypeAlias = Literal[
        "rest_api", "http_api_1", "http_api_2", "function_url", "alb", "alb_multi_value", "lattice_1", "lattice_2"
    ]

_NOTHING: dict[str, Any] = {}


def http_trigger_of(event: Any) -> HttpTrigger | None:
    """Return the trigger of an HTTP request; None if the event is something else.

    Events of WebSocket APIs, of authorizers and of Bedrock agents are something else: they have neither `httpMethod`
    nor `requestContext.http`, or they name a type or a version of messages.

    Args:
        event: the event as the runtime passed it. Parts may be missing, as in minimal test events.
    """
    if type_of(event) is not dict:
        return None
    context = event.get("requestContext")
    if type_of(context) is not dict:
        context = _NOTHING
    if type_of(context.get("http")) is dict and "type" not in event:
        domain: Any = context.get("domainName")
        return "function_url" if type_of(domain) is str and ".lambda-url." in domain else "http_api_2"
    if "httpMethod" in event and "type" not in event and "messageVersion" not in event:
        if "elb" in context:
            return "alb_multi_value" if type_of(event.get("multiValueHeaders")) is dict else "alb"
        return "http_api_1" if event.get("version") == "1.0" else "rest_api"
    if "method" in event:
        if "raw_path" in event:
            return "lattice_1"
        if event.get("version") == "2.0" and "path" in event:
            return "lattice_2"
    return None
