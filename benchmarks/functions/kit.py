"""The pipeline and the init cache: a layer, a resource, a time limit."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import handler, init, layer, provide, time_limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@init.resource(ttl=300.0)
def table() -> dict[str, str]:
    return {"name": "orders"}


@layer
def announce(event: object, context: object) -> Iterator[None]:
    yield


@handler(announce, time_limit(margin=0.5), provide(table=table))
def handle(event: object, context: object, *, table: dict[str, str]) -> dict[str, float]:
    assert table["name"] == "orders"
    return usage()


initialized()
