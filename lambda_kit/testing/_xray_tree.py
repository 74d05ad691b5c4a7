"""Trees of the spans in X-Ray documents: independent and embedded subsegments, each under its parent."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    Names: TypeAlias = "str | tuple[Names, ...]"


class SpanException:
    """An exception that a span has recorded.

    Attributes:
        id: the id in the trace.
        type: the name of the class.
        message: the message.
        remote: whether the called service has raised it.
        stack: path, line and label of each frame, in the order of the document.
    """

    __slots__ = ("id", "message", "remote", "stack", "type")

    def __init__(self, exception: dict[str, Any]) -> None:
        self.id: str = exception["id"]
        self.type: str = exception.get("type", "")
        self.message: str = exception.get("message", "")
        self.remote: bool = exception.get("remote", False)
        self.stack: list[tuple[str, int, str]] = [
            (frame.get("path", ""), frame.get("line", 0), frame.get("label", ""))
            for frame in exception.get("stack", ())
        ]

    def __repr__(self) -> str:
        return f"<SpanException {self.type}: {self.message}>"


class SpanNode:
    """A span as X-Ray shows it, whether it was sent in a document of its own or inside another span.

    Attributes:
        name: the name.
        id: the id.
        parent_id: the id of its parent: another span, or the function's own segment.
        trace_id: the id of the trace.
        start: the start, in seconds since the epoch.
        end: the end, in seconds since the epoch; None while it is in progress.
        namespace: `"aws"`, `"remote"`, or None.
        annotations: the annotations by key.
        metadata: the metadata: an object for each namespace.
        aws: the fields of an AWS call.
        http: `"request"` and `"response"` of an HTTP call.
        error: whether the caller made a mistake (a client error).
        fault: whether the code or the called service has failed.
        throttle: whether the call was throttled.
        exceptions: the recorded exceptions, each followed by its causes; also exceptions of other spans that the
            document refers to by id.
        children: the child spans, ordered by start.
    """

    __slots__ = (
        "annotations",
        "aws",
        "children",
        "end",
        "error",
        "exceptions",
        "fault",
        "http",
        "id",
        "metadata",
        "name",
        "namespace",
        "parent_id",
        "start",
        "throttle",
        "trace_id",
    )

    def __init__(self, span: dict[str, Any], trace_id: str, parent_id: str) -> None:
        self.name: str = span["name"]
        self.id: str = span["id"]
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.start: float = span["start_time"]
        self.end: float | None = span.get("end_time")
        namespace: str | None = span.get("namespace")
        self.namespace = None if namespace == "local" else namespace
        self.annotations: dict[str, str | float | bool] = span.get("annotations", {})
        self.metadata: dict[str, dict[str, Any]] = span.get("metadata", {})
        self.aws: dict[str, Any] = span.get("aws", {})
        self.http: dict[str, dict[str, Any]] = span.get("http", {})
        self.error: bool = span.get("error", False)
        self.fault: bool = span.get("fault", False)
        self.throttle: bool = span.get("throttle", False)
        self.exceptions: list[SpanException] = []
        self.children: list[SpanNode] = []

    def find(self, name: str) -> SpanNode:
        """Return the first span with this name in this tree; parents come before their children.

        Raises:
            AssertionError: no span has this name.
        """
        for node in self._walk():
            if node.name == name:
                return node
        raise AssertionError(f"no span has the name {name!r} in\n{self!r}")

    def names(self) -> Names:
        """Return the names in this tree: the name of a span without children, else a tuple of it and its children's."""
        if not self.children:
            return self.name
        return (self.name, *(child.names() for child in self.children))

    def _walk(self) -> Iterator[SpanNode]:
        waiting: list[SpanNode] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def __repr__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, indent: str) -> Iterator[str]:
        took = "in progress" if self.end is None else f"{(self.end - self.start) * 1_000:.1f} ms"
        flags = [flag for flag in ("error", "fault", "throttle") if getattr(self, flag)]
        raised = [f"{one.type}: {one.message}" for one in self.exceptions[:1]]
        namespace = [] if self.namespace is None else [self.namespace]
        yield indent + "  ".join([self.name, took, *namespace, *flags, *raised])
        for child in self.children:
            yield from child._lines(f"{indent}  ")


class _Record:
    """A span and its origin: the number of its datagram, and whether it was embedded in another span."""

    __slots__ = ("datagram", "embedded", "node", "span")

    def __init__(self, span: dict[str, Any], node: SpanNode, datagram: int, *, embedded: bool) -> None:
        self.span = span
        self.node = node
        self.datagram = datagram
        self.embedded = embedded

    def is_replaced_by(self, later: _Record) -> bool:
        before, after = self.node, later.node
        return (
            before.end is None
            and after.end is not None
            and (before.parent_id, before.start) == (after.parent_id, after.start)
        )

    def __str__(self) -> str:
        return f"datagrams[{self.datagram}] ({self.node.name!r})"


