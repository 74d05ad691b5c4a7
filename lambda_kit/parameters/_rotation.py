"""`Secret.use`: a call with a secret, made once more with the new value if the secret was rotated meanwhile."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.parameters._node import reader
from lambda_kit.parameters._query import UNSET
from lambda_kit.parameters._secret_value import SecretValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.parameters._node import Node


def use(
    node: Node,
    handle: Callable[[], Any],
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    retry_on: Any,
    kwargs: dict[str, Any],
) -> Any:
    """Call `fn` with the value of a handle: see `Secret.use`."""
    errors: tuple[Any, ...] = retry_on if type_of(retry_on) is tuple else (retry_on,)
    for one in errors:
        if not (isinstance(one, type) and issubclass(one, Exception)):
            raise ConfigurationError(f"{node.query.title}.use(retry_on={one!r}): pass classes of exceptions")
    if callables.is_coroutine_function(fn):
        return _use_async(node, handle, fn, args, errors, kwargs)
    used: Any = handle()
    try:
        return fn(_plain(used), *args, **kwargs)
    except errors as error:
        successor = _successor(node, used, error)
        if successor is None:
            raise
    return fn(successor.get_secret_value(), *args, **kwargs)


async def _use_async(
    node: Node,
    handle: Callable[[], Any],
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    errors: tuple[type[Exception], ...],
    kwargs: dict[str, Any],
) -> Any:
    used = handle()
    try:
        return await fn(_plain(used), *args, **kwargs)
    except errors as error:
        import asyncio

        successor = await asyncio.to_thread(_successor, node, used, error)
        if successor is None:
            raise
    return await fn(successor.get_secret_value(), *args, **kwargs)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if type_of(value) is SecretValue else value  # any other value is the default


def _successor(node: Node, used: Any, error: Exception) -> SecretValue[Any] | None:
    """Return a version of the secret that is not the used one; another thread may have fetched it already."""
    try:
        current = node.read()
        if _is_same(current, used):
            current = reader(node.refresh)()
    except LambdaKitError as failure:
        error.add_note(f"The secret was to be fetched anew: {failure}")
        return None
    return None if current is UNSET or _is_same(current, used) else current


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, SecretValue) and isinstance(other, SecretValue):
        if one.version is not None and other.version is not None:
            return one.version == other.version
        return one == other
    return not isinstance(one, SecretValue)
