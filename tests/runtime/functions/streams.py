"""Functions that stream: the event says what."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit import handler, layer, time_limit
from lambda_kit.pipeline import Stream

if TYPE_CHECKING:
    from collections.abc import Generator

HTTP = {"statusCode": 201, "headers": {"X-One": "ä"}, "cookies": ["a=1"]}


@layer
def around(event: Any, context: Any) -> Generator[None, Any, Any]:
    print("entered")
    try:
        response = yield
        if event.get("replace"):
            return {"replaced": True}
        print("response", type(response).__name__)
    finally:
        print("left")
    return None


def parts(event: Any) -> Any:
    yield from event.get("parts", ())
    if "wait_for" in event:
        while not Path(event["wait_for"]).exists():
            time.sleep(0.005)
        yield "after"
    if "megabytes" in event:
        block = b"x" * 65536
        for _ in range(event["megabytes"] * 16):
            yield block
    if event.get("fail"):
        raise ValueError("broke ä")
    try:
        while event.get("endless"):
            yield b"." * 1000
    except GeneratorExit:
        print("closed")
        raise


@handler(around)
def stream(event: Any, context: Any) -> Any:
    made = parts(event)
    return Stream(made, HTTP) if event.get("http") else made


@handler(around, time_limit(margin=1.0))
def limited(event: Any, context: Any) -> Any:
    yield "one"
    while True:
        time.sleep(0.05)  # far longer than a part is being sent, where the limit would break the stream off
        yield "."


@handler(around, time_limit(margin=1.0))
def limited_blocks(event: Any, context: Any) -> Any:
    yield "one"
    while not event.get("one"):
        yield b"x" * (1 << 20)


@handler(around)
async def asynchronous(event: Any, context: Any) -> Any:
    for part in parts(event):
        yield part


def plain(event: Any, context: Any) -> Any:
    return parts(event)


def memory(event: Any, context: Any) -> Any:
    if event.get("peak"):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return parts(event)
