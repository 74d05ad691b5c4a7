"""A durable execution over a batch that waits in its second record; what came of it goes to standard output.

It is run by AWS's testing SDK, and is a program of its own, because the testing SDK leaves an event loop open."""

from __future__ import annotations

import json
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lambda_kit import handler
from lambda_kit.batch import DeadLetter, batch

if TYPE_CHECKING:
    from lambda_kit.events import SqsRecord

sdk: Any = import_module("aws_durable_execution_sdk_python")
Duration: Any = import_module("aws_durable_execution_sdk_python.config").Duration
DurableFunctionTestRunner: Any = import_module("aws_durable_execution_sdk_python_testing").DurableFunctionTestRunner

charges: list[str] = []
runs: list[str] = []
letters: list[str] = []
lines: list[str] = []


class Collect(logging.Handler):
    """Keeps the lines of the kit."""

    def emit(self, record: logging.LogRecord) -> None:
        lines.append(f"{record.levelname} {record.getMessage()}")


logging.getLogger("lambda_kit").addHandler(Collect())


class SoldOutError(Exception):
    """No retry will mend it."""


def keep(letter: DeadLetter) -> None:
    """Put a record into the dead letter."""
    letters.append(letter.id)


@handler
@batch(source="sqs", permanent=(Exception,), dead_letter=keep)
def place(record: SqsRecord, context: Any) -> None:
    """Charge for a record, in a step; wait in the second one, and fail in the third one."""
    runs.append(record.id)

    def charge(_: object) -> None:
        charges.append(record.id)

    context.step(charge, name=f"charge {record.id}")
    if record.id == "m1":
        context.wait(Duration.from_seconds(1), name="wait")
    elif record.id == "m2":
        raise SoldOutError


messages: list[dict[str, Any]] = [
    {"messageId": f"m{i}", "receiptHandle": "h", "body": "{}", "attributes": {}, "eventSource": "aws:sqs"}
    for i in range(3)
]
with DurableFunctionTestRunner(handler=sdk.durable_execution(place), poll_interval=0.01) as runner:
    result: Any = runner.run(input=json.dumps({"Records": messages}))
print(
    json.dumps(
        {
            "status": result.status.value,
            "response": json.loads(result.result) if result.result else None,
            "charges": sorted(charges),
            "runs": runs,
            "letters": letters,
            "lines": lines,
        }
    )
)
