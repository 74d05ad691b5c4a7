"""Conditional requests, by RFC 9110, sections 8.8.3 and 13."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.http._errors import HttpError, PreconditionFailed
from lambda_kit.http._response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.events import HttpEvent

_CODINGS = ("-zstd", "-br", "-gzip")  # the ends of the tags of compressed bodies
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
    return not_modified(response, asked)


def not_modified(response: Response, known: str = "") -> Response:
    """Return the answer to a client that has a response already.

    Args:
        response: the response.
        known: the tags that the client knows, to name the one of the body that it has: that may be a compressed one.
    """
    made = Response(None, 304)
    made._headers = {name: value for name, value in response._headers.items() if name in _KEPT}
    tag: Any = made._headers.get("etag")
    for one in _tags(known):
        if type_of(tag) is str and _plain(one) == _plain(tag):
            made._headers["etag"] = one
    made.cookies = response.cookies
    return made


def etag_of(body: str | bytes) -> str:
    """Return a strong `ETag` of a body: a hash in quotes."""
    import hashlib

    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'


def check_etag(request: HttpEvent, etag: str | None, *, required: bool = False) -> None:
    """Refuse to change a resource that is another one than the client knows, by `If-Match` and `If-None-Match`.

    Args:
        request: the request.
        etag: the current `ETag` of the resource, with its quotes; None if the resource does not exist.
        required: whether a request without a condition is refused with 428 (RFC 6585, section 3); default False.

    Raises:
        PreconditionFailed: the condition of the request is not met.
        HttpError: the request has no condition, and has to have one.
        ConfigurationError: `required` is neither True nor False.
    """
    is_required = callables.check_flag("check_etag(required=...)", required)
    if is_required and "if-match" not in request.headers and "if-none-match" not in request.headers:
        raise HttpError(428, "send If-Match, with the ETag of the resource that you have read")
    wanted = request.headers.get("if-match")
    if wanted is not None and (etag is None or not strongly_matches(wanted, etag)):
        raise PreconditionFailed("the resource has changed, or does not exist")
    unwanted = request.headers.get("if-none-match")
    if unwanted is not None and etag is not None and weakly_matches(unwanted, etag):
        raise PreconditionFailed("the resource exists already")


def strongly_matches(text: str, etag: str) -> bool:
    """Return True if one of the tags in a header is this one. Weak tags never match (section 13.1.1)."""
    if etag.startswith("W/"):
        return False
    return text.strip() == "*" or _plain(etag) in [_plain(one) for one in _tags(text)]


def weakly_matches(text: str, etag: str) -> bool:
    """Return True if one of the tags in a header is this one. `W/` does not count (section 13.1.2)."""
    wanted = _plain(etag.removeprefix("W/"))
    return text.strip() == "*" or wanted in [_plain(one.removeprefix("W/")) for one in _tags(text)]


def _tags(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")]


def _plain(etag: str) -> str:
    """Return the tag of the body that is not compressed, for that of one that is."""
    for end in _CODINGS:
        if etag.endswith(f'{end}"'):
            return f'{etag[: -len(end) - 1]}"'
    return etag
