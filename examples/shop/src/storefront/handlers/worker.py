"""The worker: each message of the queue is an order to charge. Once, however often it comes."""

from __future__ import annotations

from lambda_kit import handler, idempotent
from lambda_kit.batch import Backoff, DeadLetter, SqsSink, batch
from lambda_kit.errors import EventError
from lambda_kit.events import SqsRecord  # noqa: TC001  # the kit reads annotations
from lambda_kit.idempotency import DynamoDBStore
from storefront import fulfilment, settings
from storefront.models import OrderMessage
from storefront.observability import ATTRIBUTE, about, log, metrics, tracer

letters = SqsSink(settings.LETTERS_QUEUE)


def put_aside(letter: DeadLetter) -> None:
    """Keep a message that no retry will mend, and count it."""
    letters.send(letter)
    metrics.add("MessagesPutAside", 1)
    log.warning("message put aside", record=letter.id, reason=type(letter.error).__name__)


@handler(log, tracer, metrics)
@batch(
    source="sqs",
    model=OrderMessage,
    idempotency=idempotent(DynamoDBStore(settings.IDEMPOTENCY_TABLE), key="order_id"),
    permanent=(EventError,),
    dead_letter=put_aside,
    backoff=Backoff(base=1.0, longest=300.0),
)
def fulfil_orders(order: OrderMessage, record: SqsRecord) -> str:
    """Charge one order, or have it approved."""
    correlation_id = str(record.message_attributes.get(ATTRIBUTE) or record.id)
    with about(order.order_id, correlation_id, "fulfil"):
        return fulfilment.fulfil(order, correlation_id)
