"""Logs, traces and metrics of all functions, and the correlation id that holds them together.

The id comes with the request, or is the request's own. It travels in the item of the order, in an attribute of the
message, and in the input of the durable execution. Each line and each span about an order carries it.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, Metrics, Tracer
from lambda_kit.events import HttpEvent

if TYPE_CHECKING:
    from collections.abc import Generator

HEADER = "x-correlation-id"
ATTRIBUTE = "correlationId"


def correlation_of(event: Any) -> str | None:
    """Return the correlation id of a request; None for an event of a queue or a stream, whose records have one each."""
    if "requestContext" not in event:
        given: str | None = event.get(ATTRIBUTE)
        return given
    return HttpEvent(event).headers.get(HEADER) or event["requestContext"]["requestId"]


log = Logger(correlation_id=correlation_of)
log.capture_stdlib()
logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where it has found its credentials
tracer = Tracer()
metrics = Metrics("Shop", cold_start=True)


@contextmanager
def about(order_id: str, correlation_id: str, name: str) -> Generator[None]:
    """Put an order and its correlation id on all lines, and on a span, of what runs within."""
    with log.bind(orderId=order_id, correlationId=correlation_id), tracer.span(name) as span:
        span.annotate(order_id=order_id, correlation_id=correlation_id)
        yield
