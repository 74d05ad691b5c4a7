"""Fan-out and aggregation under test: any order, duplicates, and a part that fails at first."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from word_counts import count, database, queue, split

from lambda_kit.testing import events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import Invoke

CHAPTERS = ["it was the best", "of times", "it was"]


@pytest.fixture
def messages(lambda_invoke: Invoke) -> Iterator[list[dict[str, Any]]]:
    assert lambda_invoke(split, {"book": "b-1", "chapters": CHAPTERS}).unwrap() == {"book": "b-1", "parts": 3}
    yield queue
    queue.clear()


def totals(invoke: Invoke, *batches: list[dict[str, Any]]) -> list[list[int]]:
    """Return the totals that each batch of messages has announced."""
    results = [invoke(count, events.sqs(bodies)) for bodies in batches]
    return [[line["words"] for line in result.logs.find_all(message="book counted")] for result in results]


def test_in_any_order_the_last_part_announces_the_total(messages: list[dict[str, Any]], lambda_invoke: Invoke) -> None:
    for a, b, c in itertools.permutations(messages):
        assert totals(lambda_invoke, [a], [b], [c]) == [[], [], [8]]
        for table in ("parts", "totals"):
            database().execute(f"delete from {table}")  # noqa: S608  # the names are above


def test_messages_that_come_twice_change_no_total_and_announce_it_once(
    messages: list[dict[str, Any]], lambda_invoke: Invoke
) -> None:
    a, b, c = messages
    assert totals(lambda_invoke, [a, a], [b, a, c, c], [a, b, c]) == [[], [8], []]


def test_a_part_that_fails_keeps_the_total_back_until_it_is_delivered_again(
    messages: list[dict[str, Any]], lambda_invoke: Invoke
) -> None:
    a, b, c = messages
    event = events.sqs([a, {**b, "text": ""}, c])
    result = lambda_invoke(count, event)
    assert result.unwrap() == {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}
    result.logs.assert_none(message="book counted")
    assert totals(lambda_invoke, [b]) == [[8]]
