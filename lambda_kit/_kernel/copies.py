"""Copies of cached values: each caller gets its own, so that no caller can change the value of another."""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SCALARS = frozenset({str, bytes, int, float, bool, complex, type(None)})


def copier(value: Any) -> Callable[[], Any]:
    """Return a function that returns a new copy of a container, a dataclass or a pydantic model on each call.

    Immutable values and objects of other classes are returned as they are. A flat dict or list costs one shallow copy.
    Nested containers of JSON types are kept as `marshal` data, which loads twice as fast as Python code can copy.
    """
    cls = type_of(value)
    if cls in _SCALARS:
        return lambda: value
    if cls in (dict, list):
        items: Any = value.values() if cls is dict else value
        if all(type_of(item) in _SCALARS for item in items):
            kept = value.copy()  # the code that made the value may still change it
            copy: Callable[[], Any] = kept.copy
            return copy
        if _is_plain(value):
            import marshal

            text, load = marshal.dumps(value), marshal.loads
            return lambda: load(text)
    if issubclass(cls, dict | list | set | bytearray | tuple):
        from copy import deepcopy

        return lambda: deepcopy(value)
    if hasattr(cls, "model_copy") and not _is_frozen(value):
        return lambda: value.model_copy(deep=True)
    if hasattr(cls, "__dataclass_fields__"):
        return _dataclass_copier(value)
    return lambda: value


def _dataclass_copier(value: Any) -> Callable[[], Any]:
    from copy import deepcopy

    try:
        deepcopy(value)
    except Exception:  # it holds, for example, a lock
        return lambda: value
    return lambda: deepcopy(value)


def _is_plain(value: Any) -> bool:
    """Return True if `marshal` gives back an equal value: it holds only dicts, lists and scalars."""
    try:
        return _walk(value)
    except RecursionError:
        return False


def _walk(value: Any) -> bool:
    cls = type_of(value)
    if cls is dict:
        return all(type_of(key) in _SCALARS and _walk(item) for key, item in value.items())
    return cls in _SCALARS or (cls is list and all(map(_walk, value)))


def _is_frozen(model: Any) -> bool:
    items: dict[str, Any] = model.__dict__
    return bool(model.model_config.get("frozen")) and all(type_of(item) in _SCALARS for item in items.values())
