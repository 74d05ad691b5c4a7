"""A suspension is an outcome of its own: every layer is left as after a return, in functions and coroutines."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, Metrics, Tracer, handler, idempotent, init, layer, provide, time_limit
from lambda_kit.idempotency import MemoryStore
from tests.durable_context import durable_context

if TYPE_CHECKING:
    from lambda_kit.testing import FakeXRayDaemon

exceptions: Any = import_module("aws_durable_execution_sdk_python.exceptions")


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_all_layers_are_left_without_an_error_line_a_fault_or_a_lost_metric(
    kind: str, xray_daemon: FakeXRayDaemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in xray_daemon.environ.items():
        monkeypatch.setenv(name, value)
    log, metrics, tracer, store = Logger(level="DEBUG"), Metrics("Shop"), Tracer(), MemoryStore()
    seen: list[str] = []
    suspension = exceptions.TimedSuspendExecution("x", 0.0)

    @layer
    def watch(event: Any, context: Any) -> Any:
        try:
            yield
        except Exception:
            seen.append("failed")
        finally:
            seen.append("left")

    @init.resource
    def client() -> str:
        return "client"

    def work(client: str) -> None:
        log.debug("working", client=client)
        metrics.add("Worked", 1)
        with tracer.span("inner"), metrics.timer("Took"):
            raise suspension

    def place(event: Any, context: Any, *, client: str) -> None:
        work(client)

    async def place_later(event: Any, context: Any, *, client: str) -> None:
        work(client)

    layers = handler(
        log, tracer, metrics, watch, time_limit(margin=0.1), idempotent(store, key="id"), provide(client=client)
    )
    made: Any = layers(place if kind == "function" else place_later)
    with pytest.raises(exceptions.TimedSuspendExecution) as caught:
        made({"id": 1}, durable_context(timeout=60.0))
    assert caught.value is suspension
    assert seen == ["left"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line.get("level", "INFO") for line in lines} <= {"DEBUG", "INFO"}
    (counted,) = (line for line in lines if "_aws" in line)
    assert (counted["Worked"], "Took" in counted) == (1, False)
    (root,) = xray_daemon.tree()
    assert root.names()[-1] == "inner"
    assert not any(node.fault or node.error or node.exceptions for node in (root, root.find("inner")))
    (record,) = store.records.values()
    assert record.status == "INPROGRESS"
