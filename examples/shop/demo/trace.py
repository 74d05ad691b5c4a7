"""One order through all functions, as a tree: the invocations and spans that carry its correlation id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shop.demo.functions import Invocation
    from shop.demo.record import Result


@dataclass(slots=True)
class Node:
    """An invocation or a span.

    Attributes:
        name: of the function, or of the span.
        kind: `function`, `init`, `aws`, `remote` or `local`.
        start: in seconds since the epoch.
        end: likewise.
        failed: whether it was a fault.
        note: what else there is to say.
        children: what it consisted of, ordered by start.
    """

    name: str
    kind: str
    start: float
    end: float
    failed: bool = False
    note: str = ""
    children: list[Node] = field(default_factory=list["Node"])

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Node]]:
        """Yield this node and all below it, with their depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def tree_of(result: Result, correlation_id: str) -> list[Node]:
    """Return the invocations in which an order was worked on, with the spans that belong to it."""
    by_parent: dict[str, list[dict[str, Any]]] = {}
    for one in result.spans:
        by_parent.setdefault(one["parent_id"], []).append(one)
    found: list[Node] = []
    for invocation in result.invocations:
        spans = _about(by_parent, invocation.segment, correlation_id, mine=False)
        if spans:
            found.append(_root(invocation, spans))
    return found


def _root(invocation: Invocation, spans: list[Node]) -> Node:
    outcome = invocation.outcome
    children = spans[0].children if len(spans) == 1 else spans  # the span of the handler says nothing more
    note = ""
    if outcome.init_ms is not None:
        boundary = invocation.started + outcome.init_ms / 1000
        children = [Node("init", "init", invocation.started, boundary), *children]
        note = "cold"
    failed = outcome.status != "success"
    return Node(invocation.function, "function", invocation.started, invocation.ended, failed, note, children)


def _about(by_parent: dict[str, list[dict[str, Any]]], parent: str, correlation_id: str, *, mine: bool) -> list[Node]:
    """Return the spans below a parent that are about an order: with its id, below one that has it, or above one."""
    found: list[Node] = []
    for span in sorted(by_parent.get(parent, ()), key=lambda one: one["start_time"]):
        own = mine or span.get("annotations", {}).get("correlation_id") == correlation_id
        children = _about(by_parent, span["id"], correlation_id, mine=own)
        if own or children:
            found.append(_node(span, children))
    return found


def _node(span: dict[str, Any], children: list[Node]) -> Node:
    aws: dict[str, Any] = span.get("aws", {})
    resource = aws.get("table_name") or str(aws.get("queue_url", "")).rpartition("/")[2]
    kind = "aws" if span.get("namespace") == "aws" or aws else span.get("namespace", "local")
    name = " ".join(filter(None, [span["name"], aws.get("operation"), resource]))
    retries = aws.get("retries")
    note = f"{retries} {'retry' if retries == 1 else 'retries'}" if retries else ""
    end = span.get("end_time", span["start_time"])
    return Node(name, kind, span["start_time"], end, bool(span.get("fault")), note, children)
