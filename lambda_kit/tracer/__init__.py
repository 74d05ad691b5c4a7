"""Tracing: spans for X-Ray without its SDK, for the SDK where code uses it already, or for OpenTelemetry."""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.tracer._span import Span
from lambda_kit.tracer._tracer import Tracer

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(globals(), {})

__all__ = ["Span", "Tracer"]
