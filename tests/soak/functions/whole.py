"""A function with the whole pipeline: what it does must leave nothing behind."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lambda_kit import FeatureFlags, Logger, Metrics, Parameter, Tracer, handler, idempotent, init, provide, time_limit
from lambda_kit.events import parse
from lambda_kit.flags import FlagFile
from lambda_kit.idempotency import MemoryStore
from lambda_kit.logger import _line

log, tracer, metrics = Logger(service="soak"), Tracer(service="soak"), Metrics(namespace="Soak", service="soak")
currency = Parameter("/soak/currency", ttl=0.05, refresh="background")  # it is fetched anew again and again
flags = FeatureFlags(FlagFile(Path(__file__).with_name("flags.json")))


for millis in range(
    1000
):  # the logger keeps these texts once they were needed: fill its table before anything is counted
    _line._text_of_millis(millis)


class Order(BaseModel):
    id: str
    total: int
    refused: bool = False


class Refused(Exception):
    """The function fails, as some do."""


@init.resource(ttl=0.5)
def table() -> dict[str, int]:
    return {"pid": os.getpid()}


@handler(
    log,
    tracer,
    metrics,
    time_limit(margin=0.2),
    idempotent(MemoryStore(), key="id", payload="total", ttl=0.02),  # the next round of the same ids runs again
    provide(table=table, currency=currency),
    parse(Order),
)
def pipeline(order: Order, context: Any, *, table: dict[str, int], currency: str) -> dict[str, Any]:
    log.append(order=order.id)
    with tracer.span("charge") as span:
        span.annotate(order=order.id)
        if order.refused:
            raise Refused(order.id)
    metrics.add("Orders", 1, dimensions={"tier": "gold" if flags.enabled("gold", total=order.total) else "none"})
    log.info("charged", total=order.total)
    return {"id": order.id, "charged": f"{order.total} {currency}", "pid": table["pid"]}


def lambda_handler(event: Any, context: Any) -> Any:
    """Run the pipeline, or tell of the process."""
    match event:
        case {"do": "state"}:
            gc.collect()
            return {"pid": os.getpid(), "blocks": sys.getallocatedblocks()}
        case {"do": "meet"}:
            return meet(Path(event["directory"]), event["count"], event["patience"])
        case _:
            return pipeline(event, context)


def meet(directory: Path, count: int, patience: float) -> dict[str, Any]:
    """Wait until so many workers run at the same time, so that each of them gets one invocation."""
    (directory / str(os.getpid())).touch()
    end = time.monotonic() + patience
    while len(list(directory.iterdir())) < count:
        assert time.monotonic() < end, "the other workers did not come"
        time.sleep(0.005)
    gc.collect()
    return {"pid": os.getpid(), "blocks": sys.getallocatedblocks()}
