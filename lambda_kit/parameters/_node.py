"""A node: one query, the resource of the init cache that holds its value, and how the value is read."""

from __future__ import annotations

import contextlib

from lambda_kit._kernel import type_of
from lambda_kit._kernel.copies import copier
from lambda_kit.init_cache import declare
from lambda_kit.init_cache._build import next_sequence
from lambda_kit.init_cache._state import expire_at
from lambda_kit.parameters._query import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any

    from lambda_kit.errors import ParameterError
    from lambda_kit.init_cache import Resource
    from lambda_kit.init_cache._entry import Entry
    from lambda_kit.parameters._query import Fetched, Query


class Prefetched:
    """An answer that was fetched together with those of other nodes, and is still to be transformed.

    Attributes:
        answer: the value, or the error that there is none.
        fetched_at: the time before it was fetched, by the clock of the init cache.
        sequence: the sequence number that was taken before it was fetched.
    """

    __slots__ = ("answer", "fetched_at", "sequence")

    def __init__(self, answer: Fetched | ParameterError, fetched_at: float, sequence: int) -> None:
        self.answer = answer
        self.fetched_at = fetched_at
        self.sequence = sequence


class Node:
    """One query, and the resource that holds its value.

    The resource holds text as it is. Anything else it holds as a function that returns the value, or a copy of it where
    a caller could change it: see `pack`.

    Args:
        query: the query.
        build: fetches and makes what the resource holds.

    Attributes:
        query: the query.
        resource: the resource.
        entry: the resource's entry in the init cache.
        read: returns the value: see `reader`.
        siblings: the nodes of the handles that were declared in the same module, this one among them.
        prefetched: the answer that a joint request brought, where the transform has to run in a build of its own.
        not_before: a sequence number: an answer that was prefetched before it was taken is out of date.
        bypassing: one object for each call under way that wants a value from no cache.
    """

    __slots__ = ("bypassing", "entry", "not_before", "prefetched", "query", "read", "resource", "siblings")

    def __init__(self, query: Query, build: Callable[[Node], Any]) -> None:
        self.query = query
        self.siblings: list[Node] = []
        self.bypassing: set[object] = set()
        self.prefetched: Prefetched | None = None
        self.not_before = 0

        def factory() -> Any:
            return build(self)

        factory.__qualname__ = query.title
        factory.__module__ = ""
        self.entry: Entry = declare(factory, translate=_translate, is_final=_is_final, **query.cache)
        self.resource: Resource[Any] = self.entry.resource
        self.read = reader(self.resource)

    def invalidate(self) -> None:
        """Drop the value, and what was prefetched for it."""
        self.not_before = next_sequence()
        self.resource.invalidate()

    def refresh(self) -> Any:
        """Fetch the value past all caches, and return what the resource holds then."""
        with bypass_caches([self]):
            return self.resource.refresh()

    def take_prefetched(self) -> Fetched | ParameterError | None:
        """Return the prefetched answer if it may still be used, and forget it. The value is as old as the answer."""
        prefetched, self.prefetched = self.prefetched, None
        if prefetched is None or prefetched.sequence <= self.not_before:
            return None
        ttl = self.query.cache["ttl"]
        if ttl is not None:
            expires_at = prefetched.fetched_at + ttl
            if not prefetched.fetched_at <= self.entry.now() < expires_at:
                return None
            expire_at(expires_at)
        return prefetched.answer


def _translate(error: BaseException) -> Exception | None:
    """Return the exception to raise for one of a build: errors of the kit as they are, each caller's own copy."""
    from lambda_kit.parameters import _failures

    return _failures.own_copy(error) if isinstance(error, Exception) else None


def _is_final(error: BaseException) -> bool:
    from lambda_kit.parameters import _failures

    return isinstance(error, Exception) and not _failures.is_outage(error)


def pack(value: Any) -> Any:
    """Return what a resource holds for a value."""
    return value if type_of(value) is str else copier(value)


def reader(resource: Callable[[], Any], default: Any = UNSET) -> Callable[[], Any]:
    """Return a function that calls a resource and returns the value that it holds.

    Args:
        resource: returns what the resource of a node holds: see `pack`.
        default: returned where there is no such value and the query is optional.
    """

    def read() -> Any:
        held = resource()
        if type_of(held) is str:
            return held
        value = held()
        return default if value is UNSET else value

    return read


@contextlib.contextmanager
def bypass_caches(nodes: Iterable[Node]) -> Generator[None]:
    """Let the builds of these nodes that begin meanwhile take no value from a cache."""
    nodes, call = list(nodes), object()
    try:
        for node in nodes:
            node.bypassing.add(call)
            node.not_before = next_sequence()
        yield
    finally:
        for node in nodes:
            node.bypassing.discard(call)
