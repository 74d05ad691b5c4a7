"""A tracer of the kit."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import Tracer, handler

tracer = Tracer(service="shop")


@handler(tracer)
def handle(event: object, context: object) -> dict[str, float]:
    with tracer.span("card"):
        return usage()


initialized()
