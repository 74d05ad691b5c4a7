"""A logger and metrics of the kit."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import Logger, Metrics, handler

log = Logger(service="shop")
metrics = Metrics(namespace="Shop", service="shop")


@handler(log, metrics)
def handle(event: object, context: object) -> dict[str, float]:
    log.info("placing order")
    metrics.add("Orders", 1)
    return usage()


initialized()
