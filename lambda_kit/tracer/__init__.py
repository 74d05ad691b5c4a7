"""Tracing: X-Ray's protocol without its SDK, the SDK where code records with it already, OpenTelemetry, or nothing."""

from __future__ import annotations

from lambda_kit.tracer._span import Span
from lambda_kit.tracer._tracer import Tracer

__all__ = ["Span", "Tracer"]
