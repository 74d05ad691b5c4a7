"""Builds of nodes: values are fetched, alone or several in one request, and transformed."""

from __future__ import annotations

import functools

from lambda_kit._kernel.facts import operation
from lambda_kit.errors import ParameterError, ParameterNotFound
from lambda_kit.init_cache._build import expire_at, next_sequence
from lambda_kit.parameters import _sources as sources
from lambda_kit.parameters import _transforms as transforms
from lambda_kit.parameters._node import Prefetched, pack
from lambda_kit.parameters._query import ENVIRONMENT, UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from lambda_kit.init_cache._entry import Entry
    from lambda_kit.parameters._node import Node
    from lambda_kit.parameters._query import Fetched, Query


def build_nodes(nodes: Iterable[Node], after: int = 0) -> dict[Node, Exception]:
    """Build the values of those nodes that need one and can be fetched in one request.

    Args:
        nodes: the nodes.
        after: the sequence number after which a value must have been built; 0 if any value will do.

    Returns:
        The errors, by node. A node that is not in it is built when its value is read, unless it has one.
    """
    joint = {node.entry: node for node in nodes if _is_joint(node)}
    if len(joint) < 2:
        return {}
    from lambda_kit.init_cache._joint import build_together

    def fetch(entries: list[Entry]) -> dict[Entry, Callable[[], Any]]:
        return _makers(_fetch_joint(joint[entry] for entry in entries))

    return {joint[entry]: error for entry, error in build_together(joint, fetch, after).items()}


def build(node: Node) -> Any:
    """Return what the resource of a node holds; its siblings that need a value are fetched in the same request."""
    query = node.query
    if query.kind == "path":
        with operation(query.title) as step:
            below = sources.fetch_below(query)
            step.annotate(parameters=len(below))
        return pack({name: _transform(query, one, name) for name, one in below.items()})
    own: list[Fetched | ParameterError | None] = []
    if len(node.siblings) > 1 and node.prefetched is None and _is_joint(node):
        from lambda_kit.init_cache._joint import build_together

        others = {one.entry: one for one in node.siblings if one is not node and _is_joint(one)}

        def fetch(entries: list[Entry]) -> dict[Entry, Callable[[], Any]]:
            found = _fetch_joint([node, *(others[entry] for entry in entries)])
            own.append(found.pop(node, None))
            node.prefetched = None
            return _makers(found)

        failed = build_together(others, fetch)
        if failed and not own:
            raise next(iter(failed.values()))
    answer = own[0] if own else node.take_prefetched()
    if answer is not None:
        return _make(node, functools.partial(_value_of, answer))
    return _make(node, functools.partial(_fetch, node))


def _is_joint(node: Node) -> bool:
    return sources.is_joint(node.query, bypass_caches=bool(node.bypassing))


def _fetch(node: Node) -> Fetched:
    query = node.query
    with operation(query.title) as step:
        try:
            found = sources.fetch(query, bypass_caches=bool(node.bypassing))
        except ParameterNotFound as error:
            if not query.optional:
                raise
            missing = error  # raised outside: the operation has not failed, because there is a default
            step.annotate(source=error.source, found=False)
        else:
            step.annotate(source=found.source)
            return found
    raise missing


def _fetch_joint(nodes: Iterable[Node]) -> dict[Node, Fetched | ParameterError]:
    """Fetch for several nodes in one request; answers for transforms that may call resources stay with their nodes."""
    from lambda_kit.parameters import _direct as direct

    sequence, by_query = next_sequence(), {node.query: node for node in nodes}
    fetched_at = {node: node.entry.now() for node in by_query.values()}
    with operation("parameters") as step:
        step.annotate(parameters=len(by_query), source="ssm")
        step.metadata(names=[query.name for query in by_query])
        found = {by_query[query]: one for query, one in direct.fetch_joint(by_query).items()}
    for node, answer in found.items():
        if callable(node.query.transform):
            node.prefetched = Prefetched(answer, fetched_at[node], sequence)
    return found


def _makers(found: dict[Node, Fetched | ParameterError]) -> dict[Entry, Callable[[], Any]]:
    return {
        node.entry: functools.partial(_make, node, functools.partial(_value_of, answer))
        for node, answer in found.items()
        if not callable(node.query.transform)
    }


def _value_of(answer: Fetched | ParameterError) -> Fetched:
    if isinstance(answer, ParameterError):
        raise answer
    return answer


def _make(node: Node, fetch: Callable[[], Fetched]) -> Any:
    """Return what the resource of a node holds for what `fetch` returns."""
    query = node.query
    try:
        fetched = fetch()
    except ParameterNotFound:
        if not query.optional:
            raise
        return pack(UNSET)
    if query.rotation and fetched.source != ENVIRONMENT:
        from lambda_kit.parameters import _direct as direct

        date = direct.next_rotation(query)
        if date is not None:
            expire_at(date)
    value = _transform(query, fetched)
    if query.wrapped:
        from lambda_kit.parameters._secret_value import SecretValue

        value = SecretValue(value, version=fetched.version)
    return pack(value)


def _transform(query: Query, fetched: Fetched, below: str = "") -> Any:
    name = f"{query.name.rstrip('/')}/{below}" if below else query.name
    return transforms.apply(query.transform, fetched, name=name, what=query.what)
