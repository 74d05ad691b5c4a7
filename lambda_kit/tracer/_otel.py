"""OpenTelemetry, on its API alone: which SDK, exporter and sampler there are is for the function to say.

Spans stand in OpenTelemetry's own context, so those of the kit and those of other instrumentation nest in each other.
Names of attributes are those of the conventions: <https://opentelemetry.io/docs/specs/semconv/>.
"""

from __future__ import annotations

import os
import threading
import time

from lambda_kit._kernel import log
from lambda_kit._kernel.json_text import describe, message_of
from lambda_kit._version import __version__
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import at_end
from lambda_kit.invocation import current as current_invocation
from lambda_kit.tracer import _otel_attributes as attributes
from lambda_kit.tracer._header import HEADER, Root, incoming_w3c, root_of_environment
from lambda_kit.tracer._otel_attributes import clean
from lambda_kit.tracer._span import Span

try:
    from opentelemetry import context as otel_context
    from opentelemetry import propagate, trace
    from opentelemetry.baggage.propagation import W3CBaggagePropagator
    from opentelemetry.propagators.composite import CompositePropagator
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise ConfigurationError(
        'Tracer(backend="otel") needs opentelemetry-api, which is not installed: pip install "lambda-kit-sdk[otel]"'
    ) from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from opentelemetry.context import Context

    from lambda_kit.invocation import Invocation
    from lambda_kit.tracer._span import Kind, Options

_OWN = otel_context.create_key("lambda_kit-span")  # in a context: the innermost span of ours
_TO_FLUSH = object()  # in the state of an invocation: it has recorded something
_AT_END = "lambda_kit.tracer.otel"
_KINDS = {"local": trace.SpanKind.INTERNAL, "aws": trace.SpanKind.CLIENT, "remote": trace.SpanKind.CLIENT}
_ERROR = trace.StatusCode.ERROR
_MOST = 30.0  # seconds that an export may take where no deadline is known: what OpenTelemetry allows it by default
_RESERVE = 0.1  # seconds that are left to the runtime, which still has to send the response


class OTelSpan(Span):
    """A span of OpenTelemetry."""

    __slots__ = (
        "_backend",
        "_before",
        "_context",
        "_error",
        "_failed",
        "_invocation",
        "_left",
        "_open",
        "_root",
        "_span",
    )

    def __init__(self, name: str, kind: Kind, options: Options, backend: OpenTelemetry) -> None:
        self._name = name
        self._kind = kind
        self._options = options
        self._backend = backend
        self._span: trace.Span | None = None  # from when it begins
        self._invocation: Invocation | None = None
        self._open = False

    def _begin(self) -> bool:
        """Begin, without becoming the current span; False if there is nothing that could be recorded or passed on."""
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
        span = backend.tracer.start_span(clean(self._name), within, kind, found)
        recording = span.is_recording()
        if not recording and span.get_span_context().span_id == parent.span_id:
            return False  # there is no SDK: what is around goes on
        if recording and invocation is not None:
            invocation.state[_TO_FLUSH] = True
        self._span = span
        self._open = True
        self._before = before
        self._context = self._left = otel_context.set_value(_OWN, self, trace.set_span_in_context(span, within))
        self._invocation = invocation
        self._root = root_of_environment() if invocation is None else None
        self._error: BaseException | None = None
        self._failed = False
        return True

    def is_past(self, invocation: Invocation | None) -> bool:
        """Tell whether it belongs to an earlier invocation, and has never been left."""
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

    def annotate(self, /, **annotations: Any) -> None:
        span = self._recorder()
        if span is not None:
            span.set_attributes(attributes.of_annotations(annotations, self._options.encoder))

    def metadata(self, /, **metadata: Any) -> None:
        span = self._recorder()
        if span is not None:
            span.set_attributes(attributes.of_metadata(metadata, self._options.encoder))

    def record_error(self, error: BaseException, /) -> None:
        span = self._recorder()
        if span is None or error is self._error:
            return
        if not self._options.capture_error:
            span.set_status(_ERROR)
            return
        import traceback

        cls = type(error)
        name = clean(cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}")
        if not self._failed:
            span.set_status(_ERROR, clean(describe(error)))
            span.set_attribute("error.type", name)
        # What `record_exception` does, which raises where the exception cannot be written.
        span.add_event(
            "exception",
            {
                "exception.type": name,
                "exception.message": clean(message_of(error)),
                "exception.stacktrace": clean("".join(traceback.format_exception(error))),
            },
        )
        self._error = error
        self._failed = True

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
        if status is not None and status >= 400 and not self._failed:
            span.set_attribute("error.type", str(status))
            span.set_status(_ERROR)

    def aws(self, /, **fields: Any) -> None:
        span = self._recorder()
        if span is None:
            return
        span.set_attributes(attributes.of_call(fields, self._options.encoder))
        if fields.get("operation") is not None:
            span.update_name(clean(f"{self._name}.{fields['operation']}"))

    def __enter__(self) -> Self:
        if self._span is None and self._begin():
            otel_context.attach(self._context)
        return self

    def end(self) -> None:
        span = self._span
        if span is None or not self._open:
            return
        self._open = False
        now = otel_context.get_current()
        if _is_current(self, now):
            # Not with a token: the span may have begun in another context, whose token cannot be used here.
            otel_context.attach(_last_open(self._before))
        self._error = None
        if span.is_recording():  # it may have been ended past us
            span.end()

    def activate(self) -> Any:
        before = otel_context.get_current()
        if self._open:
            otel_context.attach(self._left)
        return before

    def deactivate(self, before: Any) -> None:
        if self._open:
            self._left = otel_context.get_current()  # what is still open inside of it is found there again
        otel_context.attach(before)


