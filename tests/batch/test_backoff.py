"""Messages that fail come back later each time."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from lambda_kit.batch import Backoff, BatchReport, process_batch, process_batch_async
from lambda_kit.errors import ConfigurationError
from tests.batch import builders


class Calls:
    """The requests that a queue got, and the threads that sent them."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.threads: list[int] = []
        self.fails = False

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        assert operation == "ChangeMessageVisibilityBatch"
        self.threads.append(threading.get_ident())
        if self.fails:
            raise ConnectionError("down")
        self.asked.append(params)
        return {"Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid"}]} if len(self.asked) > 1 else {}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    from lambda_kit import aws

    calls = Calls()

    def connect(*_: Any, **__: Any) -> Calls:
        return calls

    monkeypatch.setattr(aws, "connect", connect)
    return calls


def fail(record: Any) -> None:
    raise ValueError


def process(event: Any, backoff: Backoff | None = None) -> BatchReport:
    report: BatchReport = process_batch(event, fail, backoff=Backoff() if backoff is None else backoff)
    return report


def lines_about_visibility(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if "visibility" in record.getMessage()]


def test_each_delay_is_twice_the_one_before_and_half_of_it_random() -> None:
    least, most = Backoff(4.0, 100.0, chance=lambda: 0.0), Backoff(4.0, 100.0, chance=lambda: 1.0)
    assert [least.delay(received) for received in range(1, 8)] == [2, 4, 8, 16, 32, 50, 50]
    assert [most.delay(received) for received in range(1, 8)] == [4, 8, 16, 32, 64, 100, 100]
    assert most.delay(10_000) == 100
    assert most.delay(0) == most.delay(-1) == 4


def test_a_delay_is_never_nothing_and_two_of_them_differ() -> None:
    assert Backoff(0.001).delay(1) == 1
    assert len({Backoff(1_000.0, 40_000.0).delay(5) for _ in range(20)}) > 1


@pytest.mark.parametrize("value", [0, -1, 43_201, float("nan"), True, "5"])
def test_a_number_of_seconds_that_cannot_be_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass seconds above 0 and at most 43,200"):
        Backoff(value)
    with pytest.raises(ConfigurationError, match="longest="):
        Backoff(longest=value)


def test_ten_messages_are_changed_in_a_call(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    event = builders.sqs(*(builders.message(f"m{i}", received=i) for i in range(1, 13)))
    process(event, Backoff(1.0, 4.0, chance=lambda: 1.0))
    assert [len(one["Entries"]) for one in calls.asked] == [10, 2]
    assert {one["QueueUrl"] for one in calls.asked} == {"https://sqs.eu-west-1.amazonaws.com/123456789012/orders"}
    entries = [entry for one in calls.asked for entry in one["Entries"]]
    assert [entry["ReceiptHandle"] for entry in entries] == [f"handle-m{i}" for i in range(1, 13)]
    assert [entry["VisibilityTimeout"] for entry in entries] == [1, 2, *[4] * 10]
    assert [entry["Id"] for entry in entries] == [*map(str, range(10)), "0", "1"]
    assert [record.getMessage() for record in lines_about_visibility(caplog)] == [
        "the visibility time-out of a failed message could not be changed: ReceiptHandleIsInvalid"
    ]


def test_a_call_that_fails_is_logged_and_no_more(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    calls.fails = True
    report = process(builders.sqs(count=2))
    (record,) = lines_about_visibility(caplog)
    assert record.levelno == logging.WARNING
    assert "the visibility time-out of 2 failed messages could not be changed" in record.getMessage()
    assert builders.reported(report.response) == ["m0", "m1"]


@pytest.mark.parametrize("missing", ["receiptHandle", "eventSourceARN", "attributes"])
def test_a_message_that_is_not_made_as_sqs_makes_them_is_left_alone(calls: Calls, missing: str) -> None:
    event = builders.sqs(count=2)
    del event["Records"][0][missing]
    process(event)
    ((entry,),) = [one["Entries"] for one in calls.asked]
    assert entry["ReceiptHandle"] == "handle-m1"


def test_another_partition_has_another_domain(calls: Calls) -> None:
    one = {**builders.message("m"), "eventSourceARN": "arn:aws-cn:sqs:cn-north-1:123456789012:orders"}
    process({"Records": [one]})
    assert calls.asked[0]["QueueUrl"] == "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders"


def test_only_failed_messages_are_changed(calls: Calls) -> None:
    def judge(record: Any) -> None:
        if record.id == "m1":
            raise ValueError

    process_batch(builders.sqs(count=3), judge, backoff=Backoff())
    ((entry,),) = [one["Entries"] for one in calls.asked]
    assert entry["ReceiptHandle"] == "handle-m1"


@pytest.mark.parametrize("fails", [True, False])
def test_an_async_batch_leaves_the_loop_for_a_request_and_only_if_a_message_failed(
    calls: Calls, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops: list[Any] = []
    to_thread: Any = asyncio.to_thread

    def counted(*args: Any) -> Any:
        hops.append(args)
        return to_thread(*args)

    async def judge(record: Any) -> None:
        if fails:
            raise ValueError

    monkeypatch.setattr(asyncio, "to_thread", counted)
    asyncio.run(process_batch_async(builders.sqs(count=1), judge, backoff=Backoff()))
    assert len(hops) == len(calls.asked) == fails
    assert threading.get_ident() not in calls.threads


def test_other_sources_have_no_backoff(calls: Calls) -> None:
    process(builders.kinesis("a"))
    assert calls.asked == []
