"""The values in the init cache: one resource for each question, those that belong together fetched together."""

from __future__ import annotations

import contextlib
import functools
import threading

from lambda_kit._kernel import lifecycle, type_of
from lambda_kit._kernel.copies import copier
from lambda_kit._kernel.facts import operation
from lambda_kit.errors import ParameterError, ParameterNotFound
from lambda_kit.init_cache import init
from lambda_kit.init_cache._entry import build_together, draw_ticket, run_out_at
from lambda_kit.parameters import _sources as sources
from lambda_kit.parameters import _transforms as transforms
from lambda_kit.parameters._query import ENVIRONMENT, UNSET, Fetched
from lambda_kit.parameters._secret_value import SecretValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any

    from lambda_kit.init_cache import Resource
    from lambda_kit.init_cache._entry import Entry
    from lambda_kit.parameters._query import Query

_MAX_PASSING = 1_000  # values that are kept of those that no handle is declared for; more would be a leak


class Node:
    """One question, and the resource that holds the answer.

    The resource holds text as it is, and anything else as a function that returns it, or a copy of it if it could be
    changed: see `pack`.

    Attributes:
        query: the question.
        resource: the resource.
        entry: what is behind the resource.
        family: the nodes of the handles that were declared in the same module, this one among them.
        ahead: what was fetched with others, for a transform that may call resources, and so runs in a build of its own.
        not_before: the ticket that what was fetched ahead must have been fetched after.
        past_caches: how many calls want a value that is in no cache.
    """

    __slots__ = ("ahead", "entry", "family", "not_before", "past_caches", "query", "resource")

    def __init__(self, query: Query) -> None:
        self.query = query
        self.family: list[Node] = []
        self.past_caches = 0
        self.ahead: _Ahead | None = None
        self.not_before = 0

        def build() -> Any:
            return _build(self)

        build.__qualname__ = query.title
        build.__module__ = ""
        self.resource: Resource[Any] = init.resource(**query.cache)(build)
        self.entry: Entry = self.resource.info._entry

    def invalidate(self) -> None:
        """Drop the value, and what was fetched for it."""
        self.not_before = draw_ticket()
        self.resource.invalidate()

    def is_joint(self) -> bool:
        """Tell whether it is fetched in one call with others."""
        return sources.is_joint(self.query, past_caches=self.past_caches > 0)

    def fresh(self) -> Any:
        """Return what the resource holds once its value is as it is at its source now."""
        with past_caches([self]):
            return self.resource.refresh()

    def take_ahead(self) -> Fetched | ParameterError | None:
        """Return what was fetched ahead, if it is still good; its value is no younger than that."""
        ahead, self.ahead = self.ahead, None
        if ahead is None or ahead.ticket <= self.not_before:
            return None
        ttl = self.query.cache["ttl"]
        if ttl is not None:
            if not ahead.born <= self.entry.now() < ahead.born + ttl:
                return None
            run_out_at(ahead.born + ttl)
        return ahead.found


class _Ahead:
    """What was fetched, when, and the ticket that was drawn before."""

    __slots__ = ("born", "found", "ticket")

    def __init__(self, found: Fetched | ParameterError, born: float, ticket: int) -> None:
        self.found = found
        self.born = born
        self.ticket = ticket


_lock = threading.RLock()
_nodes: dict[Any, Node] = {}
_passing: dict[Any, Node] = {}  # those without a handle, the one that was made last at the end
_families: dict[str, list[Node]] = {}
_memos: list[dict[Any, Node]] = []
_watched = False


def memo() -> dict[Any, Node]:
    """Return a dict for nodes by the arguments of calls; it is emptied when one of them may be gone."""
    found: dict[Any, Node] = {}
    _memos.append(found)
    return found


def find(query: Query, memo: dict[Any, Node] | None = None, key: Any = None) -> Node:
    """Return the node of a question, made if it is asked for the first time, and note it in `memo`."""
    with _lock:
        node = _nodes.get(query.key)
        if node is None:
            _watch_process()
            node = _nodes[query.key] = _passing[query.key] = Node(query)
            if len(_passing) > _MAX_PASSING:
                _drop(next(iter(_passing)))
        if memo is not None:
            memo[key] = node
        return node


def declare(query: Query, module: str, *, eager: bool) -> Node:
    """Return the node of a handle, which is kept for the life of the process."""
    with _lock:
        node = find(query)
        if _passing.pop(query.key, None) is not None:
            node.family = _families.setdefault(module, [])
            node.family.append(node)
        if eager:
            # One of those that are fetched in one call brings the others with it.
            joint = query.kind == "parameter"
            alike = [one for one in node.family if joint and _go_together(one.query, query)]
            node.entry.eager = not any(one.entry.eager for one in alike)
        return node


def _go_together(one: Query, other: Query) -> bool:
    return (one.kind, one.place, one.source, one.decrypt) == (other.kind, other.place, other.source, other.decrypt)


def drop_changed(name: str) -> None:
    """Drop the values that a written parameter is part of."""
    sources.note_change(name)
    with _lock:
        nodes = list(_nodes.values())
    for node in nodes:
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


