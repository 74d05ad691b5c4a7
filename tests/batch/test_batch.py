"""`batch` and `process_batch`: the function for one record, whatever the source, and what they refuse."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
from collections import OrderedDict
from typing import Any

import pytest

from lambda_kit import events, handler, provide
from lambda_kit._kernel import facts
from lambda_kit.batch import DROPPED, BatchReport, batch, process_batch, process_batch_async
from lambda_kit.errors import BatchError, BatchFailed, ConfigurationError, EventError
from lambda_kit.invocation import Invocation, current_invocation
from lambda_kit.testing import invoke, make_context
from tests.batch import builders
from tests.batch.builders import handled, reported
from tests.batch.clock import Clock, clock_of_runs


def identity(record: Any) -> Any:
    return record


def odd_ones_fail(record: Any) -> int:
    number: int = record.json["number"]
    if number % 2:
        raise ValueError(number)
    return number


async def odd_ones_fail_async(record: Any) -> int:
    await asyncio.sleep(0)
    return odd_ones_fail(record)


def run(event: Any, fn: Any, **options: Any) -> BatchReport:
    if inspect.iscoroutinefunction(fn):
        return asyncio.run(process_batch_async(event, fn, **options))
    return process_batch(event, fn, **options)


WAYS = pytest.mark.parametrize(
    ("fn", "concurrency"),
    [(odd_ones_fail, 1), (odd_ones_fail, 4), (odd_ones_fail_async, 1), (odd_ones_fail_async, 4)],
    ids=["one by one", "threads", "async", "tasks"],
)


@WAYS
def test_what_failed_is_reported_and_what_succeeded_is_not(fn: Any, concurrency: int) -> None:
    report = run(builders.sqs(count=6), fn, concurrency=concurrency)
    assert reported(report.response) == ["m1", "m3", "m5"]
    assert report.results == [0, 2, 4]
    assert [(one.index, one.id, str(one.error)) for one in report.failures] == [
        (1, "m1", "1"),
        (3, "m3", "3"),
        (5, "m5", "5"),
    ]
    assert report.failures[0].raw["messageId"] == "m1"
    assert (report.source, report.count, report.skipped, report.dead_letters) == ("sqs", 6, [], [])


@WAYS
def test_under_handler_the_response_is_the_result(fn: Any, concurrency: int) -> None:
    function = handled(fn, concurrency=concurrency)
    assert invoke(function, builders.sqs(count=3)).value == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


@pytest.mark.parametrize(
    ("event", "source", "view"),
    [
        (builders.sqs(count=1), "sqs", "SqsRecord"),
        (builders.sqs(builders.message("m", group="a")), "sqs", "SqsRecord"),
        (builders.kinesis("a"), "kinesis", "KinesisRecord"),
        (builders.dynamodb("a"), "dynamodb", "DynamoDBRecord"),
        (builders.kafka(p0=1), "kafka", "KafkaRecord"),
        (builders.firehose({}), "firehose", "FirehoseRecord"),
        (builders.s3_batch("a"), "s3_batch", "S3BatchTask"),
    ],
)
def test_the_function_gets_the_view_of_its_source(event: Any, source: str, view: str) -> None:
    seen: list[Any] = []

    def look(record: Any) -> Any:
        seen.append(record)
        return DROPPED

    for wanted in ("auto", source):
        report = run(event, look, source=wanted)
        assert (report.source, report.count, report.failures) == (source, 1, [])
    assert [type(one) for one in seen] == [getattr(events, view)] * 2


def test_records_come_in_the_order_of_the_event() -> None:
    def where(record: Any) -> Any:
        return record.raw["partition"], record.raw["offset"]

    report = run(builders.kafka(p0=2, p1=2), where)
    assert report.results == [(0, 15), (0, 16), (1, 15), (1, 16)]


UNKNOWN: list[tuple[Any, str]] = [
    ({}, "it is empty;"),
    (OrderedDict(builders.sqs(count=1)), "it is of type OrderedDict"),
    ({"Records": None}, "it has the keys Records"),
    ({"detail": {}, "source": "aws.s3"}, "it has the keys detail, source"),
    (dict.fromkeys("lkjihgfedcba"), "it has the keys a, b, c, d, e, f, g, h, i, j;"),
    ({"Records": [{"eventSource": "aws:ses"}]}, "it has the keys Records"),
    ({"Records": [{"s3": {}, "eventSource": "aws:s3"}]}, "it has the keys Records"),
    (None, "it is of type NoneType"),
    (5, "it is of type int"),
    ("text", "it is of type str"),
]


@pytest.mark.parametrize(("event", "told"), UNKNOWN)
def test_an_event_of_no_source_that_is_known_is_a_loud_error(event: Any, told: str) -> None:
    with pytest.raises(EventError, match=told):
        process_batch(event, identity)
    assert isinstance(invoke(handled(identity), event).error, EventError)


def test_an_event_of_another_source_is_a_loud_error() -> None:
    with pytest.raises(EventError, match=r"batch\(source='sqs'\) was given an event of kinesis; pass source='kinesis'"):
        process_batch(builders.kinesis("a"), identity, source="sqs")


@pytest.mark.parametrize(
    ("event", "response"),
    [
        ({"Records": []}, {"batchItemFailures": []}),
        (builders.firehose(), {"records": []}),
        ({"eventSource": "aws:kafka", "records": {}}, {"batchItemFailures": []}),
        (
            builders.s3_batch(),
            {
                "invocationSchemaVersion": "1.0",
                "invocationId": "i-1",
                "treatMissingKeysAs": "TemporaryFailure",
                "results": [],
            },
        ),
    ],
)
def test_an_empty_event_is_an_empty_report(event: Any, response: Any) -> None:
    report = process_batch(event, identity, raise_if_all_failed=True)
    assert (report.response, report.count, report.results) == (response, 0, [])
    assert process_batch({"Records": []}, identity, source="sqs").source == "sqs"
    assert repr(process_batch({"Records": []}, identity)) == "<BatchReport of None: no records>"


def test_records_that_do_not_stand_in_a_list_are_a_loud_error() -> None:
    with pytest.raises(EventError):
        process_batch({"deliveryStreamArn": "arn", "records": {}}, identity)
    with pytest.raises(EventError):
        process_batch({"eventSource": "aws:kafka", "records": {"orders-0": {}}}, identity)
    with pytest.raises(EventError):
        process_batch({"Records": tuple(builders.sqs(count=1)["Records"])}, identity)


@pytest.mark.parametrize("broken", [None, 5, "text", [], {}])
def test_a_record_that_is_none_fails_alone(broken: Any) -> None:
    event = builders.sqs(count=2)
    event["Records"].insert(1, broken)
    report = process_batch(event, lambda record: record.body)
    assert len(report.results) == 2
    assert [one.index for one in report.failures] == [1]
    assert reported(report.response) == [""]  # it has no id: all come again


# What the function may ask for


def test_a_function_may_ask_for_the_context_the_invocation_and_the_record() -> None:
    seen: list[tuple[Any, ...]] = []

    @handler
    @batch
    def look(record: Any, invocation: Any, context: Any, _record: Any = None) -> None:
        seen.append((record, invocation, context, _record))

    context = make_context()
    invoke(look, builders.sqs(count=1), context=context)
    ((record, invocation, got, again),) = seen
    assert isinstance(invocation, Invocation)
    assert (got, again) == (context, record)


def test_what_provide_gives_comes_by_keyword() -> None:
    @handler(provide(table=lambda: "orders", prefix=lambda: "x-"))
    @batch(source="sqs")
    def put(record: Any, *, table: str, prefix: str) -> None:
        seen.append((prefix + record.id, table))

    seen: list[tuple[str, str]] = []
    assert invoke(put, builders.sqs(count=2)).value == {"batchItemFailures": []}
    assert seen == [("x-m0", "orders"), ("x-m1", "orders")]


def test_a_keyword_that_the_function_does_not_take_is_an_error_before_any_record() -> None:
    seen: list[Any] = []
    function = handled(_takes_table(seen), provide(tabel=lambda: "orders"), source="sqs")
    error = invoke(function, builders.sqs(count=2)).error
    assert isinstance(error, ConfigurationError)
    assert "takes no keyword 'tabel'; did you mean 'table'?" in str(error)
    assert seen == []


def _takes_table(seen: list[Any]) -> Any:
    def put(record: Any, *, table: str = "") -> None:
        seen.append(table)

    return put


def test_outside_of_an_invocation_there_is_no_context_to_ask_for() -> None:
    def look(record: Any, context: Any) -> None: ...

    with pytest.raises(ConfigurationError, match="asks for the invocation, and there is none"):
        process_batch(builders.sqs(count=1), look)


def test_without_handler_the_invocation_is_there_all_the_same() -> None:
    seen: list[Any] = []

    @batch(source="sqs")
    def look(record: Any) -> None:
        seen.append(current_invocation().request_id)

    context = make_context(request_id="r-1")
    assert look(builders.sqs(count=1), context) == {"batchItemFailures": []}
    assert seen == ["r-1"]


def _takes_nothing() -> None: ...


def _takes_more(record: Any, table: Any) -> None: ...


def _takes_misspelt(record: Any, contxt: Any) -> None: ...


def _ignores(fn: Any) -> None: ...


@pytest.mark.parametrize(
    ("fn", "told"),
    [
        (_takes_nothing, "takes no record"),
        (_takes_more, "may take record, context, invocation, state by position, not 'table'"),
        (_takes_misspelt, "did you mean 'context'"),
        (5, "not a function that takes a record"),
        (int, "not a function that takes a record"),
    ],
)
def test_a_function_that_cannot_be_called_with_a_record_is_refused(fn: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        batch()(fn)


def test_a_generator_function_would_never_run_and_is_refused() -> None:
    def generate(record: Any) -> Any:
        yield record

    async def generate_async(record: Any) -> Any:
        yield record

    for fn in (generate, generate_async):
        with pytest.raises(ConfigurationError, match=r"the generator function .* which a call would not run"):
            batch(fn)


def test_a_method_is_passed_bound() -> None:
    class Shop:
        def charge(self, record: Any) -> Any:
            return record.id

    with pytest.raises(ConfigurationError, match=r"use process_batch\(event, self.charge\)"):
        batch()(Shop.charge)
    assert process_batch(builders.sqs(count=1), Shop().charge).results == ["m0"]
    assert run(builders.sqs(count=1), functools.partial(Shop.charge, Shop())).results == ["m0"]


def test_the_plain_function_is_at_hand_for_unit_tests() -> None:
    function = handled(odd_ones_fail, source="sqs")
    assert function.record_function is odd_ones_fail
    assert function.__wrapped__.record_function is odd_ones_fail
    assert (function.__name__, function.__qualname__) == ("odd_ones_fail", "odd_ones_fail")


# Results


@pytest.mark.parametrize("result", [None, False, 0, "", {}, "x"])
def test_whatever_is_returned_is_a_success(result: Any) -> None:
    report = process_batch(builders.sqs(count=1), lambda record: result)
    assert (report.results, report.response) == ([result], {"batchItemFailures": []})


async def _coroutine(record: Any) -> None:
    raise AssertionError("it must not run")


def _generator(record: Any) -> Any:
    yield record


async def _async_generator(record: Any) -> Any:
    yield record


def inner_of(inner: Any) -> Any:
    def call(record: Any) -> Any:
        return inner(record)

    return call


@pytest.mark.parametrize("inner", [_coroutine, _generator, _async_generator])
@pytest.mark.parametrize("concurrency", [1, 2])
def test_what_has_not_run_is_no_success(inner: Any, concurrency: int) -> None:
    report = process_batch(builders.sqs(count=2), inner_of(inner), concurrency=concurrency)
    assert report.results == []
    assert reported(report.response) == ["m0", "m1"]
    assert all(isinstance(one.error, BatchError) for one in report.failures)
    assert "which has not run: declare the function with async def" in str(report.failures[0].error)


def test_none_from_a_function_for_firehose_is_no_success() -> None:
    report = process_batch(builders.firehose({}, {}), lambda record: None)
    assert [one["result"] for one in report.response["records"]] == ["ProcessingFailed"] * 2


def test_the_times_of_the_records_are_told() -> None:
    report = process_batch(builders.kinesis("a", "b", "c"), odd_ones_fail)
    assert [one is None for one in report.durations] == [False, False, True]
    assert report.duration >= sum(one for one in report.durations if one is not None) >= 0.0
    assert report.started > 1_700_000_000
    assert repr(report) == "<BatchReport of kinesis: 1 succeeded, 1 failed, 1 skipped>"
    assert repr(report.failures) == "[<record '101': ValueError>]"


@WAYS
def test_a_record_that_succeeds_and_one_that_fails_have_the_seconds_that_they_took(fn: Any, concurrency: int) -> None:
    clock = Clock()

    def work(record: Any) -> int:
        clock.ahead += 50.0 + record.json["number"]
        return odd_ones_fail(record)

    async def work_async(record: Any) -> int:
        return work(record)

    asynchronous = inspect.iscoroutinefunction(fn)
    for number in (0, 1):
        event = builders.sqs(builders.message("m", {"number": number}))
        with clock_of_runs(clock.monotonic):
            (seconds,) = run(event, work_async if asynchronous else work, concurrency=concurrency).durations
        assert seconds == pytest.approx(50.0 + number, abs=20.0)


def test_records_that_run_one_after_another_have_each_the_seconds_that_it_took() -> None:
    clock = Clock()

    def work(record: Any) -> None:
        clock.ahead += (100.0, 300.0, 500.0)[record.json["number"]]

    with clock_of_runs(clock.monotonic):
        durations = process_batch(builders.sqs(count=3), work).durations
    assert durations == pytest.approx([100.0, 300.0, 500.0], abs=60.0)


@WAYS
def test_that_all_failed_can_be_an_error(fn: Any, concurrency: int) -> None:
    all_odd = builders.sqs(*(builders.message(f"m{i}", {"number": i}) for i in (1, 3)))
    with pytest.raises(
        BatchFailed, match="none of the 2 records of sqs succeeded: the first with ValueError: 1"
    ) as info:
        run(all_odd, fn, concurrency=concurrency, raise_if_all_failed=True)
    assert reported(info.value.report.response) == ["m1", "m3"]
    assert isinstance(info.value.__cause__, ValueError)
    assert reported(run(all_odd, fn, concurrency=concurrency).response) == ["m1", "m3"]
    assert run(builders.sqs(count=2), fn, concurrency=concurrency, raise_if_all_failed=True).results == [0]


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_is_no_failure_of_a_record(error: type[BaseException], concurrency: int) -> None:
    def stop(record: Any) -> None:
        raise error

    with pytest.raises(error):
        process_batch(builders.sqs(count=3), stop, concurrency=concurrency)


# Facts


def test_counts_are_told_once_for_a_batch() -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def listen(name: str, fields: dict[str, Any]) -> None:
        told.append((name, fields))

    facts.observe(listen)
    try:
        process_batch(builders.kinesis("a", "b", "c"), odd_ones_fail)
    finally:
        facts.observers.remove(listen)
    assert told == [
        (
            "batch.processed",
            {"source": "kinesis", "records": 3, "succeeded": 1, "failed": 1, "dead_letters": 0, "skipped": 1},
        )
    ]


# Options


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"source": "sqss"}, "source='sqss'.*did you mean 'sqs'"),
        ({"source": None}, r"source=None\): pass 'auto', 'sqs', .*, 's3_batch'$"),
        ({"concurrency": 0}, "concurrency=0"),
        ({"concurrency": True}, "concurrency=True"),
        ({"concurrency": 2.0}, "concurrency=2.0"),
        ({"order": "groups"}, "order='groups'.*did you mean 'group'"),
        ({"order": None}, "order=None"),
        ({"margin": -1}, "margin=-1"),
        ({"margin": float("inf")}, "margin=inf"),
        ({"permanent": (ValueError,)}, "records that fail for good would be lost; pass a sink"),
        ({"permanent": (ValueError,), "source": "sqs"}, "would be lost"),
        ({"permanent": ValueError}, "pass a tuple of exception classes"),
        ({"dead_letter": print}, "without permanent="),
        ({"dead_letter": 5, "permanent": (ValueError,)}, "pass SqsSink"),
        ({"backoff": 5.0}, r"pass Backoff\(...\)"),
        ({"idempotency": _takes_nothing}, r"pass idempotent\(...\)"),
        ({"idempotency": _ignores}, r"pass idempotent\(...\)"),
        ({"concurency": 5}, "no option 'concurency'; did you mean 'concurrency'"),
        ({"raise_on_entire_batch_failure": True}, "no option .*; pass raise_if_all_failed=True"),
        ({"record_handler": identity}, "no option .*; put @batch above the function for one record"),
        ({"event_type": "SQS"}, "no option .*; pass source='sqs'"),
    ],
)
def test_an_option_that_is_wrong_is_refused_when_it_is_made(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        batch(**options)(identity)
    with pytest.raises(ConfigurationError, match=told):
        process_batch({"Records": []}, identity, **options)


def test_an_async_sink_needs_an_async_function() -> None:
    async def keep(letter: Any) -> None: ...

    with pytest.raises(ConfigurationError, match=r"is async, and .* is not"):
        batch(permanent=(ValueError,), dead_letter=keep)(identity)


def test_another_name_that_is_not_there_is_an_attribute_error() -> None:
    module: Any = importlib.import_module("lambda_kit.batch")
    with pytest.raises(AttributeError, match="has no attribute 'btch'"):
        _ = module.btch
    assert {"BatchReport", "batch"} <= {*dir(module)}