class OpenTelemetry:
    """Gives spans to the tracer provider of the process, whichever that is, also one that is set later.

    An invocation that has recorded something ends when that is exported, as far as there is time: Lambda freezes the
    process then.

    Args:
        clock: what the wait for the export is measured with, in seconds.

    Attributes:
        tracer: makes the spans.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.tracer = trace.get_tracer("lambda_kit", __version__)
        self._w3c = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
        # As the conventions have it: X-Ray's trace is not for those who have chosen others.
        self._takes_xray = "xray" in (os.environ.get("OTEL_PROPAGATORS") or "xray")
        self._exporting: threading.Thread | None = None
        self._clock = clock

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
            span = _own(span._before)
        return span

    def headers(self, *, w3c: bool) -> dict[str, str]:
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
        """Return the current context without what earlier invocations have left, its span of ours, the invocation."""
        invocation = current_invocation.get(None)
        context = otel_context.get_current()
        around = _own(context)
        while around is not None and around.is_past(invocation):
            context = around._before
            around = _own(context)
        return context, around, invocation

    def with_caller(self, context: Context, invocation: Invocation | None, *, w3c: bool) -> Context | None:
        """Return the context that spans begin in: where there is no span, it has the caller's, if there is one.

        It is None after the end of the invocation, when the environment tells of the next one.
        """
        if trace.get_current_span(context).get_span_context().is_valid:
            return context
        if invocation is not None and invocation.ended:
            return None
        if w3c and invocation is not None and (caller := incoming_w3c(invocation)):
            return self._w3c.extract(caller, context)
        root = root_of_environment() if self._takes_xray else None
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
        """Leave what an invocation has not left, and have its spans exported."""
        now = context = otel_context.get_current()
        while (around := _own(context)) is not None and around._invocation is invocation:
            context = around._before
        if context is not now:
            otel_context.attach(context)
        if invocation.peek(_TO_FLUSH):
            self._flush(min(invocation.remaining() - _RESERVE, _MOST))

    def _flush(self, seconds: float) -> None:
        """Wait for the export, in a thread, because the SDK's own waits longer than it is told to."""
        flush = getattr(trace.get_tracer_provider(), "force_flush", None)
        if flush is None or seconds <= 0:
            return
        deadline = self._clock() + seconds
        exporting = self._exporting
        if exporting is not None:  # Lambda may have frozen it after an earlier invocation
            exporting.join(seconds)
        if exporting is None or not exporting.is_alive():
            left = max(deadline - self._clock(), 0)
            exporting = self._exporting = threading.Thread(
                target=_force_flush, args=(flush, int(left * 1000)), name="lambda_kit-export", daemon=True
            )
            exporting.start()
            exporting.join(left)
        if exporting.is_alive():
            log.warning(
                "the export of spans was not done after %.1f s, and goes on with the next invocation: look at the "
                "exporter's endpoint, and give it a short timeout",
                seconds,
            )


def _force_flush(flush: Callable[[int], object], milliseconds: int) -> None:
    try:
        flush(milliseconds)
    except Exception:
        log.exception("the tracer provider failed to export spans")


def _own(context: Context) -> OTelSpan | None:
    found: Any = context.get(_OWN)
    span: OTelSpan | None = found
    return span


def _is_current(span: OTelSpan, context: Context) -> bool:
    return _own(context) is span and trace.get_current_span(context) is span._span


def _last_open(context: Context) -> Context:
    """Return the context without the spans that have ended before those inside of them."""
    span = _own(context)
    while span is not None and not span._open and _is_current(span, context):
        context = span._before
        span = _own(context)
    return context
