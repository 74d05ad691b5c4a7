"""Each failure is logged once, by its identifiers, without its payload; ten thousand of them can still be read."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.batch import process_batch, process_batch_async
from lambda_kit.errors import AlreadyInProgress
from lambda_kit.testing import invoke
from tests.batch import builders
from tests.effort import scaled


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "lambda_kit"]


def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: Any) -> None:
        raise ValueError("the card has expired")

    event = builders.sqs(builders.message("m", {"secret": "hunter2"}, received=3))
    process_batch(event, fail)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "the record m (received 3 times) of sqs failed with ValueError, and is retried"
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "the card has expired"
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (builders.sqs(builders.message("m", group="a")), "m (group a, received once) of sqs"),
        (builders.kinesis("a"), "100 (partition key a) of kinesis"),
        (builders.dynamodb("a"), "100 of dynamodb"),
        (builders.kafka(p3=1), "orders-3@15 of kafka"),
        (builders.firehose({}), "r0 of firehose"),
        (builders.s3_batch("a"), "t0 of s3_batch"),
        (builders.sqs(builders.message("m", received=0)), "m of sqs"),
        (builders.sqs(builders.message("m", received=2)), "m (received 2 times) of sqs"),
        (builders.sqs(builders.message("m", received=2**31 - 1)), "m (received 2147483647 times) of sqs"),
        (builders.sqs(builders.message("m", received=2**31)), "m of sqs"),
        (builders.sqs(builders.message("m" * 284)), f"{'m' * 284} (received once) of sqs"),
        (builders.sqs(builders.message("m" * 285)), f"{'m' * 285} (received once… of sqs"),
        ({"Records": [{"eventSource": "aws:sqs"}]}, "None of sqs"),
        ({"eventSource": "aws:kafka", "records": {"orders-0": [{"topic": "orders"}]}}, "None of kafka"),
        ({"Records": [{"eventSource": "aws:kinesis"}]}, "None of kinesis"),
    ],
)
def test_a_record_is_told_by_its_identifiers(event: Any, told: str, caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: Any) -> None:
        raise ValueError

    process_batch(event, fail)
    consequence = "is given up: firehose does not retry records" if "firehose" in told else "is retried"
    assert lines(caplog) == [f"the record {told} failed with ValueError, and {consequence}"]


@pytest.mark.parametrize("way", ["one by one", "threads", "tasks"])
def test_thousands_of_failures_of_a_kind_are_a_traceback_and_lines_of_identifiers(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    count = 100 * scaled(100 if way == "one by one" else 20)

    def fail(record: Any) -> None:
        raise ValueError(record.id)

    async def fail_async(record: Any) -> None:
        fail(record)

    if way == "tasks":
        asyncio.run(process_batch_async(builders.sqs(count=count), fail_async, concurrency=10))
    else:
        process_batch(builders.sqs(count=count), fail, concurrency=1 if way == "one by one" else 4)
    told = lines(caplog)
    assert len(told) == 1 + count // 100
    assert sum(record.exc_info is not None for record in caplog.records) == 1
    for i in range(count):
        assert sum(f"m{i} " in line for line in told[: 2 + i // 100]) <= 1
    text = "\n".join(told)
    assert all(f"m{i} (received once)" in text for i in range(count))
    assert text.count("(received once)") == count


def test_the_identifiers_are_fields_too(caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: Any) -> None:
        raise ValueError

    process_batch(builders.kafka(p0=1, p1=2), fail, order="none")
    first, more = (vars(record) for record in caplog.records)
    assert (first["recordSource"], first["recordId"]) == ("kafka", {"partition": "orders-0", "offset": 15})
    assert more["recordIds"] == [{"partition": "orders-1", "offset": 15}, {"partition": "orders-1", "offset": 16}]


@pytest.mark.parametrize("way", ["one by one", "threads", "async", "tasks"])
def test_fields_that_a_record_appends_are_on_its_own_lines_alone(way: str) -> None:
    log = Logger()

    def place(record: Any) -> None:
        if record.id == "m1":
            log.append(order="o-1")
        log.info("placed", record=record.id)
        if record.id == "m1":
            raise ValueError

    async def place_async(record: Any) -> None:
        place(record)

    fn = place_async if way in ("async", "tasks") else place
    function = builders.handled(fn, log, concurrency=2 if way in ("threads", "tasks") else 1)
    lines = invoke(function, builders.sqs(count=4)).logs
    placed = {line["record"]: line.get("order") for line in lines if "record" in line}
    assert placed == {"m0": None, "m1": "o-1", "m2": None, "m3": None}
    assert [line["order"] for line in lines if line.get("recordId") == "m1"] == ["o-1"]


@pytest.mark.parametrize("way", ["one by one", "threads", "async", "tasks"])
def test_fields_that_records_append_are_not_on_the_lines_after_the_batch(way: str) -> None:
    log = Logger()
    concurrency = 2 if way in ("threads", "tasks") else 1

    def place(record: Any) -> None:
        log.append(order=record.id)

    async def place_async(record: Any) -> None:
        place(record)

    @handler(log)
    def function(event: Any, context: Any) -> None:
        log.append(part="one")
        process_batch(event, place, concurrency=concurrency)
        log.append(end="reached")
        log.info("placed")

    @handler(log)
    async def function_async(event: Any, context: Any) -> None:
        log.append(part="one")
        await process_batch_async(event, place_async, concurrency=concurrency)
        log.append(end="reached")
        log.info("placed")

    tried: Any = function_async if way in ("async", "tasks") else function
    (line,) = invoke(tried, builders.sqs(count=3)).logs
    assert (line["part"], line["end"], "order" in line) == ("one", "reached", False)


@pytest.mark.parametrize("is_async", [False, True])
def test_fields_that_a_record_appends_are_on_the_lines_of_a_batch_within_it(is_async: bool) -> None:
    log = Logger()

    def pick(record: Any) -> None:
        log.info("picked", item=record.id)

    def place(record: Any) -> None:
        log.append(order=record.id)
        process_batch(builders.sqs(builders.message("i0"), builders.message("i1")), pick, concurrency=2)

    async def pick_async(record: Any) -> None:
        pick(record)

    async def place_async(record: Any) -> None:
        log.append(order=record.id)
        await process_batch_async(
            builders.sqs(builders.message("i0"), builders.message("i1")), pick_async, concurrency=2
        )

    lines = invoke(builders.handled(place_async if is_async else place, log), builders.sqs(count=2)).logs
    assert sorted((line["order"], line["item"]) for line in lines) == [
        (order, item) for order in ("m0", "m1") for item in ("i0", "i1")
    ]


def test_failures_of_another_kind_or_place_have_a_traceback_of_their_own(caplog: pytest.LogCaptureFixture) -> None:
    def fail(record: Any) -> None:
        number = record.json["number"]
        if number == 0:
            raise ValueError
        if number == 1:
            raise ValueError
        raise KeyError

    process_batch(builders.sqs(count=4), fail)
    assert lines(caplog) == [
        "the record m0 (received once) of sqs failed with ValueError, and is retried",
        "the record m1 (received once) of sqs failed with ValueError, and is retried",
        "the record m2 (received once) of sqs failed with KeyError, and is retried",
        "1 more record of sqs failed with KeyError too, and is retried: m3 (received once)",
    ]


@pytest.mark.parametrize("count", [0, 3])
def test_success_is_silent(count: int, caplog: pytest.LogCaptureFixture) -> None:
    process_batch(builders.sqs(count=count), lambda record: None)
    assert caplog.records == []


def test_a_duplicate_of_a_record_in_work_is_information_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lambda_kit")

    def busy(record: Any) -> None:
        raise AlreadyInProgress(key="k", remaining=3.0)

    report = process_batch(builders.sqs(count=2), busy)
    assert len(report.failures) == 2
    first, second = caplog.records
    assert (first.levelno, second.levelno) == (logging.INFO, logging.INFO)
    assert (first.exc_info, second.exc_info) == (None, None)
    assert "is being processed by another invocation" in first.getMessage()
    assert "1 more record of sqs is being processed" in second.getMessage()
