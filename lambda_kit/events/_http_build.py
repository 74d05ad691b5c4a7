"""Events of HTTP triggers, made of a request as a client sends it. For tests: functions only read events."""

from __future__ import annotations

import time
import uuid
from base64 import b64encode

from lambda_kit.events._http_values import decoded_path, parsed_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lambda_kit.events._http_trigger import HttpTrigger

HTTP_TRIGGERS: tuple[HttpTrigger, ...] = (
    "rest_api",
    "http_api_1",
    "http_api_2",
    "function_url",
    "alb",
    "alb_multi_value",
    "lattice_1",
    "lattice_2",
)
_ACCOUNT = "123456789012"
_LATTICE = f"arn:aws:vpc-lattice:us-east-1:{_ACCOUNT}"
_TARGET_GROUP = f"arn:aws:elasticloadbalancing:us-east-1:{_ACCOUNT}:targetgroup/lambda/0123456789abcdef"


def http_event(
    trigger: HttpTrigger,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    source_ip: str = "192.0.2.1",
) -> dict[str, Any]:
    """Return the event that a trigger makes of a request.

    Args:
        trigger: the trigger.
        method: the method, such as `"GET"`.
        target: path and query as they stand in the first line of the request, such as `"/a%20b?c=1"`.
        headers: names and values, in their order. A name may come several times.
        body: the body. It becomes base64 if it is not UTF-8.
        source_ip: the address of the client.
    """
    path, _, query = target.partition("?")
    make = {
        "rest_api": _rest,
        "http_api_1": _http_1,
        "http_api_2": _http_2,
        "function_url": _function_url,
        "alb": _alb,
        "alb_multi_value": _alb_multi_value,
        "lattice_1": _lattice_1,
        "lattice_2": _lattice_2,
    }[trigger]
    lists: dict[str, list[str]] = {}
    for name, value in headers:
        lists.setdefault(name if trigger in ("rest_api", "http_api_1") else name.lower(), []).append(value)
    return make(method, path, query, lists, _body(body), source_ip)


def _body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return b64encode(body).decode(), True


def _raw_query(query: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        lists.setdefault(name, []).append(value)
    return lists


def _last(lists: dict[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in lists.items()}


def _joined(lists: dict[str, list[str]]) -> dict[str, str]:
    return {name: ("; " if name == "cookie" else ",").join(values) for name, values in lists.items()}


def _gateway(method: str, source_ip: str, stage: str, domain: str) -> dict[str, Any]:
    return {
        "accountId": _ACCOUNT,
        "apiId": "abcdef1234",
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "httpMethod": method,
        "identity": {"sourceIp": source_ip, "userAgent": None},
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(time.time() * 1000),
        "stage": stage,
    }


def _rest(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    lists = parsed_query(query)
    context = _gateway(method, source_ip, "prod", "abcdef1234.execute-api.us-east-1.amazonaws.com")
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": _last(headers) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": _last(lists) or None,
        "multiValueQueryStringParameters": lists or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {**context, "path": f"/prod{path}", "resourcePath": "/{proxy+}"},
        "body": body[0],
        "isBase64Encoded": body[1],
    }


def _http_1(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    event = _rest(method, path, query, headers, body, source_ip)
    decoded = "/prod" + decoded_path(path).partition("?")[0]
    event["requestContext"]["path"] = decoded
    return {"version": "1.0", **event, "path": decoded}


def _http_2(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    decoded = "/prod" + decoded_path(path).partition("?")[0]
    domain = "abcdef1234.execute-api.us-east-1.amazonaws.com"
    return _version_2((method, decoded, query, headers, body, source_ip), domain, "prod")


def _function_url(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    domain = "abcdefghijklmnop.lambda-url.us-east-1.on.aws"
    return _version_2((method, path, query, headers, body, source_ip), domain, "$default")


def _version_2(request: Any, domain: str, stage: str) -> dict[str, Any]:
    method, path, query, headers, body, source_ip = request
    context = _gateway(method, source_ip, stage, domain)
    del context["httpMethod"], context["identity"], context["protocol"]
    cookies = [cookie.strip() for value in headers.get("cookie", ()) for cookie in value.split(";")]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": _joined({name: values for name, values in headers.items() if name != "cookie"}),
        "requestContext": {
            **context,
            "routeKey": "$default",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": _joined(headers).get("user-agent", ""),
            },
        },
        "isBase64Encoded": body[1],
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = {name: ",".join(values) for name, values in parsed_query(query).items()}
    if body[0] is not None:
        event["body"] = body[0]
    return event


def _alb(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    event = _alb_multi_value(method, path, query, headers, body, source_ip)
    event["headers"] = _joined(event.pop("multiValueHeaders"))
    event["queryStringParameters"] = _last(event.pop("multiValueQueryStringParameters"))
    return event


def _alb_multi_value(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    return {
        "requestContext": {"elb": {"targetGroupArn": _TARGET_GROUP}},
        "httpMethod": method,
        "path": path,
        "multiValueQueryStringParameters": _raw_query(query),
        "multiValueHeaders": {**headers, "x-forwarded-for": [*headers.get("x-forwarded-for", ()), source_ip]},
        "body": body[0] or "",
        "isBase64Encoded": body[1],
    }


def _lattice_1(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    return {
        "raw_path": f"{path}?{query}" if query else path,
        "method": method,
        "headers": {**_joined(headers), "x-forwarded-for": source_ip},
        "query_string_parameters": _last(parsed_query(query)),
        "body": body[0] or "",
        "is_base64_encoded": body[1],
    }


def _lattice_2(
    method: str, path: str, query: str, headers: Any, body: tuple[str | None, bool], source_ip: str
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "path": path,
        "method": method,
        "headers": {**headers, "x-forwarded-for": [source_ip]},
        "queryStringParameters": parsed_query(query),
        "body": body[0],
        "isBase64Encoded": body[1],
        "requestContext": {
            "serviceNetworkArn": f"{_LATTICE}:servicenetwork/sn-0123456789abcdef0",
            "serviceArn": f"{_LATTICE}:service/svc-0123456789abcdef0",
            "targetGroupArn": f"{_LATTICE}:targetgroup/tg-0123456789abcdef0",
            "region": "us-east-1",
            "timeEpoch": str(int(time.time() * 1_000_000)),
        },
    }