def build_trees(
    documents: Iterable[tuple[int, dict[str, Any]]], functions: dict[str, tuple[str, bool]], *, complete: bool
) -> tuple[list[SpanNode], list[str]]:
    """Return the outermost spans, and the contradictions between the documents.

    Args:
        documents: well-formed documents, with the numbers of their datagrams.
        functions: for each trace id the id of the function's segment and whether the trace is sampled. In any other
            trace, the function's segment is the one parent that is not among the documents.
        complete: whether these are all documents; if so, a parent or exception that is missing is a contradiction.
    """
    problems: list[str] = []
    records: dict[tuple[str, str], _Record] = {}
    for datagram, document in documents:
        _add(records, problems, document, datagram, None)
    for record in records.values():
        segment, sampled = functions.get(record.node.trace_id, ("", True))
        if not sampled and not record.embedded:
            problems.append(f"{record}: its trace {record.node.trace_id} is not sampled; no span of it may be sent")
        if record.node.id == segment:
            problems.append(f"{record}: its id {segment} is the id of the function's own segment")
    roots, orphans = _link(records, functions)
    problems += _exceptions(records, complete=complete)
    if complete:
        problems += [
            f"{orphan}: its parent {orphan.node.parent_id} is neither a span of the trace nor the function's segment"
            for orphan in orphans
        ]
        reached = {id(node) for root in [*roots, *(orphan.node for orphan in orphans)] for node in root._walk()}
        problems += [
            f"{record}: its parents form a circle" for record in records.values() if id(record.node) not in reached
        ]
    return roots, problems


def _add(
    records: dict[tuple[str, str], _Record],
    problems: list[str],
    span: dict[str, Any],
    datagram: int,
    around: SpanNode | None,
) -> None:
    if around is None:
        node = SpanNode(span, span["trace_id"], span["parent_id"])
    else:
        node = SpanNode(span, around.trace_id, around.id)
    record = _Record(span, node, datagram, embedded=around is not None)
    key = node.trace_id, node.id
    before = records.get(key)
    if before is not None:
        if not before.is_replaced_by(record):
            problems.append(
                f"{record}: {before} has the same id {node.id}; send a span once, or once in progress and once complete"
            )
        _forget_embedded(records, before)
    records[key] = record
    for embedded in span.get("subsegments", ()):
        _add(records, problems, embedded, datagram, node)


def _forget_embedded(records: dict[tuple[str, str], _Record], before: _Record) -> None:
    """Forget the spans embedded in a span that another document replaces."""
    for embedded in before.span.get("subsegments", ()):
        key = before.node.trace_id, embedded["id"]
        inner = records.get(key)
        if inner is not None and inner.datagram == before.datagram:
            del records[key]
            _forget_embedded(records, inner)


def _link(
    records: dict[tuple[str, str], _Record], functions: dict[str, tuple[str, bool]]
) -> tuple[list[SpanNode], list[_Record]]:
    unknown: dict[str, set[str]] = {}
    detached: list[_Record] = []
    for record in records.values():
        node = record.node
        parent = records.get((node.trace_id, node.parent_id))
        if parent is None:
            unknown.setdefault(node.trace_id, set()).add(node.parent_id)
            detached.append(record)
        else:
            parent.node.children.append(node)
    for record in records.values():
        record.node.children.sort(key=_start)
    segments = {trace_id: parents.pop() for trace_id, parents in unknown.items() if len(parents) == 1}
    segments |= {trace_id: segment for trace_id, (segment, _) in functions.items()}
    roots = [record.node for record in detached if segments.get(record.node.trace_id) == record.node.parent_id]
    orphans = [record for record in detached if segments.get(record.node.trace_id) != record.node.parent_id]
    return sorted(roots, key=_start), orphans


def _start(node: SpanNode) -> float:
    return node.start


def _exceptions(records: dict[tuple[str, str], _Record], *, complete: bool) -> list[str]:
    problems: list[str] = []
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records.values():
        cause = record.span.get("cause", {})
        for exception in () if isinstance(cause, str) else cause.get("exceptions", ()):
            key = record.node.trace_id, exception["id"]
            if key in known:
                problems.append(f"{record}: the exception id {exception['id']} occurs twice in the trace")
            known[key] = exception
    for record in records.values():
        for one in _chain(record.span.get("cause", {})):
            seen: set[str] = {exception.id for exception in record.node.exceptions}
            following: str | None = one
            while following is not None and following not in seen:
                seen.add(following)
                found = known.get((record.node.trace_id, following))
                if found is None:
                    if complete:
                        problems.append(f"{record}: its cause {following} is not an exception of the trace")
                    break
                record.node.exceptions.append(SpanException(found))
                following = found.get("cause")
    return problems


def _chain(cause: str | dict[str, Any]) -> list[str]:
    """Return the ids of a span's exceptions; those that are the cause of another one come last."""
    if isinstance(cause, str):
        return [cause]
    exceptions: list[dict[str, Any]] = cause.get("exceptions", [])
    causes = {exception.get("cause") for exception in exceptions}
    return [one["id"] for one in sorted(exceptions, key=lambda one: one["id"] in causes)]
