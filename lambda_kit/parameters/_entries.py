"""The registry of nodes: one for each query, those of a module's handles kept together."""

from __future__ import annotations

from lambda_kit._kernel import lifecycle
from lambda_kit.init_cache import build_ahead, init
from lambda_kit.init_cache._build import locked
from lambda_kit.parameters import _build
from lambda_kit.parameters._node import Node
from lambda_kit.parameters._query import source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.parameters._query import Query

_MAX_UNDECLARED = 1_000  # nodes without a handle; more would be a leak

_nodes: dict[Any, Node] = {}
_undeclared: dict[Any, Node] = {}  # nodes without a handle, the newest last
_by_module: dict[str, list[Node]] = {}
_memos: list[dict[Any, Node]] = []
_watched = False


def memo() -> dict[Any, Node]:
    """Return a dict for nodes by the arguments of calls; it is emptied when a node in it may be gone."""
    found: dict[Any, Node] = {}
    _memos.append(found)
    return found


@locked
def find(query: Query, memo: dict[Any, Node] | None = None, key: Any = None) -> Node:
    """Return the node of a query, a new one at the first time, and note it in `memo`."""
    node = _nodes.get(query.key)
    if node is None:
        _watch_process()
        node = _undeclared[query.key] = Node(query, _build.build)
        _nodes[query.key] = node
        if len(_undeclared) > _MAX_UNDECLARED:
            _drop(next(iter(_undeclared)))
    if memo is not None:
        memo[key] = node
    return node


@locked
def declare(query: Query, module: str, *, eager: bool | str) -> Node:
    """Return the node of a handle that `module` declares; it is kept for the life of the process."""
    node = find(query)
    if _undeclared.pop(query.key, None) is not None:
        node.siblings = _by_module.setdefault(module, [])
        node.siblings.append(node)
    if eager:
        # One request fetches many nodes: one eager node brings the others with it.
        joint = query.kind == "parameter"
        alike = [one for one in node.siblings if joint and _go_together(one.query, query)]
        node.entry.eager = not any(one.entry.eager for one in alike)
    if eager == "now" and source_of(query) != "extension":  # the extension does not answer before the first invocation
        group = (module, query.kind, query.place, query.source, query.decrypt) if query.kind == "parameter" else None
        build_ahead(node.entry, group)
    return node


def _go_together(one: Query, other: Query) -> bool:
    return (one.kind, one.place, one.source, one.decrypt) == (other.kind, other.place, other.source, other.decrypt)


def drop_values_of(name: str) -> None:
    """Drop every value that the parameter `name` is part of."""
    for node in list(_nodes.values()):
        query = node.query
        if (query.kind == "parameter" and bare(query.name) == bare(name)) or (
            query.kind == "path" and f"/{bare(name)}".startswith(query.name.rstrip("/") + "/")
        ):
            node.invalidate()


def bare(name: str) -> str:
    """Return the name of a parameter without ARN, version and leading slash."""
    if name.startswith("arn:"):
        name = name.partition(":parameter")[2]
    return name.partition(":")[0].strip("/")


def _drop(key: Any) -> None:
    node = _nodes.pop(key, None)
    _undeclared.pop(key, None)
    for one in _memos:
        one.clear()
    if node is not None:
        init.discard(node.resource)


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_after_fork)
        lifecycle.on_restore(_forget_prefetched)
        lifecycle.on_reset(_after_reset)


def _after_fork() -> None:
    for node in _nodes.values():
        node.bypassing.clear()  # the threads of these calls are not in this process


def _forget_prefetched() -> None:
    for node in list(_nodes.values()):  # another thread may declare one
        node.prefetched = None


@locked
def _after_reset() -> None:
    _forget_prefetched()
    for key in list(_undeclared):
        _drop(key)
