"""Types of `Tracer`, checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import assert_type

from lambda_kit import Tracer, handler
from lambda_kit.invocation import LambdaContext
from lambda_kit.pipeline import Layer
from lambda_kit.testing import make_context
from lambda_kit.tracer import Span

Event = dict[str, int]

tracer = Tracer("shop", backend="xray", capture_response=True, capture_error=False, w3c=True, redact=("pin",))
as_layer: Layer = tracer
context = make_context()


@handler(tracer)
def layered(event: Event, context: LambdaContext) -> str:
    return ""


@handler(tracer)
async def awaited(event: Event, context: LambdaContext) -> str:
    return ""


@tracer
def plain(event: Event, *, key: str = "") -> int:
    return len(key)


@tracer.span("card", kind="remote", capture_response=False)
async def coroutine(event: Event) -> bytes:
    return b""


@tracer
def numbers(end: int) -> Generator[int, None, str]:
    yield from range(end)
    return ""


@tracer
async def later(end: int) -> AsyncGenerator[int]:
    yield end


@contextmanager
@tracer
def block(name: str) -> Generator[float]:
    yield 1.0


@tracer
@asynccontextmanager
async def async_block(name: str) -> AsyncGenerator[float]:
    yield 1.0


class Orders:
    @tracer
    def place(self, order: str) -> int:
        return 1

    @classmethod
    @tracer
    def empty(cls) -> Orders:
        return cls()


assert_type(layered({}, context), str)
assert_type(awaited({}, context), str)
assert_type(plain({}, key="a"), int)
assert_type(numbers(3), Generator[int, None, str])
assert_type(later(3), AsyncGenerator[int, None])
assert_type(Orders().place("o-1"), int)
assert_type(Orders.empty(), Orders)
assert_type(tracer.current(), Span)
assert_type(tracer.headers(), dict[str, str])
assert_type(tracer.instrument(Orders()), Orders)

with tracer.span("card") as span, block("a") as seconds:
    assert_type(span, Span)
    assert_type(seconds, float)
    assert_type(span.recording, bool)
    span.annotate(order_id="o-1", count=2, share=0.5, first=True)
    span.annotate(order_id=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    span.http(method="GET", url="https://example.com", status=200, length=12)
    span.htpp(status=200)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


async def use() -> None:
    assert_type(await coroutine({}), bytes)
    async with tracer.span("card") as span, async_block("a") as seconds:
        assert_type(span, Span)
        assert_type(seconds, float)


Tracer(backend="x-ray")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
tracer.span("a", kind="server")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
plain({}, kee="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
