"""The records that a failure stops, and the order of records, for every way of running."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from lambda_kit.batch import BatchReport, process_batch, process_batch_async
from tests.batch import builders
from tests.batch.builders import reported
from tests.patience import PATIENCE


class Function:
    """A function for records that fails for some, and notes when each began and ended."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.steps: list[tuple[str, str]] = []

    def id_of(self, record: Any) -> str:
        id = record.id
        return f"{id['partition']}@{id['offset']}" if isinstance(id, dict) else str(id)

    def end(self, id: str) -> str:
        self.steps.append(("ends", id))
        if id in self.failing:
            raise ValueError(id)
        return id

    def __call__(self, record: Any) -> str:
        id = self.id_of(record)
        self.steps.append(("begins", id))
        return self.end(id)

    async def in_task(self, record: Any) -> str:
        id = self.id_of(record)
        self.steps.append(("begins", id))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self.end(id)

    @property
    def begun(self) -> list[str]:
        return [id for step, id in self.steps if step == "begins"]


WAYS = pytest.mark.parametrize("way", ["one by one", "threads", "async", "tasks"])


def run(event: Any, function: Function, way: str, **options: Any) -> BatchReport:
    concurrency = 4 if way in ("threads", "tasks") else 1
    if way in ("async", "tasks"):
        return asyncio.run(process_batch_async(event, function.in_task, concurrency=concurrency, **options))
    report: BatchReport = process_batch(event, function, concurrency=concurrency, **options)
    return report


def fifo(*groups: str) -> dict[str, Any]:
    return builders.sqs(*(builders.message(f"m{i}", group=group) for i, group in enumerate(groups)))


@WAYS
def test_a_queue_goes_on_after_a_failure(way: str) -> None:
    function = Function("m1")
    report = run(builders.sqs(count=4), function, way)
    assert reported(report.response) == ["m1"]
    assert sorted(function.begun) == ["m0", "m1", "m2", "m3"]


@WAYS
def test_a_fifo_queue_stops_the_group_that_failed_and_no_other(way: str) -> None:
    function = Function("m1")
    report = run(fifo("a", "a", "b", "a", "b"), function, way)
    assert reported(report.response) == ["m1", "m3"]
    assert report.skipped == ["m3"]
    assert sorted(function.begun) == ["m0", "m1", "m2", "m4"]


def test_a_fifo_queue_can_be_stopped_by_any_failure() -> None:
    function = Function("m1")
    report = run(fifo("a", "a", "b", "a", "b"), function, "one by one", order="all")
    assert reported(report.response) == ["m1", "m2", "m3", "m4"]
    assert function.begun == ["m0", "m1"]


@WAYS
@pytest.mark.parametrize("order", ["auto", "all"])
@pytest.mark.parametrize("source", ["kinesis", "dynamodb"])
def test_a_stream_stops_at_the_first_failure(source: str, order: str, way: str) -> None:
    function = Function("101")
    report = run(getattr(builders, source)("a", "a", "a", "a"), function, way, order=order)
    assert reported(report.response) == ["101"]
    assert function.begun == ["100", "101"]
    assert report.skipped == ["102", "103"]


@WAYS
def test_a_stream_can_go_on_beside_the_key_that_failed(way: str) -> None:
    function = Function("101")
    report = run(builders.kinesis("a", "b", "b", "a"), function, way, order="group")
    assert reported(report.response) == ["101"]
    assert sorted(function.begun) == ["100", "101", "103"]


def test_an_item_is_the_same_in_whatever_order_its_keys_come() -> None:
    event = builders.dynamodb("a", "b", "a")
    for record, names in zip(event["Records"], (("id", "day"), ("id", "day"), ("day", "id")), strict=True):
        keys = {"day": {"S": "monday"}, **record["dynamodb"]["Keys"]}
        record["dynamodb"]["Keys"] = {name: keys[name] for name in names}
    function = Function("100")
    assert run(event, function, "one by one", order="group").skipped == ["102"]
    assert function.begun == ["100", "101"]


@WAYS
def test_a_stream_can_go_on_whatever_failed(way: str) -> None:
    function = Function("101", "103")
    report = run(builders.dynamodb("a", "b", "b", "a"), function, way, order="none")
    assert reported(report.response) == ["101"]
    assert sorted(function.begun) == ["100", "101", "102", "103"]


