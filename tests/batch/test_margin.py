"""An interrupt strikes the functions of the user alone, and what it meets is reported as it was."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from lambda_kit import handler
from lambda_kit._kernel.interrupt import Alarm
from lambda_kit.batch import BatchReport, DeadLetter, process_batch, process_batch_async
from lambda_kit.errors import TimeLimitInterrupt, TimeLimitReached
from lambda_kit.testing import invoke, make_context
from tests.batch import builders
from tests.batch.builders import handled, reported
from tests.batch.clock import clock_of_runs
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT, MARGIN = 0.7, 0.4  # seconds: the last record is started after 0.3 s, and interrupted after 0.5 s
_NO_MORE = 0.55  # seconds after which no interrupt comes any more
_LONG = 5.0  # seconds that an interrupt has to end before


class Permanent(Exception):
    """An error that no retry will mend."""


def two_groups() -> dict[str, Any]:
    """An event whose first record stops a group, if it fails, to which the second one does not belong."""
    return builders.sqs(builders.message("m0", group="a"), builders.message("m1", group="b"))


def awaited(fn: Callable[[Any], Any]) -> Any:
    async def function(record: Any) -> Any:
        return fn(record)

    return function


class Spin:
    """Keeps a thread busy until so many seconds after it was made, and notes whether it was left to its end."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.begun = self.ended = False

    def __call__(self) -> None:
        self.begun = True
        while time.monotonic() < self.until:
            pass
        self.ended = True


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("group", [None, "a"])
def test_an_interrupt_of_a_time_limit_around_the_batch_ends_it_with_its_first_record(
    group: str | None, is_async: bool
) -> None:
    begun: list[str] = []

    def interrupted(record: Any) -> None:
        begun.append(record.id)
        raise TimeLimitInterrupt

    event = builders.sqs(builders.message("m0", group=group), builders.message("m1", group=group and "b"))
    if is_async:
        report: BatchReport = asyncio.run(process_batch_async(event, awaited(interrupted)))
    else:
        report = process_batch(event, interrupted)
    assert (reported(report.response), begun, report.skipped) == (["m0", "m1"], ["m0"], ["m1"])
    assert [type(one.error) for one in report.failures] == [TimeLimitReached]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_interrupt_in_the_sink_acknowledges_nothing_and_starts_nothing(is_async: bool) -> None:
    begun: list[str] = []

    def judge(record: Any) -> None:
        begun.append(record.id)
        raise Permanent

    def interrupted(letter: DeadLetter) -> None:
        raise TimeLimitInterrupt

    options: Any = {"permanent": (Permanent,), "dead_letter": interrupted}
    if is_async:
        report: BatchReport = asyncio.run(process_batch_async(builders.sqs(count=2), awaited(judge), **options))
    else:
        report = process_batch(builders.sqs(count=2), judge, **options)
    assert (reported(report.response), begun, report.skipped) == (["m0", "m1"], ["m0"], ["m1"])


@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_an_interrupt_of_a_time_limit_around_the_batch_between_two_records_goes_on(timeout: float | None) -> None:
    calls = 0

    def monotonic() -> float:
        nonlocal calls
        calls += 1
        if calls == 2:  # before the second record
            raise TimeLimitInterrupt
        return time.monotonic()

    begun: list[str] = []

    def begin(record: Any) -> None:
        begun.append(record.id)

    function = handled(begin)
    with clock_of_runs(monotonic), pytest.raises(TimeLimitInterrupt):
        function(builders.sqs(count=2), None if timeout is None else make_context(timeout=timeout))
    assert begun == ["m0"]


def test_a_record_beside_a_group_that_failed_is_interrupted_and_reported() -> None:
    reports: list[BatchReport] = []

    def fail_and_spin(record: Any) -> None:
        if record.id == "m0":
            raise ValueError
        Spin(_LONG)()

    @handler
    def function(event: Any, context: Any) -> Any:
        reports.append(process_batch(event, fail_and_spin, margin=MARGIN))
        return reports[0].response

    result = invoke(function, two_groups(), context=make_context(timeout=TIMEOUT))
    assert reported(result.value) == ["m0", "m1"]
    assert [(one.id, type(one.error)) for one in reports[0].failures] == [("m0", ValueError), ("m1", TimeLimitReached)]


