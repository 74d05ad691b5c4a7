"""The cost of metrics in each invocation, against the peer: a handler with the layer, minus one without."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._lambda import Context, write_into_a_pipe
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

_EVENT = {"order_id": "o-1"}
_NAMES = tuple(f"Metric{i}" for i in range(10))
_COUNTS = (1, 10)


def _called(fn: Any) -> Loop:
    return Loop("fn(event, context)", {"fn": fn, "event": _EVENT, "context": Context()})


def kit(count: int) -> Loop:
    """Add values in a handler with the kit's layer; without the layer if there are none."""
    from lambda_kit import handler
    from lambda_kit.metrics import Metrics

    write_into_a_pipe()
    metrics = Metrics("Shop", service="orders")
    return _called(handler(*[metrics] * (count > 0))(_handling(metrics.add, count)))


def kit_layer() -> Loop:
    """Run a handler that adds nothing under the kit's layer."""
    from lambda_kit import handler
    from lambda_kit.metrics import Metrics

    return _called(handler(Metrics("Shop", service="orders"))(_handling(None, 0)))


def peer(count: int) -> Loop:
    """Add values in a handler with the peer's layer; without the layer if there are none."""
    write_into_a_pipe()
    metrics: Any = import_module("aws_lambda_powertools").Metrics(namespace="Shop", service="orders")
    add, names = metrics.add_metric, _NAMES[:count]

    def fn(event: Any, context: Any) -> None:
        for name in names:
            add(name=name, unit="Count", value=1)

    return _called(metrics.log_metrics(fn) if count else fn)


def floor() -> Loop:
    """Encode a line of one metric with orjson, its time given, and write it."""
    import orjson

    write_into_a_pipe()
    definition = {"Namespace": "Shop", "Dimensions": [["service"]], "Metrics": [{"Name": "Metric0", "Unit": "Count"}]}
    line = {
        "_aws": {"Timestamp": 1_795_420_800_000, "CloudWatchMetrics": [definition]},
        "Metric0": 1,
        "service": "orders",
    }
    names = {"write": os.write, "fd": sys.stdout.fileno(), "dumps": orjson.dumps, "line": line, "newline": b"\n"}
    return Loop("write(fd, dumps({**line}) + newline)", names)


def _handling(add: Any, count: int) -> Any:
    names = _NAMES[:count]

    def handle(event: Any, context: Any) -> None:
        for name in names:
            add(name, 1)

    return handle


def _title(count: int) -> str:
    return f"{count} metric{'s' * (count > 1)} in an invocation"


TOPIC = Topic(
    name="metrics",
    about="What metrics cost in each invocation. The goal: at most 1/6 of the peer.",
    cases=(
        *(Case(f"kit {count}", "kit", "kit", (count,)) for count in (0, *_COUNTS)),
        *(Case(f"peer {count}", "peer", "peer", (count,)) for count in (0, *_COUNTS)),
        Case("kit layer", "kit", "kit_layer"),
        Case("floor", "kit", "floor"),
    ),
    rows=(
        *(
            Row(
                _title(count),
                Figure(f"kit {count}", "kit 0"),
                Figure(f"peer {count}", "peer 0"),
                "Powertools",
                goal=1 / 6,
            )
            for count in _COUNTS
        ),
        Row(_title(1), Figure("kit 1", "kit 0"), Figure("floor"), "orjson and one write"),
        Row("the layer, nothing added", Figure("kit layer", "kit 0"), Figure("floor"), "orjson and one write"),
    ),
    open=calls_of("benchmarks.metrics"),
    rounds=(20, 5),
)
