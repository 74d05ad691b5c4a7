"""The cost of a log line, against the peer and against the floor: `orjson.dumps` and one write."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._lambda import Context, write_into_a_pipe
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

_NESTED: dict[str, Any] = {
    "items": [{"sku": f"abc-{i}", "price": i * 1.5, "tags": ["a", "b"], "name": "a name"} for i in range(25)]
}
_EVENT = {"order_id": "o-1"}


def floor(nested: bool = False) -> Loop:
    """Encode a line of the same content with orjson, its time and place given, and write it."""
    import orjson

    write_into_a_pipe()
    fd = sys.stdout.fileno()
    line: dict[str, Any] = {
        "timestamp": "2026-11-23T06:00:00.000Z",
        "level": "INFO",
        "message": "placing order",
        "location": "benchmarks.logger.place_order:12",
        "service": "shop",
        "functionName": Context.function_name,
        "requestId": Context.aws_request_id,
        "coldStart": False,
    }
    fields: dict[str, Any] = {"data": _NESTED} if nested else {"order_id": "o-1", "count": 3}
    statement = "write(fd, dumps({**line, **fields}) + newline)"
    names = {"write": os.write, "fd": fd, "dumps": orjson.dumps, "line": line, "fields": fields, "newline": b"\n"}
    return Loop(statement, names)


_STATEMENTS = {
    "line": 'log.info("placing order", order_id="o-1", count=3)',
    "debug": 'log.debug("placing order", order_id="o-1", count=3)',
    "nested": 'log.info("placing order", data=nested)',
    "fast": 'log.info("placing order", data=nested)',
    "exception": "fail(log)",
}


def _fail(log: Any) -> None:
    try:
        raise ValueError("no such order")
    except ValueError:
        log.exception("placing order")


def kit(kind: str) -> Loop:
    """Write lines with the kit's logger, inside an invocation."""
    from lambda_kit import Logger
    from lambda_kit.invocation import Invocation, current

    write_into_a_pipe()
    current.set(Invocation(_EVENT, Context()))
    log = Logger(service="shop", fast=kind == "fast")
    return Loop(_STATEMENTS[kind], {"log": log, "nested": _NESTED, "fail": _fail})


def peer(kind: str) -> Loop:
    """Write lines with the peer's logger, which has been given the context once."""
    write_into_a_pipe()
    log: Any = import_module("aws_lambda_powertools").Logger(service="shop", level="INFO")
    log.inject_lambda_context(_handle)(_EVENT, Context())
    # The peer takes fields as keywords, too.
    return Loop(_STATEMENTS[kind], {"log": log, "nested": _NESTED, "fail": _fail})


def _handle(event: Any, context: Any) -> None:
    """Stand for the handler."""


def kit_layer(logs: bool) -> Loop:
    """Run a handler that does nothing under the kit's logger, or without it."""
    from lambda_kit import Logger, handler

    write_into_a_pipe()
    layers = [Logger(service="shop")] if logs else []
    return Loop("fn(event, context)", {"fn": handler(*layers)(_handle), "event": _EVENT, "context": Context()})


def peer_layer(logs: bool) -> Loop:
    """Run a handler that does nothing under the peer's logger, or without it."""
    write_into_a_pipe()
    log: Any = import_module("aws_lambda_powertools").Logger(service="shop", level="INFO")
    fn = log.inject_lambda_context(_handle) if logs else _handle
    return Loop("fn(event, context)", {"fn": fn, "event": _EVENT, "context": Context()})


_TITLES = {
    "line": "a line with two fields",
    "debug": "a debug line that is filtered",
    "nested": "a line with a nested dict of 2 kB",
    "fast": "the same with orjson",
    "exception": "a line with an exception",
}
_PEER_GOAL = {"line": 1 / 12, "nested": 1.0, "fast": 1 / 2}

TOPIC = Topic(
    name="logger",
    about="What a log line costs. The goals: a line at most 1/12 of the peer's, and three times the floor.",
    cases=(
        # The floor loads orjson, which a logger uses where it is loaded: each has a process of its own.
        *(Case(f"kit {kind}", "kit", "kit", (kind,), alone=True) for kind in _TITLES),
        *(Case(f"peer {kind}", "peer", "peer", (kind,)) for kind in _TITLES),
        Case("floor line", "kit", "floor", (False,)),
        Case("floor nested", "kit", "floor", (True,)),
        *(Case(f"kit layer {logs}", "kit", "kit_layer", (logs,)) for logs in (True, False)),
        *(Case(f"peer layer {logs}", "peer", "peer_layer", (logs,)) for logs in (True, False)),
    ),
    rows=(
        *(
            Row(title, Figure(f"kit {kind}"), Figure(f"peer {kind}"), "Powertools", goal=_PEER_GOAL.get(kind))
            for kind, title in _TITLES.items()
        ),
        Row(_TITLES["line"], Figure("kit line"), Figure("floor line"), "orjson and one write", goal=3.0),
        Row(_TITLES["fast"], Figure("kit fast"), Figure("floor nested"), "orjson and one write"),
        Row(
            "the layer, for each invocation",
            Figure("kit layer True", "kit layer False"),
            Figure("peer layer True", "peer layer False"),
            "Powertools",
        ),
    ),
    open=calls_of("benchmarks.logger"),
    rounds=(20, 5),
)
