"""A durable execution that waits once or fails, run by AWS's testing SDK; the result goes to standard error.

It is a program of its own, because the testing SDK leaves an event loop open.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

from lambda_kit import Logger, Tracer, handler

durable_execution: Any = import_module("aws_durable_execution_sdk_python").durable_execution
Duration: Any = import_module("aws_durable_execution_sdk_python.config").Duration
DurableFunctionTestRunner: Any = import_module("aws_durable_execution_sdk_python_testing").DurableFunctionTestRunner
log, tracer = Logger(), Tracer()


def pay(_: object) -> str:
    return "paid"


@handler(log, tracer)
def place(event: dict[str, Any], context: Any) -> Any:
    paid = context.step(pay, name="pay")
    if event["fail"]:
        raise ValueError("sold out")
    with tracer.span("waiting"):
        context.wait(Duration.from_seconds(1))
    return paid


with DurableFunctionTestRunner(handler=durable_execution(place), poll_interval=0.01) as runner:
    result: Any = runner.run(input=sys.argv[1])
print(json.dumps([result.status.value, result.result]), file=sys.stderr)
