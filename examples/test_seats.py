"""Command, projection and query under test: duplicates on both sides, and changes that come again and late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from seats import SoldOut, free_seats, project, reserve, shows

from lambda_kit.testing import events

if TYPE_CHECKING:
    from lambda_kit.testing import Invoke

pytestmark = pytest.mark.usefixtures("idempotency_store")


def seats(invoke: Invoke, command: str, count: int) -> Any:
    """Send a command, and return its change as the stream of the table delivers it."""
    old = shows()["s-1"]
    invoke(reserve, {"command": command, "show": "s-1", "seats": count}).unwrap()
    return events.dynamodb(old=old, new=shows()["s-1"])


def free(invoke: Invoke) -> Any:
    return invoke(free_seats, {"city": "Graz"}).unwrap()["free"]


def test_a_query_sees_a_command_as_soon_as_the_stream_has_delivered_it(lambda_invoke: Invoke) -> None:
    change = seats(lambda_invoke, "c-1", 2)
    assert free(lambda_invoke) == 0
    assert lambda_invoke(project, change).unwrap() == {"batchItemFailures": []}
    assert free(lambda_invoke) == 1


def test_a_command_that_is_sent_twice_reserves_once_and_one_that_was_refused_is_refused_again(
    lambda_invoke: Invoke,
) -> None:
    for _ in range(2):
        seats(lambda_invoke, "c-1", 2)
    assert shows()["s-1"]["free"] == 1
    late = {"command": "c-2", "show": "s-1", "seats": 2}
    assert isinstance(lambda_invoke(reserve, late).error, SoldOut)
    shows()["s-1"]["free"] = 3
    assert isinstance(lambda_invoke(reserve, late).error, SoldOut)


def test_changes_that_come_again_do_not_turn_the_read_model_back(lambda_invoke: Invoke) -> None:
    first, second = seats(lambda_invoke, "c-1", 1), seats(lambda_invoke, "c-2", 1)
    for change in (events.joined(first, second), first):
        lambda_invoke(project, change).unwrap()
    assert free(lambda_invoke) == 1


def test_a_change_that_fails_holds_up_the_stream_and_the_model_stays_as_it_was(lambda_invoke: Invoke) -> None:
    first = seats(lambda_invoke, "c-1", 1)
    broken = events.dynamodb(new={"id": "s-2", "city": "Graz"})  # no number of seats
    second = seats(lambda_invoke, "c-2", 1)
    report = lambda_invoke(project, events.joined(first, broken, second)).unwrap()
    failed = broken["Records"][0]["dynamodb"]["SequenceNumber"]
    assert report == {"batchItemFailures": [{"itemIdentifier": failed}]}
    assert free(lambda_invoke) == 2
