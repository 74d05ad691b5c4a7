"""The cost of reading events through views: records of SQS, an event of EventBridge, a request; and of recognition.

Both sides read the same values of the same events.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lambda_kit
from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop
from benchmarks.batch import _sqs

if TYPE_CHECKING:
    from collections.abc import Callable

_COUNT = 1_000
_ORDER = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Order placed",
    "source": "shop.orders",
    "account": "123456789012",
    "time": "2026-11-28T12:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:states:eu-west-1:123456789012:stateMachine:orders"],
    "detail": {"order_id": "o-1", "amount": 990},
}


def _records(view: Callable[[Any], Any], id_of: Callable[[Any], str]) -> Loop:
    def read(event: Any) -> int:
        size = 0
        for record in view(event).records:
            size += len(id_of(record)) + len(record.body)
        return size

    event = _sqs(_COUNT)
    assert read(event) == sum(len(one["messageId"]) + len(one["body"]) for one in event["Records"])
    return Loop("fn(event)", {"fn": read, "event": event}, calls=_COUNT)


def records() -> Loop:
    """Read the id and the body of each record through the kit's views."""
    from lambda_kit.events import SqsEvent

    return _records(SqsEvent, lambda record: record.id)


def peer_records() -> Loop:
    """Read the id and the body of each record through the peer's data classes."""
    classes: Any = import_module("aws_lambda_powertools.utilities.data_classes")
    return _records(classes.SQSEvent, lambda record: record.message_id)


def _order(view: Callable[[Any], Any], name_of: Callable[[Any], str]) -> Loop:
    def read(event: Any) -> tuple[str, str, str]:
        found = view(event)
        return found.detail_type, name_of(found), found.detail["order_id"]

    assert read(_ORDER) == ("Order placed", "shop.orders", "o-1")
    return Loop("fn(event)", {"fn": read, "event": _ORDER})


def order() -> Loop:
    """Read three values of an event of EventBridge through the kit's view."""
    from lambda_kit.events import EventBridgeEvent

    return _order(EventBridgeEvent, lambda event: event.source_name)


def peer_order() -> Loop:
    """Read three values of an event of EventBridge through the peer's data class."""
    classes: Any = import_module("aws_lambda_powertools.utilities.data_classes")
    return _order(classes.EventBridgeEvent, lambda event: event.source)


def _request(view: Callable[[Any], Any], query_of: Callable[[Any], str], json_of: Callable[[Any], Any]) -> Loop:
    def read(event: Any) -> tuple[str, str, int]:
        found = view(event)
        return found.headers["Content-Type"], query_of(found), json_of(found)["count"]

    path = Path(lambda_kit.__file__).parent / "local" / "samples" / "rest-api.json"
    event = json.loads(path.read_text("utf-8"))
    assert read(event) == ("application/json", "b c", 2)
    return Loop("fn(event)", {"fn": read, "event": event})


def request() -> Loop:
    """Read a header, a query parameter and the body of a request of a REST API through the kit's view."""
    from lambda_kit.events import HttpEvent

    return _request(HttpEvent, lambda event: event.query["tag"], lambda event: event.json)


def peer_request() -> Loop:
    """Read a header, a query parameter and the body of a request of a REST API through the peer's data class."""
    classes: Any = import_module("aws_lambda_powertools.utilities.data_classes")
    return _request(
        classes.APIGatewayProxyEvent, lambda event: event.query_string_parameters["tag"], lambda event: event.json_body
    )


def recognise() -> Loop:
    """Recognise an event whose rule is the last one."""
    from lambda_kit.events import source_of

    event: dict[str, Any] = {"token": "t", "serviceMetadata": {}, "fileLocation": {}}
    assert source_of(event) == "transfer_step"
    return Loop("fn(event)", {"fn": source_of, "event": event})


def recognise_first() -> Loop:
    """Recognise records of SQS."""
    from lambda_kit.events import source_of

    event = _sqs(1)
    assert source_of(event) == "sqs"
    return Loop("fn(event)", {"fn": source_of, "event": event})


TOPIC = Topic(
    name="events",
    about="The cost of reading a record of SQS, or three values of an event or a request; and of recognising an event.",
    cases=(
        *(Case(name, "kit", name) for name in ("records", "order", "request", "recognise", "recognise_first")),
        *(Case(name, "peer", name) for name in ("peer_records", "peer_order", "peer_request")),
    ),
    rows=(
        Row("id and body of a record", Figure("records"), Figure("peer_records"), "Powertools", goal=1.0),
        Row("three values of an event", Figure("order"), Figure("peer_order"), "Powertools", goal=1.0),
        Row("header, query and body of a request", Figure("request"), Figure("peer_request"), "Powertools", goal=1.0),
        Row("recognise by the last rule", Figure("recognise"), Figure("recognise_first"), "records of SQS"),
    ),
    open=calls_of("benchmarks.events"),
    rounds=(20, 5),
)
