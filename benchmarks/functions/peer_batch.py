"""A batch of ten messages through Powertools."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from benchmarks.functions.messages import EVENT
from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

processor = BatchProcessor(event_type=EventType.SQS)


def process(record: Any) -> Any:
    return record.body


def handle(event: object, context: object) -> dict[str, float]:
    answer = process_partial_response(event=EVENT, record_handler=process, processor=processor, context=context)
    assert answer == {"batchItemFailures": []}
    return usage()


initialized()
