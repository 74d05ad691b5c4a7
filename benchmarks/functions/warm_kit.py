"""The capabilities of the kit that run on every invocation of almost every function, alone and together."""

from __future__ import annotations

import os

from lambda_kit import FeatureFlags, Logger, Metrics, Parameter, Tracer, handler, provide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONDITION = {"action": "EQUALS", "key": "tier", "value": "premium"}
DOCUMENT = {"express": {"default": False, "rules": {"premium": {"when_match": True, "conditions": [CONDITION]}}}}

log = Logger(service="shop")
tracer = Tracer(service="shop")
metrics = Metrics(namespace="Shop", service="shop")
flags = FeatureFlags(lambda: DOCUMENT)
host = Parameter("/app/db/host")


def _answer(event: Any) -> int | None:
    return os.getpid() if event.get("pid") else None


@handler
def nothing(event: Any, context: object) -> int | None:
    return _answer(event)


@handler(log)
def one_line(event: Any, context: object) -> int | None:
    log.info("placing order", order_id="o-1")
    return _answer(event)


@handler(log)
def five_lines(event: Any, context: object) -> int | None:
    for _ in range(5):
        log.info("placing order", order_id="o-1")
    return _answer(event)


@handler(tracer)
def traced(event: Any, context: object) -> int | None:
    with tracer.span("card"):
        return _answer(event)


@handler(metrics)
def one_metric(event: Any, context: object) -> int | None:
    metrics.add("Orders", 1)
    return _answer(event)


@handler(log, tracer, metrics, provide(host=host))
def pipeline(event: Any, context: object, *, host: str) -> int | None:
    assert host
    assert flags.enabled("express", tier="premium")
    metrics.add("Orders", 1)
    log.info("placing order", order_id="o-1")
    return _answer(event)
