"""A roll-out under test: its share, that nobody goes back when it grows, and a new part that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import search
from search import find, flags

if TYPE_CHECKING:
    import pytest

    from lambda_kit.testing import Invoke

CUSTOMERS = [f"c-{number}" for number in range(200)]


def reached(percentage: float | None = None) -> set[str]:
    """Return the customers for whom the flag is on: as in the file, or with another percentage."""
    rule = {"when_match": True, "rollout": {"percentage": percentage, "by": "customer"}}
    if percentage is None:
        return {one for one in CUSTOMERS if flags.enabled("new_search", customer=one)}
    with flags.override({"new_search": {"default": False, "rules": {"some": rule}}}):
        return {one for one in CUSTOMERS if flags.enabled("new_search", customer=one)}


def test_a_fifth_of_the_customers_are_reached_and_stay_so_while_it_grows() -> None:
    fifth, half = reached(), reached(50)
    assert fifth == reached(20)
    assert 25 <= len(fifth) <= 55
    assert reached(0) == set()
    assert fifth < half < reached(100) == set(CUSTOMERS)


def test_staff_and_the_fifth_get_the_new_search(lambda_invoke: Invoke) -> None:
    inside, outside = next(iter(reached())), next(iter(set(CUSTOMERS) - reached()))

    def engine(**event: Any) -> Any:
        return lambda_invoke(find, {"query": "tea", **event}).unwrap()["engine"]

    assert (engine(customer=inside), engine(customer=outside)) == ("new", "old")
    assert engine(customer=outside, staff=True) == "new"


def test_if_the_new_search_fails_the_old_one_answers_and_the_failure_is_counted(
    lambda_invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> list[str]:
        raise ConnectionError

    monkeypatch.setattr(search, "new_search", broken)
    result = lambda_invoke(find, {"customer": "c-1", "query": "tea", "staff": True})
    assert result.unwrap() == {"engine": "old", "found": ["green tea", "black tea", "teapot"]}
    result.logs.one(level="ERROR", exception=ConnectionError)
    result.assert_metric("Failures", 1, engine="new")
    result.assert_metric("Searches", 1, engine="old")
