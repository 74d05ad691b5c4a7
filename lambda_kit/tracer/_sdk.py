"""The backend over the X-Ray SDK, which makes, keeps and sends the subsegments with its own emitter and settings.

Each span is a subsegment on the SDK's stack, so that calls of patched libraries become its children. Its parent is the
span around it in this context, so that tasks and threads with a copy of the context nest too.
"""

from __future__ import annotations

from contextvars import ContextVar
from json import dumps, loads
from operator import itemgetter

from lambda_kit._kernel import log
from lambda_kit._kernel.json_text import message_of
from lambda_kit.invocation import current as current_invocation
from lambda_kit.invocation import current_place
from lambda_kit.tracer import _document as document
from lambda_kit.tracer._guard import harmless, length_of, report, status_of, text_of
from lambda_kit.tracer._header import HEADER, Root, incoming_w3c, root_of_environment
from lambda_kit.tracer._instrument_http import shown_url
from lambda_kit.tracer._span import Span

try:
    from lambda_kit.tracer import _sdk_bridge as bridge
    from lambda_kit.tracer import _sdk_exceptions as exceptions
except ImportError as error:
    from lambda_kit._kernel import extras

    raise extras.missing('Tracer(backend="xray-sdk")', "aws-xray-sdk", "xray") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from lambda_kit.invocation import Invocation
    from lambda_kit.tracer._span import Kind, Options

_current: ContextVar[SdkSpan | None] = ContextVar("lambda_kit_sdk_span", default=None)
_recorder = bridge.xray_recorder


class _Subsegment(bridge.StackEntry):
    """The subsegment of a span: the SDK sends it."""

    __slots__ = ()

    def current(self) -> SdkSpan | None:
        span = _find_current()
        return span if span is not None and _same(span.segment, self.parent_segment) else None


