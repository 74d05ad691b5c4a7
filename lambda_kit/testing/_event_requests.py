"""Builders of events of requests: HTTP by any trigger, and WebSocket APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lambda_kit.testing._event_parts import REGION, iso, merged, new_id, new_token, seconds, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_kit.events._http_trigger import HttpTrigger
    from lambda_kit.testing._event_parts import Event, Fields, Pairs


def http(  # noqa: PLR0913  # the parts of a request
    method: str = "GET",
    path: str = "/",
    *,
    trigger: HttpTrigger = "http_api_2",
    params: Pairs = None,
    headers: Pairs = None,
    cookies: Mapping[str, str] | None = None,
    json: Any = ...,
    data: Pairs = None,
    files: Pairs = None,
    content: bytes | str | None = None,
    source_ip: str = "192.0.2.1",
    fields: Fields = None,
) -> Event:
    """Return the event of a request over HTTP, by any trigger.

    Args:
        method: the method.
        path: the path, encoded or not, perhaps with a query.
        trigger: `"rest_api"`, `"http_api_1"`, `"http_api_2"`, `"function_url"`, `"alb"`, `"alb_multi_value"`,
            `"lattice_1"` or `"lattice_2"`.
        params: parameters of the query; a list holds several values of a name; default: none.
        headers: headers, as a dict or as pairs; default: none.
        cookies: cookies; default: none.
        json: a value that is sent as JSON; default: none.
        data: fields that are sent as a form; default: none.
        files: files that are sent as `multipart/form-data`; default: none.
        content: the body itself, as bytes or text; default: none.
        source_ip: the address of the client.
        fields: replaces fields of the event, such as `{"requestContext": {"authorizer": {...}}}`; default: none.

    Raises:
        ConfigurationError: there is no such trigger.
    """
    from lambda_kit.http._test_client import request_event

    event = request_event(
        trigger,
        method,
        path,
        params=params,
        headers=headers,
        cookies=cookies,
        json=json,
        data=data,
        files=files,
        content=content,
        source_ip=source_ip,
    )
    return cast("Event", merged(event, fields))


def websocket(
    route: str = "$default",
    body: Any = None,
    *,
    connection: str | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a WebSocket API.

    Args:
        route: `"$connect"`, `"$disconnect"`, `"$default"`, or the key of a route of messages.
        body: the message: a text as it is, another value as JSON; default: none.
        connection: the id of the connection; default: a new one.
        headers: headers of the request that connects; default: none.
        params: its query; default: none.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    kind = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE")
    host = f"abcdef1234.execute-api.{REGION}.amazonaws.com"
    request = new_id()
    now = int(seconds(at) * 1000)
    context: Event = {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request,
        "requestTime": iso(at),
        "messageDirection": "IN",
        "stage": "prod",
        "connectedAt": now,
        "requestTimeEpoch": now,
        "identity": {"sourceIp": "192.0.2.1"},
        "requestId": request,
        "domainName": host,
        "connectionId": connection or f"{new_token()[:15]}=",
        "apiId": "abcdef1234",
    }
    event: Event = {"requestContext": context, "isBase64Encoded": False}
    if kind == "MESSAGE":
        context["messageId"] = f"{new_token()[:15]}="
        event["body"] = "" if body is None else text_of(body)
    else:
        named = {"Host": host, **(headers or {})}
        event["headers"] = named
        event["multiValueHeaders"] = {name: [value] for name, value in named.items()}
        if kind == "DISCONNECT":
            context |= {"disconnectStatusCode": 1000, "disconnectReason": "client closed"}
    if params:
        event["queryStringParameters"] = dict(params)
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in params.items()}
    return cast("Event", merged(event, fields))
