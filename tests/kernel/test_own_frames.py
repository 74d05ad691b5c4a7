"""The kit recognises its own frames: stacks in logs and errors show the user's code, and all of it."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

import lambda_kit
from lambda_kit import handler, layer, provide, time_limit
from lambda_kit.batch import process_batch
from lambda_kit.errors import TimeLimitReached
from lambda_kit.testing import FakeClock, FakeContext, make_context

PACKAGE = str(Path(lambda_kit.__file__).parent)


def due_soon() -> FakeContext:
    """A context whose limit, with a margin of a second, is 20 milliseconds away."""
    return make_context(timeout=1.02, clock=FakeClock())


@layer
def audit(event: Any, context: Any) -> Any:
    yield


def block() -> None:
    while True:
        time.sleep(0.001)


async def wait() -> None:
    await asyncio.sleep(60)


def place(event: Any, context: Any, *, table: str) -> None:
    block()


async def place_and_wait(event: Any, context: Any, *, table: str) -> None:
    await wait()


async def place_and_block(event: Any, context: Any, *, table: str) -> None:
    block()


def call(entry: Any) -> None:
    with pytest.raises(TimeLimitReached):
        entry({}, due_soon())


def call_on_a_thread(entry: Any) -> None:
    thread = threading.Thread(target=call, args=(entry,))
    thread.start()
    thread.join(60)


@pytest.mark.parametrize(
    ("fn", "stands_in", "run"),
    [
        (place, "block", call),
        (place_and_wait, "wait", call),
        (place_and_block, "block", call),
        (place, "block", call_on_a_thread),
    ],
    ids=["function", "waiting coroutine", "blocking coroutine", "function on a thread"],
)
def test_the_log_of_a_time_limit_shows_the_frames_of_the_user_and_none_of_the_kit(
    fn: Any, stands_in: str, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run(handler(audit, time_limit(margin=1.0), audit, provide(table=lambda: "orders"), audit)(fn))
    (record,) = caplog.records
    message = record.getMessage()
    assert f"in {fn.__name__}\n" in message
    assert f"in {stands_in}\n" in message
    assert PACKAGE not in message


def test_the_traceback_of_an_interrupted_record_has_the_frames_of_the_user_and_none_of_the_kit() -> None:
    @handler
    def consume(event: Any, context: Any) -> Any:
        def work(record: Any) -> None:
            block()

        return process_batch(event, work, margin=0.4)

    message = {"messageId": "m-1", "eventSource": "aws:sqs", "body": "{}", "receiptHandle": "r"}
    report = consume({"Records": [message]}, make_context(timeout=0.9, clock=FakeClock()))
    (failure,) = report.failures
    frames = traceback.extract_tb(failure.error.__traceback__)
    assert [frame.name for frame in frames] == ["work", "block"]
