"""Tumbling windows: the state is passed through, and a record may change it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambda_kit.batch import batch, process_batch, process_batch_async
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import invoke
from tests.batch import builders
from tests.batch.builders import handled


def window(event: dict[str, Any], state: Any, *, final: bool = False) -> dict[str, Any]:
    return {
        **event,
        "window": {"start": "2026-11-28T12:00:00Z", "end": "2026-11-28T12:05:00Z"},
        "state": state,
        "shardId": "shardId-0",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
        "isFinalInvokeForWindow": final,
        "isWindowTerminatedEarly": False,
    }


EVENTS = {"kinesis": builders.kinesis("a", "b", "c"), "dynamodb": builders.dynamodb("a", "b", "c")}


def nothing(record: Any) -> None: ...


@pytest.mark.parametrize("source", EVENTS)
@pytest.mark.parametrize("state", [{}, {"count": 3}, None])
def test_the_state_is_passed_through(source: str, state: Any) -> None:
    response = invoke(handled(nothing), window(EVENTS[source], state)).value
    assert response == {"batchItemFailures": [], "state": state or {}}


def test_a_final_invocation_without_records_has_its_state_too() -> None:
    both: list[Any] = [{}, {"source": "kinesis"}]
    for options in both:
        report: Any = process_batch(window({"Records": []}, {"count": 3}, final=True), nothing, **options)
        assert report.response == {"batchItemFailures": [], "state": {"count": 3}}


def count(record: Any, state: dict[str, Any]) -> None:
    state["count"] = state.get("count", 0) + 1
    state.setdefault("ids", []).append(record.id)
    if record.id == "101":
        raise ValueError


async def count_async(record: Any, _state: dict[str, Any]) -> None:
    await asyncio.sleep(0)
    count(record, _state)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("source", EVENTS)
def test_a_function_may_change_the_state_and_a_record_that_fails_leaves_it_as_it_was(
    source: str, is_async: bool
) -> None:
    before: dict[str, Any] = {"count": 5, "ids": ["99"]}
    event = window(EVENTS[source], before)
    report = asyncio.run(process_batch_async(event, count_async)) if is_async else process_batch(event, count)
    assert report.response == {
        "batchItemFailures": [{"itemIdentifier": "101"}],
        "state": {"count": 6, "ids": ["99", "100"]},
    }
    assert before == {"count": 5, "ids": ["99"]}


def test_without_a_window_the_state_is_empty_and_not_in_the_response() -> None:
    seen: list[Any] = []

    def look(record: Any, state: dict[str, Any]) -> None:
        seen.append(dict(state))

    assert process_batch(builders.kinesis("a"), look).response == {"batchItemFailures": []}
    assert seen == [{}]


@pytest.mark.parametrize("options", [{"concurrency": 2}, {"order": "none"}, {"order": "group"}])
def test_a_function_that_takes_the_state_runs_alone_and_stops_at_a_failure(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="takes the state of a window has to run alone"):
        batch(**options)(count)
