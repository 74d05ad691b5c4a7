"""A parameter from SSM through the kit."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import Parameter, handler, provide

host = Parameter("/app/db/host")


@handler(provide(host=host))
def handle(event: object, context: object, *, host: str) -> dict[str, float]:
    assert host.endswith(".example.com")
    return usage()


initialized()
