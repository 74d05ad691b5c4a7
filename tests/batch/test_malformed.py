"""A malformed record fails alone, and nothing is lost: a generated table over all sources and all their fields."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from lambda_kit._kernel import type_of
from lambda_kit.batch import DROPPED, Backoff, BatchReport, DeadLetter, process_batch, process_batch_async
from lambda_kit.errors import BatchFailed, EventError
from tests.batch import builders
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Iterator

skip_in_the_middle()


def deep() -> Any:
    value: Any = []
    for _ in range(50_000):
        value = [value]
    return value


DEEP = deep()
HOSTILE: dict[str, Any] = {
    "null": None,
    "an empty list": [],
    "a list": ["x"],
    "an empty object": {},
    "an object": {"x": 1},
    "an empty text": "",
    "text": "x",
    "many digits": "9" * 5_000,
    "a huge integer": 10**5_000,
    "a negative number": -1,
    "a float": 1.5,
    "infinity": float("inf"),
    "not a number": float("nan"),
    "true": True,
    "half a surrogate": "\ud800",
    "deep": DEEP,
}
EVENTS: dict[str, Any] = {
    "sqs": builders.sqs(count=3),
    "fifo": builders.sqs(*(builders.message(f"m{i}", group="abc"[i]) for i in range(3))),
    "kinesis": builders.kinesis("a", "b", "c"),
    "dynamodb": builders.dynamodb("a", "b", "c"),
    "kafka": builders.kafka(p0=3),
    "firehose": builders.firehose("a", "b", "c"),
    "s3_batch": builders.s3_batch("a", "b", "c"),
}


def records_of(source: str, event: Any) -> list[Any]:
    if source == "kafka":
        found: list[Any] = event["records"]["orders-0"]
        return found
    return event[{"firehose": "records", "s3_batch": "tasks"}.get(source, "Records")]  # type: ignore[no-any-return]


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the path of each value in a record, that of the record itself included."""
    yield path
    if type_of(value) is dict:
        for name in value:
            yield from paths_in(value[name], (*path, name))


TABLE = [
    pytest.param(source, path, id=f"{source}-{'.'.join(path) or 'the record'}")
    for source, event in EVENTS.items()
    for path in paths_in(records_of(source, event)[1])
]


def malformed(source: str, path: tuple[Any, ...], value: Any) -> Any:
    """Return an event whose second record has this value at the path."""
    event = copy.deepcopy(EVENTS[source])
    records = records_of(source, event)
    if not path:
        records[1] = value
        return event
    inner = records[1]
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return event


def read_all(record: Any) -> Any:
    """Read all that a view has."""
    for attribute in sorted(one for one in dir(record) if not one.startswith("_") and one != "raw"):
        getattr(record, attribute)
    repr(record)
    return DROPPED


async def read_all_async(record: Any) -> Any:
    await asyncio.sleep(0)
    return read_all(record)


def run(event: Any, way: str, **options: Any) -> BatchReport:
    options["concurrency"] = 3 if way in ("threads", "tasks") else 1
    if way in ("async", "tasks"):
        return asyncio.run(process_batch_async(event, read_all_async, order="none", **options))
    report: BatchReport = process_batch(event, read_all, order="none", **options)
    return report


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1, "lambda_kit")


def check(report: BatchReport, source: str) -> None:
    """Check that the second record alone may fail, with an error of the kit, and that the response is JSON."""
    assert [one.index for one in report.failures] in ([], [1])
    assert len(report.results) + len(report.failures) == 3
    assert all(isinstance(one.error, EventError) for one in report.failures)
    json.dumps(report.response)
    if report.failures and source not in ("firehose", "s3_batch"):
        (item,) = report.response["batchItemFailures"]
        assert item["itemIdentifier"] in ("", report.failures[0].id)


@pytest.mark.parametrize(("source", "path"), TABLE)
def test_whatever_stands_at_a_field_fails_one_record_at_the_most(source: str, path: tuple[Any, ...]) -> None:
    for value in HOSTILE.values():
        event = malformed(source, path, value)
        for way in ("one by one", "threads", "async", "tasks"):
            try:
                report = run(event, way)
            except EventError as error:
                assert "recordId" in str(error)  # noqa: PT017  # Firehose cannot be answered without the id
                continue
            check(report, source)


