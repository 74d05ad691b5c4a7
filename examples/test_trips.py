"""The saga under test: all or nothing, a failure in the middle, and a compensation that fails at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trips
from trips import book, booked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import Invoke


@pytest.fixture(autouse=True)
def companies(idempotency_store: object) -> Iterator[None]:
    yield
    booked.clear()


def test_a_trip_is_booked_once_however_often_it_is_delivered(lambda_invoke: Invoke) -> None:
    first, second = (lambda_invoke(book, {"trip": "t-1"}) for _ in range(2))
    assert first.unwrap() == second.unwrap() == {"trip": "t-1", "status": "booked"}
    assert [line["part"] for line in first.logs.find_all(message="booked")] == ["flight", "hotel", "car"]
    second.logs.assert_none(message="booked")


def test_a_refusal_cancels_what_was_booked_the_last_first(lambda_invoke: Invoke) -> None:
    result = lambda_invoke(book, {"trip": "t-1", "car": "none"})
    assert result.unwrap() == {"trip": "t-1", "status": "cancelled", "reason": "no car is free"}
    assert [line["part"] for line in result.logs.find_all(message="cancelled")] == ["hotel", "flight"]
    assert booked == {}


class Failing(dict[Any, Any]):
    """The companies, which cannot be reached once: to book or to cancel a hotel, or to answer that it is booked."""

    def __init__(self, *methods: str) -> None:
        self.methods = set(methods)

    def fail_once(self, method: str, key: Any) -> None:
        if key[0] == "hotel" and method in self.methods:
            self.methods.remove(method)
            raise ConnectionError(method)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.fail_once("book", key)
        super().__setitem__(key, value)
        self.fail_once("answer", key)

    def pop(self, key: Any, *default: Any) -> Any:
        self.fail_once("cancel", key)
        return super().pop(key, *default)


def test_a_failure_is_tried_again_from_the_step_that_failed(
    lambda_invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trips, "booked", Failing("book"))
    assert isinstance(lambda_invoke(book, {"trip": "t-1"}).error, ConnectionError)
    again = lambda_invoke(book, {"trip": "t-1"})
    assert again.unwrap()["status"] == "booked"
    assert [line["part"] for line in again.logs.find_all(message="booked")] == ["hotel", "car"]


def test_a_trip_that_is_half_cancelled_is_cancelled_and_never_booked(
    lambda_invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trips, "booked", Failing("cancel"))
    assert isinstance(lambda_invoke(book, {"trip": "t-1", "car": "none"}).error, ConnectionError)
    assert len(trips.booked) == 2
    # The car is free by now: the saga has decided, and goes on to cancel.
    assert lambda_invoke(book, {"trip": "t-1", "car": "any"}).unwrap()["status"] == "cancelled"
    assert trips.booked == {}


def test_a_booking_whose_answer_was_lost_is_cancelled_too(
    lambda_invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trips, "booked", Failing("answer"))
    assert isinstance(lambda_invoke(book, {"trip": "t-1"}).error, ConnectionError)
    assert ("hotel", "t-1") in trips.booked
    assert lambda_invoke(book, {"trip": "t-1", "hotel": "none"}).unwrap()["status"] == "cancelled"
    assert trips.booked == {}
