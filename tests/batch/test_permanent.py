"""A permanent failure goes to the dead letter and is acknowledged; if the sink fails, it is not acknowledged."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import Any

import pytest

from lambda_kit.batch import BatchReport, DeadLetter, process_batch, process_batch_async
from lambda_kit.errors import EventError
from tests.batch import builders
from tests.batch.builders import reported


class Bad(ValueError):
    pass


def judge(record: Any) -> str:
    number = record.json["number"]
    if number == 1:
        raise Bad("for good")
    if number == 2:
        raise KeyError("for now")
    return str(number)


async def judge_async(record: Any) -> str:
    await asyncio.sleep(0)
    return judge(record)


def run(event: Any, fn: Any, **options: Any) -> BatchReport:
    if inspect.iscoroutinefunction(fn):
        return asyncio.run(process_batch_async(event, fn, permanent=(Bad, EventError), **options))
    return process_batch(event, fn, permanent=(Bad, EventError), **options)


WAYS = pytest.mark.parametrize(
    ("fn", "concurrency"),
    [(judge, 1), (judge, 3), (judge_async, 1), (judge_async, 3)],
    ids=["one by one", "threads", "async", "tasks"],
)


@WAYS
def test_a_permanent_failure_is_kept_and_acknowledged(fn: Any, concurrency: int) -> None:
    letters: list[DeadLetter] = []
    report = run(builders.sqs(count=4), fn, concurrency=concurrency, dead_letter=letters.append)
    assert reported(report.response) == ["m2"]
    assert report.results == ["0", "3"]
    assert [(one.id, type(one.error)) for one in report.dead_letters] == [("m1", Bad)]
    assert [(one.id, one.source, one.event["messageId"]) for one in letters] == [("m1", "sqs", "m1")]
    assert repr(report) == "<BatchReport of sqs: 2 succeeded, 1 failed, 1 dead-lettered>"


@WAYS
def test_if_the_sink_fails_the_record_comes_again(fn: Any, concurrency: int, caplog: pytest.LogCaptureFixture) -> None:
    def broken(letter: DeadLetter) -> None:
        raise ConnectionError("down")

    report = run(builders.sqs(count=4), fn, concurrency=concurrency, dead_letter=broken)
    assert reported(report.response) == ["m1", "m2"]
    assert report.dead_letters == []
    (error,) = [one.error for one in report.failures if one.id == "m1"]
    assert isinstance(error, Bad)
    assert error.__notes__ == ["It could not be put into the dead letter: ConnectionError: down"]
    (line,) = [one for one in caplog.records if "dead letter" in one.getMessage()]
    assert line.levelno == logging.ERROR
    assert line.exc_info is not None
    assert isinstance(line.exc_info[1], ConnectionError)


def test_an_async_sink_is_awaited() -> None:
    letters: list[str] = []

    async def keep(letter: DeadLetter) -> None:
        await asyncio.sleep(0)
        letters.append(letter.id)

    for concurrency in (1, 3):
        assert (
            reported(run(builders.sqs(count=2), judge_async, dead_letter=keep, concurrency=concurrency).response) == []
        )
    assert letters == ["m1", "m1"]


def test_what_cannot_be_read_can_go_there_too() -> None:
    letters: list[DeadLetter] = []
    event = builders.sqs(builders.message("m0", "no JSON"), builders.message("m1", {"number": 5}))
    report = run(event, judge, dead_letter=letters.append)
    assert (reported(report.response), report.results) == ([], ["5"])
    assert letters[0].event["body"] == "no JSON"


@pytest.mark.parametrize("source", ["kinesis", "dynamodb"])
def test_a_stream_goes_on_after_what_is_in_the_dead_letter(source: str) -> None:
    def judge_by_number(record: Any) -> str:
        number = int(record.raw[source]["sequenceNumber" if source == "kinesis" else "SequenceNumber"]) - 100
        if number == 1:
            raise Bad
        return str(number)

    letters: list[DeadLetter] = []
    report = run(getattr(builders, source)("a", "a", "a"), judge_by_number, dead_letter=letters.append)
    assert (reported(report.response), report.results) == ([], ["0", "2"])
    assert [one.id for one in letters] == ["101"]


def test_a_group_goes_on_after_what_is_in_the_dead_letter() -> None:
    event = builders.sqs(*(builders.message(f"m{i}", {"number": i}, group="a") for i in (0, 1, 3)))
    report = run(event, judge, dead_letter=list[DeadLetter]().append)
    assert (reported(report.response), report.results) == ([], ["0", "3"])


def test_that_all_are_in_the_dead_letter_is_no_error() -> None:
    event = builders.sqs(builders.message("m1", {"number": 1}))
    report = run(event, judge, dead_letter=list[DeadLetter]().append, raise_if_all_failed=True)
    assert len(report.dead_letters) == 1


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("sink", [None, list[DeadLetter]().append])
def test_where_the_response_has_a_word_for_it_no_sink_is_needed(sink: Any, is_async: bool) -> None:
    def judge_task(record: Any) -> None:
        raise (Bad if record.raw["taskId"] == "t0" else KeyError)

    async def judge_task_async(record: Any) -> None:
        judge_task(record)

    fn = judge_task_async if is_async else judge_task
    found = run(builders.s3_batch("a", "b"), fn, source="s3_batch", dead_letter=sink).response
    assert [one["resultCode"] for one in found["results"]] == ["PermanentFailure", "TemporaryFailure"]
    report = run(builders.firehose({"number": 1}), judge, source="firehose", dead_letter=sink)
    assert report.response == {"records": [{"recordId": "r0", "result": "ProcessingFailed"}]}


def test_many_letters_are_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    event = builders.sqs(*(builders.message(f"m{i}", {"number": 1}) for i in range(250)))
    run(event, judge, dead_letter=list[DeadLetter]().append)
    lines = [one.getMessage() for one in caplog.records]
    assert lines[0] == "the record m0 (received once) of sqs failed for good with Bad, and is not retried"
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "each of 100 more records of sqs failed for good with Bad too, and is not retried",
        "each of 100 more records of sqs failed for good with Bad too, and is not retried",
        "each of 49 more records of sqs failed for good with Bad too, and is not retried",
    ]
    assert {one.levelno for one in caplog.records} == {logging.WARNING}
