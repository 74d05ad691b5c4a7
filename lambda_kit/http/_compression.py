"""Compression of answers, by RFC 9110, sections 8.4 and 12.5.3."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.http._cors import vary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.events import HttpEvent
    from lambda_kit.http._response import Response

LEAST_BYTES = 1024
"""Smaller bodies stay as they are: compression would gain less than its headers take."""
_TEXTS = ("json", "xml", "javascript", "yaml", "x-www-form-urlencoded", "wasm", "svg", "csv")


def compressed(request: HttpEvent, response: Response) -> Response:
    """Compress the body of a response, if the client takes it and there is something to gain."""
    headers = response._headers
    body = response.body
    if not isinstance(body, str | bytes) or len(body) < LEAST_BYTES or response.status in (204, 206, 304):
        return response
    if "content-encoding" in headers or not _is_text(headers.get("content-type", "")):
        return response
    if "no-transform" in str(headers.get("cache-control", "")).lower():
        return response
    vary(headers, "Accept-Encoding")
    if not _takes_gzip(request.headers.get("accept-encoding", "")):
        return response
    import zlib

    data = body.encode() if isinstance(body, str) else body
    pack = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = pack.compress(data) + pack.flush()
    if len(packed) >= len(data):
        return response
    response.body = packed
    headers["content-encoding"] = "gzip"
    headers.pop("content-length", None)
    etag: Any = headers.get("etag")
    if type_of(etag) is str and not etag.startswith("W/"):
        headers["etag"] = f"W/{etag}"  # the bytes differ, and the meaning does not (section 8.8.1)
    return response


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or any(kind.endswith(one) for one in _TEXTS)


def _takes_gzip(accepted: str) -> bool:
    """Return True if gzip has a weight above 0, and at least that of `identity` where that is named."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *options = (one.strip() for one in part.split(";"))
        weights[name] = _weight(options)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(options: list[str]) -> float:
    for one in options:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
