"""Event sourcing under test: commands that come twice, two writers at a time, and what a snapshot spares."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import accounts
import pytest
from accounts import Account, Busy, Overdrawn, append, book, database, load

if TYPE_CHECKING:
    from lambda_kit.testing import Invoke, Result

pytestmark = pytest.mark.usefixtures("idempotency_store")


def booked(invoke: Invoke, command: int, amount: int) -> Result[Any]:
    return invoke(book, {"command": f"c-{command}", "account": "a-1", "amount": amount})


def test_a_command_that_comes_twice_is_one_event(lambda_invoke: Invoke) -> None:
    assert (
        booked(lambda_invoke, 1, 50).unwrap() == booked(lambda_invoke, 1, 50).unwrap() == {"version": 1, "balance": 50}
    )
    assert database().execute("select * from events").fetchall() == [("a-1", 1, 50)]


def test_nobody_takes_out_more_than_there_is_and_a_refusal_is_no_event(lambda_invoke: Invoke) -> None:
    booked(lambda_invoke, 1, 50)
    assert isinstance(booked(lambda_invoke, 2, -51).error, Overdrawn)
    assert booked(lambda_invoke, 3, -50).unwrap() == {"version": 2, "balance": 0}


def test_a_snapshot_spares_the_events_before_it_and_changes_no_balance(lambda_invoke: Invoke) -> None:
    for number in range(25):
        result = booked(lambda_invoke, number, number)
        assert result.logs.one(message="loaded")["events_read"] == number % 10
    with_snapshot = load(database(), "a-1")
    database().execute("delete from snapshots")
    assert with_snapshot == load(database(), "a-1") == Account(25, sum(range(25)))


def test_of_two_writers_on_one_state_the_second_decides_again(
    lambda_invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked(lambda_invoke, 1, 50)

    def second(db: Any, account: str, state: Account, amount: int) -> Account:
        monkeypatch.undo()
        append(db, account, state, -50)  # another function is faster
        return append(db, account, state, amount)

    monkeypatch.setattr(accounts, "append", second)
    assert isinstance(booked(lambda_invoke, 2, -10).error, Overdrawn)
    assert load(database(), "a-1") == Account(2, 0)


def test_a_command_that_finds_no_turn_is_raised_and_may_be_sent_again(
    lambda_invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def occupied(*_: object) -> Account:
        raise sqlite3.IntegrityError

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "append", occupied)
        assert isinstance(booked(lambda_invoke, 1, 50).error, Busy)
    assert booked(lambda_invoke, 1, 50).unwrap() == {"version": 1, "balance": 50}
