"""Threads that were given up at the end of the time, and end while the batch is summed up: nothing else suffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_kit.batch._failure_log import FailureLog
from lambda_kit.batch._progress import Progress
from lambda_kit.batch._sources import find
from tests.batch import builders
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    import pytest


def test_a_record_may_end_between_any_two_steps_of_the_summary_of_times() -> None:
    def prepare() -> Progress:
        progress = Progress(["a", "b", "c", "d"])
        progress.seconds.update({0: 1.0, 1: 2.0})
        return progress

    def end(progress: Progress) -> None:
        progress.seconds[len(progress.seconds)] = 9.0

    def check(progress: Progress, _: str) -> None:
        assert progress.durations() == [1.0, 2.0, 9.0, 9.0]

    assert visit_each_step(Progress.durations, end, end, prepare=prepare, check=check) > 5


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

    assert visit_each_step(FailureLog.finish, fail, prepare=prepare, check=check) > 5
