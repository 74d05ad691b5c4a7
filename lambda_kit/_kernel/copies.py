"""A copy of a cached value for each caller, so that none of them can change what the others get."""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SCALARS = frozenset({str, bytes, int, float, bool, complex, type(None)})


def copier(value: Any) -> Callable[[], Any]:
    """Return a function that returns the value, and a copy of it if it is a container or a pydantic model.

    What cannot be changed is returned as it is, and so is an object of any other class. A flat dict or list costs one
    shallow copy. `marshal` makes nested ones of JSON anew in half the time of a copy in Python.
    """
    cls = type_of(value)
    if cls in _SCALARS:
        return lambda: value
    if cls in (dict, list):
        items: Any = value.values() if cls is dict else value
        if all(type_of(item) in _SCALARS for item in items):
            kept = value.copy()  # the transform may hold on to what it returned
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
    return lambda: value


def _is_plain(value: Any) -> bool:
    """Tell whether a value consists of what `marshal` gives back as it was, and nothing else."""
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
