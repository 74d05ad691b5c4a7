"""Durable executions that are started twice, run by AWS's testing SDK; what came of them goes to standard output.

It is a program of its own, because the testing SDK leaves an event loop open. Its argument is the way in which a run
ends before the last one.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

from lambda_kit import handler, idempotent
from lambda_kit.idempotency import MemoryStore

sdk: Any = import_module("aws_durable_execution_sdk_python")
Duration: Any = import_module("aws_durable_execution_sdk_python.config").Duration
exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")
DurableFunctionTestRunner: Any = import_module("aws_durable_execution_sdk_python_testing").DurableFunctionTestRunner

END = sys.argv[1]
store = MemoryStore()
charges: list[str] = []
runs: list[str] = []
second: list[str] = []


def start_another(event: dict[str, Any]) -> str:
    """Start a second execution for the same order, as a queue that delivers twice; return its status or error."""
    with DurableFunctionTestRunner(handler=sdk.durable_execution(place), poll_interval=0.01) as another:
        result = another.run(input=json.dumps({**event, "again": True}))
    return str(result.error.type if result.error else result.result)


@handler(idempotent(store, key="order", cache=0))
def place(event: dict[str, Any], context: Any) -> Any:
    if event.get("again"):
        raise AssertionError("the second execution runs")
    runs.append(event["order"])

    def charge(_: object) -> str:
        charges.append(event["order"])
        return f"charge {len(charges)}"

    charged = context.step(charge, name="charge")
    if END == "wait":
        context.wait(Duration.from_seconds(1))
    elif END == "fail":
        raise ValueError("sold out")
    if not second:
        second.append(start_another(event))
    return charged


with DurableFunctionTestRunner(handler=sdk.durable_execution(place), poll_interval=0.01) as runner:
    first: Any = runner.run(input=json.dumps({"order": "o-1"}))
states = [record.status for record in store.records.values()]
later = start_another({"order": "o-1"})
print(
    json.dumps(
        {
            "first": [first.status.value, first.result],
            "charges": charges,
            "runs": len(runs),
            "meanwhile": second,
            "states": states,
            "later": later,
        }
    )
)
