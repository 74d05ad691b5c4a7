"""A worker for a queue, with Powertools for AWS Lambda."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="worker")
processor = BatchProcessor(
    event_type=EventType.SQS, raise_on_entire_batch_failure=False
)


def ship(record: SQSRecord) -> str:
    order: dict[str, Any] = record.json_body
    logger.info(
        "shipping",
        order=order["order"],
        receives=record.attributes.approximate_receive_count,
    )
    if not order["lines"]:
        raise ValueError("nothing to ship")
    return str(order["order"])


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(
        event=event, record_handler=ship, processor=processor, context=context
    )
