"""Transforms: conversions of the text of a value. Their errors quote nothing of the text."""

from __future__ import annotations

import json

from lambda_kit.errors import ResourceCycle, TransformError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lambda_kit.parameters._query import Fetched, Query


def apply(query: Query, fetched: Fetched, name: str) -> Any:
    """Return a value after the transform of its query.

    Args:
        query: the query. The transform `"auto"` goes by the content type if that is known, else by the suffix of the
            name.
        fetched: the value.
        name: its name; for a path that of the one parameter.

    Raises:
        TransformError: the transform failed. Neither the message nor a variable in the traceback is the value.
    """
    transform: Any = query.transform if query.convert is None else query.convert
    if query.convert is None and transform == "auto":
        transform = _by_suffix(name, fetched.kind)
    value, problem = _attempt(transform, fetched)
    if problem:
        label = transform
        if query.convert is not None:
            from lambda_kit.parameters import _types

            label = _types.label(query.transform)
        error = TransformError(
            f"its value does not fit the transform {label}: {problem}" if transform else problem,
            names=(name,),
            source=fetched.source,
            what=query.what,
        )
        error.transform = label or "none"
        raise error
    return value


def _attempt(transform: Any, fetched: Fetched) -> tuple[Any, str]:
    """Return the value and no problem, or None and the problem: the traceback of the error would keep the value."""
    try:
        return _run(transform, fetched.data)
    except ResourceCycle:
        raise
    except Exception as error:
        return None, _describe(error)


def _run(transform: Any, data: str | bytes) -> tuple[Any, str]:
    if transform is None:
        return (None, "its value is binary; pass transform='binary'") if isinstance(data, bytes) else (data, "")
    if callable(transform):
        return transform(data), ""
    return (json.loads(data) if transform == "json" else _decode(data)), ""


def _decode(data: str | bytes) -> bytes:
    if isinstance(data, bytes):
        return data
    from binascii import a2b_base64

    return a2b_base64("".join(data.split()), strict_mode=True)


def _by_suffix(name: str, kind: str) -> str | None:
    if kind:
        return "json" if kind.partition(";")[0].strip().endswith("json") else None
    return next((one for one in ("json", "binary") if name.endswith(f".{one}")), None)


def _describe(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    if type(error).__name__ == "ValidationError" and hasattr(error, "errors"):
        invalid: Any = error
        problems: list[dict[str, Any]] = invalid.errors(include_input=False, include_context=False, include_url=False)
        return ", ".join(describe_problem(problem["loc"], problem["type"]) for problem in problems)
    return type(error).__name__


def describe_problem(loc: Iterable[Any], kind: str) -> str:
    """Return the place and the kind of a problem that pydantic found; its message may quote the value."""
    place = ".".join(map(str, loc))
    return f"{place} ({kind})" if place else kind
