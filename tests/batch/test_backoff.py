"""Messages that fail come back later each time."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from lambda_kit.batch import Backoff
from lambda_kit.batch._report import Progress
from lambda_kit.errors import ConfigurationError
from tests.batch import builders


class Calls:
    """What a queue was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fails = False

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        assert operation == "ChangeMessageVisibilityBatch"
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
    with pytest.raises(ConfigurationError, match="pass seconds above 0, 43,200 at the most"):
        Backoff(value)
    with pytest.raises(ConfigurationError, match="longest="):
        Backoff(longest=value)


def test_ten_messages_are_changed_in_a_call(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    event = builders.sqs(*(builders.message(f"m{i}", received=i) for i in range(1, 13)))
    progress = Progress(event["Records"])
    Backoff(1.0, 4.0, chance=lambda: 1.0).apply(progress, range(12))
    assert [len(one["Entries"]) for one in calls.asked] == [10, 2]
    assert {one["QueueUrl"] for one in calls.asked} == {"https://sqs.eu-west-1.amazonaws.com/123456789012/orders"}
    entries = [entry for one in calls.asked for entry in one["Entries"]]
    assert [entry["ReceiptHandle"] for entry in entries] == [f"handle-m{i}" for i in range(1, 13)]
    assert [entry["VisibilityTimeout"] for entry in entries] == [1, 2, *[4] * 10]
    assert [entry["Id"] for entry in entries] == [*map(str, range(10)), "0", "1"]
    assert [record.getMessage() for record in caplog.records] == [
        "the visibility of a message that failed could not be changed: ReceiptHandleIsInvalid"
    ]


def test_a_call_that_fails_is_logged_and_no_more(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    calls.fails = True
    Backoff().apply(Progress(builders.sqs(count=2)["Records"]), [0, 1])
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "the visibility of 2 messages that failed could not be changed" in record.getMessage()


@pytest.mark.parametrize("missing", ["receiptHandle", "eventSourceARN", "attributes"])
def test_a_message_that_is_not_made_as_sqs_makes_them_is_left_alone(calls: Calls, missing: str) -> None:
    event = builders.sqs(count=2)
    del event["Records"][0][missing]
    Backoff().apply(Progress(event["Records"]), [0, 1])
    ((entry,),) = [one["Entries"] for one in calls.asked]
    assert entry["ReceiptHandle"] == "handle-m1"


def test_another_partition_has_another_domain(calls: Calls) -> None:
    one = {**builders.message("m"), "eventSourceARN": "arn:aws-cn:sqs:cn-north-1:123456789012:orders"}
    Backoff().apply(Progress([one]), [0])
    assert calls.asked[0]["QueueUrl"] == "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders"
