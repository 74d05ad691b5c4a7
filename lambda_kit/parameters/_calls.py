"""The steps that the reading functions share: from arguments to a node, and from the node to the value."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters._node import reader
from lambda_kit.parameters._query import UNSET, Query, checked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.parameters._node import Node


def ask(
    where: str, memo: dict[Any, Node], name: str, transform: Any, ttl: float | None, options: dict[str, Any]
) -> Any:
    """Return the value that a call of the function `where` asks for.

    Args:
        where: the name of the function.
        memo: the nodes that this function has found before.
        name: its first argument.
        transform: its `transform`.
        ttl: its `ttl`.
        options: its other options; `default` and `fresh` are taken out.
    """
    default, fresh = split(where, name, options)
    node = find(where, memo, name, transform, ttl, default, options)
    if fresh:
        return reader(node.refresh, default)()
    value = node.read()
    return default if value is UNSET else value


def split(where: str, name: object, options: dict[str, Any]) -> tuple[Any, bool]:
    """Take `default` and `fresh` out of the options of a call, and return them: they are no part of the query."""
    default = options.pop("default", UNSET)
    fresh = options.pop("fresh", False)
    if not isinstance(fresh, bool):
        raise ConfigurationError(f"{where}({name!r}): fresh={fresh!r}: pass True or False")
    return default, fresh


def find(
    where: str,
    memo: dict[Any, Node],
    name: str,
    transform: Any,
    ttl: float | None,
    default: Any,
    options: dict[str, Any],
) -> Node:
    """Return the node for the arguments of a call.

    Raises:
        ConfigurationError: an argument is wrong.
    """
    given = {**options, "default": None} if default is not UNSET else options
    key: Any = (name, transform, ttl, *given.items())
    try:
        node = memo.get(key)
    except TypeError:  # an argument is unhashable; `checked` reports it
        node = None
    if node is None:
        query = Query(where, name, checked(where, name, {"transform": transform, "ttl": ttl, **given}))
        try:
            node = entries.find(query, memo, key)
        except ConfigurationError as error:  # the init cache refuses the time to live
            raise ConfigurationError(f"{where}({name!r}): {error}") from None
    return node
