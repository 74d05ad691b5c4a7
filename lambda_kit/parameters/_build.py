"""Builds of nodes: values are fetched, alone or several in one request, and transformed."""

from __future__ import annotations

import functools

from lambda_kit._kernel.facts import operation
from lambda_kit.errors import ParameterError, ParameterNotFound
from lambda_kit.init_cache._build import next_sequence
from lambda_kit.init_cache._state import expire_at
from lambda_kit.parameters import _sources as sources
from lambda_kit.parameters import _transforms as transforms
from lambda_kit.parameters._node import Prefetched, pack, reader
from lambda_kit.parameters._query import ENVIRONMENT, UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from lambda_kit.init_cache._entry import Entry
    from lambda_kit.parameters._node import Node
    from lambda_kit.parameters._query import Fetched, Query

_AT_ONCE = 3  # requests; the extension accepts no more connections by default
_MANY = 10  # values: more than these are asked of AWS, ten in a request, and not of the extension one by one


def read_nodes(nodes: Iterable[Node], after: int = 0) -> dict[Node, tuple[Any, Exception | None]]:
    """Read the values of nodes: ten in a request where that is possible, the others three at a time.

    Args:
        nodes: the nodes.
        after: the sequence number after which a value must have been built; 0 if any value will do.

    Returns:
        For each node its value and None, or None and the error.
    """
    nodes = list(nodes)
    needed = [node for node in nodes if after or not node.entry.is_ready()]
    joint = {node.entry: node for node in needed if _is_joint(node, many=len(needed) > _MANY)}
    failed = _build_joint(joint, after) if len(joint) > 1 else {}
    alone = [node for node in needed if node.entry not in joint and sources.is_remote(node.query)]
    found: dict[Node, tuple[Any, Exception | None]] = {}
    waiting = nodes[::-1]

    def work() -> None:
        while waiting:
            try:
                node = waiting.pop()
            except IndexError:  # another thread took the last one
                return
            try:
                found[node] = _read(node, failed.get(node), after), None
            except Exception as error:
                found[node] = None, error

    if len(alone) > 1:
        _run_beside(work, min(len(alone), _AT_ONCE))
    else:
        work()
    return found


def _run_beside(work: Callable[[], None], count: int) -> None:
    """Run `work` in this thread and in others beside it, `count` in all."""
    import contextvars
    from threading import Thread

    threads = [Thread(target=contextvars.copy_context().run, args=(work,), daemon=True) for _ in range(count - 1)]
    started: list[Thread] = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # no more threads can be started
            break
        started.append(thread)
    work()
    for thread in started:
        thread.join()


def _read(node: Node, error: Exception | None, after: int) -> Any:
    """Return the value of a node, or raise the error of a joint request unless an old value may still be used."""
    if error is not None and (after or not node.entry.is_ready()):
        from lambda_kit.parameters import _failures

        raise _failures.own_copy(error) or error
    return reader(lambda: node.entry.built_after(after))() if after else node.read()


def _build_joint(joint: dict[Entry, Node], after: int) -> dict[Node, Exception]:
    """Build the values of those nodes that need one with joint requests, and return the errors.

    A node that the requests left out is built when its value is read.
    """
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


def _is_joint(node: Node, *, many: bool = False) -> bool:
    return sources.is_joint(node.query, bypass_caches=many or bool(node.bypassing))


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
        if node.query.convert is not None:
            node.prefetched = Prefetched(answer, fetched_at[node], sequence)
    return found


def _makers(found: dict[Node, Fetched | ParameterError]) -> dict[Entry, Callable[[], Any]]:
    return {
        node.entry: functools.partial(_make, node, functools.partial(_value_of, answer))
        for node, answer in found.items()
        if node.query.convert is None
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
    return transforms.apply(query, fetched, name)
