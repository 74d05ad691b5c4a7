"""Nothing that an invocation leaves behind grows with the number of invocations."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import Any

import pytest

from lambda_kit import current_invocation, handler, init, layer, provide, time_limit
from lambda_kit.testing import make_context

INVOCATIONS = 100_000
WARM_UP = 200


@layer
def audit(event: Any, context: Any) -> Any:
    current_invocation().state["seen"] = event
    try:
        yield {**event}
    finally:
        current_invocation().correlation_id = "c"


@init.resource(ttl=3600.0)
def table() -> dict[str, int]:
    return {}


@handler(audit, provide(table=table), audit)
def succeed(event: Any, context: Any, *, table: dict[str, int]) -> Any:
    return event


@handler(audit, audit, provide(table=table))
def fail(event: Any, context: Any, *, table: dict[str, int]) -> Any:
    raise ValueError(event)


@handler(audit, provide(table=table))
async def wait(event: Any, context: Any, *, table: dict[str, int]) -> Any:
    return event


@handler(audit, time_limit(), audit)
def limited(event: Any, context: Any) -> Any:
    return event


def run(fn: Any, times: int) -> None:
    context = make_context(timeout=3600.0)
    for i in range(times):
        with contextlib.suppress(ValueError):
            fn({"n": i}, context)


@pytest.mark.parametrize(
    ("fn", "times"),
    [(succeed, INVOCATIONS), (fail, INVOCATIONS // 10), (wait, INVOCATIONS // 10), (limited, INVOCATIONS // 10)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_number_of_objects_stays_what_it_was(fn: Any, times: int) -> None:
    run(fn, WARM_UP)
    gc.collect()
    before, blocks = len(gc.get_objects()), sys.getallocatedblocks()
    run(fn, times)
    gc.collect()
    assert len(gc.get_objects()) - before < 20
    assert sys.getallocatedblocks() - blocks < 500


@pytest.mark.parametrize("fn", [succeed, fail, wait, limited], ids=lambda fn: fn.__name__)
def test_an_invocation_leaves_no_reference_cycles_for_the_collector(fn: Any) -> None:
    run(fn, WARM_UP)
    gc.collect()
    gc.disable()
    try:
        run(fn, WARM_UP)
        assert gc.collect() == 0
    finally:
        gc.enable()
