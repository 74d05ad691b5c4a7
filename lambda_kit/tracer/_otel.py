"""The backend over OpenTelemetry's API; the function chooses the SDK, the exporter and the sampler.

Spans are kept in OpenTelemetry's own context, so the kit's spans and those of other instrumentation nest in each other.
The names of attributes are those of the semantic conventions: <https://opentelemetry.io/docs/specs/semconv/>.
"""

from __future__ import annotations

import os
import time

from lambda_kit import __version__
from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_text import message_of
from lambda_kit._kernel.messages import shown
from lambda_kit.invocation import at_end, current_place
from lambda_kit.invocation import current as current_invocation
from lambda_kit.tracer import _document as document
from lambda_kit.tracer import _otel_attributes as attributes
from lambda_kit.tracer._guard import harmless, report, status_of, text_of
from lambda_kit.tracer._header import HEADER, Root, incoming_w3c, root_of_environment
from lambda_kit.tracer._otel_attributes import clean
from lambda_kit.tracer._span import Span

try:
    from opentelemetry import context as otel_context
    from opentelemetry import propagate, trace
    from opentelemetry.baggage.propagation import W3CBaggagePropagator
    from opentelemetry.propagators.composite import CompositePropagator
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    from lambda_kit.tracer._otel_export import Export
except ImportError as error:
    from lambda_kit._kernel import extras

    raise extras.missing('Tracer(backend="otel")', "opentelemetry-api", "otel") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from opentelemetry.context import Context

    from lambda_kit.invocation import Invocation
    from lambda_kit.tracer._span import Kind, Options

_SPAN = otel_context.create_key("lambda_kit-span")  # key in a context: the kit's innermost span
_TO_FLUSH = object()  # key in an invocation's state: it has recorded a span
_AT_END = "lambda_kit.tracer.otel"
_KINDS = {"local": trace.SpanKind.INTERNAL, "aws": trace.SpanKind.CLIENT, "remote": trace.SpanKind.CLIENT}
_ERROR = trace.StatusCode.ERROR


