"""All capabilities of the kit in one function: logger, tracer, metrics, idempotency, a parameter, a flag."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import FeatureFlags, Logger, Metrics, Parameter, Tracer, handler, idempotent, provide
from lambda_kit.idempotency import DynamoDBStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONDITION = {"action": "EQUALS", "key": "tier", "value": "premium"}
DOCUMENT = {"express": {"default": False, "rules": {"premium": {"when_match": True, "conditions": [CONDITION]}}}}
numbers = iter(range(1_000))
log = Logger(service="shop")
tracer = Tracer(service="shop")
metrics = Metrics(namespace="Shop", service="shop")
flags = FeatureFlags(lambda: DOCUMENT)
host = Parameter("/app/db/host")


def unique(event: Any) -> str:
    return f"{id(event)} {next(numbers)}"


@handler(log, tracer, metrics, idempotent(DynamoDBStore("records"), key=unique), provide(host=host))
def handle(event: object, context: object, *, host: str) -> dict[str, float]:
    assert host.endswith(".example.com")
    assert flags.enabled("express", tier="premium")
    metrics.add("Orders", 1)
    with tracer.span("card"):
        log.info("placing order")
    return usage()


initialized()