def id_of(record: Any) -> Any:
    return record.id


def drop(record: Any) -> Any:
    return DROPPED


def encode(letter: DeadLetter) -> bytes:
    return letter.to_json().encode()


@pytest.mark.parametrize("order", ["auto", "group", "all"])
@pytest.mark.parametrize("source", ["fifo", "kinesis", "dynamodb", "kafka"])
def test_order_is_kept_whatever_stands_at_a_field(source: str, order: str) -> None:
    for path in paths_in(records_of(source, EVENTS[source])[1]):
        for value in HOSTILE.values():
            for concurrency in (1, 3):
                options: Any = {"order": order, "concurrency": concurrency}
                report: BatchReport = process_batch(malformed(source, path, value), id_of, **options)
                assert [one.index for one in report.failures] in ([], [1])


class Anything(pydantic.BaseModel):
    number: int | None = None


@pytest.mark.parametrize(("source", "path"), TABLE)
def test_a_model_and_a_dead_letter_stand_malformed_records(source: str, path: tuple[Any, ...]) -> None:
    letters: list[str] = []
    for value in HOSTILE.values():
        options: Any = {
            "model": Anything,
            "permanent": (EventError,),
            "dead_letter": encode,
        }
        try:
            report: BatchReport = process_batch(malformed(source, path, value), drop, order="none", **options)
        except EventError as error:
            assert "recordId" in str(error)  # noqa: PT017
            continue
        letters += [one.id for one in report.dead_letters]
        assert len(report.results) + len(report.dead_letters) + len(report.failures) == 3
        assert 0 not in [one.index for one in report.failures]


def test_back_off_leaves_malformed_messages_alone() -> None:
    class Client:
        """A client that counts the messages."""

        def __init__(self) -> None:
            self.handles: list[Any] = []

        def call(self, _: str, params: Any) -> Any:
            self.handles += [one["ReceiptHandle"] for one in params["Entries"]]
            return {}

    def fail(record: Any) -> None:
        raise ValueError

    with pytest.MonkeyPatch.context() as patch:
        client = Client()

        def connect(*_: Any, **__: Any) -> Client:
            return client

        patch.setattr("lambda_kit.aws.connect", connect)
        for path in paths_in(EVENTS["sqs"]["Records"][1]):
            for value in HOSTILE.values():
                client.handles.clear()
                process_batch(malformed("sqs", path, value), fail, backoff=Backoff())
                assert {"handle-m0", "handle-m2"} <= {*client.handles}
                assert all(isinstance(one, str) for one in client.handles)


class Hostile(Exception):
    """An exception without text."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("source", EVENTS)
def test_an_exception_without_text_fails_its_record_alone(source: str) -> None:
    def fail(record: Any) -> Any:
        if record.raw is records[1]:
            raise Hostile
        return DROPPED

    def keep(letter: Any) -> None:
        raise Hostile

    event = copy.deepcopy(EVENTS[source])
    records = records_of(source, event)
    both: list[Any] = [{}, {"permanent": (Hostile,), "dead_letter": keep}]
    for options in both:
        report: BatchReport = process_batch(event, fail, order="none", **options)
        assert [one.index for one in report.failures] == [1]


@pytest.mark.parametrize("result", [{1, 2}, {("a", "b"): 1}, DEEP, Hostile()], ids=["set", "keys", "deep", "hostile"])
def test_a_result_that_is_no_json_is_a_success_of_its_task(result: Any) -> None:
    report = process_batch(EVENTS["s3_batch"], lambda task: result)
    assert [one["resultCode"] for one in report.response["results"]] == ["Succeeded"] * 3
    json.dumps(report.response)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_records_of_firehose_that_were_not_started_make_the_invocation_fail(
    concurrency: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "lambda_kit")

    def stop(record: Any) -> str:
        raise ValueError

    with pytest.raises(BatchFailed, match="records of firehose were not started before the deadline") as info:
        process_batch(builders.firehose(*"abcde"), stop, order="all", concurrency=concurrency)
    assert info.value.report.skipped