class OTelSpan(Span):
    """A span of OpenTelemetry."""

    __slots__ = (
        "_backend",
        "_before",
        "_context",
        "_error",
        "_failed",
        "_inner",
        "_invocation",
        "_open",
        "_root",
        "_span",
    )

    def __init__(self, name: str, kind: Kind, options: Options, backend: OpenTelemetry) -> None:
        self._name = name
        self._kind = kind
        self._options = options
        self._backend = backend
        self._span: trace.Span | None = None  # None before the start
        self._invocation: Invocation | None = None
        self._open = False

    @harmless
    def _begin(self) -> bool | None:
        """Start without becoming the current span; return False if there is nothing to record or to propagate."""
        backend, options = self._backend, self._options
        before, around, invocation = backend.here()
        within = backend.with_caller(before, invocation, w3c=options.w3c)
        if within is None:
            return False
        parent = trace.get_current_span(within).get_span_context()
        kind = _KINDS[self._kind]
        found = attributes.of_service(self._name) if self._kind == "aws" else {}
        if invocation is not None and (around is None or around._invocation is not invocation):
            found |= attributes.of_invocation(invocation, options.service)
            if self._kind == "local" and (parent.is_remote or not parent.is_valid):
                kind = trace.SpanKind.SERVER
            at_end[_AT_END] = backend.finish
        elif (place := current_place.get()) is not None and place.is_replaying():
            found["aws.lambda.durable_execution_replayed"] = True
        span = backend.tracer.start_span(clean(self._name), within, kind, found)
        recording = span.is_recording()
        if not recording and span.get_span_context().span_id == parent.span_id:
            return False  # there is no SDK: the span around this one stays the current one
        if recording and invocation is not None:
            invocation.state[_TO_FLUSH] = True
        self._span = span
        self._open = True
        self._before = before
        self._context = self._inner = otel_context.set_value(_SPAN, self, trace.set_span_in_context(span, within))
        self._invocation = invocation
        self._root = root_of_environment() if invocation is None else None
        self._error: BaseException | None = None
        self._failed = False
        return True

    def is_past(self, invocation: Invocation | None) -> bool:
        """Tell whether the span belongs to an earlier invocation that left it open."""
        if self._invocation is not None:
            return self._invocation is not invocation and self._invocation.ended
        if self._root is None:
            return root_of_environment() is not None
        return not self._root.is_in_environment()

    def _recorder(self) -> trace.Span | None:
        span = self._span
        return span if self._open and span is not None and span.is_recording() else None

    @property
    def recording(self) -> bool:
        return self._recorder() is not None

    @harmless
    def annotate(self, /, **annotations: Any) -> None:
        span = self._recorder()
        if span is not None:
            span.set_attributes(attributes.of_annotations(annotations, self._options.encoder))

    @harmless
    def metadata(self, /, **metadata: Any) -> None:
        span = self._recorder()
        if span is not None:
            span.set_attributes(attributes.of_metadata(metadata, self._options.encoder))

    @harmless
    def record_error(self, error: Any, /) -> None:
        span = self._recorder()
        if span is None or error is self._error:
            return
        self._error = error
        failed, self._failed = self._failed, True
        if not self._options.capture_error:
            span.set_status(_ERROR)
            return
        hides = self._options.encoder.hides
        name, message = _description(error, hides)
        if not failed:
            span.set_status(_ERROR, clean(f"{name.rpartition('.')[2]}: {message}" if message else name))
            span.set_attribute("error.type", name)
        # Not `span.record_exception`, which raises if the exception cannot be turned into text.
        described = {
            "exception.type": name,
            "exception.message": message,
            "exception.stacktrace": _stacktrace(error, hides),
        }
        span.add_event("exception", described)

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
        span = self._recorder()
        if span is None:
            return
        span.set_attributes(attributes.of_request(method, url, status, length))
        code = status_of(status)
        if code is not None and code >= 400 and not self._failed:
            span.set_attribute("error.type", str(code))
            span.set_status(_ERROR)

    @harmless
    def aws(self, /, **fields: Any) -> None:
        span = self._recorder()
        if span is None:
            return
        span.set_attributes(attributes.of_call(fields, self._options.encoder))
        if fields.get("operation") is not None:
            span.update_name(clean(f"{self._name}.{text_of(fields['operation'])}"))

    def __enter__(self) -> Self:
        if self._span is None and self._begin():
            otel_context.attach(self._context)
        return self

    @harmless
    def end(self) -> None:
        span = self._span
        if span is None or not self._open:
            return
        self._open = False
        now = otel_context.get_current()
        if _is_current(self, now):
            # Not `detach(token)`: the span may have started in another context, whose token is invalid here.
            otel_context.attach(_last_open(self._before))
        self._error = None
        if span.is_recording():  # other code may have ended it
            span.end()

    def _activate(self) -> Any:
        before = otel_context.get_current()
        if self._open:
            otel_context.attach(self._inner)
        return before

    def _deactivate(self, before: Any) -> None:
        if self._open:
            self._inner = otel_context.get_current()  # a span inside may stay open until this one is activated again
        otel_context.attach(before)


