"""A durable execution with lines, metrics and spans, run by AWS's testing SDK; what came of it goes to standard error.

Usage: told_once.py once|mark
"""

from __future__ import annotations

import json
import logging
import sys
from importlib import import_module
from typing import Any, Literal, cast

from lambda_kit import Logger, Metrics, Tracer, current_invocation, handler

sdk: Any = import_module("aws_durable_execution_sdk_python")
config: Any = import_module("aws_durable_execution_sdk_python.config")
testing: Any = import_module("aws_durable_execution_sdk_python_testing")

REPLAYS = cast("Literal['once', 'mark']", sys.argv[1])
log = Logger(replays=REPLAYS)
metrics, tracer = Metrics("Shop", cold_start=True, replays=REPLAYS), Tracer()
invocations: list[list[Any]] = []
order = logging.getLogger("order")
log.capture_stdlib()
for name in ("aws_durable_execution_sdk_python", "aws_durable_execution_sdk_python_testing", "asyncio"):
    logging.getLogger(name).setLevel(logging.CRITICAL)


def branch(context: Any, item: str, index: int, items: Any) -> str:
    """Tell a line before and after a wait, in a span, and one in a step."""
    with tracer.span(f"branch {item}"):
        log.info("branch begins", item=item)

        def tell(_: object) -> None:
            log.info("step", item=item)

        context.step(tell, name="tell")
    context.wait(config.Duration.from_seconds(1))
    log.info("branch ends", item=item, inside=current_invocation().request_id)
    return item


@handler(log, metrics, tracer)
def place(event: dict[str, Any], context: Any) -> Any:
    """Tell lines around waits, branches and a callback."""
    invocation = current_invocation()
    invocations.append([invocation.replay, invocation.execution_name, invocation.execution_arn is not None])
    context.set_logger(log)
    log.info("begins")
    order.warning("foreign")
    metrics.add("Begun", 1)
    with log.bind(order="o-1"), metrics.timer("Took"):
        context.wait(config.Duration.from_seconds(1))
        log.info("waited")
        metrics.add("Waited", 1, dimensions={"kind": "short"})
        with tracer.span("fan out"):
            done = context.map(["a", "b"], branch)
    context.logger.info("mapped", extra={"items": 2})
    metrics.add("Mapped", 1)
    callback = context.create_callback(name="approval")
    log.info("asked")
    second = context.create_callback(name="second approval")
    log.info("asked twice")
    answer = callback.result()
    log.info("answered")
    metrics.add("Answered", 1)
    second.result()
    log.info("answered twice")
    context.wait(config.Duration.from_seconds(1))
    log.info("ends", logger="mine")
    return [done.get_results(), answer]


with testing.DurableFunctionTestRunner(handler=sdk.durable_execution(place), poll_interval=0.01) as runner:
    arn = runner.run_async(input="{}")
    first, second = (runner.wait_for_callback(arn, name=name) for name in ("approval", "second approval"))
    for one in (second, first):
        runner.send_callback_success(one, b'"yes"')
    result: Any = runner.wait_for_result(arn)
found = {"status": result.status.value, "result": json.loads(result.result), "invocations": invocations, "arn": arn}
print(json.dumps(found), file=sys.stderr)
