"""Return annotations of routes: models, responses, and statuses in `tuple[int, X]`."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.http._models import is_model_class
from lambda_kit.http._response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeGuard

_UNIONS = ("UnionType", "Union", "_UnionGenericAlias")


def is_union(annotation: Any) -> bool:
    """Return True for `A | B`, `Union[A, B]` and `Optional[A]`."""
    return type_of(annotation).__name__ in _UNIONS


def is_response(annotation: Any) -> TypeGuard[type[Response]]:
    """Return True for `Response` and the classes below it."""
    return isinstance(annotation, type) and issubclass(annotation, Response)


def is_array_type(annotation: Any) -> bool:
    """Return True for tuples and sequences, under any name, and for unions with one."""
    if is_union(annotation):
        return any(is_array_type(one) for one in annotation.__args__)
    for under in ("__supertype__", "__value__"):  # a NewType, an alias
        if (named := getattr(annotation, under, None)) is not None:
            return is_array_type(named)
    origin = getattr(annotation, "__origin__", annotation)
    if type_of(annotation).__name__ == "_AnnotatedAlias":
        return is_array_type(origin)
    return origin is tuple or getattr(origin, "__module__", "") == "collections.abc"


def reversed_tuple(annotation: Any) -> str | None:
    """Return what `tuple[X, int]` has to be if X is an object, which an array of JSON hardly holds beside a number."""
    if is_union(annotation):
        return next((found for one in annotation.__args__ if (found := reversed_tuple(one))), None)
    args: Any = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is not tuple or len(args) != 2 or not _is_status(args[1]):
        return None
    value = args[0]
    if getattr(value, "__origin__", value) is dict or is_response(value) or is_model_class(value):
        return f"tuple[int, {getattr(value, '__name__', value)}]"
    return None


def _is_status(annotation: Any) -> bool:
    if type_of(annotation).__name__ == "_LiteralGenericAlias":
        return all(type_of(one) is int for one in annotation.__args__)
    return annotation is int or getattr(annotation, "__name__", "") == "HTTPStatus"


def without_responses(annotation: Any) -> Any:
    """Return an annotation without `Response`, `None`, and status and headers of tuples, which no model describes."""
    annotation = status_and_value(annotation)[1]
    if is_union(annotation):
        members = [without_responses(one) for one in annotation.__args__ if one is not type(None)]
        left = [one for one in members if one is not None]
        whole = left[0] if left else None
        for one in left[1:]:
            whole = whole | one
        return whole
    return None if is_response(annotation) else annotation


def status_and_value(annotation: Any) -> tuple[tuple[int, ...], Any]:
    """Return the statuses and the value of `tuple[status, value]` and `tuple[status, value, dict[str, str]]`.

    The statuses are those of `Literal[201]`. There are none for `int`, for `HTTPStatus`, and for other annotations.
    """
    args: Any = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is not tuple or not 2 <= len(args) <= 3:
        return (), annotation
    if len(args) == 3 and getattr(args[2], "__origin__", args[2]) is not dict:
        return (), annotation
    first: Any = args[0]
    if first is int or getattr(first, "__name__", "") == "HTTPStatus":
        return (), args[1]
    if type_of(first).__name__ == "_LiteralGenericAlias" and all(isinstance(one, int) for one in first.__args__):
        return tuple(int(one) for one in first.__args__), args[1]
    return (), annotation
