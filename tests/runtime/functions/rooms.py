"""A function with most capabilities of the kit."""

from __future__ import annotations

import logging
from typing import Any

from lambda_kit import (
    FeatureFlags,
    Logger,
    Metrics,
    Tracer,
    current_invocation,
    handler,
    idempotent,
    init,
    provide,
    time_limit,
)
from lambda_kit.flags import StaticFlags
from lambda_kit.idempotency import MemoryStore

log = Logger(service="shop")
tracer = Tracer(service="shop")
metrics = Metrics(namespace="Shop", service="shop")
flags = FeatureFlags(StaticFlags({"express": {"default": True}}))
log.capture_stdlib()


@init.resource
def table() -> dict[str, int]:
    return {"built": 1}


@handler(
    log,
    tracer,
    metrics,
    time_limit(margin=0.5),
    provide(table=table),
)
def place(event: Any, context: Any, *, table: dict[str, int]) -> Any:
    invocation = current_invocation()
    with tracer.span("card") as span:
        span.annotate(order=event["id"])
    metrics.add("Orders", 1)
    log.info("placing", order=event["id"])
    logging.getLogger("library").warning("from a library")
    if event.get("fail"):
        raise ValueError("broken")
    return {
        "cold": invocation.cold_start,
        "flag": flags.enabled("express"),
        "table": table,
        "tenant": invocation.tenant_id,
        "trace": invocation.trace_id,
        "remaining": 0 < invocation.remaining() <= 30,
    }


@handler(log)
async def asynchronous(event: Any, context: Any) -> Any:
    import asyncio

    await asyncio.sleep(0)
    log.info("awaited")
    return event


@handler(log, idempotent(MemoryStore(), key="id"))
def stored(event: Any, context: Any) -> Any:
    log.info("called")
    yield "one"
    yield "two"
