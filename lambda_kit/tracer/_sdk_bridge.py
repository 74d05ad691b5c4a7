"""Spans, and what code records with the X-Ray SDK, in one tree, whichever is outside.

The SDK keeps a stack of what is open, in Lambda for each thread. While a span is open, a subsegment stands for it
there, and the SDK asks that one to take what begins inside of it. It stands on the stack alone, not in the SDK's tree,
so that it is never sent; what it takes hangs right on the function's segment in that tree, and has the span for its
parent where it counts, in its document. So the SDK sends each as soon as it has ended, whether the span has or not.

The stack is one for all tasks of a thread; a span knows its own context. So what stands on top looks there, each time
the SDK asks, for which span is the current one: see `innermost`.
"""

from __future__ import annotations

from _thread import get_ident

from lambda_kit.tracer._span import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.tracer._header import Root
    from lambda_kit.tracer._xray import XRaySpan

    FacadeSegment: Any
    LambdaContext: Any
    xray_recorder: Any

    class Subsegment:
        """What is used here of the SDK's, which has no types."""

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

__all__ = ["FacadeSegment", "Placed", "Subsegment", "attach", "enter", "innermost", "opened", "stack", "xray_recorder"]

_HTTP = {"url": "url", "method": "method", "status": "status", "content_length": "length"}


class Placed(Subsegment):
    """A subsegment on the SDK's stack that stands for a span.

    Its own attributes are slots: the SDK sends what it finds in `__dict__`.

    Attributes:
        span: the span.
    """

    __slots__ = ("_thread", "span")

    def __init__(self, name: str, namespace: str, segment: Any, span: Any) -> None:
        super().__init__(name, namespace, segment)
        self.span = span
        self._thread = get_ident()

    def current(self) -> Any:
        """Return the innermost span of this kind that is open in this context, if it is of the same trace."""
        raise NotImplementedError

    def stands_for(self) -> Any:
        """Return the span that what begins here is in, as far as this one tells; None if it tells nothing.

        It tells nothing where its span is not open in this context: that of another task, or of a generator that is
        suspended. In another thread it is only where someone has put it, by `xray_recorder.set_trace_entity`.
        """
        current = around = self.current()
        while around is not None:
            if around is self.span:
                return current
            around = around._before
        return None if self._thread == get_ident() else self.span

    def within(self) -> Any:
        """Return what a subsegment that the SDK begins on top of this one is in: a span, a subsegment, the segment."""
        return innermost(stack()) or self.current() or self.parent_segment

    def leave(self) -> None:
        """Take it from the stack of this thread; that of another one holds it until its next span, or trace."""
        entities = stack()
        if self in entities:
            entities[:] = [entity for entity in entities if entity is not self]

    # What the SDK asks of it

    def add_subsegment(self, subsegment: Any) -> None:
        attach(subsegment, self.within(), self.parent_segment)

    def close(self, end_time: float | None = None) -> None:
        """Close what the SDK means: the innermost subsegment of its own, which it then takes from the top."""
        entities = stack()
        for entity in reversed(entities):
            if _is_subsegment(entity) and not isinstance(entity, Placed):
                entity.close(end_time)
                entities.remove(entity)
                entities.append(entity)
                return
        entities.append(self)


class Bridged(Placed):
    """Stands for a span that the SDK does not send, and passes on to it what the SDK is told about it."""

    __slots__ = ()

    def current(self) -> XRaySpan | None:
        span: XRaySpan | None = self.span._backend.current()
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
            within.metadata(sql=sql)
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


def enter(span: XRaySpan) -> tuple[Bridged | None, str]:
    """Let the SDK know of a span that begins.

    Args:
        span: the span, with the id of the parent that it has if the SDK knows of none.

    Returns:
        What to call `leave()` of when the span ends, None if the SDK records nothing here; and the id of its parent:
        what the SDK has begun inside of the span around it comes before that one.
    """
    root = span._root
    parent_id = span._parent_id
    if root is None:
        return None, parent_id
    try:
        found = opened(root)
        if found is None:
            return None, parent_id
        segment, entities = found
        if not isinstance(segment, FacadeSegment):
            return None, parent_id  # a segment of one's own has nothing to do with that of the function
        placed = Bridged("span", "local", segment, span)  # the SDK logs names that it does not take
        placed.id, placed.name = span.id, span._name
        within = innermost(entities)
        entities.append(placed)
    except Exception:  # of a context or segment that is not the SDK's own; the span is worth more than the bridge
        return None, parent_id
    return placed, parent_id if within is None else within.id


def opened(root: Root | None) -> tuple[Any, list[Any]] | None:
    """Return the segment of this thread, and the SDK's stack; None where the SDK records nothing.

    Args:
        root: what the SDK's segment has to be if it is Lambda's.
    """
    context = xray_recorder.context
    if isinstance(context, LambdaContext):
        if root is None:  # the SDK would go on with the trace before
            return None
        segment = _segment_of(context)
        if segment.trace_id == root.trace_id and segment.id != root.parent_id:
            context.clear_trace_entities()  # of an invocation in the same trace; the SDK goes by the trace alone
            segment = _segment_of(context)
        if (segment.trace_id, segment.id) != (root.trace_id, root.parent_id):
            return None
        entities = stack()
    else:
        entities = stack()
        if not entities:
            return None
        segment = entities[0].parent_segment if _is_subsegment(entities[0]) else entities[0]
    while entities and isinstance(entities[-1], Placed) and not entities[-1].span.recording:
        entities.pop()  # it has ended in another thread
    return (segment, entities) if (entities[-1] if entities else segment).sampled else None


def _segment_of(context: Any) -> Any:
    context.get_trace_entity()  # looks at the environment
    return context._local.segment


def stack() -> list[Any]:
    """Return the stack of what is open in this thread, or task: the SDK's list itself."""
    entities: list[Any] | None = getattr(xray_recorder.context._local, "entities", None)
    return [] if entities is None else entities


def innermost(entities: list[Any]) -> Any:
    """Return what something that begins here is in: a span, or a subsegment of the SDK; None if there is none."""
    for entity in reversed(entities):
        if isinstance(entity, Placed):
            span = entity.stands_for()
            if span is not None:
                return span
        elif _is_subsegment(entity) and entity.sampled:
            return entity
    return None


def attach(subsegment: Any, within: Any, segment: Any) -> None:
    """Make a subsegment of the SDK's tree a child of what it is in.

    Args:
        subsegment: the subsegment.
        within: a span, a subsegment, or the segment.
        segment: the segment of all.
    """
    entity = getattr(within, "subsegment", within)
    if isinstance(entity, Subsegment) and entity.in_progress and not isinstance(segment, FacadeSegment):
        Subsegment.add_subsegment(entity, subsegment)  # a segment of one's own is sent in one document
    else:
        segment.add_subsegment(subsegment)
        subsegment.parent_id = within.id


def _is_subsegment(entity: Any) -> bool:
    return getattr(entity, "type", None) == "subsegment"
