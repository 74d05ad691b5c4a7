"""Lines below the level: sampled by one decision, or kept in bounded bytes until there is an error."""

from __future__ import annotations

import contextvars
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler, layer, time_limit
from lambda_kit.errors import ConfigurationError, TimeLimitInterrupt, TimeLimitReached
from lambda_kit.testing import FakeClock, make_context
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.logger.conftest import Stdout

    Logs = Callable[[], list[dict[str, Any]]]


def decisions(monkeypatch: pytest.MonkeyPatch, *draws: float) -> list[float]:
    left = list(draws)

    def draw(count: int) -> bytes:
        return int(left.pop(0) * 256**count).to_bytes(count)

    monkeypatch.setattr(os, "urandom", draw)
    return left


def test_sampling_is_decided_once_for_each_invocation_by_chance(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Logger(sample_rate=0.25)
    left = decisions(monkeypatch, 0.24, 0.26)

    @layer
    def around(event: Any, context: Any) -> Iterator[None]:
        log.debug("before")
        yield
        log.debug("after")

    @handler(around, log, log)
    def place(event: object, context: object) -> None:
        log.debug("in")
        log.child(a=1).debug("child")

    place({}, None)
    place({}, None)
    assert [line["message"] for line in logs()] == ["before", "in", "child", "after"]
    assert left == []


@pytest.mark.parametrize(("rate", "written"), [(0.0, 0), (1.0, 1), (1, 1)])
def test_at_the_ends_of_the_scale_there_is_no_chance(
    rate: float, written: int, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions(monkeypatch, 1 - 2**-32)
    log = Logger(sample_rate=rate)
    handler(log)(lambda event, context: log.debug("x"))({}, None)
    assert len(logs()) == written


def test_outside_of_an_invocation_nothing_is_sampled_or_kept(logs: Logs) -> None:
    log = Logger(sample_rate=1.0, buffer=1_000)
    log.debug("x")
    log.error("y")
    assert [line["message"] for line in logs()] == ["y"]


def test_what_waits_is_written_before_the_error_and_is_gone_without_one(logs: Logs) -> None:
    log = Logger(level="WARN", buffer=10_000)

    @handler(log)
    def place(event: Any, context: object) -> None:
        log.debug("1", secret="s")
        log.info("2")
        log.warning("3")
        if event:
            log.error("4")
            log.debug("5")
            log.critical("6")

    place(False, make_context())
    assert [line["message"] for line in logs()] == ["3"]
    place(True, make_context())
    lines = logs()
    assert [line["message"] for line in lines] == ["3", "1", "2", "4", "5", "6"]
    assert [line["level"] for line in lines] == ["WARN", "DEBUG", "INFO", "ERROR", "DEBUG", "FATAL"]
    assert sorted(line["timestamp"] for line in lines[1:]) == [line["timestamp"] for line in lines[1:]]


@pytest.mark.parametrize("inside", [False, True])
def test_what_waits_is_written_when_the_handler_raises_or_runs_out_of_time(inside: bool, logs: Logs) -> None:
    log = Logger(buffer=10_000)
    layers: Any = (time_limit(margin=1.0), log) if inside else (log, time_limit(margin=1.0))

    def place(event: Any, context: object) -> None:
        log.debug("waits")
        if event == "fail":
            raise ValueError("v")
        threading.Event().wait(PATIENCE)

    run: Any = handler(*layers)(place)
    with pytest.raises(ValueError, match="v"):
        run("fail", make_context())
    assert [line["level"] for line in logs()] == ["DEBUG", "ERROR"]
    with pytest.raises(TimeLimitReached):
        run("hang", make_context(timeout=1.03, clock=FakeClock()))
    # The record of the kit comes from another thread.
    found = [(line["level"], line.get("logger")) for line in logs()]
    assert sorted(found, key=str) == [("DEBUG", None), ("ERROR", "lambda_kit"), ("ERROR", None)]


def test_an_error_below_the_level_waits_too_and_a_failure_writes_it(logs: Logs) -> None:
    log = Logger(level="FATAL", buffer=10_000)

    @handler(log)
    def place(event: Any, context: object) -> None:
        log.debug("1")
        log.error("2")
        assert logs() == []
        if event:
            raise ValueError("v")

    place(False, make_context())
    assert logs() == []
    with pytest.raises(ValueError, match="v"):
        place(True, make_context())
    assert [line["message"] for line in logs()][:2] == ["1", "2"]


def test_the_oldest_make_room_in_bytes_and_are_counted(logs: Logs) -> None:
    log = Logger(buffer=2_000)

    @handler(log)
    def place(event: object, context: object) -> None:
        for i in range(20):
            log.debug("%d", i, text="é" * 100)  # 200 bytes
        log.error("now")

    place({}, make_context(request_id="r"))
    note, *kept, last = logs()
    assert last["message"] == "now"
    assert [line["message"] for line in kept] == [str(i) for i in range(20 - len(kept), 20)]
    assert 1 < len(kept) < 8
    assert note["message"] == f"{20 - len(kept)} older lines did not fit into the buffer of 2000 bytes"
    assert (note["level"], note["requestId"]) == ("WARN", "r")


def test_a_line_that_never_fits_takes_no_room_from_the_others(logs: Logs) -> None:
    log = Logger(buffer=1_000)

    @handler(log)
    def place(event: object, context: object) -> None:
        log.debug("small")
        log.debug("x" * 2_000)
        log.error("now")

    place({}, make_context())
    assert [line["message"][:7] for line in logs()] == ["1 older", "small", "now"]


def test_all_loggers_of_an_invocation_share_its_buffer(logs: Logs) -> None:
    log, other = Logger(buffer=10_000), Logger(buffer=10_000, part="other")

    @handler(log)
    def place(event: Any, context: object) -> None:
        log.debug("mine")
        other.debug("others")
        if event == "log":
            Logger().error("now")
        else:
            raise ValueError("fails")

    place("log", make_context())
    assert [line["message"] for line in logs()] == ["mine", "others", "now"]
    with pytest.raises(ValueError, match="fails"):
        place("raise", make_context())
    assert [(line["message"], line.get("part")) for line in logs()] == [
        ("mine", None),
        ("others", "other"),
        ("the handler failed: ValueError: fails", None),
    ]


def test_all_loggers_of_an_invocation_share_one_decision(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    log, other, often = Logger(sample_rate=0.25), Logger(sample_rate=0.25), Logger(sample_rate=0.5)
    left = decisions(monkeypatch, 0.2, 0.3, 0.6)

    @handler(log)
    def place(event: object, context: object) -> None:
        for one in (log, other, often):
            one.debug("x")

    for expected in (3, 1, 0):
        place({}, None)
        assert len(logs()) == expected
    assert left == []


def test_lines_of_many_threads_are_kept_and_written_once(logs: Logs) -> None:
    log = Logger(buffer=10_000_000)
    ready = threading.Barrier(5)

    def work(n: int) -> None:
        ready.wait(PATIENCE)
        for i in range(200):
            log.debug("%d-%d", n, i)
            if i % 50 == 0:
                log.error("now")

    @handler(log)
    def place(event: object, context: object) -> None:
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work, n)) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        log.error("now")

    place({}, make_context())
    found = [line["message"] for line in logs() if line["level"] == "DEBUG"]
    assert sorted(found) == sorted(f"{n}-{i}" for n in range(5) for i in range(200))


def test_what_waits_in_one_invocation_never_shows_in_another(logs: Logs) -> None:
    log = Logger(buffer=10_000)
    both = threading.Barrier(2)

    @handler(log)
    def place(event: Any, context: object) -> None:
        log.debug(event)
        both.wait(PATIENCE)
        if event == "fails":
            log.error("now")
        both.wait(PATIENCE)

    threads = [threading.Thread(target=place, args=(name, make_context())) for name in ("fails", "works")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [line["message"] for line in logs()] == ["fails", "now"]


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": -0.1},
        {"sample_rate": 1.1},
        {"sample_rate": "1"},
        {"sample_rate": True},
        {"buffer": 0},
        {"buffer": -1},
        {"buffer": "1"},
        {"redact": "password"},
        {"redact": None},
        {"redact": (1,)},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(ConfigurationError, match=rf"Logger\({name}="):
        Logger(**options)


def test_what_waits_survives_an_interrupt_while_it_is_written(logs: Logs, stdout: Stdout) -> None:
    log = Logger(buffer=10_000)
    count = [0]

    def interrupt() -> None:
        count[0] += 1
        if count[0] == 2:
            raise TimeLimitInterrupt

    @handler(log)
    def place(event: object, context: object) -> None:
        for i in range(3):
            log.debug("%s", i)
        stdout.before = interrupt
        log.error("fails")

    with pytest.raises(TimeLimitInterrupt):
        place({}, None)
    assert [line["message"] for line in logs()] == ["0", "1", "2", "the handler failed: TimeLimitInterrupt"]
