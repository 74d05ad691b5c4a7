"""The frames of a logged exception begin with the user's code, whatever part of the kit has called it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import (
    HttpApp,
    Logger,
    Metrics,
    Tracer,
    current_invocation,
    handler,
    idempotent,
    init,
    layer,
    provide,
    time_limit,
)
from lambda_kit.batch import batch
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import events, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

log, tracer, metrics = Logger(), Tracer(), Metrics(namespace="Shop", service="shop")
app = HttpApp()


def fail() -> None:
    raise ValueError("x")


@layer
def audit(event: object, context: object) -> Iterator[None]:
    yield


@layer
def broken_before(event: object, context: object) -> Iterator[None]:
    fail()
    yield


@layer
def broken_after(event: object, context: object) -> Iterator[None]:
    yield
    fail()


@handler(
    log,
    tracer,
    metrics,
    audit,
    time_limit(0.5),
    idempotent(MemoryStore(), key="id"),
    provide(now=lambda: current_invocation().deadline),
)
def sync(event: object, context: object, *, now: float) -> None:
    fail()


@handler(log, tracer, metrics, audit, time_limit(0.5), idempotent(MemoryStore(), key="id"))
async def coroutine(event: object, context: object) -> None:
    await asyncio.sleep(0)
    fail()


@handler(log, broken_before)
def before(event: object, context: object) -> None: ...


@handler(log, broken_after)
def after(event: object, context: object) -> None: ...


@handler(log)
@batch()
def one(record: object) -> None:
    fail()


@handler(log)
@batch(concurrency=2)
def in_threads(record: object) -> None:
    fail()


@handler(log)
@batch(concurrency=2)
async def in_tasks(record: object) -> None:
    fail()


@app.get("/plain")
def plain() -> None:
    fail()


@app.get("/waits")
async def waits() -> None:
    await asyncio.sleep(0)
    fail()


web = handler(log, tracer)(app)


@handler(log)
def parts(event: object, context: object) -> Iterator[bytes]:
    yield b"a"
    fail()


@init.resource
def resource() -> None:
    fail()


@handler(log)
def builds(event: object, context: object) -> None:
    resource()


@pytest.mark.parametrize(
    ("call", "event", "first"),
    [
        (sync, {"id": 1}, "sync"),
        (coroutine, {"id": 2}, "coroutine"),
        (before, {}, "broken_before"),
        (after, {}, "broken_after"),
        (one, events.sqs(["a"]), "one"),
        (in_threads, events.sqs(["a"]), "in_threads"),
        (in_tasks, events.sqs(["a"]), "in_tasks"),
        (web, events.http("GET", "/plain"), "plain"),
        (web, events.http("GET", "/waits"), "waits"),
        (parts, {}, "parts"),
        (builds, {}, "builds"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_frames_begin_with_the_code_of_the_user(call: Any, event: Any, first: str) -> None:
    line = invoke(call, event).logs.one(level="ERROR", exception=dict)
    exception = line["exception"]
    assert exception["frames"][0]["function"] == first
    innermost = exception.get("cause", exception)
    assert innermost["frames"][-1]["function"] == "fail"