def test_an_interrupt_just_before_a_record_beside_a_group_that_failed_ends_the_batch_with_a_report() -> None:
    failed = [0]
    spin = Spin(_LONG)

    def monotonic() -> float:
        if failed[0]:
            failed[0] += 1
            if failed[0] == 5:  # the start of the second record, after its time was found to suffice
                spin()
        return time.monotonic()

    def fail(record: Any) -> None:
        failed[0] += 1
        raise ValueError

    function = handled(fail, margin=MARGIN)
    with clock_of_runs(monotonic):
        result = invoke(function, two_groups(), context=make_context(timeout=TIMEOUT))
    assert (spin.begun, spin.ended) == (True, False)
    assert (result.error, reported(result.value)) == (None, ["m0", "m1"])


def test_a_record_beside_a_group_that_failed_is_not_started_if_the_interrupt_came_just_before_it() -> None:
    begun: list[str] = []
    calls = 0
    context = make_context(timeout=TIMEOUT)
    spin = Spin(TIMEOUT)

    def monotonic() -> float:
        nonlocal calls
        now = time.monotonic()
        calls += bool(begun)
        if calls == 3:  # the time for the second record was read, and is not compared yet
            spin()
        return now

    def fail(record: Any) -> None:
        begun.append(record.id)
        raise ValueError

    with clock_of_runs(monotonic):
        result = invoke(handled(fail, margin=MARGIN), two_groups(), context=context)
    assert (begun, spin.ended) == (["m0"], True)
    assert (result.error, reported(result.value)) == (None, ["m0", "m1"])


def test_an_interrupt_that_comes_while_the_loop_reads_the_time_starts_no_record() -> None:
    held_up = threading.Lock()
    held_up.acquire()
    clocks: list[Callable[[], float]] = [partial(held_up.acquire, timeout=_LONG)]  # in C, as the clock; False is early
    begun: list[str] = []

    def begin(record: Any) -> None:
        begun.append(record.id)

    class Time:
        @property
        def monotonic(self) -> Callable[[], float]:
            return clocks.pop() if clocks else time.monotonic

    with mock.patch("lambda_kit.batch._run.time", Time()):
        context = make_context(timeout=TIMEOUT)
        result = invoke(handled(begin, margin=MARGIN), builders.sqs(count=1), context=context)
    assert (begun, clocks) == ([], [])
    assert (result.error, reported(result.value)) == (None, ["m0"])


@pytest.mark.parametrize("way", ["one by one", "beside a group", "async"])
def test_a_record_that_has_failed_keeps_its_error_although_its_end_is_noted_late(way: str) -> None:
    failing = "m1" if way == "beside a group" else "m0"
    failed: list[str] = []
    reports: list[BatchReport] = []

    def monotonic() -> float:
        if failing in failed and not spin.begun:
            spin()
        return time.monotonic()

    def fail(record: Any) -> None:
        failed.append(record.id)
        raise KeyError

    @handler
    def function(event: Any, context: Any) -> None:
        reports.append(process_batch(event, fail, margin=MARGIN))

    @handler
    async def function_async(event: Any, context: Any) -> None:
        reports.append(await process_batch_async(event, awaited(fail), margin=MARGIN))

    event = two_groups() if way == "beside a group" else builders.sqs(count=1)
    context = make_context(timeout=TIMEOUT)
    spin = Spin(TIMEOUT)
    with clock_of_runs(monotonic):
        tried: Any = function_async if way == "async" else function
        assert invoke(tried, event, context=context).error is None
    assert spin.ended
    assert {one.id: type(one.error) for one in reports[0].failures}[failing] is KeyError


