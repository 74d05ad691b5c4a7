"""The kit without the init cache: a layer under `handler`, beside a middleware of the peer alone."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import handler, layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@layer
def announce(event: object, context: object) -> Iterator[None]:
    yield


@handler(announce)
def handle(event: object, context: object) -> dict[str, float]:
    return usage()


initialized()
