"""Types of `handler`, `layer`, `provide` and `time_limit`, checked by mypy and pyright; never run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ParamSpec, TypeVar, assert_type

from lambda_kit import current_invocation, handler, layer, provide, time_limit
from lambda_kit.invocation import Invocation, LambdaContext
from lambda_kit.pipeline import Layer
from lambda_kit.testing import Result, invoke, make_context

P = ParamSpec("P")
R = TypeVar("R")
Event = dict[str, int]


class Table:
    name: str


def table() -> Table:
    return Table()


@layer
def audit(event: Event, context: LambdaContext) -> Iterator[Event | None]:
    yield None


def by_hand(fn: Callable[P, R]) -> Callable[P, R]:
    return fn


assert_type(audit, Layer)
assert_type(provide(table=table), Layer)
assert_type(time_limit(margin=1), Layer)
as_layer: Layer = by_hand


# A function, bare, called and with layers of every kind.


@handler
def bare(event: Event, context: LambdaContext) -> str:
    return ""


@handler()
def called(event: Event, context: LambdaContext) -> str:
    return ""


@handler(audit, by_hand, time_limit())
def layered(event: Event, context: LambdaContext) -> str:
    return ""


@handler
@audit
@time_limit()
@by_hand
def stacked(event: Event, context: LambdaContext) -> str:
    return ""


context = make_context()
assert_type(bare({"n": 1}, context), str)
assert_type(bare(event={"n": 1}, context=context), str)
assert_type(called({"n": 1}, context), str)
assert_type(layered({"n": 1}, context), str)
assert_type(stacked({"n": 1}, context), str)
assert_type(layered.__wrapped__({"n": 1}, context), str)
assert_type(layered.__name__, str)
layered({"n": "1"}, context)  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
layered({"n": 1})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# What `provide` passes is gone from the handler's signature, and still there in `__wrapped__`.


@handler(audit, provide(table=table))
def provided(event: Event, context: LambdaContext, *, table: Table) -> bytes:
    return b""


assert_type(provided({"n": 1}, context), bytes)
assert_type(provided.__wrapped__({"n": 1}, context, table=Table()), bytes)
provided.__wrapped__({"n": 1}, context, table=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
provided.__wrapped__({"n": 1}, context)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# A coroutine function becomes a synchronous handler; its plain function stays a coroutine function.


@handler
async def waiting(event: Event, context: LambdaContext) -> int:
    return 1


@handler(audit, by_hand, provide(table=table), time_limit())
async def waiting_layered(event: Event, context: LambdaContext, *, table: Table) -> int:
    return 1


assert_type(waiting({"n": 1}, context), int)
assert_type(waiting_layered({"n": 1}, context), int)


async def await_plain_functions() -> None:
    plain = waiting.__wrapped__({"n": 1}, context)
    same: Coroutine[Any, Any, int] = plain
    assert_type(await same, int)
    assert_type(await waiting_layered.__wrapped__({"n": 1}, context, table=Table()), int)


# Layers alone keep the exact signature: functions, coroutine functions, methods.


@audit
def job(event: Event, context: LambdaContext, *, retries: int = 0) -> float:
    return 0.0


@audit
@time_limit()
async def waiting_job(event: Event, context: LambdaContext, *, retries: int = 0) -> float:
    return 0.0


assert_type(job({"n": 1}, context, retries=1), float)
assert_type(job(event={"n": 1}, context=context), float)
job({"n": 1}, context, tries=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def await_jobs() -> None:
    assert_type(await waiting_job({"n": 1}, context, retries=1), float)
    assert_type(await Service().waiting_job({"n": 1}, context), float)


class Service:
    @audit
    def job(self, event: Event, context: LambdaContext, *, retries: int = 0) -> float:
        return 0.0

    @audit
    async def waiting_job(self, event: Event, context: LambdaContext) -> float:
        return 0.0

    @handler
    def handle(self, event: Event, context: LambdaContext) -> str:
        return ""

    @handler(audit, time_limit())
    async def handle_later(self, event: Event, context: LambdaContext) -> str:
        return ""


assert_type(Service().job({"n": 1}, context, retries=1), float)
assert_type(Service().handle({"n": 1}, context), str)
assert_type(Service().handle_later({"n": 1}, context), str)
Service().handle({"n": 1})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


# Wrong uses.

handler("log")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
provide(table=Table())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
time_limit(margin="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@layer  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def no_generator(event: Event, context: LambdaContext) -> int:
    return 1


# The invocation, and what tests use.

assert_type(current_invocation(), Invocation)
assert_type(current_invocation(None), Invocation | None)
assert_type(current_invocation(default=1), Invocation | int)
assert_type(current_invocation().remaining(), float)
assert_type(current_invocation().trace_id, str | None)
assert_type(invoke(layered, {"n": 1}), Result[str])
assert_type(invoke(waiting, {"n": 1}).unwrap(), int)
assert_type(invoke(bare).value, str | None)
