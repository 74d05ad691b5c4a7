"""The translation of a function URL: from a request to an event of payload format 2.0, from a result to a response."""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from lambda_kit._kernel import type_of
from lambda_kit.events._http_build import http_event

if TYPE_CHECKING:
    from lambda_kit.local._http_messages import Request

STREAMED = "application/vnd.awslambda.http-integration-response"
"""The media type of a streamed response that begins with its status and headers."""
PRELUDE_END = b"\0" * 8
LONGEST_PRELUDE = 256 * 1024

_CONNECTION_HEADERS = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect")
)
_RENAMED = frozenset(("connection", "content-length", "date", "host", "server", "www-authenticate"))
_DROPPED = frozenset(("keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"))
_TEXT = re.compile(r"text/.*|application/(?:.*\+)?(?:json|xml|javascript)|application/(?:x-)?(?:ecmascript|graphql)")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BAD_VALUE = re.compile(r"[\r\n\0]")


class MalformedResultError(Exception):
    """A function URL would answer 502 to a result; the message says why."""


@dataclass(slots=True)
class Response:
    """A response to the client.

    Attributes:
        status: the status.
        headers: names and values, in their order, without those that belong to the connection.
        body: the body.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytes = b""


def event_of(request: Request, client: str, *, trace_root: str) -> dict[str, Any]:
    """Return the event of a request.

    Args:
        request: the request.
        client: the address of the client.
        trace_root: the value of the header `X-Amzn-Trace-Id`.
    """
    left_out = {*_CONNECTION_HEADERS, *request.tokens("connection"), "x-forwarded-proto", "x-forwarded-port"}
    headers = [(name, value) for name, value in request.headers if name.lower() not in left_out]
    port = next(iter(request.values("host")), "").rpartition("]")[2].partition(":")[2] or "80"
    if request.body and not request.values("content-length"):
        headers.append(("content-length", str(len(request.body))))
    if not request.values("x-amzn-trace-id"):
        headers.append(("x-amzn-trace-id", trace_root))
    headers += [("x-forwarded-for", client), ("x-forwarded-proto", "http"), ("x-forwarded-port", port)]
    event = http_event("function_url", request.method, request.target, headers, b"", source_ip=client)
    event["headers"]["x-forwarded-for"] = ", ".join([*request.values("x-forwarded-for"), client])
    context = event["requestContext"]
    now = time.time()
    context["accountId"] = "anonymous"
    context["time"] = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now))
    context["timeEpoch"] = int(now * 1000)
    context.pop("requestTimeEpoch", None)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body_of(request)
    return event


def _body_of(request: Request) -> tuple[str, bool]:
    """Return the body and true if it is in base64: a function URL takes only some media types for text."""
    kind = next(iter(request.values("content-type")), "").partition(";")[0].strip().lower()
    if _TEXT.fullmatch(kind) and not request.values("content-encoding"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def response_of(body: bytes, content_type: str) -> Response:
    """Return the response that the result of a function makes.

    Args:
        body: the result, as the runtime posted it.
        content_type: its media type.

    Raises:
        MalformedResultError: a function URL cannot read it.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise MalformedResultError(f"the result is {content_type}, and not JSON: return bytes as base64")
    try:
        result: Any = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedResultError(f"the result is not JSON: {error}") from None
    if not isinstance(result, dict) or "statusCode" not in result:
        return Response(200, [("Content-Type", "application/json")], body)
    fields = cast("dict[str, Any]", result)
    response = head_of_result(fields)
    text = fields.get("body")
    if text is None:
        text = ""
    if not isinstance(text, str):
        raise MalformedResultError(f"'body' is a JSON {_kind(text)}; it has to be a string")
    encoded = fields.get("isBase64Encoded")
    if encoded is not None and type_of(encoded) is not bool:
        raise MalformedResultError("'isBase64Encoded' has to be true or false")
    if encoded is True:
        try:
            response.body = base64.b64decode("".join(text.split()), validate=True)
        except ValueError as error:
            raise MalformedResultError(f"'isBase64Encoded' is true, and 'body' is no base64: {error}") from None
    else:
        response.body = text.encode("utf-8", "replace")
    return response


def prelude_of(text: bytes) -> Response:
    """Return the status and the headers with which a streamed response begins.

    Raises:
        MalformedResultError: the text is not a JSON object, or has wrong fields.
    """
    try:
        found: Any = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedResultError(f"the stream begins with no JSON: {error}") from None
    if not isinstance(found, dict):
        raise MalformedResultError("the stream does not begin with a JSON object")
    return head_of_result({"statusCode": 200, **cast("dict[str, Any]", found)})


def head_of_result(fields: dict[str, Any]) -> Response:
    """Return a response with the status, the headers and the cookies that a result names.

    Raises:
        MalformedResultError: one of them cannot be sent.
    """
    response = Response(_status(fields["statusCode"]))
    headers: Any = fields.get("headers")
    if headers is not None and not isinstance(headers, dict):
        raise MalformedResultError(f"'headers' is a JSON {_kind(headers)}; it has to be an object")
    for name, value in cast("dict[str, Any]", headers or {}).items():
        text = _header_value(name, value)
        lower = name.lower()
        if lower in _RENAMED:
            response.headers.append((f"x-amzn-remapped-{lower}", text))
        elif lower not in _DROPPED:
            response.headers.append((name, text))
    response.headers += [("Set-Cookie", cookie) for cookie in _cookies(fields.get("cookies"))]
    if not any(name.lower() == "content-type" for name, _ in response.headers):
        response.headers.insert(0, ("Content-Type", "application/json"))
    return response


def _header_value(name: str, value: Any) -> str:
    if not _NAME.fullmatch(name):
        raise MalformedResultError(f"{name!r} is no name of a header")
    if isinstance(value, dict | list) or value is None:
        raise MalformedResultError(f"the header {name!r} is a JSON {_kind(value)}; it has to be a string")
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    if _BAD_VALUE.search(text):
        raise MalformedResultError(f"the value of the header {name!r} has a line break or a NUL")
    return text


def _cookies(found: Any) -> list[str]:
    if found is None:
        return []
    if type_of(found) is not list:
        raise MalformedResultError(f"'cookies' is a JSON {_kind(found)}; it has to be a list of strings")
    cookies: list[Any] = found
    if any(not isinstance(cookie, str) or _BAD_VALUE.search(cookie) for cookie in cookies):
        raise MalformedResultError("'cookies' has to be a list of strings without line breaks")
    return cookies


def _status(found: Any) -> int:
    if isinstance(found, str) and found.isascii() and found.isdigit():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not 200 <= found <= 599:
        raise MalformedResultError(f"'statusCode' is {found!r}; it has to be a number from 200 to 599")
    return found


def _kind(value: Any) -> str:
    names = {"dict": "object", "list": "list", "str": "string", "bool": "boolean", "NoneType": "null"}
    return names.get(type_of(value).__name__, "number")


def _refuse(constant: str) -> Any:
    raise ValueError(f"it has {constant}, which JSON does not have")
