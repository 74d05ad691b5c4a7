"""Answers of routes: what a function returns, as a response."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _models
from lambda_kit.http._json import json_of
from lambda_kit.http._response import Response, json_response
from lambda_kit.http._returns import is_array_type, reversed_tuple, without_responses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def answer_of(annotation: Any, status: int | None, what: str) -> Callable[[Any], Response]:
    """Return the function that makes a response of what a route returns.

    Args:
        annotation: the return annotation of the route; None without one.
        status: the status that the route was declared with; None without one.
        what: the route, for messages.

    Raises:
        ConfigurationError: the annotation has the value before the status.
    """
    if (reversed_to := reversed_tuple(annotation)) is not None:
        raise ConfigurationError(
            f"{what} returns {annotation!r}: the status comes first; return it before the value, and write "
            f"{reversed_to}. For a JSON array, return a list"
        )
    annotation = without_responses(annotation)
    is_array = is_array_type(annotation)
    if annotation is not None and _models.is_model(annotation) and _is_checked(annotation):
        return _model_answer(_models.json_writer(annotation, what), status)

    def answer(value: Any) -> Response:
        kind = type_of(value)
        if kind is dict or kind is list:
            return json_response(json_of(value), status or 200)
        return any_answer(value, status, is_array=is_array)

    return answer


def _model_answer(write: Callable[[Any], Any], status: int | None) -> Callable[[Any], Response]:
    def answer(value: Any) -> Response:
        own, headers = status, None
        if type_of(value) is tuple and (parts := _parts_in(value)) is not None:
            own, value, headers = parts
        if value is None or isinstance(value, Response):
            return _with_headers(any_answer(value, own), headers)
        body = write(value)
        response = json_response(body if type_of(body) is str else body.decode(), own or 200)
        return response if headers is None else _with_headers(response, headers)

    return answer


def _parts_in(value: tuple[Any, ...]) -> tuple[int, Any, Any] | None:
    """Return status, value and headers of `(status, value)` and `(status, value, headers)`; None for other tuples.

    Raises:
        ValueError: the number is no status of an answer.
    """
    if not _may_have_status(value) or not _is_number(value[0]):
        return None
    if not 200 <= value[0] <= 599:
        raise ValueError(f"{value[0]} is no status of an answer, which is 200 to 599")
    return int(value[0]), value[1], value[2] if len(value) == 3 else None


def _is_reversed(value: tuple[Any, ...]) -> bool:
    """Tell whether a status may stand behind its value, whatever the number: else an answer depended on its data."""
    return _may_have_status(value) and _is_number(value[1]) and not _is_number(value[0])


def _may_have_status(value: tuple[Any, ...]) -> bool:
    """Tell whether a tuple has the parts of a value and its status, perhaps with headers."""
    return len(value) == 2 or (len(value) == 3 and type_of(value[2]) is dict)


def _is_number(value: Any) -> bool:
    """Tell whether a value has the type of a status."""
    kind = type_of(value)
    return kind is int or kind.__name__ == "HTTPStatus"


def _with_headers(response: Response, headers: dict[str, Any] | None) -> Response:
    if headers:
        own = response.headers
        for name, value in headers.items():
            own[name] = value
    return response


def _is_checked(annotation: Any) -> bool:
    """Return True if answers are checked: models of pydantic and structs. Other values are written as they are."""
    if hasattr(annotation, "__pydantic_validator__") or hasattr(annotation, "__struct_fields__"):
        return True
    return any(_is_checked(one) for one in getattr(annotation, "__args__", ()) if one is not Ellipsis)


def any_answer(value: Any, status: int | None, *, is_array: bool = False) -> Response:
    """Return the response of a value without a model.

    Args:
        value: the value.
        status: the status that was declared; None without one.
        is_array: a tuple without a status is a JSON array, because the annotation says so.

    Raises:
        ValueError: it is a value with its status behind it.
    """
    if isinstance(value, Response):
        return value
    if value is None:
        return Response(None, 204 if status is None else status)
    if type_of(value) is tuple:
        if (parts := _parts_in(value)) is not None:
            return _with_headers(any_answer(parts[1], parts[0], is_array=is_array), parts[2])
        if not is_array and _is_reversed(value):
            raise ValueError(
                f"the status comes first: return {int(value[1])}, ... and not ..., {int(value[1])}; for a JSON array, "
                "return a list"
            )
    is_whole = issubclass(type_of(value), str | bytes | bytearray | memoryview)
    if is_whole or hasattr(value, "__next__") or hasattr(value, "__anext__"):
        return Response(value, status or 200)
    return json_response(json_of(value), status or 200)
