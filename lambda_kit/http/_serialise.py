"""Responses in the form that each trigger takes."""

from __future__ import annotations

from itertools import product

from lambda_kit._kernel import type_of
from lambda_kit.http._errors import REASONS
from lambda_kit.http._response import TOKEN, body_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._response import Response

_MOST_BYTES_OF = {"alb": 1_000_000, "alb_multi_value": 1_000_000, "websocket": 128 * 1024}
_MOST_BYTES = 6 * 1024 * 1024
_LONGEST_ESCAPE = 6  # characters of JSON for one of text
_WITH_COOKIES = ("http_api_2", "function_url")
_MULTI = ("rest_api", "http_api_1", "alb_multi_value")
_known_names: set[str] = set()


class Unsendable(ValueError):
    """A response that the trigger does not take. The text says why, without values."""


def most_bytes(trigger: str) -> int:
    """Return the most bytes of a response: 1 MB for load balancers, 128 kB for WebSocket APIs, else 6 MB."""
    return _MOST_BYTES_OF.get(trigger, _MOST_BYTES)


def serialise(trigger: str, response: Response) -> dict[str, Any]:
    """Return a response in the form of its trigger.

    Raises:
        Unsendable: the status is none, a header has an invalid name or value, there are too many cookies, or the
            response is too large.
    """
    body: Any = response.body
    encoded = False
    if body.__class__ is not str:
        body, encoded = body_text(body)
    if not body.isascii() and _has_surrogates(body):
        raise Unsendable("the body of the response holds half of a surrogate pair, which is no text")
    status: Any = response.status
    if status.__class__ is not int or not 200 <= status <= 599:
        raise Unsendable(f"the status {status!r} of the response is no number from 200 to 599")
    found: dict[str, Any] = {"statusCode": status, "body": body, "isBase64Encoded": encoded}
    if trigger in _MULTI:
        _multi(trigger, response, found)
    else:
        _single(trigger, response, found)
    if trigger[0] == "a" or trigger[0] == "l":  # load balancers and VPC Lattice
        found["statusDescription"] = f"{response.status} {REASONS.get(response.status, 'Status')}"
    most = _MOST_BYTES_OF.get(trigger, _MOST_BYTES)
    if len(body) * _LONGEST_ESCAPE > most:
        _check_size(found, most)
    return found


def _single(trigger: str, response: Response, found: dict[str, Any]) -> None:
    headers: dict[str, str] = {}
    for name, value in response._headers.items():
        if value.__class__ is str and name in _known_names and value.isprintable():
            headers[name] = value
            continue
        values = value if type_of(value) is list else [value]
        headers[name] = ", ".join([_checked(name, one) for one in values])
    found["headers"] = headers
    if response.cookies:
        cookies = [_checked("set-cookie", cookie) for cookie in response.cookies]
        if trigger in _WITH_COOKIES:
            found["cookies"] = cookies
        else:
            headers.update(zip(_spellings(len(cookies)), cookies, strict=False))


def _multi(trigger: str, response: Response, found: dict[str, Any]) -> None:
    single: dict[str, str] = {}
    multi: dict[str, list[str]] = {}
    for name, value in response._headers.items():
        if type_of(value) is list:
            multi[name] = [_checked(name, one) for one in value]
        else:
            single[name] = _checked(name, value)
    if response.cookies:
        multi["set-cookie"] = [_checked("set-cookie", cookie) for cookie in response.cookies]
    if trigger == "alb_multi_value":
        found["multiValueHeaders"] = {**{name: [value] for name, value in single.items()}, **multi}
    else:
        found["headers"] = single
        if multi:
            found["multiValueHeaders"] = multi


def _spellings(count: int) -> list[str]:
    """Return spellings of `set-cookie` that differ in letter case, for triggers with one value for each name."""
    letters = [(one, one.upper()) if one.isalpha() else (one,) for one in "set-cookie"]
    found = ["".join(spelling) for spelling, _ in zip(product(*letters), range(count), strict=False)]
    if len(found) < count:
        raise Unsendable(f"the response sets {count} cookies; this trigger takes {len(found)}")
    return found


def _checked(name: str, value: Any) -> str:
    if name not in _known_names:
        if not name or not TOKEN.issuperset(name):
            raise Unsendable(f"the response has a header {name!r}, which is no name of a header")
        if len(_known_names) < 1_000:
            _known_names.add(name)
    if type_of(value) is not str:
        raise Unsendable(f"the header {name!r} of the response is of type {type_of(value).__name__}; text is needed")
    if not value.isprintable() and any(_is_control(one) for one in value):
        raise Unsendable(f"the header {name!r} of the response holds a line break or another control character")
    return value  # type: ignore[no-any-return]


def _is_control(one: str) -> bool:
    return (one < " " and one != "\t") or one == "\x7f" or "\ud800" <= one <= "\udfff"


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _check_size(found: dict[str, Any], most: int) -> None:
    import json

    size = len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    if size > most:
        raise Unsendable(f"the response takes {size} bytes, and the trigger takes {most}")
