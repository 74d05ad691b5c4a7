"""OpenTelemetry's SDK as a test has it: a provider for the time of a block, and the tree of what it has exported."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from lambda_kit.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Generator

    from opentelemetry.sdk.trace.sampling import Sampler

XRAY = "1-5759e988-bd862e3fe1be46a994272793"
TRACE_ID = int(XRAY[2:].replace("-", ""), 16)
PARENT = "53995c3f42cd8ad8"
Tree = tuple[str, tuple[Any, ...]]


class Recorded:
    """What has been exported."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def clear(self) -> None:
        self._exporter.clear()

    def span(self, name: str) -> ReadableSpan:
        (found,) = [one for one in self.spans if one.name == name]
        return found

    def attributes(self, name: str) -> dict[str, Any]:
        return dict(self.span(name).attributes or {})

    def tree(self) -> tuple[Tree, ...]:
        """Return names and children, in the order in which they began."""
        ids = {id_of(one) for one in self.spans}

        def under(parent: int | None) -> tuple[Tree, ...]:
            found = [
                one for one in self.spans if (parent is None and parent_of(one) not in ids) or parent_of(one) == parent
            ]
            return tuple([(one.name, under(id_of(one))) for one in sorted(found, key=lambda one: one.start_time or 0)])

        return under(None)


def id_of(span: ReadableSpan) -> int:
    context: Any = span.context
    found: int = context.span_id
    return found


def parent_of(span: ReadableSpan) -> int:
    parent: Any = span.parent
    found: int = 0 if parent is None else parent.span_id
    return found


@contextmanager
def installed(provider: Any) -> Generator[None]:
    """Make it the provider of the process, which the API lets nobody do twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "_TRACER_PROVIDER", provider)
        before = otel_context.get_current()
        otel_context.attach(otel_context.Context())
        try:
            yield
        finally:
            otel_context.attach(before)


def make(**options: Any) -> Tracer:
    return Tracer(backend="otel", **options)
