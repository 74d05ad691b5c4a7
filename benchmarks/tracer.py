"""The cost of tracing in each invocation, beside the peer and beside the X-Ray SDK, on which the peer is built.

Each invocation has a trace of its own, as on Lambda, where the runtime client sets the variable. The cost of a handler
without a tracer, for which the variable is set too, is subtracted. The spans go to a socket that nobody reads.
"""

from __future__ import annotations

import os
import socket
from importlib import import_module
from itertools import cycle
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._lambda import Context
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

_VARIABLE = "_X_AMZN_TRACE_ID"
_EVENT = {"order_id": "o-1"}
_daemon: socket.socket | None = None


def _on_lambda() -> None:
    """Set the variables by which the kit and the SDK recognise Lambda and the daemon, before either is imported."""
    global _daemon
    if _daemon is None:
        _daemon = socket.socket(type=socket.SOCK_DGRAM)
        _daemon.bind(("127.0.0.1", 0))
        os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{_daemon.getsockname()[1]}"
        os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
        os.environ["AWS_XRAY_CONTEXT_MISSING"] = "LOG_ERROR"
        os.environ["AWS_LAMBDA_FUNCTION_NAME"] = Context.function_name


def _headers(sampled: bool) -> Any:
    return cycle(
        [
            f"Root=1-{0x65000000 + i:08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled={int(sampled)}"
            for i in range(64)
        ]
    )


def _invoked(fn: Any, sampled: bool = True) -> Loop:
    names = {"environ": os.environ, "name": _VARIABLE, "headers": _headers(sampled), "fn": fn, "event": _EVENT}
    return Loop("environ[name] = next(headers); fn(event, context)", {**names, "context": Context()})


def _handle(event: Any, context: Any) -> None:
    """Do nothing: the handler."""


def _bare(fn: Any) -> Any:
    def run(event: Any, context: Any) -> Any:
        return fn(event, context)

    return run


def kit(kind: str) -> Loop:
    """Return a loop of a handler under the kit's tracer, or under a layer that does nothing."""
    _on_lambda()
    from lambda_kit import handler
    from lambda_kit.tracer import Tracer

    if kind == "bare":
        return _invoked(handler(_bare)(_handle))
    tracer = Tracer("shop", backend="none" if kind == "disabled" else "xray")
    return _invoked(handler(tracer)(_handle_of(kind, tracer.span)), kind != "unsampled")


def peer(kind: str) -> Loop:
    """Return a loop of a handler under the peer's tracer, or of a bare handler."""
    _on_lambda()
    if kind == "bare":
        return _invoked(_bare(_handle))
    tracer: Any = import_module("aws_lambda_powertools").Tracer(
        service="shop", disabled=kind == "disabled", auto_patch=False
    )
    fn = _handle_of(kind, tracer.provider.in_subsegment)
    return _invoked(tracer.capture_lambda_handler(fn), kind != "unsampled")


def sdk(kind: str) -> Loop:
    """Return a loop of a handler under the X-Ray SDK's decorator."""
    _on_lambda()
    recorder: Any = import_module("aws_xray_sdk.core").xray_recorder
    fn = _handle_of(kind, recorder.in_subsegment)
    return _invoked(recorder.capture("handle")(fn), kind != "unsampled")


def _handle_of(kind: str, span: Any) -> Any:
    if kind != "nested":
        return _handle

    def handle(event: Any, context: Any) -> None:
        with span("card"):
            pass

    return handle


_TITLES = {
    "sampled": "a handler that is sampled",
    "unsampled": "a handler that is not sampled",
    "disabled": "a handler, with tracing off",
}
_GOALS = {"sampled": 1 / 6}
_NESTED = "a span within it"

TOPIC = Topic(
    name="tracer",
    about="The cost of tracing. Goals: a sampled handler at most 1/6 of the peer's, an unsampled one at most 1 µs.",
    cases=(
        *(Case(f"kit {kind}", "kit", "kit", (kind,)) for kind in ("bare", *_TITLES, "nested")),
        *(
            Case(f"peer {kind}", "peer", "peer", (kind,), alone=kind == "disabled")
            for kind in ("bare", *_TITLES, "nested")
        ),
        *(Case(f"sdk {kind}", "peer", "sdk", (kind,)) for kind in ("sampled", "unsampled", "nested")),
    ),
    rows=(
        *(
            Row(title, Figure(f"kit {kind}", "kit bare"), Figure(f"peer {kind}", "peer bare"), "Powertools", goal=goal)
            for kind, title in _TITLES.items()
            for goal in [_GOALS.get(kind)]
        ),
        Row(_NESTED, Figure("kit nested", "kit sampled"), Figure("peer nested", "peer sampled"), "Powertools"),
        *(
            Row(_TITLES[kind], Figure(f"kit {kind}", "kit bare"), Figure(f"sdk {kind}", "peer bare"), "aws-xray-sdk")
            for kind in ("sampled", "unsampled")
        ),
        Row(_NESTED, Figure("kit nested", "kit sampled"), Figure("sdk nested", "sdk sampled"), "aws-xray-sdk"),
    ),
    open=calls_of("benchmarks.tracer"),
    rounds=(20, 5),
)
