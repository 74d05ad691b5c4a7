"""Types of `Logger` as a layer and of its methods, checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from lambda_kit import Logger, handler
from lambda_kit.invocation import LambdaContext
from lambda_kit.pipeline import Layer
from lambda_kit.testing import make_context

log = Logger("shop", "DEBUG", correlation_id="header:x-id", log_event=True, sample_rate=0.1, buffer=1_000, stage="test")
as_layer: Layer = log
Logger(correlation_id=lambda event: event["id"], redact=["pin"])
Logger(redact=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(log.child(a=1), Logger)
assert_type(log.info("x %s", 1, a=2, self=3, message=4), None)
assert_type(log.capture_stdlib(), None)
with log.bind(a=1, self=2) as nothing:
    assert_type(nothing, None)
log.info()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@log
def function(event: dict[str, int], context: LambdaContext, *, n: int = 1) -> str:
    return ""


@log
async def coroutine(event: dict[str, int], context: LambdaContext) -> str:
    return ""


class Orders:
    @log
    def place(self, event: dict[str, int], context: LambdaContext) -> bytes:
        return b""


context = make_context()
assert_type(function({"n": 1}, context, n=2), str)
function({"n": 1}, context, m=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
function({"n": "1"}, context)  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
waiting: Callable[[dict[str, int], LambdaContext], Coroutine[Any, Any, str]] = coroutine
assert_type(Orders().place({"n": 1}, context), bytes)


@handler(log)
def handled(event: dict[str, int], context: LambdaContext) -> str:
    return ""


@handler(log, log.child(a=1))
async def handled_later(event: dict[str, int], context: LambdaContext) -> str:
    return ""


@handler
@log
def stacked(event: dict[str, int], context: LambdaContext) -> str:
    return ""


assert_type(handled({"n": 1}, context), str)
assert_type(handled_later({"n": 1}, context), str)
assert_type(stacked({"n": 1}, context), str)
plain: Callable[[dict[str, int], LambdaContext], str] = handled.__wrapped__
handled({"n": "1"}, context)  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]

Logger(service=False, names="powertools", format=lambda line: str(line["message"]))
assert_type(log.child(level="DEBUG", part="payment"), Logger)
log.info("x", extra={"a": 1}, stack_info=True)
