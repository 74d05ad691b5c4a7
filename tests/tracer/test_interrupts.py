"""An interrupt may strike at any step of a span: nothing hangs, and the next invocation is traced as always."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer, handler
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.testing import reset
from tests.patience import PATIENCE
from tests.stepping import Outcome, interrupt_each_step
from tests.tracer.otel import Recorded, installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Place = Callable[[Any, Any], Any]

VARIABLE = "_X_AMZN_TRACE_ID"


def traced(backend: Any) -> Place:
    tracer = Tracer(backend=backend)

    @handler(tracer)
    def place(event: Any, context: Any) -> str:
        with tracer.span("card") as span:
            span.annotate(order="o-1")
            span.http(method="GET", status=500)
            if event.get("fail"):
                raise ValueError("declined")
        return "done"

    return place


def new_trace() -> str:
    return f"Root=1-65000000-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=1"


@pytest.fixture
def datagrams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """A function that returns the documents that have been sent since it was called last."""
    with socket.socket(type=socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(PATIENCE)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv(VARIABLE, new_trace())

        def received() -> list[dict[str, Any]]:
            marker = os.urandom(8)
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.sendto(marker, listening.getsockname())
            found: list[dict[str, Any]] = []
            while (datagram := listening.recv(65_536)) != marker:
                found.append(json.loads(datagram.split(b"\n")[1]))
            return found

        yield received


@pytest.mark.parametrize(
    ("event", "steps"),
    [({}, "deliveries"), ({}, "bytecodes"), ({"fail": True}, "deliveries")],
    ids=["returns", "returns, every bytecode", "raises"],
)
def test_after_an_interrupt_anywhere_in_a_span_the_next_invocation_is_traced(
    event: dict[str, Any], steps: Any, datagrams: Callable[[], list[dict[str, Any]]]
) -> None:
    def prepare() -> Place:
        reset()
        os.environ[VARIABLE] = new_trace()
        return traced("xray")

    def check(place: Place, outcome: Outcome) -> None:
        assert outcome.error is None or isinstance(outcome.error, TimeLimitInterrupt)
        os.environ[VARIABLE] = header = new_trace()
        datagrams()
        assert place({}, None) == "done"
        card, root = datagrams()
        assert (root["name"], card["name"], card["parent_id"]) == ("place", "card", root["id"])
        assert root["parent_id"] in header
        assert root["trace_id"] in header

    def call(place: Place) -> None:
        with contextlib.suppress(ValueError):
            place(event, None)

    count = interrupt_each_step(
        call,
        prepare=prepare,
        check=check,
        steps=steps,
    )
    assert count > 50


def test_after_an_interrupt_the_next_invocation_is_traced_by_opentelemetry_too() -> None:
    recorded = Recorded()
    with installed(recorded.provider):

        def prepare() -> Place:
            reset()
            return traced("otel")

        def check(place: Place, outcome: Outcome) -> None:
            recorded.clear()
            assert place({}, None) == "done"
            assert recorded.tree() == (("place", (("card", ()),)),)

        # Inside `threading`, too: an interrupt in the start of a thread can leave a lock of it locked for good.
        count = interrupt_each_step(lambda place: place({}, None), prepare=prepare, check=check)
        assert count > 50
