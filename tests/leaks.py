"""Runs a handler many times, and prints what that has left: for `test_leaks`, which starts it in a process of its own.

In the process of the tests, the collector and the counts would see what other tests have left.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import Any

from lambda_kit import current_invocation, handler, init, layer, provide, time_limit
from lambda_kit.testing import make_context

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


HANDLERS: dict[str, Any] = {"succeed": succeed, "fail": fail, "wait": wait, "limited": limited}


def run(fn: Any, times: int) -> None:
    context = make_context(timeout=3600.0)
    for i in range(times):
        with contextlib.suppress(ValueError):
            fn({"n": i}, context)


def main(name: str, times: int) -> None:
    """Print how many cycles the collector found, and by how much the objects and the allocated blocks grew."""
    fn = HANDLERS[name]
    run(fn, WARM_UP)
    gc.collect()
    gc.disable()
    run(fn, WARM_UP)
    cycles = gc.collect()
    gc.enable()
    objects, blocks = len(gc.get_objects()), sys.getallocatedblocks()
    run(fn, times)
    gc.collect()
    print(cycles, len(gc.get_objects()) - objects, sys.getallocatedblocks() - blocks)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
