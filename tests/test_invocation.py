"""The invocation record: what it tells of the context, the environment and the process."""

from __future__ import annotations

import math
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_kit import Logger, Tracer, current_invocation, handler
from lambda_kit.errors import LambdaKitError, OutsideInvocation
from lambda_kit.invocation import Invocation
from lambda_kit.testing import FakeClock, FakeXRayDaemon, invoke, make_context


def test_it_tells_what_the_context_tells() -> None:
    context = make_context(request_id="r-1", function_name="shop", tenant_id="blue")
    invocation = Invocation({"n": 1}, context, cold_start=True)
    assert (invocation.event, invocation.context, invocation.cold_start) == ({"n": 1}, context, True)
    assert (invocation.request_id, invocation.function_name, invocation.tenant_id) == ("r-1", "shop", "blue")
    assert repr(invocation) == "<Invocation r-1 of shop>"


def test_it_does_without_a_context() -> None:
    invocation = Invocation({}, None)
    assert (invocation.request_id, invocation.function_name, invocation.tenant_id) == ("", "", None)
    assert invocation.remaining() == math.inf
    assert invocation.deadline == math.inf


def test_the_name_of_the_function_comes_from_the_environment_if_the_context_lacks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    assert Invocation({}, None).function_name == "shop"


def test_the_remaining_time_runs_and_is_never_negative() -> None:
    clock = FakeClock()
    invocation = Invocation({}, make_context(timeout=2.0, clock=clock))
    assert invocation.remaining() == 2.0
    clock.advance(1.5)
    assert invocation.remaining() == 0.5
    clock.advance(1.0)
    assert invocation.remaining() == 0.0


def test_a_negative_remaining_time_of_a_foreign_context_is_zero() -> None:
    assert Invocation({}, SimpleNamespace(get_remaining_time_in_millis=lambda: -5)).remaining() == 0.0


def test_the_deadline_is_in_seconds_since_the_epoch_and_does_not_move() -> None:
    before = time.time()
    invocation = Invocation({}, make_context(timeout=5.0))
    deadline = invocation.deadline
    assert before + 4.9 < deadline < time.time() + 5.1
    assert invocation.deadline == deadline


@pytest.mark.parametrize(
    ("header", "trace_id"),
    [
        (
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "1-5759e988-bd862e3fe1be46a994272793",
        ),
        ("Parent=53995c3f42cd8ad8; Root=1-a-b", "1-a-b"),
        ("Parent=53995c3f42cd8ad8", None),
        ("Root=", None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_trace_id_is_the_root_of_the_header(
    header: str, trace_id: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    assert Invocation({}, None).trace_id == trace_id


class CountingEnviron(dict[str, str]):
    """A copy of the environment that notes the names of the variables that are read."""

    def __init__(self) -> None:
        super().__init__(os.environ)
        self.read: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.read.append(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.append(name)
        return super().get(name, default)


def test_the_trace_header_is_read_once_in_an_invocation_whatever_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Logger()
    with FakeXRayDaemon() as daemon:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.environ["AWS_XRAY_DAEMON_ADDRESS"])
        tracer = Tracer()

        @handler(log, tracer)
        def handle(event: Any, context: Any) -> str | None:
            log.info("a line")
            with tracer.span("inner"):
                return current_invocation().trace_id

        environ = CountingEnviron()
        environ["_X_AMZN_TRACE_ID"] = daemon.environ["_X_AMZN_TRACE_ID"]
        monkeypatch.setattr(os, "environ", environ)
        assert handle({}, make_context()) == daemon.trace_id
        assert len(daemon.documents) == 2
        assert environ.read.count("_X_AMZN_TRACE_ID") == 1


def test_the_trace_id_is_read_anew_for_each_invocation_and_kept_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, unread = Invocation({}, None), Invocation({}, None), Invocation({}, None)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-a-1")
    assert first.trace_id == "1-a-1"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-a-2")
    assert (first.trace_id, second.trace_id) == ("1-a-1", "1-a-2")
    unread.ended = True
    assert unread.trace_id is None, "a late thread never gets the id of the next invocation"


def test_the_init_type_is_on_demand_where_the_platform_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Invocation({}, None).init_type == "on-demand"
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    assert Invocation({}, None).init_type == "snap-start"


def test_the_invocation_of_a_handler_has_what_the_constructor_sets() -> None:
    event, context = {"n": 1}, make_context()

    @handler
    def attributes(event: object, context: object) -> dict[str, object]:
        return _attributes(current_invocation())

    attributes(event, context)
    assert attributes(event, context) == _attributes(Invocation(event, context))
    assert {**attributes(event, context), "cold_start": True} == _attributes(Invocation(event, context, True))


def _attributes(invocation: Invocation) -> dict[str, object]:
    return {name: getattr(invocation, name) for name in Invocation.__slots__ if hasattr(invocation, name)}


def test_the_state_is_empty_for_every_invocation_and_shared_within_it() -> None:
    @handler
    def place(event: object, context: object) -> list[int]:
        current_invocation().state.setdefault("seen", []).append(1)
        seen: list[int] = current_invocation().state["seen"]
        return seen

    assert place({}, None) == [1]
    assert place({}, None) == [1]


def test_the_correlation_id_is_for_layers_to_set() -> None:
    @handler
    def place(event: object, context: object) -> tuple[Any, Any]:
        before = current_invocation().correlation_id
        current_invocation().correlation_id = "c-1"
        return before, current_invocation().correlation_id

    assert place({}, None) == (None, "c-1")
    assert place({}, None) == (None, "c-1")


def test_outside_of_a_handler_it_raises_unless_there_is_a_default() -> None:
    with pytest.raises(OutsideInvocation, match="the function is not under @handler") as caught:
        current_invocation()
    assert isinstance(caught.value, LambdaKitError)
    assert current_invocation(default=None) is None
    assert current_invocation("default") == "default"


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_cold_start_of_its_own() -> None:
    @handler
    def cold(event: object, context: object) -> bool:
        return current_invocation().cold_start

    cold({}, None)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # the child must not come back into the test runner
        try:
            os.write(write, f"{cold({}, None)} {cold({}, None)}".encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    assert os.read(read, 100) == b"True False"
    os.close(read)
    assert invoke(cold).value is False