class OpenTelemetry:
    """The backend that records spans with the tracer provider of the process, also with one that is set later.

    At the end of an invocation that has recorded a span it waits for the export, because Lambda freezes the process
    afterwards.

    Args:
        clock: a monotonic clock in seconds, for that wait.

    Attributes:
        tracer: OpenTelemetry's tracer, which makes the spans.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.tracer = trace.get_tracer("lambda_kit", __version__)
        self._w3c = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
        # As the conventions for Lambda demand: X-Ray's header counts only if no other propagators are configured.
        self._reads_xray = "xray" in (os.environ.get("OTEL_PROPAGATORS") or "xray")
        self._export = Export(clock)

    def span(self, name: str, kind: Kind, options: Options) -> OTelSpan:
        return OTelSpan(name, kind, options, self)

    def begin(self, name: str, kind: Kind, options: Options) -> OTelSpan | None:
        span = self.detached(name, kind, options)
        if span is not None:
            otel_context.attach(span._context)
        return span

    def detached(self, name: str, kind: Kind, options: Options) -> OTelSpan | None:
        span = OTelSpan(name, kind, options, self)
        return span if span._begin() else None

    def current(self) -> OTelSpan | None:
        _, span, _ = self.here()
        while span is not None and not span._open:
            span = _span_of(span._before)
        return span

    def headers(self, *, w3c: bool) -> dict[str, str]:
        try:
            return self._headers(w3c=w3c)
        except Exception as error:  # of a propagator
            report("headers", error)
            return {}

    def _headers(self, *, w3c: bool) -> dict[str, str]:
        here, _, invocation = self.here()
        context = self.with_caller(here, invocation, w3c=w3c)
        found: dict[str, str] = {}
        span = trace.get_current_span(context).get_span_context()
        if context is None or not span.is_valid:
            return found
        propagate.inject(found, context)
        if w3c:
            self._w3c.inject(found, context)
        trace_id, root = f"{span.trace_id:032x}", root_of_environment()
        others = "" if root is None else root.others
        own = Root(f"1-{trace_id[:8]}-{trace_id[8:]}", "", sampled=span.trace_flags.sampled, others=others)
        found[HEADER] = own.header(f"{span.span_id:016x}")
        return found

    def here(self) -> tuple[Context, OTelSpan | None, Invocation | None]:
        """Return the current context without spans of earlier invocations, its innermost span, and the invocation."""
        invocation = current_invocation.get(None)
        context = otel_context.get_current()
        around = _span_of(context)
        while around is not None and around.is_past(invocation):
            context = around._before
            around = _span_of(context)
        return context, around, invocation

    def with_caller(self, context: Context, invocation: Invocation | None, *, w3c: bool) -> Context | None:
        """Return the context for a new span: if no span is open, with the caller's span, if there is one.

        It returns None after the end of the invocation: the environment variable belongs to the next one then.
        """
        if trace.get_current_span(context).get_span_context().is_valid:
            return context
        if invocation is not None and invocation.ended:
            return None
        if w3c and invocation is not None and (caller := incoming_w3c(invocation)):
            return self._w3c.extract(caller, context)
        root = root_of_environment() if self._reads_xray else None
        if root is None:
            return context
        parent = trace.SpanContext(
            int(root.trace_id[2:].replace("-", ""), 16),
            int(root.parent_id, 16),
            is_remote=True,
            trace_flags=trace.TraceFlags(int(root.sampled)),
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(parent), context)

    def finish(self, invocation: Invocation) -> None:
        """Leave the spans that an invocation left open, and wait for the export of its spans."""
        now = context = otel_context.get_current()
        while (around := _span_of(context)) is not None and around._invocation is invocation:
            context = around._before
        if context is not now:
            otel_context.attach(context)
        if invocation._peek(_TO_FLUSH):
            self._export.flush(invocation.remaining())


def _description(error: Any, hides: Callable[[str], bool]) -> tuple[str, str]:
    """Return type and message of an exception."""
    try:
        return clean(document.type_name(error)), clean(shown(message_of(error), hides))
    except Exception as broken:  # a metaclass may fail
        return "unknown", f"[no text: {type(broken).__name__}]"


def _stacktrace(error: Any, hides: Callable[[str], bool]) -> str:
    """Return the traceback of an exception as text, without the kit's own frames at its head."""
    import traceback

    frames = document.frames_of(error)
    try:
        lines = traceback.format_exception(type_of(error), error, frames[0] if frames else None)
        return clean(shown("".join(lines), hides))
    except Exception as broken:
        return f"[no text: {type(broken).__name__}]"


def _span_of(context: Context) -> OTelSpan | None:
    found: Any = context.get(_SPAN)
    span: OTelSpan | None = found
    return span


def _is_current(span: OTelSpan, context: Context) -> bool:
    return _span_of(context) is span and trace.get_current_span(context) is span._span


def _last_open(context: Context) -> Context:
    """Return the context of the innermost span that is still open: outer spans may have ended before inner ones."""
    span = _span_of(context)
    while span is not None and not span._open and _is_current(span, context):
        context = span._before
        span = _span_of(context)
    return context