@pytest.mark.parametrize("is_async", [False, True])
def test_a_record_that_has_returned_is_acknowledged_although_its_end_is_noted_late(is_async: bool) -> None:
    returned: list[str] = []
    spin = Spin(_NO_MORE)

    def monotonic() -> float:
        if returned and not spin.begun:
            spin()
        return time.monotonic()

    def fail_and_return(record: Any) -> None:
        if record.id == "m0":
            raise ValueError
        returned.append(record.id)

    function = handled(awaited(fail_and_return) if is_async else fail_and_return, margin=MARGIN)
    with clock_of_runs(monotonic):
        result = invoke(function, two_groups(), context=make_context(timeout=TIMEOUT))
    assert (reported(result.value), returned, spin.ended) == (["m0"], ["m1"], True)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_batch_that_ended_in_time_leaves_no_timer(is_async: bool) -> None:
    before = signal.getsignal(signal.SIGALRM)
    timers: list[float] = []

    def look(record: Any) -> None:
        timers.append(signal.getitimer(signal.ITIMER_REAL)[0])

    handled(awaited(look) if is_async else look)(builders.sqs(count=1), make_context(timeout=PATIENCE))
    assert timers[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is before


def test_an_interrupt_that_strikes_when_the_batch_stops_its_alarm_leaves_no_timer() -> None:
    before = signal.getsignal(signal.SIGALRM)
    stop = Alarm.stop
    struck: list[Alarm] = []

    def look(record: Any) -> None: ...

    def interrupted(alarm: Alarm) -> None:
        if not struck:
            struck.append(alarm)
            raise TimeLimitInterrupt
        stop(alarm)

    with mock.patch.object(Alarm, "stop", interrupted), pytest.raises(TimeLimitInterrupt):
        handled(look)(builders.sqs(count=1), make_context(timeout=PATIENCE))
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handler_that_goes_on_after_its_batch_is_not_interrupted(concurrency: int, is_async: bool) -> None:
    def look(record: Any) -> None: ...

    @handler
    def function(event: Any, context: Any) -> str:
        process_batch(event, look, margin=MARGIN, concurrency=concurrency)
        time.sleep(TIMEOUT)
        return "went on"

    @handler
    async def function_async(event: Any, context: Any) -> str:
        await process_batch_async(event, awaited(look), margin=MARGIN, concurrency=concurrency)
        await asyncio.sleep(TIMEOUT)
        return "went on"

    tried: Any = function_async if is_async else function
    assert invoke(tried, builders.sqs(count=1), context=make_context(timeout=TIMEOUT)).value == "went on"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_sink_is_interrupted_and_its_record_comes_again(is_async: bool) -> None:
    spin = Spin(_LONG)

    def fail(record: Any) -> None:
        raise Permanent

    def keep(letter: DeadLetter) -> None:
        spin()

    function = handled(
        awaited(fail) if is_async else fail,
        permanent=(Permanent,),
        dead_letter=awaited(keep) if is_async else keep,
        margin=MARGIN,
    )
    result = invoke(function, builders.sqs(count=1), context=make_context(timeout=TIMEOUT))
    assert (spin.begun, spin.ended) == (True, False)
    assert (result.error, reported(result.value)) == (None, ["m0"])


@pytest.mark.parametrize(
    ("way", "error"),
    [
        ("one by one", KeyError),
        ("one by one", Permanent),
        ("beside a group", KeyError),
        ("beside a group", TimeLimitInterrupt),
        ("threads", KeyError),
        ("async", KeyError),
        ("async", Permanent),
        ("async", TimeLimitInterrupt),
        ("tasks", KeyError),
    ],
)
def test_no_interrupt_strikes_the_line_about_a_record(way: str, error: type[BaseException]) -> None:
    """It would lose the line, and might tell another result."""
    told = "m1" if way == "beside a group" else "m0"
    reports: list[BatchReport] = []

    def fail(record: Any) -> None:
        if record.id == told:
            raise error
        raise ValueError

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if vars(record).get("recordId") == told:
                spin()

    options: Any = {"permanent": (Permanent,), "dead_letter": list[DeadLetter]().append, "margin": MARGIN}
    options["concurrency"] = 2 if way in ("threads", "tasks") else 1

    @handler
    def function(event: Any, context: Any) -> Any:
        reports.append(process_batch(event, fail, **options))
        return reports[0].response

    @handler
    async def function_async(event: Any, context: Any) -> Any:
        reports.append(await process_batch_async(event, awaited(fail), **options))
        return reports[0].response

    event = two_groups() if way == "beside a group" else builders.sqs(count=1)
    slow, log = Slow(), logging.getLogger("lambda_kit")
    log.addHandler(slow)
    try:
        spin = Spin(_NO_MORE)
        tried: Any = function_async if way in ("async", "tasks") else function
        result = invoke(tried, event, context=make_context(timeout=TIMEOUT))
    finally:
        log.removeHandler(slow)
    for thread in threading.enumerate():
        if thread.name.startswith("lambda_kit-batch"):  # the batch waits a moment only
            thread.join(PATIENCE)
    assert (spin.begun, spin.ended, result.error) == (True, True, None)
    errors = {one.id: type(one.error) for one in (*reports[0].failures, *reports[0].dead_letters)}
    assert errors[told] is (TimeLimitReached if error is TimeLimitInterrupt else error)
    assert [one.id for one in reports[0].dead_letters] == (["m0"] if error is Permanent else [])
