"""A batch of ten messages through the kit."""

from __future__ import annotations

from benchmarks.functions.messages import EVENT
from benchmarks.functions.usage import initialized, usage
from lambda_kit import handler
from lambda_kit.batch import batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.events import SqsRecord


@batch(source="sqs")
def process(record: SqsRecord) -> str:
    return record.body


@handler
def handle(event: object, context: object) -> dict[str, float]:
    assert process(EVENT, context) == {"batchItemFailures": []}
    return usage()


initialized()