@WAYS
def test_kafka_stops_the_partition_that_failed_and_no_other(way: str) -> None:
    function = Function("orders-0@16")
    report = run(builders.kafka(p0=3, p1=2), function, way)
    assert reported(report.response) == [
        {"partition": "orders-0", "offset": 16},
        {"partition": "orders-0", "offset": 17},
    ]
    assert sorted(function.begun) == ["orders-0@15", "orders-0@16", "orders-1@15", "orders-1@16"]


@pytest.mark.parametrize("way", ["threads", "tasks"])
@pytest.mark.parametrize("order", ["auto", "all", "group"])
def test_records_of_a_group_run_one_after_another(way: str, order: str) -> None:
    groups = "abcabcaabbccab"
    function = Function()
    run(fifo(*groups), function, way, order=order)
    for wanted in "abc":
        own = [f"m{i}" for i, group in enumerate(groups) if group == wanted]
        steps = [(step, id) for step, id in function.steps if id in own]
        assert steps == [(step, id) for id in own for step in ("begins", "ends")]


def test_messages_of_a_fifo_queue_without_a_group_are_alone() -> None:
    event = fifo("a", "a")
    for one in event["Records"]:
        del one["attributes"]["MessageGroupId"]
    report = run(event, Function("m0"), "one by one")
    assert reported(report.response) == ["m0"]


def test_messages_of_a_group_run_side_by_side_if_their_queue_keeps_no_order() -> None:
    event = fifo("a", "a")
    for one in event["Records"]:
        one["eventSourceARN"] = builders.ARN  # a fair queue has groups, too
    both = threading.Barrier(2)

    def meet(record: Any) -> None:
        both.wait(PATIENCE)

    assert reported(process_batch(event, meet, concurrency=2).response) == []


@pytest.mark.parametrize("broken", [None, {}, {"eventSourceARN": 5}, {"eventSource": "aws:sqs"}])
def test_a_record_that_cannot_be_read_does_not_hide_that_the_queue_keeps_an_order(broken: Any) -> None:
    event = fifo("a", "a", "b")
    event["Records"].insert(0, broken)
    function = Function("m0")
    report = run(event, function, "one by one")
    assert function.begun == ["m0", "m2"]
    assert report.skipped == ["m1"]
    for one in event["Records"][1:]:
        one["eventSourceARN"] = builders.ARN
    assert run(event, Function("m0"), "one by one").skipped == []
    for one in event["Records"][1:]:
        del one["eventSourceARN"]
    assert run(event, Function("m0"), "one by one").skipped == []


def test_so_many_threads_run_at_a_time_and_no_more() -> None:
    together = threading.Barrier(3)
    running: list[int] = []
    most: list[int] = []

    def meet(record: Any) -> None:
        running.append(1)
        together.wait(PATIENCE)
        most.append(len(running))
        together.wait(PATIENCE)
        running.pop()
        together.wait(PATIENCE)

    process_batch(builders.sqs(count=6), meet, concurrency=3)
    assert set(most) == {3}


def test_so_many_tasks_run_at_a_time_and_no_more() -> None:
    running = 0
    most = 0

    async def look(record: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    asyncio.run(process_batch_async(builders.sqs(count=20), look, concurrency=3))
    assert most == 3


_bound: contextvars.ContextVar[str] = contextvars.ContextVar("bound", default="nothing")


@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_each_record_has_a_copy_of_the_context(way: str) -> None:
    seen: list[str] = []

    def look(record: Any) -> None:
        seen.append(_bound.get())
        _bound.set(record.id)

    async def look_async(record: Any) -> None:
        look(record)

    token = _bound.set("outside")
    try:
        if way == "threads":
            process_batch(builders.sqs(count=5), look, concurrency=2)
        else:
            asyncio.run(process_batch_async(builders.sqs(count=5), look_async, concurrency=2))
        assert _bound.get() == "outside"
    finally:
        _bound.reset(token)
    assert seen == ["outside"] * 5


def test_results_and_failures_stand_in_the_order_of_the_event_whoever_ends_first() -> None:
    ends = [threading.Event() for _ in range(4)]

    def wait(record: Any) -> int:
        number: int = record.json["number"]
        if number < 3:
            assert ends[number + 1].wait(PATIENCE)  # the last one ends first
        ends[number].set()
        if number % 2:
            raise ValueError
        return number

    report = process_batch(builders.sqs(count=4), wait, concurrency=4)
    assert report.results == [0, 2]
    assert reported(report.response) == ["m1", "m3"]


def test_threads_end_with_the_batch() -> None:
    process_batch(builders.sqs(count=8), lambda record: record.id, concurrency=8)
    assert not [one for one in threading.enumerate() if one.name.startswith("lambda_kit-batch")]
