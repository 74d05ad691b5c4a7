"""Answers in parts: joined up to the limit of the trigger, or sent one by one where the runtime client can."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.http._call import STREAM, InvalidResponse
from lambda_kit.http._parts import Parts
from lambda_kit.http._response import charset_of
from lambda_kit.http._serialise import Unsendable, most_bytes, serialise
from lambda_kit.invocation import current_invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lambda_kit.events import HttpEvent
    from lambda_kit.http._response import Response

_STREAMING = ("function_url", "rest_api")
_WITHOUT_BODY = (204, 205, 304)


def delivered(app: Any, request: HttpEvent, response: Response) -> Response:
    """Send or join the parts of a response, in the layers and dependencies that stand around its route.

    Raises:
        InvalidResponse: the parts are no text and no bytes, are too large, or a header cannot be sent.
    """
    body: Any = response.body
    if type_of(body).__module__ == "lambda_kit._kernel.streaming":
        return response  # a layer returned the response of a stream that was sent
    if type_of(body) is not Parts and not hasattr(body, "__next__") and not hasattr(body, "__aiter__"):
        raise InvalidResponse(f"the body of the answer is of type {type_of(body).__name__}; set text or bytes")
    parts = body if type_of(body) is Parts else Parts(body)
    try:
        resolve = getattr(response, "_resolved", None)  # files have answers by what the client has
        if resolve is not None:
            response = resolve(request)
        if request.method == "HEAD" or response.status in _WITHOUT_BODY:
            response.body = None
            return response
        if request.trigger in _STREAMING and _can_stream():
            return _sent(app, request, response, parts)
        response.body = _joined(response, parts, request.trigger)
        return response
    finally:
        parts.close()


def _can_stream() -> bool:
    from lambda_kit._kernel import streaming  # a client that streams puts itself there when it is imported

    return streaming.can_stream() and current_invocation(default=None) is not None


def _sent(app: Any, request: HttpEvent, response: Response, parts: Parts) -> Response:
    from lambda_kit._kernel.streaming import Stream, deliver

    head: Response = app._finished(request, "GET", response.without_body())
    if head.status in _WITHOUT_BODY:  # the client has the answer already
        return head
    parts.is_live = True
    first = next(parts, None)  # before the headers: an exception until here has an answer of its own
    _set_media_type(head, first)
    try:
        found = serialise("function_url", head)
    except Unsendable as error:
        raise InvalidResponse(str(error)) from None
    prelude: dict[str, Any] = {name: found[name] for name in ("statusCode", "headers", "cookies") if name in found}
    stream = Stream(_encoded(first, parts, _charset(head)), prelude, whole=bytes)
    current_invocation().state[STREAM] = stream
    response.body = deliver(stream)  # layers see the stream that was sent, or the bytes that could not be
    _set_media_type(response, first)
    return response


def _charset(response: Response) -> str:
    found = charset_of(str(response._headers.get("content-type", "")).lower())
    try:
        "".encode(found)
    except LookupError:
        raise InvalidResponse(f"there is no charset {found!r}, which the content type of the answer names") from None
    return found


def _encoded(first: str | bytes | None, parts: Parts, charset: str) -> Iterator[bytes]:
    if first is None:
        return
    yield first.encode(charset) if isinstance(first, str) else first
    del first
    for part in parts:
        yield part.encode(charset) if isinstance(part, str) else part


def _joined(response: Response, parts: Parts, trigger: str) -> str | bytes:
    most, size = most_bytes(trigger), 0
    found: list[str | bytes] = []
    for part in parts:
        found.append(part)
        size += len(part)
        if size > most:
            raise InvalidResponse(
                f"the parts of the answer take more than {most} bytes, the most that the trigger {trigger} takes at "
                "once; a runtime client that streams sends them one by one"
            )
    _set_media_type(response, found[0] if found else None)
    charset = _charset(response)
    texts = [one for one in found if isinstance(one, str)]
    if len(texts) == len(found) and charset == "utf-8":
        return "".join(texts)
    return b"".join([one.encode(charset) if isinstance(one, str) else one for one in found])


def _set_media_type(response: Response, first: str | bytes | None) -> None:
    """Set the content type by the first part, if the route has not set it."""
    if "content-type" not in response._headers and first is not None:
        is_text = isinstance(first, str)
        response._headers["content-type"] = "text/plain; charset=utf-8" if is_text else "application/octet-stream"
