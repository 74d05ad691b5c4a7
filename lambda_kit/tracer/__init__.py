"""Tracing: spans for X-Ray without its SDK, for the SDK where code uses it already, or for OpenTelemetry."""

from __future__ import annotations

from lambda_kit.tracer._span import Span
from lambda_kit.tracer._tracer import Tracer

__all__ = ["Span", "Tracer"]
