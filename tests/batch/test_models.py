"""Records as models: validated once, alone, and without a word of what they hold."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pydantic
import pytest

from lambda_kit.batch import process_batch, process_batch_async
from lambda_kit.errors import ConfigurationError, EventError, InvalidRecord
from tests.batch import builders
from tests.batch.builders import reported


class Order(pydantic.BaseModel):
    number: int


class Counted(pydantic.BaseModel):
    number: int
    parsed: list[int] = []  # one for all, which is what is counted

    @pydantic.field_validator("number")
    @classmethod
    def _count(cls, number: int) -> int:
        _parsed.append(number)
        return number


_parsed: list[int] = []


@pytest.mark.parametrize(
    "event",
    [
        builders.sqs(count=2),
        builders.kinesis("a", "b"),
        builders.dynamodb("a", "b"),
        builders.kafka(p0=2),
    ],
    ids=["sqs", "kinesis", "dynamodb", "kafka"],
)
def test_the_function_gets_the_model(event: Any) -> None:
    found = process_batch(event, lambda order: order, model=Order)
    assert found.results == [Order(number=0), Order(number=1)]


def test_firehose_and_s3_have_models_too() -> None:
    found = process_batch(builders.firehose({"number": 7}), lambda order: str(order.number), model=Order)
    assert found.results[0].data == b"7"

    class Task(pydantic.BaseModel):
        s3Key: str

    assert process_batch(builders.s3_batch("a"), lambda task: task.s3Key, model=Task).results == ["a"]


def test_a_model_is_whatever_pydantic_validates() -> None:
    found = process_batch(builders.sqs(builders.message("m", [1, 2])), sum, model=list[int])
    assert found.results == [3]


def test_of_an_item_that_was_removed_the_old_image_counts() -> None:
    event = builders.dynamodb("a")
    change = event["Records"][0]["dynamodb"]
    change["OldImage"] = {"number": {"N": "5"}}
    del change["NewImage"]
    assert process_batch(event, lambda order: order.number, model=Order).results == [5]
    del change["OldImage"]
    (failure,) = process_batch(event, lambda order: order.number, model=Order).failures
    assert isinstance(failure.error, EventError)
    assert "set the view type of the stream to NEW_IMAGE or NEW_AND_OLD_IMAGES" in str(failure.error)


def test_numbers_of_dynamodb_are_exact() -> None:
    event = builders.dynamodb("a")
    event["Records"][0]["dynamodb"]["NewImage"]["price"] = {"N": "0.1"}

    class Priced(pydantic.BaseModel):
        price: Decimal

    assert process_batch(event, lambda order: order.price, model=Priced).results == [Decimal("0.1")]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"number": "hunter2"}', "number: Input should be a valid integer"),
        ("{}", "number: Field required"),
        ("hunter2", "$: Invalid JSON"),
        ('["hunter2"]', "$: Input should be an object"),
    ],
)
def test_a_record_that_does_not_fit_fails_alone(body: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    event = builders.sqs(builders.message("bad", body), builders.message("good", {"number": 1}))
    report = process_batch(event, seen.append, model=Order)
    assert (reported(report.response), seen) == (["bad"], [Order(number=1)])
    error: Any = report.failures[0].error
    assert isinstance(error, InvalidRecord)
    assert str(error).startswith("the record does not fit Order: ")
    assert told in str(error)
    assert [path for path, _ in error.problems] == [told.partition(":")[0]]
    assert error.__cause__ is error.__context__ is None
    assert "hunter2" not in caplog.text
    assert "the record bad" in caplog.text


def test_what_is_wrong_at_many_places_is_cut() -> None:
    event = builders.sqs(builders.message("m", ["x"] * 50))
    (failure,) = process_batch(event, sum, model=list[int]).failures
    error: Any = failure.error
    assert len(error.problems) == 50
    assert str(error).endswith("; and 30 more")


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_record_is_validated_once_and_one_that_is_skipped_not_at_all(is_async: bool, concurrency: int) -> None:
    _parsed.clear()

    def judge(order: Counted) -> None:
        if order.number == 1:
            raise ValueError

    async def judge_async(order: Counted) -> None:
        judge(order)

    event = builders.kinesis("a", "a", "a", "a")
    if is_async:
        report = asyncio.run(process_batch_async(event, judge_async, model=Counted, concurrency=concurrency))
    else:
        report = process_batch(event, judge, model=Counted, concurrency=concurrency)
    assert _parsed == [0, 1]
    assert report.skipped == ["102", "103"]


def test_a_type_that_pydantic_cannot_validate_is_refused() -> None:
    class Odd:
        pass

    with pytest.raises(ConfigurationError, match="pydantic cannot validate Odd"):
        process_batch(builders.sqs(count=1), lambda odd: odd, model=Odd)


def test_without_pydantic_the_option_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(ConfigurationError, match=r'pip install "lambda-kit-sdk\[pydantic\]"'):
        process_batch(builders.sqs(count=1), lambda order: order, model=tuple[Order, None])


@pytest.mark.parametrize("missing", [True, False])
def test_a_tombstone_of_kafka_is_null_for_a_model_that_allows_it(missing: bool) -> None:
    event = builders.kafka(p0=2)
    record = event["records"]["orders-0"][1]
    if missing:
        del record["value"]
    else:
        record["value"] = None
    optional: Any = Order | None
    assert process_batch(event, lambda order: order, model=optional).results == [Order(number=0), None]
    report = process_batch(event, lambda order: order, model=Order)
    assert report.results == [Order(number=0)]
    assert isinstance(report.failures[0].error, InvalidRecord)
