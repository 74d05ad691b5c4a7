"""All ways of running agree: one record function gives the same report one by one, in threads, awaited and in tasks."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import handler
from lambda_kit.batch import BatchReport, DeadLetter, dead_letter, process_batch, process_batch_async
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.testing import make_context
from tests.batch import builders
from tests.batch.builders import reported
from tests.batch.clock import clock_of_runs
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

durable: Any = import_module("aws_durable_execution_sdk_python.exceptions")
WAYS = ("one by one", "threads", "async", "tasks")


class Permanent(Exception):
    """An error that no retry will mend."""


class Panic(BaseException):
    """An error of a library that does not derive from `Exception`, as panics of Rust code."""


def fail(error: BaseException) -> Any:
    raise error


def cancelled_future() -> Any:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.cancel()
    return future.result()


async def cancelled_task() -> None:
    task = asyncio.ensure_future(asyncio.sleep(0))
    task.cancel()
    await task


def generator() -> Any:
    yield


ALONE: dict[str, Callable[[], Any]] = {
    "returns None": lambda: None,
    "returns a value": lambda: {"n": 1},
    "raises": lambda: fail(ValueError("x")),
    "raises a group": lambda: fail(ExceptionGroup("x", [ValueError("y")])),
    "raises for good": lambda: fail(Permanent()),
    "raises a cancellation": lambda: fail(asyncio.CancelledError()),
    "waits for a cancelled future": cancelled_future,
    "panics": lambda: fail(Panic("x")),
    "has not run": generator,
    "runs out of time by itself": lambda: fail(TimeoutError()),
}
WHOLE: dict[str, tuple[type[BaseException], Callable[[], Any]]] = {
    name: (type(error), partial(fail, error))
    for name, error in {
        "exits": SystemExit(1),
        "is interrupted": KeyboardInterrupt(),
        "is closed": GeneratorExit(),
        "is suspended": durable.SuspendExecution("x"),
        "is suspended for a time": durable.TimedSuspendExecution("x", 0.0),
        "is orphaned": durable.OrphanedChildException("x", "id"),
        "is tried again": durable.StepInterruptedError("x"),
        "loses its checkpoints": durable.BackgroundThreadError("x", ValueError("y")),
    }.items()
}


class Function:
    """A record function, both plain and async; the body of the message names what a record does."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    def plain(self, record: Any) -> Any:
        return (ALONE.get(record.body) or WHOLE[record.body][1])()

    async def awaited(self, record: Any) -> Any:
        await asyncio.sleep(0)
        return self.plain(record)

    def run(self, event: Any, way: str, permanent: tuple[type[Exception], ...] = (Permanent,)) -> BatchReport:
        options: Any = {"permanent": permanent, "dead_letter": self.letters.append}
        options["concurrency"] = 3 if way in ("threads", "tasks") else 1
        if way in ("async", "tasks"):
            return asyncio.run(process_batch_async(event, self.awaited, **options))
        report: BatchReport = process_batch(event, self.plain, **options)
        return report


def told(event: Any, way: str) -> Any:
    """Return all that a report says but the times, or the exception that came in its place."""
    function = Function()
    try:
        report = function.run(event, way)
    except BaseException as error:
        return type(error)
    return (
        report.response,
        report.results,
        [(one.index, one.id, type(one.error), str(one.error)) for one in report.failures],
        [(one.index, one.id, type(one.error)) for one in report.dead_letters],
        report.skipped,
        sorted(one.id for one in function.letters),
        [seconds is not None for seconds in report.durations],
    )


@given(st.lists(st.sampled_from(sorted(ALONE)), min_size=1, max_size=8), st.sampled_from(["queue", "fifo", "stream"]))
def test_all_ways_give_the_same_report(behaviours: list[str], source: str) -> None:
    if source == "stream":
        event = builders.kinesis(*["a"] * len(behaviours))
        for record, behaviour in zip(event["Records"], behaviours, strict=True):
            record["kinesis"]["data"] = builders.encoded(behaviour.encode())
    else:
        group = "a" if source == "fifo" else None
        event = builders.sqs(*(builders.message(f"m{i}", one, group=group) for i, one in enumerate(behaviours)))
    expected = told(event, "one by one")
    for way in WAYS[1:]:
        assert told(event, way) == expected


@pytest.mark.parametrize("behaviour", ALONE)
@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_fails_fails_alone(behaviour: str, way: str) -> None:
    event = builders.sqs(
        builders.message("m0", "returns a value"),
        builders.message("m1", behaviour),
        *(builders.message(f"m{i}", "returns a value") for i in range(2, 9)),
    )
    report = Function().run(event, way)
    good = behaviour.startswith("returns") or behaviour == "raises for good"
    assert reported(report.response) == ([] if good else ["m1"])