class SdkSpan(Span):
    """A span that the X-Ray SDK records.

    Attributes:
        id: the id of the subsegment; `""` before it starts.
        segment: the segment that it belongs to.
        subsegment: the SDK's object; None before the start and after the end.
    """

    __slots__ = ("_before", "_invocation", "id", "segment", "subsegment")

    def __init__(self, name: str, kind: Kind, options: Options) -> None:
        super().__init__(name, kind, options)
        self._before: SdkSpan | None = None
        self._invocation: Invocation | None = None
        self.id = ""
        self.segment: Any = None
        self.subsegment: _Subsegment | None = None

    def begin(self) -> bool:
        """Start without becoming the current span; return whether the SDK records here."""
        try:
            return self._begin()
        except Exception as error:  # raised by a custom context of the SDK, or because the segment has ended
            log.warning("the X-Ray SDK did not accept the span %s: %s", self._name, message_of(error))
            return False

    def _begin(self) -> bool:
        invocation = current_invocation.get(None)
        around = _find_current()
        if around is None and invocation is not None and invocation.ended:
            return False  # the environment variable belongs to the next invocation
        found = bridge.open_entities(root_of_environment())
        within: Any = around
        if around is not None and (found is None or not _same(found[0], around.segment)):
            segment = around.segment  # of an invocation that has ended, or of another thread
        elif found is None:
            return False
        else:
            segment, entities = found
            within = bridge.innermost(entities) or around or segment
        subsegment = _Subsegment(loads(document.name_text(self._name)), self._kind, segment, self)
        bridge.attach(subsegment, within, segment)
        self._before, self._invocation, self.segment = around, invocation, segment
        self.id, self.subsegment = subsegment.id, subsegment
        if around is None and invocation is not None:
            options = self._options
            self.annotate(ColdStart=invocation.cold_start, Service=options.service or None)
            if (execution := invocation._execution) is not None:
                self.annotate(ExecutionArn=execution, Replay=invocation.replay)
            if options.w3c:
                self.metadata(**incoming_w3c(invocation))
        elif (place := current_place.get()) is not None and place.is_replaying():
            self.annotate(Replayed=True)
        return True

    @property
    def recording(self) -> bool:
        return self.subsegment is not None

    @harmless
    def annotate(self, /, **annotations: Any) -> None:
        subsegment = self.subsegment
        if subsegment is not None:
            members: dict[str, Any] = loads(f"{{{document.annotations_text(annotations, self._options.encoder)}}}")
            for key, value in members.items():
                if len(subsegment.annotations) < document.MAX_ANNOTATIONS or key in subsegment.annotations:
                    subsegment.put_annotation(key, value)

    @harmless
    def metadata(self, /, **metadata: Any) -> None:
        subsegment = self.subsegment
        if subsegment is not None:
            service = self._options.service
            namespace = "default" if service.startswith("AWS.") else service or "default"  # `AWS.` is reserved
            for key, text in document.metadata_members(metadata, self._options.encoder).items():
                subsegment.put_metadata(loads(key[:-1]), loads(text), namespace)

    @harmless
    def record_error(self, error: Any, /) -> None:
        subsegment = self.subsegment
        if subsegment is None:
            return
        subsegment.add_fault_flag()
        if not self._options.capture_error:
            return
        stack, hides = exceptions.stack_of(error), self._options.encoder.hides
        if issubclass(type(error), BaseException) and not exceptions.is_of_another_trace(error, subsegment):
            try:
                exceptions.add_exception(subsegment, error, stack, error, hides)
                return
            except Exception as refusal:  # the SDK sets attributes of the exception, and some exceptions refuse that
                report("an attribute of an exception", refusal)
        stand_in = type(type(error).__name__, (Exception,), {})(message_of(error))
        exceptions.add_exception(subsegment, stand_in, stack, error, hides)

    @harmless
    def http(
        self,
        /,
        *,
        method: str | None = None,
        url: str | None = None,
        status: int | None = None,
        length: int | None = None,
    ) -> None:
        subsegment = self.subsegment
        if subsegment is None:
            return
        if url is not None:
            subsegment.put_http_meta("url", document.shortened(shown_url(text_of(url))))
        if method is not None:
            subsegment.put_http_meta("method", document.shortened(text_of(method)))
        if (code := status_of(status)) is not None:
            subsegment.put_http_meta("status", code)
        if (size := length_of(length)) is not None:
            subsegment.put_http_meta("content_length", size)

    @harmless
    def aws(self, /, **fields: Any) -> None:
        subsegment = self.subsegment
        if subsegment is not None:
            subsegment.set_aws(
                {**subsegment.aws, **loads(f"{{{document.fields_text(fields, self._options.encoder)}}}")}
            )

    def _activate(self) -> Any:
        before = _current.get()
        if self.subsegment is not None:
            _current.set(self)
            self._enter(self.subsegment)
        return before

    @harmless
    def _deactivate(self, before: Any) -> None:
        if self.subsegment is not None:
            self.subsegment.leave()
        if _current.get() is self:
            _current.set(before)

    @harmless
    def _enter(self, subsegment: _Subsegment) -> None:
        found = bridge.open_entities(root_of_environment())
        if found is not None and _same(found[0], self.segment):
            found[1].append(subsegment)

    def __enter__(self) -> Self:
        if not self.id and self.begin():
            self._activate()
        return self

    def end(self) -> None:
        subsegment = self.subsegment
        if subsegment is None:
            return
        try:
            subsegment.leave()
            bridge.Subsegment.close(subsegment)
            _cut(subsegment)
            _send(self.segment)
        except Exception as error:  # raised by a custom emitter
            log.warning("the X-Ray SDK did not send the span %s: %s", self._name, message_of(error))
        self.subsegment = self._invocation = None
        if _current.get() is self:
            around = self._before
            while around is not None and around.subsegment is None:  # the outer span may have ended before this one
                around = around._before
            _current.set(around)


def _find_current() -> SdkSpan | None:
    invocation = current_invocation.get(None)
    around = _current.get()
    while around is not None:
        if around.subsegment is None:
            around = around._before
        elif around._invocation is invocation and (invocation is not None or _is_open(around.segment)):
            return around
        else:
            _current.set(None)  # a span of an earlier invocation that was never ended
            break
    return None


