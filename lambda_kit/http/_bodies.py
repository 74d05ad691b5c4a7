"""Bodies of requests: JSON, forms, text and bytes, checked before they are read."""

from __future__ import annotations

import sys

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.http import _models, _scalars
from lambda_kit.http._call import MISSING, Invalid
from lambda_kit.http._errors import BadRequest, ContentTooLarge, UnsupportedMediaType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._call import Call, Read


def check_body(call: Call, media_types: tuple[str, ...] = ()) -> None:
    """Refuse a body that is too large, compressed, or of another media type than a route takes."""
    request = call.request
    if call.limits.body is not None:
        try:
            size = len(request.data)
        except EventError:
            raise BadRequest("the body cannot be decoded") from None
        if size > call.limits.body:
            raise ContentTooLarge(f"the body has more than {call.limits.body} bytes")
    headers = request.headers
    if "content-encoding" in headers._lists and headers["content-encoding"].strip().lower() != "identity":
        raise UnsupportedMediaType(
            "a body with a content encoding is not taken", headers={"accept-encoding": "identity"}
        )
    given = headers._lists.get("content-type")
    if given is None or (len(given) == 1 and given[0] in media_types):
        return
    found = request.media_type
    if media_types and found and found not in media_types and not (_is_json(media_types) and found.endswith("+json")):
        raise UnsupportedMediaType(
            f"the body has to be {' or '.join(media_types)}", headers={"accept": ", ".join(media_types)}
        )


def _is_json(media_types: tuple[str, ...]) -> bool:
    return "application/json" in media_types


def body_reader(one: Any, what: str) -> Read:
    """Return the function that reads the body for a parameter."""
    annotation, optional = _scalars.without_none(one.annotation)
    default = None if optional and one.default is MISSING else one.default
    if annotation is bytes or annotation is str:
        return _raw_body_reader(annotation)
    plain = getattr(annotation, "__origin__", annotation)
    if not _models.is_model(annotation) and not one.extra and plain in (dict, list):
        if all(_is_open(argument) for argument in getattr(annotation, "__args__", ())):
            return _plain_json_reader(plain, default)
    elif type_of(annotation).__name__ == "_AnyMeta":
        return _plain_json_reader(None, default)
    whole = sys.modules["typing"].Annotated[(annotation, *one.extra)] if one.extra else annotation
    read_json = _models.json_reader(whole, what)

    def read(call: Call) -> Any:
        text = _json_text(call, default)
        return default if text is None else read_json(text)

    return read


def _is_open(argument: Any) -> bool:
    return argument is str or argument is object or type_of(argument).__name__ == "_AnyMeta"


def _json_text(call: Call, default: Any) -> str | None:
    check_body(call, ("application/json",))
    try:
        text = call.request.json_text
        if "NaN" in text or "Infinity" in text:
            call.request.json  # noqa: B018  # raises an error if they are outside of strings; pydantic takes them
    except EventError:
        raise BadRequest("the body is not JSON") from None
    if not text:
        if default is MISSING:
            raise BadRequest("the request has no body")
        return None
    return text


def _plain_json_reader(kind: Any, default: Any) -> Read:
    def read(call: Call) -> Any:
        if _json_text(call, default) is None:
            return default
        try:
            found = call.request.json
        except EventError:
            raise BadRequest("the body is not JSON") from None
        if kind is not None and type_of(found) is not kind:
            name = "an object" if kind is dict else "an array"
            raise Invalid({"detail": f"it has to be {name}", "in": "body", "pointer": "#"})
        return found

    return read


def _raw_body_reader(kind: Any) -> Read:
    def read(call: Call) -> Any:
        check_body(call)
        try:
            return call.request.data if kind is bytes else call.request.body
        except EventError:
            raise BadRequest("the body cannot be decoded") from None

    return read
