"""The same worker with lambda_kit."""

from lambda_kit import Logger, handler
from lambda_kit.batch import batch
from lambda_kit.events import SqsRecord

log = Logger(service="worker")


@handler(log)
@batch
def lambda_handler(record: SqsRecord) -> str:
    order = record.json
    log.info("shipping", order=order["order"], receives=record.receive_count)
    if not order["lines"]:
        raise ValueError("nothing to ship")
    return str(order["order"])
