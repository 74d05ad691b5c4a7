"""Answers of routes: what a function returns, as a response."""

from __future__ import annotations

import json
import sys

from lambda_kit._kernel import type_of
from lambda_kit.http import _models
from lambda_kit.http._response import Response, json_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _other(value: Any) -> Any:
    """Return what JSON can hold, in place of a value that it cannot.

    Raises:
        TypeError: there is nothing that stands for it.
    """
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json", by_alias=True)
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name) for name in fields}
    if hasattr(value, "__struct_fields__"):
        return sys.modules["msgspec"].to_builtins(value)
    many: Any = value
    if isinstance(many, set | frozenset):
        return list(many)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return _text_of(value)


def _text_of(value: Any) -> Any:
    kind = type_of(value).__name__
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if kind == "Decimal" and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if kind == "UUID" or hasattr(value, "__fspath__"):
        return str(value)
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        return value.value
    raise TypeError(f"a value of type {kind} has no JSON")


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_other
).encode
_escape = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_other).encode


def _fast_encoder() -> Callable[[Any], str]:
    """Return an encoder that is built once. `json` builds one for each value, which takes longer than a small value."""
    encoder: Any = json.encoder
    make: Any = getattr(encoder, "c_make_encoder", None)
    if make is None:  # another implementation of Python
        return _encode
    chunks = make(None, _other, encoder.encode_basestring, None, ":", ",", False, False, False)

    def encode(value: Any) -> str:
        return "".join(chunks(value, 0))

    return encode


_encode_fast = _fast_encoder()


def json_of(value: Any) -> str:
    """Return the JSON text of a value. Text is UTF-8, but half of a surrogate pair is an escape.

    Raises:
        TypeError: a value has no JSON.
        ValueError: a number is not finite.
        RecursionError: the value contains itself, or is nested too deeply.
    """
    text = _encode_fast(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _escape(value)
    return text


def answer_of(annotation: Any, status: int | None, what: str) -> Callable[[Any], Response]:
    """Return the function that makes a response of what a route returns.

    Args:
        annotation: the return annotation of the route; None without one.
        status: the status that the route was declared with; None without one.
        what: the route, for messages.
    """
    annotation = without_responses(annotation)
    if annotation is not None and _models.is_model(annotation) and _is_checked(annotation):
        return _model_answer(_models.json_writer(annotation, what), status)

    def answer(value: Any) -> Response:
        kind = type_of(value)
        if kind is dict or kind is list:
            return json_response(json_of(value), status or 200)
        return any_answer(value, status)

    return answer


def _model_answer(write: Callable[[Any], Any], status: int | None) -> Callable[[Any], Response]:
    def answer(value: Any) -> Response:
        own = status
        if type_of(value) is tuple and (given := _status_in(value)) is not None:
            own, value = given, value[1]
        if value is None or isinstance(value, Response):
            return any_answer(value, own)
        body = write(value)
        return json_response(body if type_of(body) is str else body.decode(), own or 200)

    return answer


def _status_in(value: tuple[Any, ...]) -> int | None:
    """Return the status in `(status, value)`; None for any other tuple.

    Raises:
        ValueError: the number is no status of an answer.
    """
    kind = type_of(value[0]) if len(value) == 2 else None
    if kind is not int and getattr(kind, "__name__", "") != "HTTPStatus":
        return None
    if not 200 <= value[0] <= 599:
        raise ValueError(f"{value[0]} is no status of an answer, which is 200 to 599")
    return int(value[0])


def _is_checked(annotation: Any) -> bool:
    """Return True if answers are checked: models of pydantic and structs. Other values are written as they are."""
    if hasattr(annotation, "__pydantic_validator__") or hasattr(annotation, "__struct_fields__"):
        return True
    return any(_is_checked(one) for one in getattr(annotation, "__args__", ()) if one is not Ellipsis)


def without_responses(annotation: Any) -> Any:
    """Return an annotation without `Response`, `None` and the status of `tuple[int, X]`, which no model describes."""
    annotation = _without_status(annotation)
    if type_of(annotation).__name__ in ("UnionType", "Union", "_UnionGenericAlias"):
        members = [without_responses(one) for one in annotation.__args__ if one is not type(None)]
        left = [one for one in members if one is not None]
        whole = left[0] if left else None
        for one in left[1:]:
            whole = whole | one
        return whole
    return None if _is_response(annotation) else annotation


def _without_status(annotation: Any) -> Any:
    args: Any = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is tuple and len(args) == 2 and args[0] is int:
        return args[1]
    return annotation


def _is_response(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Response)


def any_answer(value: Any, status: int | None) -> Response:
    """Return the response of a value without a model."""
    if isinstance(value, Response):
        return value
    if value is None:
        return Response(None, 204 if status is None else status)
    if type_of(value) is tuple and (given := _status_in(value)) is not None:
        return any_answer(value[1], given)
    if isinstance(value, str | bytes):
        return Response(str(value) if isinstance(value, str) else value, status or 200)
    if hasattr(value, "__next__") or hasattr(value, "__anext__"):
        return Response(value, status or 200)
    return json_response(json_of(value), status or 200)
