"""The shop in this process: memory in place of AWS's services. For unit tests, and where ministack cannot be had.

The handlers, their layers and the payment service are the real ones. What is not: the runtime client, the network to
AWS, and with it throttling, lost replies and killed processes.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest import mock

import jwt
from shop.demo.provider import Payments
from shop.demo.resources import FLAGS, PRICES, SIGNING_KEY
from storefront import approvals, fulfilment, orders, outbox
from storefront.handlers import api, approval, publish, worker

from lambda_kit.errors import ConditionalCheckFailed
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import events, invoke, override_stores, reset

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from lambda_kit.testing import Result


class Table:
    """The table of orders, for the three calls that the shop makes.

    Attributes:
        items: the items by id.
        added: those that were added and not yet read from the stream.
    """

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.added: list[dict[str, Any]] = []

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a call as DynamoDB does."""
        if operation == "GetItem":
            found = self.items.get(params["Key"]["id"]["S"])
            return {} if found is None else {"Item": dict(found)}
        if operation == "PutItem":
            item = params["Item"]
            if item["id"]["S"] in self.items:
                raise _refused(operation)
            self.items[item["id"]["S"]] = dict(item)
            self.added.append(dict(item))
            return {}
        values = params["ExpressionAttributeValues"]
        done = [value for name, value in values.items() if name.endswith("_")]
        item = self.items.get(params["Key"]["id"]["S"], {"status": done[0]})
        if item["status"] in done:
            raise _refused(operation)
        item.update({name: values[f":{name}"] for name in params["ExpressionAttributeNames"].values()})
        return {}


def _refused(operation: str) -> ConditionalCheckFailed:
    code = "ConditionalCheckFailedException"
    return ConditionalCheckFailed("the condition is not met", code=code, service="dynamodb", operation=operation)


class Queue:
    """The queue of orders, and that of letters.

    Attributes:
        messages: the bodies and the correlation ids of messages that were sent and not yet received.
        letters: the bodies of dead letters.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.letters: list[Any] = []

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Take a message."""
        assert operation == "SendMessage"
        self.messages.append((params["MessageBody"], params["MessageAttributes"]["correlationId"]["StringValue"]))
        return {"MessageId": str(uuid.uuid4())}


class Lambda:
    """The part of Lambda that the shop calls: it starts executions, one for a name, and takes decisions.

    Attributes:
        starts: the inputs of executions that were asked for, by name.
        decisions: what was sent to callbacks.
    """

    def __init__(self) -> None:
        self.starts: dict[str, list[dict[str, Any]]] = {}
        self.decisions: dict[str, Any] = {}

    def invoke(self, **asked: Any) -> dict[str, Any]:
        """Start an execution."""
        self.starts.setdefault(asked["DurableExecutionName"], []).append(json.loads(asked["Payload"]))
        return {"StatusCode": 202}

    def send_durable_execution_callback_success(self, **asked: Any) -> dict[str, Any]:
        """Take a decision."""
        self.decisions[asked["CallbackId"]] = json.loads(asked["Result"])
        return {}


class World:
    """The shop, with memory for all that it calls; a context manager.

    Attributes:
        table: the orders.
        queue: the messages.
        functions: Lambda.
        payments: the payment service, a real server.
    """

    def __init__(self) -> None:
        self.table, self.queue, self.functions = Table(), Queue(), Lambda()
        self.payments = Payments("key-1")
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        enter = self._stack.enter_context
        self._stack.callback(reset)  # before it: values that were read under other settings
        reset()
        enter(self.payments)
        environ = {
            "LAMBDA_KIT_PARAMETERS_SOURCE": "environment",
            "LAMBDA_KIT_PARAMETER_SHOP_PRICES": json.dumps(PRICES),
            "LAMBDA_KIT_PARAMETER_SHOP_APPROVAL_LIMIT": "50000",
            "LAMBDA_KIT_SECRET_SHOP_SIGNING": SIGNING_KEY,
            "LAMBDA_KIT_SECRET_SHOP_PAYMENTS": json.dumps({"key": "key-1"}),
        }
        enter(mock.patch.dict(os.environ, environ))
        enter(mock.patch("storefront.payments.service_url", self.payments.url))
        enter(orders.table.override(self.table))
        enter(outbox.queue.override(self.queue))
        enter(approvals.functions.override(self.functions))
        enter(fulfilment.flags.override(FLAGS))
        enter(mock.patch.object(worker, "letters", mock.Mock(send=self.queue.letters.append)))
        enter(override_stores(MemoryStore()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def call(self, method: str, path: str, user: str = "ada", scope: str = "", **parts: Any) -> Result[Any]:
        """Send a request to the API."""
        claims = {"sub": user, "scope": scope, "iss": "https://id.example", "aud": "shop", "exp": time.time() + 3_600}
        token = jwt.encode(claims, SIGNING_KEY, "HS256")
        headers = {"authorization": f"Bearer {token}", **parts.pop("headers", {})}
        return invoke(api.handle, events.http(method, path, headers=headers, **parts))

    def place(self, customer: str = "ada", key: str = "1", sku: str = "tea", count: int = 1) -> Result[Any]:
        """Place an order."""
        headers = {"idempotency-key": key, "x-correlation-id": f"c-{customer}-{key}"}
        lines = {"lines": [{"sku": sku, "count": count}]}
        return self.call("POST", "/orders", customer, headers=headers, json=lines)

    def read_stream(self) -> Result[Any] | None:
        """Deliver the changes of the table; return None if there are none."""
        added, self.table.added = self.table.added, []
        if not added:
            return None
        images = [{"dynamodb": {"NewImage": item}} for item in added]
        keys = [{"id": item["id"]["S"]} for item in added]
        changes = [events.dynamodb(new=key, fields=image) for key, image in zip(keys, images, strict=True)]
        return invoke(publish.announce_orders, events.joined(*changes))

    def work(self) -> Result[Any] | None:
        """Deliver the messages of the queue; return None if there are none."""
        messages, self.queue.messages = self.queue.messages, []
        if not messages:
            return None
        found = [events.sqs([body], attributes={"correlationId": correlation}) for body, correlation in messages]
        return invoke(worker.fulfil_orders, events.joined(*found))

    def approve(self, order_id: str, *, approved: bool | None) -> Result[Any]:
        """Run the durable execution of an order to its end, with a decision; with None the callback fails."""
        decision: Any = json.dumps({"approved": approved, "by": "manager"})
        if approved is None:
            decision = TimeoutError("nobody has decided")
        return invoke(approval.approve_order, self.functions.starts[order_id][0], answers={"approval": decision})

    def rotate(self) -> None:
        """Give the payment service another key, and Secrets Manager too."""
        self.payments.key = "key-2"
        os.environ["LAMBDA_KIT_SECRET_SHOP_PAYMENTS"] = json.dumps({"key": "key-2"})

    def status(self, order_id: str) -> str:
        """Return the status of an order."""
        status: str = self.table.items[order_id]["status"]["S"]
        return status
