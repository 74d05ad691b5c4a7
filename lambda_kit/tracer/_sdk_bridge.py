"""One tree of the kit's spans and of the subsegments that code records with the X-Ray SDK, nested either way.

The SDK keeps a stack of its open subsegments; in Lambda, one for each thread. While a span is open, an entry on that
stack stands for it, and the SDK asks the entry to adopt the subsegments that start inside the span. The entry is on the
stack only, not in the SDK's tree, so it is never sent. A subsegment that it adopts becomes a child of the function's
segment in the SDK's tree, and its document names the span as its parent. So the SDK sends each subsegment as soon as
it has ended, even if the span is still open.

All tasks of a thread share one stack, but each task has its own context. So an entry looks into the context for the
current span each time the SDK asks it: see `innermost`.
"""

from __future__ import annotations

from _thread import get_ident

from lambda_kit._kernel import type_of
from lambda_kit._kernel.urls import without_credentials
from lambda_kit.tracer._span import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from lambda_kit.tracer._header import Root

    class BridgedSpan(Protocol):
        """The part of an X-Ray span that is used here."""

        id: str
        _name: str
        _root: Root | None
        _parent_id: str
        _flags: str

        @property
        def _backend(self) -> BridgedBackend: ...

    class BridgedBackend(Protocol):
        """The part of the X-Ray backend that is used here."""

        def current(self) -> BridgedSpan | None: ...

    FacadeSegment: Any
    LambdaContext: Any
    Throwable: Any
    xray_recorder: Any

    class Subsegment:
        """The part of the SDK's class that is used here; the SDK has no types."""

        def __init__(self, name: str, namespace: str, segment: Any) -> None:
            self.id = ""
            self.name = name
            self.namespace = namespace
            self.trace_id = ""
            self.parent_segment = segment
            self.in_progress = True
            self.sampled = True
            self.metadata: dict[str, dict[str, Any]] = {}
            self.annotations: dict[str, Any] = {}
            self.aws: dict[str, Any] = {}
            self.cause: Any = {}

        def add_subsegment(self, subsegment: Any) -> None: ...
        def close(self, end_time: float | None = None) -> None: ...
        def put_annotation(self, key: Any, value: Any) -> None: ...
        def put_metadata(self, key: Any, value: Any, namespace: Any = "default") -> None: ...
        def put_http_meta(self, key: Any, value: Any) -> None: ...
        def set_aws(self, aws_meta: Any) -> None: ...
        def add_exception(self, exception: BaseException, stack: Any, remote: bool = False) -> None: ...
        def add_fault_flag(self) -> None: ...
        def to_dict(self) -> dict[str, Any]: ...
else:
    from aws_xray_sdk.core import xray_recorder
    from aws_xray_sdk.core.lambda_launcher import LambdaContext
    from aws_xray_sdk.core.models.facade_segment import FacadeSegment
    from aws_xray_sdk.core.models.subsegment import Subsegment
    from aws_xray_sdk.core.models.throwable import Throwable

__all__ = [
    "FacadeSegment",
    "StackEntry",
    "Subsegment",
    "Throwable",
    "attach",
    "enter",
    "innermost",
    "open_entities",
    "stack",
    "xray_recorder",
]

_HTTP = {"url": "url", "method": "method", "status": "status", "content_length": "length"}


class StackEntry(Subsegment):
    """A subsegment on the SDK's stack that stands for a span.

    Its own attributes are slots, because the SDK sends everything in `__dict__`.

    Attributes:
        span: the span.
    """

    __slots__ = ("_thread", "span")

    def __init__(self, name: str, namespace: str, segment: Any, span: Any) -> None:
        super().__init__(name, namespace, segment)
        self.span = span
        self._thread = get_ident()

    def current(self) -> Any:
        """Return the innermost open span of this backend and context, if it belongs to the same trace."""
        raise NotImplementedError

    def parent_span(self) -> Any:
        """Return the parent of a subsegment that starts here, as far as this entry knows it, else None.

        The entry does not know it if its span is not open in this context: the span of another task, or of a suspended
        generator. In another thread, an entry is on the stack only if `xray_recorder.set_trace_entity` has put it
        there.
        """
        current = around = self.current()
        while around is not None:
            if around is self.span:
                return current
            around = around._before
        return None if self._thread == get_ident() else self.span

    def within(self) -> Any:
        """Return the parent of a subsegment that the SDK starts on top of this entry: a span, subsegment or segment."""
        return innermost(stack()) or self.current() or self.parent_segment

    def leave(self) -> None:
        """Remove the entry from this thread's stack; another thread's stack drops it at its next span or trace."""
        entities = stack()
        if self in entities:
            entities[:] = [entity for entity in entities if entity is not self]

    # Methods that the SDK calls

    def add_subsegment(self, subsegment: Any) -> None:
        attach(subsegment, self.within(), self.parent_segment)

    def close(self, end_time: float | None = None) -> None:
        """Close the SDK's own innermost subsegment, which the SDK means, and move it to the top of the stack."""
        entities = stack()
        for entity in reversed(entities):
            if _is_subsegment(entity) and not isinstance(entity, StackEntry):
                entity.close(end_time)
                entities.remove(entity)
                entities.append(entity)
                return
        entities.append(self)


