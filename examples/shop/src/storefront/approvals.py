"""Approvals: a large order waits for a person, in a durable execution that is named after the order."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from lambda_kit import init
from storefront import settings
from storefront.observability import ATTRIBUTE, log, tracer


@init.resource
def functions() -> Any:
    """Return the client of Lambda, traced. Only a function that asks for an approval loads boto3."""
    boto3: Any = import_module("boto3")
    client: Any = tracer.instrument(boto3.client("lambda"))
    return client


def request(order_id: str, customer: str, cents: int, correlation_id: str) -> None:
    """Start the execution. Lambda starts none if there is one with this name."""
    client: Any = functions()
    client.invoke(
        FunctionName=settings.APPROVAL_FUNCTION,
        InvocationType="Event",
        DurableExecutionName=order_id,
        Payload=json.dumps({"order_id": order_id, "customer": customer, "total": cents, ATTRIBUTE: correlation_id}),
    )
    log.info("approval requested", total=cents)


def answer(callback: str, approved: bool, by: str) -> None:
    """Let the execution go on."""
    client: Any = functions()
    client.send_durable_execution_callback_success(
        CallbackId=callback, Result=json.dumps({"approved": approved, "by": by}).encode()
    )
    log.info("approval answered", approved=approved)
