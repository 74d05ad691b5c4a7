"""The frozen clock: everything in the kit that reads the time follows it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest

from lambda_kit import FeatureFlags, Logger, Metrics, Tracer, current_invocation, handler, idempotent, init, time_limit
from lambda_kit.batch import batch
from lambda_kit.errors import ConfigurationError, TimeLimitReached
from lambda_kit.flags import StaticFlags
from lambda_kit.idempotency import MemoryStore
from lambda_kit.init_cache import InitCache
from lambda_kit.testing import FakeClock, events, freeze_clock, invoke, make_context, recorded

MORNING = "2026-01-02T08:00:00Z"
log, metrics, tracer = Logger(service="shop"), Metrics(namespace="Shop", service="shop"), Tracer()


def test_lines_metrics_spans_and_durations_have_the_frozen_time() -> None:
    @handler(log, tracer, metrics)
    def place(event: object, context: object) -> float:
        log.info("placed")
        with metrics.timer("Charge"):
            clock.advance(0.25)
        return current_invocation().deadline

    with freeze_clock(MORNING) as clock:
        result = invoke(place)
        assert result.logs.find(message="placed")["timestamp"] == "2026-01-02T08:00:00.000Z"
        assert result.logs.find(_aws=dict)["_aws"]["Timestamp"] == clock.now * 1000
        assert (result.spans[0].start, result.spans[0].end) == (clock.now - 0.25, clock.now)
        result.assert_metric("Charge", 250.0, unit="Milliseconds")
        assert result.value == clock.now - 0.25 + 30.0
    assert result.logs[0]["timestamp"] < log_timestamp()  # which is of the real time again


def log_timestamp() -> str:
    with recorded() as seen:
        log.info("now")
    stamp: str = seen.logs[0]["timestamp"]
    return stamp


def test_values_records_and_flags_live_as_long_as_the_clock_says() -> None:
    built: list[int] = []
    own = InitCache(clock=FakeClock())

    @init.resource(ttl=300.0)
    def before() -> int:
        built.append(1)
        return len(built)

    @own.resource(ttl=300.0)
    def with_a_clock_of_its_own() -> object:
        return object()

    @handler(idempotent(MemoryStore(), key="id", ttl=60.0))
    def place(event: object, context: object) -> float:
        return time.time()

    flags = FeatureFlags(
        StaticFlags(
            {
                "open": {
                    "default": False,
                    "rules": {
                        "from nine": {
                            "when_match": True,
                            "conditions": [
                                {
                                    "action": "SCHEDULE_BETWEEN_TIME_RANGE",
                                    "key": "CURRENT_TIME",
                                    "value": {"START": "09:00", "END": "17:00"},
                                }
                            ],
                        }
                    },
                }
            }
        )
    )
    with freeze_clock(MORNING) as clock:

        @init.resource(ttl=300.0)
        def within() -> object:
            return object()

        first = before(), within(), with_a_clock_of_its_own(), invoke(place, {"id": 1}).value, flags.enabled("open")
        clock.advance(59)
        assert invoke(place, {"id": 1}).value == first[3]
        clock.advance(240)
        assert (before(), within()) == first[:2]
        clock.advance(1)
        assert (before(), first[0], with_a_clock_of_its_own()) == (2, 1, first[2])
        assert within() is not first[1]
        assert invoke(place, {"id": 1}).value == clock.now
        clock.move_to("2026-01-02T09:00:30Z")
        assert (first[4], flags.enabled("open")) == (False, True)
        last = within()
    assert within() is not last  # the time goes on, and is far from the frozen one


def test_a_deadline_is_passed_by_moving_the_clock() -> None:
    @handler(time_limit(margin=0.5))
    def slow(event: object, context: object) -> None:
        clock.advance(29.4)
        entered.append(current_invocation().remaining())
        clock.advance(0.2)
        while True:
            time.sleep(60)

    @handler(time_limit(margin=0.5))
    async def slow_async(event: object, context: object) -> None:
        clock.advance(29.6)
        await asyncio.sleep(60)

    @handler
    @batch()
    def work(record: object) -> None:
        clock.advance(16)

    entered: list[float] = []
    with freeze_clock() as clock:
        assert type(invoke(slow).error) is TimeLimitReached
        assert entered == [pytest.approx(0.6, abs=0.01)]
        assert type(invoke(slow_async).error) is TimeLimitReached
        event = events.sqs(["a", "b", "c"])
        unfinished = [{"itemIdentifier": record["messageId"]} for record in event["Records"][1:]]
        assert invoke(work, event).value == {"batchItemFailures": unfinished}


def test_the_time_of_the_process_comes_back() -> None:
    functions = time.time, time.time_ns, time.monotonic
    with freeze_clock(MORNING) as clock:
        assert (time.time(), time.time_ns()) == (clock.now, int(clock.now) * 10**9)
        kept = time.time
        before = time.monotonic()
        clock.advance(100)
        clock.advance(-50)
        assert 100 <= time.monotonic() - before < 130
        assert make_context(timeout=3).get_remaining_time_in_millis() == 3000
        with pytest.raises(ConfigurationError, match="frozen already"), freeze_clock():
            pass
    assert functions == (time.time, time.time_ns, time.monotonic)
    assert abs(kept() - time.time()) < 60  # what took the function under a name of its own


@pytest.mark.parametrize(("when", "message"), [("soon", "no time"), (datetime(2026, 1, 1), "no time zone")])  # noqa: DTZ001
def test_a_time_that_cannot_be_read_is_refused(when: str | datetime, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{message}; pass one such as|has {message}|is {message}"):
        FakeClock(when)
    assert FakeClock(datetime(2026, 1, 1, tzinfo=UTC)).now == FakeClock("2026-01-01T00:00:00+00:00").now
