"""Threads that the end of the time meets at any step, or that end while the batch is summed up: nothing is mixed up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from lambda_kit._kernel import interrupt
from lambda_kit.batch._failure_log import FailureLog
from lambda_kit.batch._processor import Execution, Processor
from lambda_kit.batch._progress import DEAD_LETTERED, FAILED, SUCCEEDED, Progress
from lambda_kit.batch._run import Run
from lambda_kit.batch._sources import find
from lambda_kit.batch._threads import _Workers
from lambda_kit.errors import TimeLimitInterrupt
from tests.batch import builders
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from lambda_kit.batch import DeadLetter


class Batch:
    """The threads of a batch whose work a test does itself, and the end of the time as a call."""

    def __init__(self, *, abandons: bool) -> None:
        self.settled: set[str] = set()
        self.begun_late: list[str] = []
        self._abandons = abandons
        self._is_over = False
        self.event = builders.sqs(count=4)
        processor = Processor(self._judge, "batch", concurrency=2, permanent=(KeyError,), dead_letter=self._keep)
        self.execution = Execution(processor, self.event, {})
        assert self.execution.run is not None
        self.run: Run = self.execution.run
        self.workers = _Workers(self.run)

    def _judge(self, record: Any) -> None:
        if self._is_over:
            self.begun_late.append(record.id)
        if record.id == "m1":
            raise ValueError
        if record.id == "m2":
            raise KeyError
        self.settled.add(record.id)

    def _keep(self, letter: DeadLetter) -> None:
        self.settled.add(letter.id)

    def work(self) -> None:
        """Do what a thread of the batch does."""
        self.workers._work()

    def stop(self) -> None:
        """Do the first step of the end of the time."""
        self.run.stopped = True

    def interrupt(self) -> None:
        """Do what the thread of the handler does at the end of the time; the interrupt strikes where this is called."""
        abandon: Any = self.run.abandon if self._abandons else mock.Mock()
        with mock.patch.object(interrupt, "raise_in") as struck, mock.patch.object(self.run, "abandon", abandon):
            self.workers._interrupt([])
        self._is_over = True
        if struck.called:
            raise TimeLimitInterrupt

    def check(self, caplog: pytest.LogCaptureFixture) -> None:
        """Check that the response, the log and what was done agree."""
        assert self.workers.fatal == []
        assert self.begun_late == []
        progress = self.execution._progress
        self.run.finish()
        told: dict[str, list[str]] = {"and is retried": [], "and is not retried": []}
        for line in caplog.records:
            (what,) = (what for what in told if what in line.getMessage())
            told[what] += vars(line).get("recordIds") or [vars(line)["recordId"]]
        assert told["and is retried"] == [f"m{i}" for i in progress.positions(FAILED)]
        assert told["and is not retried"] == [f"m{i}" for i in progress.positions(DEAD_LETTERED)]
        retried = {f"m{i}" for i in progress.to_retry()}
        assert {"m0", "m1", "m2", "m3"} - self.settled <= retried


@pytest.mark.parametrize("abandons", [False, True])
def test_the_end_of_the_time_may_meet_a_thread_at_any_step(abandons: bool, caplog: pytest.LogCaptureFixture) -> None:
    def prepare() -> Batch:
        caplog.clear()
        return Batch(abandons=abandons)

    def check(batch: Batch, _: str) -> None:
        batch.check(caplog)

    visit_each_step(Batch.work, Batch.interrupt, prepare=prepare, check=check)
    visit_each_step(Batch.work, Batch.stop, Batch.interrupt, prepare=prepare, check=check)


@pytest.mark.parametrize("end", [Run._failed, Run._dead_lettered])
def test_a_record_may_end_between_any_two_steps_in_which_it_is_given_up(
    end: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def prepare() -> Batch:
        caplog.clear()
        batch = Batch(abandons=True)
        batch.settled = {"m0"}
        return batch

    def give_up(batch: Batch) -> None:
        batch.run.abandon([(0, 0.0, batch.workers._context, ())])

    def end_it(batch: Batch) -> None:
        end(batch.run, 0, KeyError(), 0.0)

    def check(batch: Batch, _: str) -> None:
        batch.check(caplog)

    visit_each_step(give_up, end_it, prepare=prepare, check=check)
    visit_each_step(end_it, give_up, prepare=prepare, check=check)


def test_a_record_that_fails_for_good_after_it_was_given_up_gets_no_dead_letter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    batch = Batch(abandons=True)
    batch.run.abandon([(2, 0.0, batch.workers._context, ())])
    batch.run._raised(2, KeyError(), 0.0)  # its thread has swallowed the interrupt
    batch.run.in_tasks = set()
    asyncio.run(batch.run._raised_async(2, KeyError(), 0.0, None, None))
    assert batch.settled == set()
    batch.check(caplog)


def test_a_record_may_end_between_any_two_steps_of_the_summary_of_times() -> None:
    def prepare() -> Progress:
        progress = Progress(["a", "b", "c", "d"])
        progress.fill()
        progress.end(0, SUCCEEDED, None, 1.0)
        progress.end(1, SUCCEEDED, None, 2.0)
        return progress

    def end(progress: Progress) -> None:
        progress.end(len(progress.ends), SUCCEEDED, None, 9.0)

    def check(progress: Progress, _: str) -> None:
        assert progress.durations() == [1.0, 2.0, 9.0, 9.0]

    assert visit_each_step(Progress.durations, end, end, prepare=prepare, check=check)


def test_a_record_may_fail_between_any_two_steps_of_the_log_of_failures(caplog: pytest.LogCaptureFixture) -> None:
    event = builders.sqs(count=5)
    source, records = find(event, "auto")
    assert source is not None

    def prepare() -> FailureLog:
        caplog.clear()
        log = FailureLog(source, Progress(records))
        for index in range(3):
            log.record_failed(index, ValueError())
        return log

    def fail(log: FailureLog) -> None:
        log.record_failed(3, KeyError())
        log.record_failed(4, KeyError())

    def check(log: FailureLog, _: str) -> None:
        log.finish()
        told = [record.getMessage() for record in caplog.records]
        assert len([one for one in told if "each of 2 more records" in one]) == 1
        assert len([one for one in told if "KeyError" in one]) == 2

    assert visit_each_step(FailureLog.finish, fail, prepare=prepare, check=check)
