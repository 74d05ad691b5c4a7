"""A scheduled job under test: a tick that comes twice, one that comes late, and one that fails first."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from statements import database, write

from lambda_kit.testing import events

if TYPE_CHECKING:
    from lambda_kit.testing import FakeClock, Invoke

pytestmark = pytest.mark.usefixtures("idempotency_store")
DAY = 86_400.0


@pytest.fixture
def tick(lambda_clock: FakeClock) -> Any:
    lambda_clock.move_to("2026-03-02T02:00:00Z")
    connection = database()
    orders = [("2026-03-01T09:00:00", 10), ("2026-03-01T23:59:59", 5), ("2026-03-02T00:30:00", 70)]
    connection.executemany("insert into orders values (?, ?)", orders)
    return events.schedule("nightly")


def test_a_tick_that_is_delivered_twice_writes_one_statement(tick: Any, lambda_invoke: Invoke) -> None:
    first, second = (lambda_invoke(write, tick).unwrap() for _ in range(2))
    assert first == second == {"day": "2026-03-01", "orders": 2, "total": 15}
    assert database().execute("select * from statements").fetchall() == [("2026-03-01", 2, 15)]


def test_a_tick_that_comes_late_is_about_its_planned_day(
    tick: Any, lambda_invoke: Invoke, lambda_clock: FakeClock
) -> None:
    lambda_clock.advance(5 * DAY)
    assert lambda_invoke(write, tick).unwrap()["day"] == "2026-03-01"


def test_the_tick_of_the_next_night_writes_another_one(
    tick: Any, lambda_invoke: Invoke, lambda_clock: FakeClock
) -> None:
    lambda_invoke(write, tick)
    lambda_clock.advance(DAY)
    assert lambda_invoke(write, events.schedule("nightly")).unwrap() == {"day": "2026-03-02", "orders": 1, "total": 70}


def test_a_tick_that_failed_is_not_done(tick: Any, lambda_invoke: Invoke) -> None:
    broken = sqlite3.connect(":memory:")
    with database.override(broken):
        assert isinstance(lambda_invoke(write, tick).error, sqlite3.OperationalError)
    broken.close()
    assert lambda_invoke(write, tick).unwrap()["orders"] == 2
