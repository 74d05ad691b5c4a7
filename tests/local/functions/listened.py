"""A function that streams until its client goes away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, layer
from lambda_kit.pipeline import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

log = Logger()


@layer
def around(event: Any, context: Any) -> Generator[None, Any, Any]:
    try:
        yield
    finally:
        print("left")


def ticks() -> Generator[str]:
    try:
        while True:
            yield "data: tick\n\n"
            time.sleep(0.01)
    except GeneratorExit:
        print("closed")
        raise


@handler(log, around)
def events(event: Any, context: Any) -> Any:
    if event["rawPath"] == "/once":
        return "once"
    return Stream(ticks(), {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}})


@handler(log, around)
async def asynchronous(event: Any, context: Any) -> Any:
    if event["rawPath"] == "/once":
        return "once"

    async def parts() -> AsyncGenerator[str]:
        for part in ticks():
            yield part

    return Stream(parts(), {"statusCode": 200})
