"""A function whose spans go to a collector, for tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lambda_kit import Tracer, handler

if TYPE_CHECKING:
    from collections.abc import Mapping

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(os.environ["COLLECTOR"], timeout=5)))
trace.set_tracer_provider(provider)
tracer = Tracer(service="shop", backend="otel")


@handler(tracer)
def place(event: Mapping[str, Any], context: object) -> dict[str, str]:
    with tracer.span("card", kind="remote") as span:
        span.annotate(order=event["order"])
        if event.get("fail"):
            raise ValueError("no such order")
        return tracer.headers()
