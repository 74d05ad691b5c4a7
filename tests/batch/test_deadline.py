"""Before the deadline no further record is begun, and what still runs is interrupted and reported."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from lambda_kit import Logger, handler, time_limit
from lambda_kit._kernel import interrupt
from lambda_kit.batch import BatchReport, process_batch, process_batch_async
from lambda_kit.errors import TimeLimitReached
from lambda_kit.testing import invoke, make_context
from tests.batch import builders
from tests.batch.builders import handled, reported
from tests.batch.clock import Clock, clock_of_runs
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

durable: Any = import_module("aws_durable_execution_sdk_python.exceptions")


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_of_runs(clock.monotonic):
        yield clock


def stops_after(clock: Clock, seen: list[str]) -> Any:
    def function(record: Any) -> None:
        seen.append(record.id)
        if record.id == "m1":
            clock.ahead = 59.1

    return function


@pytest.mark.parametrize("way", ["one by one", "threads", "async", "tasks"])
def test_what_was_not_begun_in_time_is_reported(way: str, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []
    plain = stops_after(clock, seen)

    async def waiting(record: Any) -> None:
        plain(record)

    fn = waiting if way in ("async", "tasks") else plain
    event = builders.sqs(*(builders.message(f"m{i}", "{", group="a") for i in range(5)))
    concurrency = 1 if way in ("one by one", "async") else 3
    function = handled(fn, concurrency=concurrency)
    assert reported(invoke(function, event, context=make_context(timeout=60.0)).value) == ["m2", "m3", "m4"]
    assert seen == ["m0", "m1"]
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert line.getMessage() == (
        "3 of 5 records of sqs were not started, because the deadline was less than 1.0 s away; they are retried"
    )
    assert (vars(line)["recordSource"], vars(line)["recordIds"]) == ("sqs", ["m2", "m3", "m4"])


def test_what_was_begun_in_time_ends_within_the_margin(clock: Clock) -> None:
    def late(record: Any) -> None:
        clock.ahead = 59.5

    function = handled(late, margin=1.0)
    assert reported(invoke(function, builders.sqs(count=1), context=make_context(timeout=60.0)).value) == []


@pytest.mark.parametrize("margin", [PATIENCE, PATIENCE * 5])
@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("is_async", [False, True])
def test_with_less_than_the_margin_records_are_started_all_the_same_and_an_error_says_what_is_wrong(
    margin: float, concurrency: int, is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def look(record: Any) -> None: ...

    async def look_async(record: Any) -> None: ...

    function = handled(look_async if is_async else look, margin=margin, concurrency=concurrency)
    result = invoke(function, builders.sqs(count=3), context=make_context(timeout=PATIENCE))
    assert reported(result.value) == []
    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert line.getMessage().startswith(f"batch(margin={margin:g}): only ")
    assert "Give the function a longer timeout, or batch a smaller margin" in line.getMessage()


@pytest.mark.parametrize("concurrency", [1, 2])
def test_with_no_time_at_all_nothing_is_started(concurrency: int, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []
    function = handled(seen.append, margin=5.0, concurrency=concurrency)
    result = invoke(function, builders.sqs(count=3), context=make_context(timeout=0.0))
    assert (reported(result.value), seen) == (["m0", "m1", "m2"], [])
    assert [line.levelno for line in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("is_async", [False, True])
def test_when_the_time_to_start_records_ends_none_is_started_any_more(concurrency: int, is_async: bool) -> None:
    seen: list[Any] = []

    async def see(record: Any) -> None:
        seen.append(record)

    function = handled(see if is_async else seen.append, concurrency=concurrency)
    context = make_context(timeout=0.0)
    with mock.patch("time.monotonic", return_value=1_000.0):
        assert (reported(function(builders.sqs(count=2), context)), seen) == (["m0", "m1"], [])


def test_without_a_deadline_all_are_run() -> None:
    assert process_batch(builders.sqs(count=3), lambda record: 1, margin=100.0).results == [1, 1, 1]
    assert invoke(handled(_block, margin=100.0), builders.sqs(count=1), context=None).error is None


def _block(record: Any) -> None:
    if record.id == "m1":
        time.sleep(30)


def _spin(record: Any) -> None:
    while record.id == "m1":
        pass


def _spin_in_a_loop_without_lines(record: Any) -> None:
    """On Python 3.11 the jump at the end of such a loop has no line, and there it is where interrupts strike."""
    found = 0
    while record.id == "m1":
        for i in range(1000):
            if i % 2:  # noqa: SIM102  # another jump
                if i % 3:
                    found = i
    assert not found


async def _wait(record: Any) -> None:
    if record.id == "m1":
        await asyncio.sleep(30)


async def _block_the_loop(record: Any) -> None:
    _block(record)


@pytest.mark.parametrize("fn", [_block, _spin, _spin_in_a_loop_without_lines, _wait, _block_the_loop])
def test_what_still_runs_is_interrupted_and_reported(fn: Any, caplog: pytest.LogCaptureFixture) -> None:
    function = handled(fn, margin=0.4)
    began = time.monotonic()
    result = invoke(function, builders.sqs(count=3), context=make_context(timeout=0.7))
    assert time.monotonic() - began < 20
    assert (reported(result.value), result.error) == (["m1", "m2"], None)
    error = next(one.exc_info[1] for one in caplog.records if one.exc_info)
    assert isinstance(error, TimeLimitReached)
    assert error.margin == pytest.approx(0.2)
    assert any(fn.__name__ in one.name or "_block" in one.name for one in _frames(error))


def _clean_up(cleaned: list[str]) -> None:
    time.sleep(0.1)
    cleaned.append("whole")


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_record_that_blocks_between_the_alarm_and_the_cancellation_is_interrupted(
    concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[object] = []
    ring = interrupt.Alarm.ring

    def noted(self: Any, frame: Any) -> None:
        rung.append(frame)
        ring(self, frame)

    monkeypatch.setattr(interrupt.Alarm, "ring", noted)

    async def block_after_the_alarm(record: Any) -> None:
        if record.id == "m1":
            while not rung:  # noqa: ASYNC110  # nothing else tells of it
                await asyncio.sleep(0.001)
            _block(record)

    call_later = asyncio.BaseEventLoop.call_later

    def late(self: Any, delay: float, callback: Any, *args: Any, **kwargs: Any) -> Any:
        more = PATIENCE if callback.__name__ in ("cancel", "_cancel") else 0.0
        return call_later(self, delay + more, callback, *args, **kwargs)

    monkeypatch.setattr(asyncio.BaseEventLoop, "call_later", late)
    began = time.monotonic()
    function = handled(block_after_the_alarm, margin=0.4, concurrency=concurrency)
    result = invoke(function, builders.sqs(count=2), context=make_context(timeout=0.7))
    assert (reported(result.value), result.error) == (["m1"], None)
    assert time.monotonic() - began < PATIENCE


def test_the_clean_up_of_a_cancelled_record_is_not_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned: list[str] = []
    start = interrupt.Alarm.start

    def start_later(self: Any, delay: float) -> None:
        start(self, delay + 0.02)  # after the timer

    monkeypatch.setattr(interrupt.Alarm, "start", start_later)

    async def wait(record: Any) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            _clean_up(cleaned)

    result = invoke(handled(wait, margin=0.4), builders.sqs(count=1), context=make_context(timeout=0.7))
    assert (reported(result.value), cleaned) == (["m0"], ["whole"])


def _frames(error: BaseException) -> list[Any]:
    import traceback

    return list(traceback.extract_tb(error.__traceback__))


async def _hold_on(record: Any) -> None:
    for _ in range(2):
        try:
            await _wait(record)
        except asyncio.CancelledError:
            continue


@pytest.mark.parametrize("fn", [_spin, _spin_in_a_loop_without_lines, _wait, _block_the_loop, _hold_on])
def test_what_still_runs_in_threads_and_tasks_is_interrupted_and_reported(
    fn: Any, caplog: pytest.LogCaptureFixture
) -> None:
    function = handled(fn, margin=0.4, concurrency=2)
    result = invoke(function, builders.sqs(count=3), context=make_context(timeout=0.7))
    assert result.error is None
    assert "m1" in reported(result.value)
    assert "m0" not in reported(result.value)
    error = next(one.exc_info[1] for one in caplog.records if one.exc_info)
    assert isinstance(error, TimeLimitReached)
    assert _frames(error)[0].name == fn.__name__
    assert not [one for one in threading.enumerate() if one.name.startswith("lambda_kit-batch")]


def test_when_a_time_limit_ends_the_handler_its_threads_start_no_further_record() -> None:
    go_on = threading.Event()
    begun: list[str] = []
    threads: list[threading.Thread] = []

    def wait(record: Any) -> None:
        begun.append(record.id)
        threads.append(threading.current_thread())
        assert go_on.wait(PATIENCE)

    function = handled(wait, time_limit(margin=0.4), margin=0.0, concurrency=2)
    result = invoke(function, builders.sqs(count=6), context=make_context(timeout=0.7))
    go_on.set()
    for thread in threads[:2]:
        thread.join(PATIENCE)
    assert isinstance(result.error, TimeLimitReached)
    assert sorted(begun) == ["m0", "m1"]
    assert all(thread.daemon for thread in threads)  # so that they never keep the process


@pytest.mark.parametrize("raises", [False, True])
def test_a_thread_that_cannot_be_interrupted_is_left_and_changes_nothing_any_more(
    raises: bool, caplog: pytest.LogCaptureFixture
) -> None:
    go_on, ended = threading.Event(), threading.Event()
    log = Logger()

    def stubborn(record: Any) -> str:
        log.append(order=record.id)
        if record.id == "m1":
            with contextlib.suppress(BaseException):
                go_on.wait(PATIENCE)
            ended.set()
            if raises:
                raise ValueError
        return str(record.id)

    reports: list[BatchReport] = []

    @handler(log)
    def function(event: Any, context: Any) -> Any:
        reports.append(process_batch(event, stubborn, concurrency=2, margin=0.2))
        return reports[0].response

    result = invoke(function, builders.sqs(count=2), context=make_context(timeout=0.5))
    assert reported(result.value) == ["m1"]
    # The line about it has the fields that the record appended, although another thread writes it.
    assert (result.logs[0]["recordId"], result.logs[0]["order"]) == ("m1", "m1")
    frames = result.logs[0]["exception"]["frames"]
    assert [one["function"].rpartition(".")[2] for one in frames][:2] == ["stubborn", "wait"]  # and where it stands
    assert frames[0]["code"] == "go_on.wait(PATIENCE)"
    go_on.set()
    assert ended.wait(PATIENCE)
    for thread in threading.enumerate():
        if thread.name.startswith("lambda_kit-batch"):
            thread.join(PATIENCE)
    (report,) = reports
    assert (report.results, [one.id for one in report.failures]) == (["m0"], ["m1"])
    assert len(caplog.records) == 1


def test_a_task_that_cannot_be_cancelled_is_left_and_changes_nothing_any_more() -> None:
    reports: list[BatchReport] = []

    @handler
    async def function(event: Any, context: Any) -> Any:
        go_on, ended = asyncio.Event(), asyncio.Event()

        async def stubborn(record: Any) -> str:
            began = time.monotonic()
            while record.id == "m1" and not go_on.is_set() and time.monotonic() - began < 10:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait_for(go_on.wait(), 10)
            ended.set()
            return str(record.id)

        reports.append(await process_batch_async(event, stubborn, concurrency=2, margin=0.2))
        ended.clear()
        go_on.set()
        await asyncio.wait_for(ended.wait(), PATIENCE)
        return reports[0].response

    result = invoke(function, builders.sqs(count=2), context=make_context(timeout=0.5))
    assert (result.error, reported(result.value)) == (None, ["m1"])
    assert (reports[0].results, [one.id for one in reports[0].failures]) == (["m0"], ["m1"])


def test_the_wait_for_threads_that_cannot_be_interrupted_ends_before_the_deadline() -> None:
    all_begun, go_on = threading.Event(), threading.Event()
    begun: list[threading.Thread] = []
    clock = Clock()

    def stubborn(record: Any) -> None:
        begun.append(threading.current_thread())
        if len(begun) == 4:
            all_begun.set()
        go_on.wait(PATIENCE)

    def join(thread: threading.Thread, timeout: float = 0.0) -> None:
        assert all_begun.wait(PATIENCE)
        clock.ahead += timeout  # the time passes, and no thread ends

    function = handled(stubborn, concurrency=4, margin=0.4)
    with (
        mock.patch("lambda_kit.batch._threads.time") as module,
        mock.patch.object(threading.Thread, "join", join),
    ):
        module.monotonic = clock.monotonic
        result = invoke(function, builders.sqs(count=4), context=make_context(timeout=PATIENCE))
        assert reported(result.value) == ["m0", "m1", "m2", "m3"]
        assert clock.ahead < PATIENCE
        go_on.set()
    for thread in begun:
        thread.join(PATIENCE)


def test_the_wait_for_tasks_that_cannot_be_cancelled_ends_before_the_deadline() -> None:
    waits: list[float] = []
    wait = asyncio.wait

    async def noted(futures: Any, *, timeout: float) -> Any:
        waits.append(timeout)
        return await wait(futures, timeout=timeout)

    async def look(record: Any) -> None: ...

    function = handled(look, concurrency=2, margin=0.4)
    context = make_context(timeout=0.7)
    now = time.monotonic()
    with mock.patch("lambda_kit.batch._tasks.time") as module, mock.patch("asyncio.wait", noted):
        module.monotonic = lambda: now  # however long the machine takes
        assert reported(invoke(function, builders.sqs(count=2), context=context).value) == []
    assert len(waits) == 1
    assert waits[0] < 0.7


def test_a_function_that_ends_while_its_interrupt_is_on_the_way_is_interrupted() -> None:
    """Otherwise the interrupt would strike what comes after the function, such as the line about its failure."""
    go_on, waits = threading.Event(), threading.Event()
    raise_in = interrupt.raise_in

    def raise_late(thread: int, error: type[BaseException]) -> None:
        go_on.set()
        waits.wait(1.0)
        raise_in(thread, error)

    def sleep(seconds: float) -> None:
        waits.set()
        time.sleep(seconds)

    def end(record: Any) -> None:
        assert go_on.wait(PATIENCE)

    function = handled(end, concurrency=2, margin=0.4)
    with (
        mock.patch("lambda_kit.batch._threads.time") as module,
        mock.patch.object(interrupt, "raise_in", raise_late),
    ):
        module.monotonic, module.sleep = time.monotonic, sleep
        result = invoke(function, builders.sqs(count=1), context=make_context(timeout=0.7))
    assert (result.error, reported(result.value)) == (None, ["m0"])


@pytest.mark.parametrize("way", ["threads", "tasks"])
def test_a_record_that_has_ended_the_run_is_not_logged_as_one_that_still_runs(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    begun = threading.Event()

    def suspend(record: Any) -> None:
        assert begun.wait(PATIENCE)
        raise durable.SuspendExecution("x")

    def spin(record: Any) -> None:
        if record.id == "m0":
            suspend(record)
        begun.set()
        while True:
            pass

    async def wait(record: Any) -> None:
        if record.id == "m1":
            suspend(record)
        begun.set()
        await asyncio.Event().wait()

    function = handled(spin if way == "threads" else wait, concurrency=2, margin=0.4)
    with pytest.raises(durable.SuspendExecution):
        function(builders.sqs(count=2), make_context(timeout=0.7))
    assert [vars(one)["recordId"] for one in caplog.records] == ["m1" if way == "threads" else "m0"]
    for thread in threading.enumerate():
        if thread.name.startswith("lambda_kit-batch"):
            thread.join(PATIENCE)


@pytest.mark.parametrize("fn", [_block, _wait])
def test_a_time_limit_around_it_has_nothing_left_to_do(fn: Any) -> None:
    function = handled(fn, time_limit(margin=0.1), margin=0.4)
    result = invoke(function, builders.sqs(count=3), context=make_context(timeout=0.7))
    assert (reported(result.value), result.error) == (["m1", "m2"], None)


@pytest.mark.parametrize("fn", [_block, _wait, _block_the_loop])
def test_a_time_limit_that_comes_first_acknowledges_nothing_by_accident(fn: Any) -> None:
    function = handled(fn, time_limit(margin=0.4), margin=0.0)
    result = invoke(function, builders.sqs(count=3), context=make_context(timeout=0.7))
    if result.error is None:
        assert reported(result.value) == ["m1", "m2"]
    else:
        assert isinstance(result.error, TimeLimitReached)


def test_who_cancels_the_handler_is_heard() -> None:
    async def cancel() -> None:
        task = asyncio.ensure_future(process_batch_async(builders.sqs(count=2), _wait, concurrency=2))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


def test_who_cancels_the_handler_when_its_time_is_over_is_heard_too() -> None:
    async def wait(record: Any) -> None:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()  # as other code may do in this moment
            raise

    @handler
    async def function(event: Any, context: Any) -> Any:
        return await process_batch_async(event, wait, margin=0.4)

    with pytest.raises(asyncio.CancelledError):
        function(builders.sqs(count=1), make_context(timeout=0.7))


def test_when_what_follows_two_records_breaks_the_batch_ends_with_it() -> None:
    go_on = asyncio.Event()

    async def wait(record: Any) -> None:
        await go_on.wait()

    async def process() -> None:
        event = builders.sqs(*(builders.message(f"m{i}", "{", group="ab"[i % 2]) for i in range(4)))
        task = asyncio.ensure_future(process_batch_async(event, wait, concurrency=2))
        await asyncio.sleep(0.01)
        with mock.patch("lambda_kit.batch._run.Run.may_start", side_effect=RuntimeError("broken")):
            go_on.set()
            await task

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(process())


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_sink_that_ends_the_process_ends_the_batch(error: type[BaseException]) -> None:
    def send(letter: Any) -> None:
        raise error

    def fail(record: Any) -> None:
        raise LookupError

    function = handled(fail, permanent=(LookupError,), dead_letter=send)
    with pytest.raises(error):
        function(builders.sqs(count=2), make_context())


def test_a_sink_that_fails_when_the_batch_is_over_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    def send(letter: Any) -> None:
        end = time.monotonic() + PATIENCE
        while not go_on.is_set() and time.monotonic() < end:
            with contextlib.suppress(BaseException):  # it cannot be interrupted
                go_on.wait(PATIENCE)
        raise ConnectionError

    def fail(record: Any) -> None:
        if record.id == "m1":
            raise LookupError

    function = handled(fail, permanent=(LookupError,), dead_letter=send, concurrency=2, margin=0.2)
    result = invoke(function, builders.sqs(count=2), context=make_context(timeout=1.2))
    assert (result.error, reported(result.value)) == (None, ["m1"])
    told = len(caplog.records)
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("lambda_kit-batch"):
            thread.join(PATIENCE)
    assert len(caplog.records) == told


def test_the_remaining_time_is_that_of_the_invocation() -> None:
    seen: list[float] = []

    def look(record: Any, context: Any) -> None:
        seen.append(context.get_remaining_time_in_millis())

    invoke(handled(look), builders.sqs(count=1), context=make_context(timeout=60.0))
    assert 50_000 < seen[0] <= 60_000
