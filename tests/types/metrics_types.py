"""Types of `Metrics`, checked by mypy and pyright; never run."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

from lambda_kit import handler
from lambda_kit.invocation import LambdaContext
from lambda_kit.metrics import Metrics, Unit
from lambda_kit.pipeline import Layer
from lambda_kit.testing import make_context

Event = dict[str, int]

metrics = Metrics("Shop", service="orders", cold_start=True, stage="prod", version=2)
as_layer: Layer = metrics
context = make_context()


@handler(metrics)
def layered(event: Event, context: LambdaContext) -> str:
    return ""


@handler
@metrics
def stacked(event: Event, context: LambdaContext) -> str:
    return ""


@handler(metrics)
async def awaited(event: Event, context: LambdaContext) -> str:
    return ""


@metrics
def plain(event: Event, *, key: str = "") -> str:
    return key


@metrics
async def coroutine(event: Event) -> int:
    return 1


class Shop:
    @metrics
    def place(self, event: Event, times: int = 1) -> str:
        return ""

    @metrics
    async def wait(self, event: Event) -> bytes:
        return b""

    @handler(metrics)
    def handle(self, event: Event, context: LambdaContext) -> float:
        return 1.0


assert_type(layered({"n": 1}, context), str)
assert_type(stacked({"n": 1}, context), str)
assert_type(awaited({"n": 1}, context), str)
assert_type(plain({"n": 1}, key="k"), str)
assert_type(Shop().place({"n": 1}, times=2), str)
assert_type(Shop().handle({"n": 1}, context), float)
plain({"n": 1}, key=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
plain({"n": "1"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
Shop().place("event")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# What is added.

unit: Unit = "Kilobytes"
metrics.add("Orders", 1)
metrics.add("Orders", 1.5, "Milliseconds", high_resolution=True)
metrics.add("Orders", Decimal("1.5"), unit)
metrics.add("Orders", [1, 2.5, Decimal(3)])
metrics.add("Orders", range(3))
metrics.add("Orders", 1, "count")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
metrics.add("Orders", "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
metrics.add("Orders", 1, "Count", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
metrics.dimension(tenant="t", number=1)
metrics.dimension_set(region="eu")
metrics.metadata(order={"id": 1})
assert_type(metrics.flush(), None)


async def timed() -> None:
    with metrics.timer("Payment", "Seconds") as nothing:
        assert_type(nothing, None)
    async with metrics.timer():
        assert_type(await coroutine({"n": 1}), int)
        assert_type(await Shop().wait({"n": 1}), bytes)


metrics.add("Orders", 1, dimensions={"tenant": "a"}, timestamp=1_795_420_800.0)
with metrics.bind(tenant="a", number=3):
    metrics.add("Orders", Decimal("1.5"))
Metrics("Shop", service=False)
