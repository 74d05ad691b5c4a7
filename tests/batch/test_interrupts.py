"""An interrupt at any step of a batch acknowledges nothing by accident, and the next batch works."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import Any, Literal

import pytest

from lambda_kit import handler
from lambda_kit.batch import DeadLetter, batch
from lambda_kit.testing import make_context
from tests.batch import builders
from tests.batch.builders import reported
from tests.patience import PATIENCE
from tests.stepping import PACKAGE, Outcome, interrupt_each_step

Steps = Literal["deliveries", "bytecodes"]


class Permanent(Exception):
    """An error that no retry will mend."""


class Function:
    """A handler of batches that notes which records have succeeded or are in the dead letter."""

    def __init__(self, *, concurrency: int, is_async: bool) -> None:
        self.settled: list[str] = []
        self.letters: list[str] = []

        def judge(record: Any) -> str:
            if record.id == "m1":
                raise ValueError
            if record.id == "m2":
                raise Permanent
            self.settled.append(record.id)
            return "fine"

        async def judge_async(record: Any) -> str:
            await asyncio.sleep(0)
            return judge(record)

        def keep(letter: DeadLetter) -> None:
            self.letters.append(letter.id)

        async def keep_async(letter: DeadLetter) -> None:
            keep(letter)

        decorate: Any = batch(
            concurrency=concurrency, permanent=(Permanent,), dead_letter=keep_async if is_async else keep
        )
        made: Any = handler
        self.handle: Any = made(decorate(judge_async if is_async else judge))

    def call(self, event: Any, timeout: float = PATIENCE) -> Any:
        self.settled.clear()
        self.letters.clear()
        return self.handle(event, make_context(timeout=timeout))


def check(function: Function, outcome: Outcome, event: Any) -> None:
    """Check the response of an interrupted batch, if there is one, and that the next batch works."""
    if outcome.error is None:
        done = {*function.settled, *function.letters}
        assert {one["messageId"] for one in event["Records"]} - done <= {*reported(outcome.value)}
    assert reported(function.call(builders.sqs(count=4))) == ["m1"]
    assert sorted(function.settled) == ["m0", "m3"]
    assert function.letters == ["m2"]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1, "lambda_kit")  # thousands of lines


@pytest.mark.parametrize("steps", ["deliveries", "bytecodes"])
def test_records_that_run_one_after_another_stand_an_interrupt_anywhere(steps: Steps) -> None:
    # An exception at the bytecodes of an `except` upsets the interpreter, so that only records that succeed are here.
    event = builders.sqs(*map(builders.message, ["m0", "m3"])) if steps == "bytecodes" else builders.sqs(count=4)
    interrupt_each_step(
        lambda function: function.call(event),
        prepare=lambda: Function(concurrency=1, is_async=False),
        check=lambda function, outcome: check(function, outcome, event),
        steps=steps,
    )


def test_groups_that_run_one_after_another_stand_an_interrupt_anywhere() -> None:
    event = builders.sqs(*(builders.message(f"m{i}", group="ab"[i // 3]) for i in range(5)))

    def check_group(function: Function, outcome: Outcome) -> None:
        if outcome.error is None:
            done = {*function.settled, *function.letters}
            assert {f"m{i}" for i in range(5)} - done <= {*reported(outcome.value)}
        assert reported(function.call(event)) == ["m1", "m2"]

    interrupt_each_step(
        lambda function: function.call(event),
        prepare=lambda: Function(concurrency=1, is_async=False),
        check=check_group,
    )


@pytest.mark.parametrize("concurrency", [1, 3])
def test_awaited_records_stand_an_interrupt_anywhere(concurrency: int) -> None:
    event = builders.sqs(count=4)
    interrupt_each_step(
        # An interrupt in a callback of the loop, where those of time limits never strike, is swallowed by the loop: the
        # batch then ends at its deadline.
        lambda function: function.call(event, timeout=2.0),
        prepare=lambda: Function(concurrency=concurrency, is_async=True),
        check=lambda function, outcome: check(function, outcome, event),
    )


def test_the_handler_of_threads_stands_an_interrupt_anywhere() -> None:
    event = builders.sqs(count=4)

    def check_and_join(function: Function, outcome: Outcome) -> None:
        for thread in threading.enumerate():
            if thread.name.startswith("lambda_kit-batch"):
                with contextlib.suppress(RuntimeError):  # it was interrupted while it started
                    thread.join(PATIENCE)
        check(function, outcome, event)

    interrupt_each_step(
        lambda function: function.call(event),
        prepare=lambda: Function(concurrency=3, is_async=False),
        check=check_and_join,
        inside=(PACKAGE,),
    )
