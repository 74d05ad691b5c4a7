"""The consumer of the table's stream: orders that were stored are announced to the worker."""

from __future__ import annotations

from lambda_kit import handler
from lambda_kit.batch import batch
from lambda_kit.events import DynamoDBRecord  # noqa: TC001  # the kit reads annotations
from storefront import outbox
from storefront.observability import about, log, metrics, tracer


@handler(log, tracer, metrics)
@batch(source="dynamodb")
def announce_orders(record: DynamoDBRecord) -> None:
    """Announce one order. A record that fails stops those after it, so that none is lost."""
    item = record.new_image
    if record.event_name != "INSERT" or item is None:
        return  # the filter of the template lets none of these through
    with about(item["id"], item["correlationId"], "announce"):
        outbox.announce(item)