@pytest.mark.parametrize("behaviour", WHOLE)
@pytest.mark.parametrize("way", WAYS)
def test_an_exception_that_is_meant_for_the_whole_run_goes_on(
    behaviour: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is reported, sent to the dead letter, or logged for it, and what it ends is not hidden."""
    event = builders.sqs(builders.message("m0", "returns a value"), builders.message("m1", behaviour))
    function = Function()
    with pytest.raises(WHOLE[behaviour][0]):
        function.run(event, way, permanent=(Exception,))
    assert function.letters == []
    assert caplog.records == []


def test_a_thread_whose_record_ends_the_run_lets_no_further_record_start() -> None:
    threads: list[threading.Thread] = []
    both = threading.Barrier(2)
    begun: list[str] = []

    def suspend(record: Any) -> None:
        begun.append(record.id)
        if record.id == "m0":
            threads.append(threading.current_thread())
        if record.id in ("m0", "m1"):
            both.wait(PATIENCE)
        if record.id == "m0":
            raise durable.SuspendExecution("x")
        threads[0].join(PATIENCE)

    with pytest.raises(durable.SuspendExecution):
        process_batch(builders.sqs(count=6), suspend, concurrency=2)
    assert sorted(begun) == ["m0", "m1"]


def test_a_task_whose_record_ends_the_run_lets_no_further_record_start() -> None:
    begun: list[str] = []

    async def suspend(record: Any) -> None:
        begun.append(record.id)
        if record.id == "m0":
            raise durable.SuspendExecution("x")
        for _ in range(5):
            await asyncio.sleep(0)

    with pytest.raises(durable.SuspendExecution):
        asyncio.run(process_batch_async(builders.sqs(count=6), suspend, concurrency=2))
    assert begun == ["m0", "m1"]


def test_an_interrupt_between_two_tasks_ends_the_batch(caplog: pytest.LogCaptureFixture) -> None:
    """It strikes in a callback of the loop, which would log it, and the batch would wait for ever."""

    def monotonic() -> float:
        if asyncio.current_task() is None:
            raise TimeLimitInterrupt
        return time.monotonic()

    async def fine(record: Any) -> None: ...

    async def run() -> None:
        await asyncio.wait_for(process_batch_async(builders.sqs(count=6), fine, concurrency=2), PATIENCE / 6)

    with clock_of_runs(monotonic), pytest.raises(TimeLimitInterrupt):
        asyncio.run(run())
    assert caplog.records == []


def test_a_permanent_error_that_ends_a_run_of_a_durable_execution_is_no_dead_letter() -> None:
    letters: list[DeadLetter] = []

    @handler(dead_letter(letters.append, permanent=(Exception,)))
    def place(event: Any, context: object) -> None:
        raise event["error"]

    with pytest.raises(durable.StepInterruptedError):
        place({"error": durable.StepInterruptedError("x")}, make_context())
    place({"error": durable.ExecutionError("x")}, make_context())
    assert [type(one.error) for one in letters] == [durable.ExecutionError]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_cancellation_that_a_record_meets_by_itself_is_its_own_failure(concurrency: int) -> None:
    async def wait(record: Any) -> None:
        if record.id in ("m1", "m2", "m3"):
            await cancelled_task()

    report = asyncio.run(process_batch_async(builders.sqs(count=6), wait, concurrency=concurrency))
    assert reported(report.response) == ["m1", "m2", "m3"]
    assert [type(one.error) for one in report.failures] == [asyncio.CancelledError] * 3
    assert len(report.results) == 3


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_shared_task_that_an_earlier_record_has_given_up_cancels_no_batch(concurrency: int) -> None:
    async def run() -> BatchReport:
        shared = asyncio.ensure_future(asyncio.Event().wait())

        async def wait(record: Any) -> None:
            if record.id == "m0":
                await asyncio.wait_for(shared, 0.001)
            elif record.id == "m1":
                await shared

        report: BatchReport = await process_batch_async(builders.sqs(count=3), wait, concurrency=concurrency)
        return report

    report = asyncio.run(run())
    assert [type(one.error) for one in report.failures] == [TimeoutError, asyncio.CancelledError]
    assert reported(report.response) == ["m0", "m1"]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_sink_that_meets_a_cancellation_has_failed(concurrency: int) -> None:
    async def judge(record: Any) -> None:
        if record.id == "m1":
            raise Permanent

    async def keep(letter: DeadLetter) -> None:
        await cancelled_task()

    report = asyncio.run(
        process_batch_async(
            builders.sqs(count=3), judge, permanent=(Permanent,), dead_letter=keep, concurrency=concurrency
        )
    )
    assert reported(report.response) == ["m1"]
    assert len(report.results) == 2


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("waits_in", ["the function", "the sink"])
def test_a_batch_that_is_cancelled_ends(concurrency: int, waits_in: str, caplog: pytest.LogCaptureFixture) -> None:
    async def wait(record: Any) -> None:
        if waits_in == "the sink":
            raise Permanent
        await asyncio.Event().wait()

    async def keep(letter: DeadLetter) -> None:
        await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.ensure_future(
            process_batch_async(
                builders.sqs(count=2), wait, permanent=(Permanent,), dead_letter=keep, concurrency=concurrency
            )
        )
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())
    assert caplog.records == []  # no record has failed


@pytest.mark.parametrize("concurrency", [1, 3])
def test_a_batch_that_is_cancelled_leaves_no_record_running(concurrency: int) -> None:
    async def wait(record: Any) -> None:
        await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.ensure_future(process_batch_async(builders.sqs(count=4), wait, concurrency=concurrency))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(5):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(cancel())


def test_after_a_cancellation_that_the_caller_took_back_the_records_are_judged_as_before() -> None:
    async def wait(record: Any) -> None:
        if record.id == "m1":
            await cancelled_task()

    async def run() -> BatchReport:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        report: BatchReport = await process_batch_async(builders.sqs(count=3), wait)
        return report

    assert reported(asyncio.run(run()).response) == ["m1"]


@pytest.mark.parametrize("most", [1, 2])
def test_the_threads_that_can_be_started_run_all_records(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    start = threading.Thread.start
    started: list[str] = []

    def start_some(thread: threading.Thread) -> None:
        if len(started) == most:
            raise RuntimeError("can't start new thread")
        started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    report = process_batch(builders.sqs(count=6), lambda record: record.id, concurrency=4)
    assert report.results == [f"m{i}" for i in range(6)]
    assert len(started) == most