def _is_open(segment: Any) -> bool:
    if isinstance(segment, bridge.FacadeSegment):
        root = root_of_environment()
        return root is not None and (root.trace_id, root.parent_id) == (segment.trace_id, segment.id)
    still: bool = segment.in_progress
    return still


def _same(one: Any, other: Any) -> bool:
    """Tell whether two segments stand for the same one: the SDK makes a copy of Lambda's segment for each thread."""
    return bool((one.trace_id, one.id) == (other.trace_id, other.id))


def _cut(subsegment: _Subsegment) -> None:
    """Replace the largest values by a note of their size until the document is within X-Ray's limit."""
    own = {name: value for name, value in subsegment.to_dict().items() if name != "subsegments"}
    excess = len(dumps(own, default=str)) - document.LIMIT
    if excess > 0:
        excess = exceptions.drop_causes(subsegment, excess, marked=False)
    if excess <= 0:
        return
    members = [*subsegment.metadata.values(), subsegment.aws, subsegment.annotations]
    sizes = [(len(dumps(value, default=str)), values, name) for values in members for name, value in values.items()]
    for size, values, name in sorted(sizes, key=itemgetter(0), reverse=True):
        if excess <= 0 or size <= document.MARKER:
            break
        values[name] = f"[cut: {size} bytes]"
        excess -= size - len(dumps(values[name]))
    if excess > 0:  # thousands of short values
        count = sum(map(len, members[:-1]))
        excess -= sum(len(dumps(values, default=str)) for values in members[:-1])
        subsegment.aws = {}
        subsegment.metadata = {"default": {"[cut]": f"{count} values"}}
    if excess > 0:
        exceptions.drop_causes(subsegment, excess, marked=True)


def _send(segment: Any) -> None:
    """Let the SDK send the subsegments that have ended; or a segment of the user's own, if nothing in it is open."""
    if segment.ready_to_send():
        _recorder.emitter.send_entity(segment)
        entities = bridge.stack()
        if entities and entities[0] is segment:
            _recorder.clear_trace_entities()
    elif _recorder.streaming.is_eligible(segment):
        _recorder.streaming.stream(segment, _send_one)


def _send_one(subsegment: Any) -> None:
    if subsegment.sampled:
        _recorder.emitter.send_entity(subsegment)


class XRaySdk:
    """The backend that records spans with the SDK's global recorder, `aws_xray_sdk.core.xray_recorder`."""

    def span(self, name: str, kind: Kind, options: Options) -> SdkSpan:
        return SdkSpan(name, kind, options)

    def begin(self, name: str, kind: Kind, options: Options) -> SdkSpan | None:
        span = self.detached(name, kind, options)
        if span is not None:
            span._activate()
        return span

    def detached(self, name: str, kind: Kind, options: Options) -> SdkSpan | None:
        span = SdkSpan(name, kind, options)
        return span if span.begin() else None

    def current(self) -> SdkSpan | None:
        return _find_current()

    def headers(self, *, w3c: bool) -> dict[str, str]:
        try:
            return self._headers(w3c=w3c)
        except Exception as error:  # of a context that is not the SDK's own
            report("headers", error)
            return {}

    def _headers(self, *, w3c: bool) -> dict[str, str]:
        root = root_of_environment()
        around = _find_current()
        invocation = current_invocation.get(None)
        if around is None and invocation is not None and invocation.ended:
            return {}  # the environment variable belongs to the next invocation
        found = bridge.open_entities(root)
        segment = around.segment if around is not None else found[0] if found is not None else None
        within = (bridge.innermost(found[1]) if found is not None else None) or around or segment
        if segment is not None and (root is None or root.trace_id != segment.trace_id):
            root = Root(segment.trace_id, segment.id, sampled=True)
        if root is None:
            return {}
        parent_id = root.parent_id if within is None else within.id
        headers = {HEADER: root.header(parent_id)}
        if w3c:
            passed_on = {} if invocation is None else incoming_w3c(invocation)
            headers |= {**passed_on, "traceparent": root.traceparent(parent_id)}
        return headers
