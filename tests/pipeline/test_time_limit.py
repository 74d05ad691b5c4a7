"""`time_limit`: the handler is interrupted before Lambda kills the process."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import signal
import socket
import threading
import time
import traceback
from typing import Any

import pytest

from lambda_kit import handler, layer, time_limit
from lambda_kit._kernel.interrupt import BETWEEN_STEPS
from lambda_kit.errors import (
    ConfigurationError,
    OutsideInvocation,
    TimeLimitInterrupt,
    TimeLimitReached,
    UnexpectedCancellation,
)
from lambda_kit.pipeline import _time_limit
from lambda_kit.testing import FakeClock, FakeContext, make_context
from tests.patience import PATIENCE
from tests.threads import refuse_threads

SOON = 0.02


def due_soon(margin: float = 1.0) -> FakeContext:
    """A context whose limit is `SOON` seconds away, however slow the machine is."""
    return make_context(timeout=margin + SOON + 0.001, clock=FakeClock())


def sleep_at_a_known_line() -> None:
    time.sleep(30)


def test_a_handler_in_time_is_not_touched() -> None:
    @handler(time_limit())
    def place(event: object, context: object) -> str:
        return "done"

    assert place({}, make_context(timeout=30.0)) == "done"
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_a_blocking_handler_is_interrupted_logged_and_every_layer_unwinds(caplog: pytest.LogCaptureFixture) -> None:
    left: list[str] = []

    @layer
    def outer(event: Any, context: Any) -> Any:
        try:
            yield
        except TimeLimitReached:
            left.append("outer")
            raise

    @layer
    def inner(event: Any, context: Any) -> Any:
        try:
            yield
        finally:
            left.append("inner")

    @handler(outer, time_limit(margin=1.0), inner)
    def place(event: object, context: object) -> None:
        sleep_at_a_known_line()

    with pytest.raises(TimeLimitReached, match=r"place reached its time limit 1 s before the deadline") as caught:
        place({}, due_soon())
    assert left == ["inner", "outer"]
    assert caught.value.margin == 1.0
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "in sleep_at_a_known_line\n    time.sleep(30)" in record.getMessage()
    assert "lambda_kit/pipeline" not in record.getMessage()


def test_the_traceback_of_the_error_shows_where_the_handler_stood() -> None:
    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> None:
        sleep_at_a_known_line()

    with pytest.raises(TimeLimitReached) as caught:
        place({}, due_soon())
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["place", "sleep_at_a_known_line"], "without the frames that have interrupted it"


def test_a_limit_for_whose_report_no_thread_can_be_started_interrupts_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = refuse_threads(monkeypatch, "lambda_kit.pipeline._time_limit")

    @handler(time_limit(margin=1.0))
    def wait(event: object, context: object) -> None:
        time.sleep(PATIENCE)

    with pytest.raises(TimeLimitReached):
        wait({}, due_soon())
    assert waits == []


def test_code_without_a_line_is_interrupted_and_told_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    """On Python 3.11 the jump at the end of such a loop has no line, and there it is where interrupts strike."""

    @handler(time_limit(margin=1.0))
    def spin(event: object, context: object) -> None:
        while True:
            for i in range(1000):
                if i % 2:  # noqa: SIM102  # another jump
                    if i % 3:
                        str(i)

    for _ in range(3):
        with pytest.raises(TimeLimitReached) as raised:
            spin({}, due_soon())
        assert any(entry.name == "spin" for entry in raised.traceback)
    assert ", in spin" in caplog.text
    assert "line None" not in caplog.text


def test_a_limit_that_needs_a_thread_which_cannot_be_started_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refuse_threads(monkeypatch, "lambda_kit._kernel.interrupt")

    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> str:
        return "done"

    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(place({}, make_context(timeout=30.0))))
    thread.start()
    thread.join(PATIENCE)
    assert results == ["done"]
    assert "no thread can be started (can't start new thread)" in caplog.text


def test_code_that_catches_every_exception_cannot_swallow_the_limit() -> None:
    tries: list[int] = []

    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> None:
        while True:
            try:
                tries.append(1)
                sleep_at_a_known_line()
            except Exception:
                continue

    with pytest.raises(TimeLimitReached):
        place({}, due_soon())
    assert tries == [1]


def test_a_botocore_call_that_hangs_is_ended_although_botocore_retries_what_it_catches() -> None:
    boto3: Any = pytest.importorskip("boto3")
    from botocore.config import Config

    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = Config(connect_timeout=30, read_timeout=30, retries={"max_attempts": 5, "mode": "standard"})
        client = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=config,
        )

        @handler(time_limit(margin=1.0))
        def place(event: object, context: object) -> None:
            client.list_tables()

        with pytest.raises(TimeLimitReached):
            place({}, make_context(timeout=1.3, clock=FakeClock()))


def test_a_handler_may_catch_the_interrupt_and_answer() -> None:
    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> str:
        try:
            sleep_at_a_known_line()
        except TimeLimitInterrupt:
            return "partial"
        return "whole"

    assert place({}, due_soon()) == "partial"


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
def test_the_stack_is_logged_before_the_handler_returns_although_it_catches_the_interrupt(
    is_async: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_time_limit, "_REPORT_SECONDS", PATIENCE)
    logged: list[str] = []

    class Slow(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            time.sleep(0.05)
            logged.append(record.getMessage())

    def work() -> str:
        try:
            sleep_at_a_known_line()
        except TimeLimitInterrupt:
            return "too slow"
        return "done"

    @handler(time_limit(margin=4 * PATIENCE))
    def place(event: object, context: object) -> str:
        return work()

    @handler(time_limit(margin=4 * PATIENCE))
    async def place_later(event: object, context: object) -> str:
        return work()

    slow = Slow()
    logging.getLogger("lambda_kit").addHandler(slow)
    try:
        assert (place_later if is_async else place)({}, due_soon(4 * PATIENCE)) == "too slow"
        assert [line.partition(":")[0] for line in logged] == ["time limit reached"]
    finally:
        logging.getLogger("lambda_kit").removeHandler(slow)


def test_a_waiting_coroutine_is_cancelled_and_the_log_shows_where_it_waits(caplog: pytest.LogCaptureFixture) -> None:
    left: list[str] = []

    async def wait_at_a_known_line() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            left.append("coroutine")

    @handler(time_limit(margin=1.0))
    async def place(event: object, context: object) -> None:
        await wait_at_a_known_line()

    with pytest.raises(TimeLimitReached):
        place({}, due_soon())
    assert left == ["coroutine"]
    assert "in wait_at_a_known_line\n    await asyncio.sleep(30)" in caplog.text


def test_a_coroutine_that_blocks_the_event_loop_is_interrupted(caplog: pytest.LogCaptureFixture) -> None:
    @handler(time_limit(margin=1.0))
    async def place(event: object, context: object) -> None:
        sleep_at_a_known_line()

    with pytest.raises(TimeLimitReached):
        place({}, due_soon())
    assert "in sleep_at_a_known_line" in caplog.text


def test_a_task_beside_the_handler_that_blocks_the_event_loop_is_interrupted_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @handler(time_limit(margin=1.0))
    async def place(event: object, context: object) -> None:
        async def block() -> None:
            sleep_at_a_known_line()

        await asyncio.gather(block(), asyncio.sleep(30), return_exceptions=True)
        await asyncio.sleep(30)

    with pytest.raises(TimeLimitReached):
        place({}, due_soon())
    assert len(caplog.records) == 1, "both the interrupt and the cancellation struck, and one line tells of it"


def test_an_async_handler_may_catch_the_cancellation_and_answer_and_the_next_invocation_is_well() -> None:
    @handler(time_limit(margin=1.0))
    async def place(event: str, context: object) -> str:
        try:
            await asyncio.sleep(30 if event == "slow" else 0)
        except asyncio.CancelledError:
            return "partial"
        return "whole"

    assert place("slow", due_soon()) == "partial"
    assert place("fast", due_soon()) == "whole"


def test_the_clean_up_of_a_cancelled_coroutine_is_not_interrupted_as_that_of_a_function_is_not() -> None:
    cleaned: list[str] = []

    def clean_up() -> None:
        time.sleep(5 * BETWEEN_STEPS)
        cleaned.append("whole")

    @handler(time_limit(margin=1.0))
    async def place(event: object, context: object) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            clean_up()

    @handler(time_limit(margin=1.0))
    def place_blocking(event: object, context: object) -> None:
        try:
            time.sleep(30)
        finally:
            clean_up()

    for function in (place, place_blocking):
        with pytest.raises(TimeLimitReached):
            function({}, due_soon())
    assert cleaned == ["whole", "whole"]


def test_after_the_limit_the_layers_outside_may_await() -> None:
    awaited: list[int] = []

    def cleaning(fn: Any) -> Any:
        @functools.wraps(fn)
        async def wrapper(event: object, context: object) -> Any:
            try:
                async with asyncio.timeout(30):
                    return await fn(event, context)
            finally:
                await asyncio.sleep(0)
                task = asyncio.current_task()
                assert task is not None
                awaited.append(task.cancelling())

        return wrapper

    @handler(cleaning, time_limit(margin=1.0))
    async def place(event: object, context: object) -> None:
        await asyncio.sleep(30)

    with pytest.raises(TimeLimitReached):
        place({}, due_soon())
    assert awaited == [0], "the cancellation is taken back"


def test_a_cancellation_that_is_not_the_limits_passes_unchanged() -> None:
    @handler(time_limit(margin=1.0))
    async def place(event: object, context: object) -> None:
        raise asyncio.CancelledError

    with pytest.raises(UnexpectedCancellation) as caught:
        place({}, make_context())
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_handler_without_any_time_is_not_started(kind: str) -> None:
    def place(event: object, context: object) -> None:
        raise AssertionError("started")

    async def place_later(event: object, context: object) -> None:
        raise AssertionError("started")

    run: Any = handler(time_limit(margin=2.0))(place if kind == "def" else place_later)
    with pytest.raises(TimeLimitReached, match=r"was not started, because no time was left before the deadline"):
        run({}, make_context(timeout=0.0, clock=FakeClock()))


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_margin_that_is_not_smaller_than_the_time_that_is_left_is_an_error_and_half_of_that_time(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def place(event: object, context: object) -> str:
        return "done"

    async def place_later(event: object, context: object) -> str:
        return "done"

    run: Any = handler(time_limit(margin=2.0))(place if kind == "def" else place_later)
    assert run({}, make_context(timeout=2.0, clock=FakeClock())) == "done"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert re.search(
        r"time_limit\(margin=2\): .*place.* was called with only 2\.000 s left .* its margin is 1\.000 s in this "
        r"invocation; pass a smaller margin, or raise the timeout",
        record.getMessage(),
    )


def test_half_of_the_time_that_is_left_is_the_margin_if_the_margin_is_larger() -> None:
    @handler(time_limit(margin=60.0))
    def place(event: object, context: object) -> None:
        sleep_at_a_known_line()

    with pytest.raises(TimeLimitReached, match=r"reached its time limit 0\.0\d+ s before the deadline") as caught:
        place({}, make_context(timeout=0.1, clock=FakeClock()))
    assert caught.value.margin == pytest.approx(0.05, abs=0.001)


def test_a_context_without_a_deadline_sets_no_limit() -> None:
    @handler(time_limit())
    def place(event: object, context: object) -> str:
        return "done"

    @handler(time_limit())
    async def place_later(event: object, context: object) -> str:
        return "done"

    assert place({}, None) == place_later({}, None) == "done"


@pytest.mark.parametrize(("outer", "inner", "first"), [(2.0, 1.0, "outer"), (1.0, 2.0, "inner")])
def test_of_two_limits_the_earlier_one_comes_first(outer: float, inner: float, first: str) -> None:
    context = due_soon(margin=2.0)

    @time_limit(margin=inner)
    def work(event: object, ctx: object) -> None:
        sleep_at_a_known_line()

    @handler(time_limit(margin=outer))
    def place(event: object, ctx: object) -> None:
        work(event, ctx)

    with pytest.raises(TimeLimitReached, match="work" if first == "inner" else "place"):
        place({}, context)


def test_a_signal_that_ends_no_call_is_followed_by_another() -> None:
    """CPython takes a signal between two bytecodes, so one that comes just before a call blocks does not end it."""

    @handler(time_limit(margin=1.0))
    def place(event: Any, context: Any) -> None:
        own = signal.signal(signal.SIGALRM, lambda _number, _frame: None)
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            pass
        signal.signal(signal.SIGALRM, own)
        time.sleep(PATIENCE)

    with pytest.raises(TimeLimitReached):
        place({}, make_context(timeout=1.01, clock=FakeClock()))
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timer_of_the_users_own_goes_on_after_the_handler() -> None:
    rung: list[int] = []
    previous = signal.signal(signal.SIGALRM, lambda number, _frame: rung.append(number))
    try:

        @handler(time_limit())
        def place(event: object, context: object) -> str:
            return "done"

        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.01)
        assert place({}, make_context()) == "done"
        end = time.monotonic() + PATIENCE
        while len(rung) < 3:
            assert time.monotonic() < end
            time.sleep(0.001)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_on_another_thread_the_limit_comes_between_two_bytecodes(caplog: pytest.LogCaptureFixture) -> None:
    caught: list[BaseException] = []

    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> None:
        while True:
            time.sleep(0.001)

    def run() -> None:
        try:
            place({}, due_soon())
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert [type(error) for error in caught] == [TimeLimitReached]
    assert "in place" in caplog.text


def test_on_another_thread_a_handler_in_time_leaves_no_timer_behind() -> None:
    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> int:
        return threading.active_count()

    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(place({}, make_context())))
    thread.start()
    thread.join(PATIENCE)
    for timer in [one for one in threading.enumerate() if isinstance(one, threading.Timer)]:
        timer.join(PATIENCE)
    assert seen
    assert not [one for one in threading.enumerate() if isinstance(one, threading.Timer)]


def test_standard_streams_are_flushed_when_the_limit_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []

    class Stream:
        def write(self, text: str) -> int:
            return len(text)

        def flush(self) -> None:
            flushed.append("flushed")

    @handler(time_limit(margin=1.0))
    def place(event: object, context: object) -> None:
        sleep_at_a_known_line()

    monkeypatch.setattr("sys.stdout", Stream())
    with pytest.raises(TimeLimitReached):
        place({}, due_soon())
    assert flushed


@pytest.mark.parametrize("margin", [-0.1, float("inf"), float("nan"), True, "1", None])
def test_a_margin_that_is_no_number_of_seconds_is_refused(margin: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"time_limit\(margin=.*\): pass the seconds before the deadline"):
        time_limit(margin=margin)


def test_the_factory_itself_is_not_a_layer() -> None:
    with pytest.raises(ConfigurationError, match=r"is the function time_limit; did you mean time_limit\(\.\.\.\)"):

        @handler(time_limit)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue, reportArgumentType, reportUntypedFunctionDecorator]
        def place(event: object, context: object) -> None: ...


def test_outside_a_handler_there_is_no_deadline_to_keep() -> None:
    @time_limit()
    def job(event: object, context: object) -> None: ...

    with pytest.raises(OutsideInvocation, match="not under @handler"):
        job({}, make_context())