@contextlib.contextmanager
def past_caches(nodes: Iterable[Node]) -> Generator[None]:
    """Let the builds of these nodes that begin meanwhile take no value from a cache."""
    nodes = list(nodes)
    with _lock:
        for node in nodes:
            node.past_caches += 1
            node.not_before = draw_ticket()
    try:
        yield
    finally:
        with _lock:
            for node in nodes:
                node.past_caches = max(node.past_caches - 1, 0)  # a fork may have made it 0


def pack(value: Any) -> Any:
    """Return what a resource holds for a value."""
    return value if type_of(value) is str else copier(value)


def unpack(held: Any) -> Any:
    """Return the value for what a resource holds."""
    return held if type_of(held) is str else held()


def build_nodes(nodes: Iterable[Node], after: int = 0) -> dict[Node, Exception]:
    """Build the values of those nodes that need one and can be fetched together.

    Args:
        nodes: the nodes.
        after: the ticket that a value must have been built after to be good; 0 if any will do.

    Returns:
        What went wrong. A node that is not in it is built when called, unless it has a value.
    """
    joint = {node.entry: node for node in nodes if node.is_joint()}
    if len(joint) < 2:
        return {}

    def fetch(entries: list[Entry]) -> dict[Entry, Callable[[], Any]]:
        return _makers(_fetch_joint(joint[entry] for entry in entries))

    return {joint[entry]: error for entry, error in build_together(joint, fetch, after).items()}


def _build(node: Node) -> Any:
    """Fetch and make the value of a node, and with it those of its family that are still to be fetched."""
    query = node.query
    if query.kind == "path":
        with operation(query.title) as step:
            below = sources.fetch_below(query)
            step.annotate(parameters=len(below))
        return pack({name: _transformed(query, one, name) for name, one in below.items()})
    own: list[Fetched | ParameterError | None] = []
    if len(node.family) > 1 and node.ahead is None and node.is_joint():
        others = {one.entry: one for one in node.family if one is not node and one.is_joint()}

        def fetch(entries: list[Entry]) -> dict[Entry, Callable[[], Any]]:
            found = _fetch_joint([node, *(others[entry] for entry in entries)])
            own.append(found.pop(node, None))
            node.ahead = None
            return _makers(found)

        failed = build_together(others, fetch)
        if failed and not own:
            raise next(iter(failed.values()))
    found = own[0] if own else node.take_ahead()
    if found is not None:
        return _make(node, functools.partial(_give, found))
    return _make(node, functools.partial(_fetch, node))


def _fetch(node: Node) -> Fetched:
    query = node.query
    with operation(query.title) as step:
        try:
            found = sources.fetch(query, past_caches=node.past_caches > 0)
        except ParameterNotFound as error:
            if not query.optional:
                raise
            missing = error  # as was to be expected: the operation has not failed
            step.annotate(source=error.source, found=False)
        else:
            step.annotate(source=found.source)
            return found
    raise missing


def _fetch_joint(nodes: Iterable[Node]) -> dict[Node, Fetched | ParameterError]:
    """Fetch for several nodes, and leave with those whose transforms may call resources what is for them."""
    from lambda_kit.parameters import _direct as direct

    ticket, by_query = draw_ticket(), {node.query: node for node in nodes}
    born = {node: node.entry.now() for node in by_query.values()}
    with operation("parameters") as step:
        step.annotate(parameters=len(by_query), source="ssm")
        step.metadata(names=[query.name for query in by_query])
        found = {by_query[query]: one for query, one in direct.fetch_joint(by_query).items()}
    for node, one in found.items():
        if callable(node.query.transform):
            node.ahead = _Ahead(one, born[node], ticket)
    return found


def _makers(found: dict[Node, Fetched | ParameterError]) -> dict[Entry, Callable[[], Any]]:
    return {
        node.entry: functools.partial(_make, node, functools.partial(_give, one))
        for node, one in found.items()
        if not callable(node.query.transform)
    }


def _give(found: Fetched | ParameterError) -> Fetched:
    if isinstance(found, ParameterError):
        raise found
    return found


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
            run_out_at(date)
    value = _transformed(query, fetched)
    return pack(SecretValue(value, version=fetched.version) if query.wrapped else value)


def _transformed(query: Query, fetched: Fetched, below: str = "") -> Any:
    name = f"{query.name.rstrip('/')}/{below}" if below else query.name
    return transforms.apply(query.transform, fetched, name=name, what=query.what)


# What the process has, as a whole


def _drop(key: Any) -> None:
    node = _nodes.pop(key)
    _passing.pop(key, None)
    for one in _memos:
        one.clear()
    init.discard(node.resource)


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_after_fork)
        lifecycle.on_restore(_forget_ahead)
        lifecycle.on_reset(_after_reset)


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    for node in _nodes.values():
        node.past_caches = 0  # the threads that asked for it are not here


def _forget_ahead() -> None:
    for node in _nodes.values():
        node.ahead = None


def _after_reset() -> None:
    _forget_ahead()
    with _lock:
        for key in list(_passing):
            _drop(key)