class BridgeEntry(StackEntry):
    """The entry of a span that the kit sends itself; it forwards to the span what code tells the SDK."""

    __slots__ = ()

    def current(self) -> BridgedSpan | None:
        span: BridgedSpan | None = self.span._backend.current()
        root = None if span is None else span._root
        return span if root is not None and root.trace_id == self.trace_id else None

    def put_annotation(self, key: Any, value: Any) -> None:
        within = self.within()
        if isinstance(within, Span):
            within.annotate(**{str(key): value})
        else:
            within.put_annotation(key, value)

    def put_metadata(self, key: Any, value: Any, namespace: Any = "default") -> None:
        within = self.within()
        if not isinstance(within, Span):
            within.put_metadata(key, value, namespace)
        elif namespace == "default":
            within.metadata(**{str(key): value})
        else:  # spans have no namespaces
            known = self.metadata[namespace] = {**self.metadata.get(namespace, {}), str(key): value}
            within.metadata(**{str(namespace): known})

    def put_http_meta(self, key: Any, value: Any) -> None:
        within = self.within()
        if not isinstance(within, Span):
            within.put_http_meta(key, value)
        elif key in _HTTP and value is not None:
            known: Any = int(value) if key == "status" else value
            within.http(**{_HTTP[key]: known})

    def set_aws(self, aws_meta: Any) -> None:
        within = self.within()
        if isinstance(within, Span):
            within.aws(**aws_meta)
        else:
            within.set_aws(aws_meta)

    def add_exception(self, exception: BaseException, stack: Any, remote: bool = False) -> None:
        within = self.within()
        if isinstance(within, Span):
            within.record_error(exception)
        else:
            within.add_exception(exception, stack, remote)

    def set_sql(self, sql: Any) -> None:
        within = self.within()
        if isinstance(within, Span):
            within.metadata(sql=_without_credentials(sql))
        else:
            within.set_sql(sql)

    def apply_status_code(self, status_code: Any) -> None:
        self.put_http_meta("status", status_code)

    def add_fault_flag(self) -> None:
        self._flag('"fault":true')

    def add_error_flag(self) -> None:
        self._flag('"error":true')

    def add_throttle_flag(self) -> None:
        self._flag('"error":true,"throttle":true')

    def _flag(self, flags: str) -> None:
        span = self.current()
        if span is not None:
            span._flags = flags


def _without_credentials(sql: Any) -> Any:
    if type_of(sql) is not dict:
        return sql
    members: dict[Any, Any] = sql
    return {key: without_credentials(one) if isinstance(one, str) else one for key, one in members.items()}


def enter(span: BridgedSpan) -> tuple[BridgeEntry | None, str]:
    """Put an entry for a span that starts onto the SDK's stack.

    Args:
        span: the span, with the id of its parent among the kit's spans.

    Returns:
        The entry, whose `leave()` must be called when the span ends, or None if the SDK records nothing here; and the
        id of the parent: an open subsegment of the SDK inside the parent takes its place.
    """
    root = span._root
    parent_id = span._parent_id
    if root is None:
        return None, parent_id
    try:
        found = open_entities(root)
        if found is None:
            return None, parent_id
        segment, entities = found
        if not isinstance(segment, FacadeSegment):
            return None, parent_id  # a segment of the user's own is not the function's segment
        entry = BridgeEntry("span", "local", segment, span)  # a plain name: the SDK logs names that it refuses
        entry.id, entry.name = span.id, span._name
        within = innermost(entities)
        entities.append(entry)
    except Exception:  # raised by a custom context or segment: the span matters more than the bridge
        return None, parent_id
    return entry, parent_id if within is None else within.id


def open_entities(root: Root | None) -> tuple[Any, list[Any]] | None:
    """Return the segment of this thread and the SDK's stack; None if the SDK records nothing here.

    Args:
        root: the root of the invocation; Lambda's segment has to match it.
    """
    context = xray_recorder.context
    if isinstance(context, LambdaContext):
        if root is None:  # the SDK would continue the previous trace
            return None
        segment = _segment_of(context)
        if segment.trace_id == root.trace_id and segment.id != root.parent_id:
            context.clear_trace_entities()  # of an earlier invocation in the same trace; the SDK compares traces only
            segment = _segment_of(context)
        if (segment.trace_id, segment.id) != (root.trace_id, root.parent_id):
            return None
        entities = stack()
    else:
        entities = stack()
        if not entities:
            return None
        segment = entities[0].parent_segment if _is_subsegment(entities[0]) else entities[0]
    while entities and isinstance(entities[-1], StackEntry) and not entities[-1].span.recording:
        entities.pop()  # its span has ended in another thread
    return (segment, entities) if (entities[-1] if entities else segment).sampled else None


def _segment_of(context: Any) -> Any:
    context.get_trace_entity()  # makes the SDK read the environment
    return context._local.segment


def stack() -> list[Any]:
    """Return the SDK's own list of the open entities of this thread, or of this task in its asynchronous context."""
    entities: list[Any] | None = getattr(xray_recorder.context._local, "entities", None)
    return [] if entities is None else entities


def innermost(entities: list[Any]) -> Any:
    """Return the parent of a span or subsegment that starts here: a span or an SDK subsegment; None if none is open."""
    for entity in reversed(entities):
        if isinstance(entity, StackEntry):
            span = entity.parent_span()
            if span is not None:
                return span
        elif _is_subsegment(entity) and entity.sampled:
            return entity
    return None


def attach(subsegment: Any, within: Any, segment: Any) -> None:
    """Add a subsegment to the SDK's tree, under its parent.

    Args:
        subsegment: the subsegment.
        within: its parent: a span, a subsegment, or the segment.
        segment: the segment of the tree.
    """
    entity = getattr(within, "subsegment", within)
    if isinstance(entity, Subsegment) and entity.in_progress and not isinstance(segment, FacadeSegment):
        Subsegment.add_subsegment(entity, subsegment)  # a segment of the user's own is sent as one document
    else:
        segment.add_subsegment(subsegment)
        subsegment.parent_id = within.id


def _is_subsegment(entity: Any) -> bool:
    return getattr(entity, "type", None) == "subsegment"
