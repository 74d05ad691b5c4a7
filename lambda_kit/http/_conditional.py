"""Conditional requests, by RFC 9110, sections 8.8.3 and 13."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.http._errors import PreconditionFailed
from lambda_kit.http._response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.events import HttpEvent

_KEPT = ("cache-control", "content-location", "date", "etag", "expires", "vary")  # section 15.4.5


def tagged(request: HttpEvent, response: Response) -> Response:
    """Give a successful answer to GET an `ETag`, and answer 304 if the client has it already."""
    if response.status != 200 or request.method not in ("GET", "HEAD"):
        return response
    headers = response._headers
    tag = headers.get("etag")
    if tag is None:
        if not isinstance(response.body, str | bytes):
            return response
        tag = headers["etag"] = etag_of(response.body)
    asked = request.headers.get("if-none-match")
    if asked is None or type_of(tag) is not str or not weakly_matches(asked, tag):
        return response
    return not_modified(response)


def not_modified(response: Response) -> Response:
    """Return the answer to a client that has a response already."""
    made = Response(None, 304)
    made._headers = {name: value for name, value in response._headers.items() if name in _KEPT}
    made.cookies = response.cookies
    return made


def etag_of(body: str | bytes) -> str:
    """Return a strong `ETag` of a body: a hash in quotes."""
    import hashlib

    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'


def check_etag(request: HttpEvent, etag: str | None) -> None:
    """Refuse to change a resource that is another one than the client knows, by `If-Match` and `If-None-Match`.

    Args:
        request: the request.
        etag: the current `ETag` of the resource, with its quotes; None if the resource does not exist.

    Raises:
        PreconditionFailed: the condition of the request is not met.
    """
    wanted = request.headers.get("if-match")
    if wanted is not None and (etag is None or not strongly_matches(wanted, etag)):
        raise PreconditionFailed("the resource has changed, or does not exist")
    unwanted = request.headers.get("if-none-match")
    if unwanted is not None and etag is not None and weakly_matches(unwanted, etag):
        raise PreconditionFailed("the resource exists already")


def _tags(text: str, etag: str) -> list[str]:
    return [etag] if text.strip() == "*" else [one.strip() for one in text.split(",")]


def strongly_matches(text: str, etag: str) -> bool:
    """Return True if one of the tags in a header is this one. Weak tags never match (section 13.1.1)."""
    return not etag.startswith("W/") and etag in _tags(text, etag)


def weakly_matches(text: str, etag: str) -> bool:
    """Return True if one of the tags in a header is this one. `W/` does not count (section 13.1.2)."""
    return etag.removeprefix("W/") in [one.removeprefix("W/") for one in _tags(text, etag)]
