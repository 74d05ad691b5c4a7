"""The record of a run: what was asked, what came of it, and all that was seen on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shop.demo.functions import Invocation


@dataclass(slots=True)
class Request:
    """A request of a customer.

    Attributes:
        customer: who sends it.
        key: its idempotency key.
        started: when it began, in seconds since the epoch.
        status: of the answer.
        body: of the answer.
        correlation_id: sent along.
    """

    customer: str
    key: str
    correlation_id: str
    started: float = 0.0
    status: int = 0
    body: Any = None


@dataclass(slots=True)
class Result:
    """The facts of one run.

    Attributes:
        requests: those that place orders.
        orders: the items of the table of orders.
        charges: how often the payment service charged each order.
        recognised: charges that the payment service was asked for again, and recognised by their key.
        refused_keys: requests with the old key of the payment service.
        sent_again: copies of messages that the queue has delivered.
        poison: messages that are no orders.
        letters: messages that were put aside.
        redrive: messages that failed too often.
        stream_deliveries: records of the stream, with those that were delivered again.
        stream_records: different records of the stream.
        executions: approvals that ran.
        execution_starts: how often an approval was asked for.
        killed: the worker was killed in the middle of an order.
        faults: requests to AWS that were throttled, and replies that were lost.
        calls: the function and the IAM action of each kind of call to AWS.
        story: what was told, with the time in seconds since the epoch.
        parts: what the functions ran on.
        invocations: of all functions.
        spans: the documents that were sent to X-Ray.
        began: when all began, in seconds since the epoch.
        seconds: how long it took.
    """

    requests: list[Request] = field(default_factory=list[Request])
    orders: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    charges: dict[str, int] = field(default_factory=dict[str, int])
    recognised: int = 0
    refused_keys: int = 0
    sent_again: int = 0
    poison: int = 0
    letters: int = 0
    redrive: int = 0
    stream_deliveries: int = 0
    stream_records: int = 0
    executions: int = 0
    execution_starts: int = 0
    killed: bool = False
    faults: dict[str, int] = field(default_factory=dict[str, int])
    invocations: list[Invocation] = field(default_factory=list["Invocation"])
    spans: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    calls: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    story: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    parts: str = ""
    began: float = field(default_factory=time.time)
    seconds: float = 0.0
