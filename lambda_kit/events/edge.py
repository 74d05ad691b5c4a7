"""Requests and responses of Lambda@Edge.

- Headers, paths and queries that CloudFront refuses:
  <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
- Status of a viewer's response, and `CloudFront-Viewer-Country`:
  <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
- Responses: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses.html>
- Sizes: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>

```python
from lambda_kit.events import edge

event = {
    "Records": [
        {
            "cf": {
                "config": {"eventType": "viewer-request"},
                "request": {"method": "GET", "uri": "/old", "headers": {}},
            }
        }
    ]
}
moved = edge.response(event, 301, headers={"Location": "/new"})
assert moved["headers"]["location"] == [{"key": "Location", "value": "/new"}]
assert edge.request(event, uri="/new")["uri"] == "/new"
```
"""

from __future__ import annotations

import re

from lambda_kit._kernel import type_of
from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events._answers import check_dict, check_list, check_whole, raw_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_FORBIDDEN = frozenset(
    (
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "x-accel-buffering",
        "x-accel-charset",
        "x-accel-limit-rate",
        "x-accel-redirect",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    )
)
_FORBIDDEN_STARTS = ("x-amz-cf-", "x-edge-")
# The headers that a function may not change, by the type of its event.
_READ_ONLY: dict[str, tuple[str, ...]] = {
    "viewer-request": (
        "cdn-loop",
        "cloudfront-viewer-country",
        "content-length",
        "host",
        "transfer-encoding",
        "via",
    ),
    "origin-request": (
        "accept-encoding",
        "cdn-loop",
        "content-length",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "transfer-encoding",
        "via",
    ),
    "origin-response": ("transfer-encoding", "via"),
    "viewer-response": ("content-encoding", "content-length", "transfer-encoding", "via", "warning"),
}
_LARGEST = {"viewer": 40 * 1024, "origin": 1024 * 1024}  # bytes of a response that the function makes
_LONGEST_URI = 8191  # characters, with the query
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def response(
    event: Any,
    status: int,
    body: str | bytes = "",
    *,
    headers: Mapping[str, str | Sequence[str]] | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Return a response in place of that of the origin, or of the cache.

    In the event of a response it keeps the headers that are there, and without a body that of the response.

    Args:
        event: the event, which shows what is allowed.
        status: the HTTP status, 200 to 599. That of a viewer's response cannot be changed.
        body: the body: text, or bytes, which are encoded as base64. Default empty.
        headers: the headers; a header that is repeated has a list of values. Default none.
        description: the text of the status; default none.

    Raises:
        AnswerError: CloudFront would refuse the response: a header, the size, or a body or another status at a
            viewer's response.
        EventError: the event is not one of CloudFront.
    """
    kind, record = _record_of(event, "edge.response")
    made: dict[str, Any] = {"status": str(check_whole(status, "edge.response: status", 200, 599))}
    if description is not None:
        made["statusDescription"] = _line(description, "the description")
    before: Any = record.get("response")
    if kind == "viewer-response" and type_of(before) is dict and str(before.get("status")) != made["status"]:
        raise AnswerError(
            f"edge.response: a viewer's response keeps its status, {before.get('status')}; change it in an "
            "origin-response"
        )
    kept: Any = before.get("headers") if type_of(before) is dict else None
    made["headers"] = _headers(kind, headers or {}, kept if type_of(kept) is dict else {}, ())
    if body:
        if kind == "viewer-response":
            raise AnswerError("edge.response: a viewer's response keeps its body; change it in an origin-response")
        made |= _body(body)
    most = _LARGEST["viewer" if kind.startswith("viewer") else "origin"]
    size = len(str(made.get("body", "")).encode()) + _size_of(made["headers"])
    if size > most:
        raise AnswerError(f"edge.response: the response has {size} bytes, and CloudFront takes {most} here")
    return made


def request(
    event: Any,
    *,
    uri: str | None = None,
    query: str | None = None,
    headers: Mapping[str, str | Sequence[str]] | None = None,
    remove: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the request of the event, changed. The event itself is not changed.

    Args:
        event: the event of a viewer's or an origin's request.
        uri: another path, encoded, with a slash at its beginning; default the same.
        query: another query, encoded, without a question mark; default the same.
        headers: headers to set; a header that is repeated has a list of values. Default none.
        remove: names of headers to leave out; default none.

    Raises:
        AnswerError: CloudFront would refuse the request: the path, or a header that cannot be changed.
        EventError: the event is not one of a request.
    """
    kind, record = _record_of(event, "edge.request")
    if kind.endswith("-response"):
        raise EventError(f"edge.request: the event is one of {kind}, whose request cannot be changed any more")
    found: Any = record.get("request")
    if type_of(found) is not dict:
        raise EventError("edge.request: the event has no request")
    made: dict[str, Any] = {**found}
    if uri is not None:
        if type_of(uri) is not str or not uri.startswith("/") or "?" in uri or "#" in uri:
            raise AnswerError(f"edge.request: uri is {uri!r}; pass a path with a slash at its beginning and no query")
        made["uri"] = _line(uri, "uri")
    if query is not None:
        made["querystring"] = _line(query, "query").removeprefix("?")
        if " " in query or "#" in query:
            raise AnswerError("edge.request: query has a space or '#'; encode it, for example by urllib.parse.quote")
    length = len(str(made.get("uri", ""))) + len(str(made.get("querystring", "")))
    if length > _LONGEST_URI:
        raise AnswerError(f"edge.request: path and query have {length} characters, and CloudFront takes {_LONGEST_URI}")
    kept: Any = found.get("headers")
    made["headers"] = _headers(kind, headers or {}, kept if type_of(kept) is dict else {}, remove)
    return made


def _body(body: Any) -> dict[str, str]:
    if type_of(body) is str:
        return {"body": body, "bodyEncoding": "text"}
    if type_of(body) is not bytes:
        raise AnswerError(f"edge.response: the body is of type {type_of(body).__name__}; pass text or bytes")
    from binascii import b2a_base64

    return {"body": b2a_base64(body, newline=False).decode(), "bodyEncoding": "base64"}


def _record_of(event: Any, what: str) -> tuple[str, dict[str, Any]]:
    """Return the type of the event, `""` if it has none, and its part about the request and the response."""
    records: Any = raw_of(event, what).get("Records")
    record: Any = records[0].get("cf") if type_of(records) is list and records and type_of(records[0]) is dict else None
    if type_of(record) is not dict:
        raise EventError(f"{what}: the event has no 'Records[0].cf'; is it one of CloudFront?")
    config: Any = record.get("config")
    kind: Any = config.get("eventType") if type_of(config) is dict else None
    return kind if type_of(kind) is str else "", record


def _headers(
    kind: str,
    headers: Mapping[str, str | Sequence[str]],
    kept: dict[str, Any],
    remove: Sequence[str],
) -> dict[str, list[dict[str, str]]]:
    """Return the headers that are kept, without those removed, and with those set, as CloudFront writes them."""
    made: dict[str, Any] = {name: pairs for name, pairs in kept.items() if _is_header(pairs)}
    for name in check_list(remove, "remove"):
        _check_name(kind, name)
        made.pop(name.lower(), None)
    for name, value in check_dict(headers, "headers").items():
        _check_name(kind, name)
        values = (
            [value] if isinstance(value, str) else check_list(value, f"the header {name!r}", "text, or a list of texts")
        )
        made[name.lower()] = [{"key": name, "value": _line(one, f"the header {name!r}")} for one in values]
    return made


def _is_header(pairs: Any) -> bool:
    return type_of(pairs) is list and all(type_of(one) is dict for one in pairs)


def _check_name(kind: str, name: str) -> None:
    if type_of(name) is not str:
        raise AnswerError(f"{name!r} is no name of a header")
    lower = name.lower()
    if not _TOKEN.fullmatch(name):
        raise AnswerError(f"{name!r} is no name of a header")
    if lower in _FORBIDDEN or lower.startswith(_FORBIDDEN_STARTS):
        raise AnswerError(f"the header {name!r} belongs to CloudFront; a function may not set or remove it")
    if lower in _READ_ONLY.get(kind, ()):
        raise AnswerError(f"the header {name!r} cannot be changed in the event {kind}")


def _line(text: Any, where: str) -> str:
    if type_of(text) is not str or not text.isprintable():
        raise AnswerError(f"{where} is no text, or has a line break or another control character")
    line: str = text
    return line


def _size_of(headers: dict[str, list[dict[str, str]]]) -> int:
    return sum(
        len(str(one.get("key", name)).encode()) + len(str(one.get("value", "")).encode())
        for name, values in headers.items()
        for one in values
    )
