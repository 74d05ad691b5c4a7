"""A function with metrics, as the tests run it under the runtime client."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

from lambda_kit import handler, time_limit
from lambda_kit.metrics import Metrics

metrics = Metrics("Shop", service="orders", cold_start=True)
metrics.add("Imported", 1)
log = logging.getLogger("shop")


@handler(metrics, time_limit(margin=0.5))
def place(event: dict[str, Any], context: object) -> int:
    metrics.dimension(tenant=event.get("tenant", "t"))
    metrics.metadata(order={"id": event.get("order"), "note": "größe"})
    print("a line of the handler")
    log.warning("a record of the handler")
    metrics.add("Orders", event.get("values", 1))
    with metrics.timer("Work"):
        if event.get("meet"):
            meeting = str(event["meet"])
            Path(meeting, str(os.getpid())).touch()
            deadline = time.monotonic() + 20
            while len(list(Path(meeting).iterdir())) < event["count"] and time.monotonic() < deadline:
                time.sleep(0.01)
        if event.get("sleep"):
            time.sleep(event["sleep"])
        if event.get("fail"):
            raise ValueError("no such order")
    return os.getpid()
