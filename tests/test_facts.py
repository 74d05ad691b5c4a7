"""Facts reach those who observe them, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import _facts

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _none_are_left() -> Iterator[None]:
    before = list(_facts.observers)
    yield
    _facts.observers[:] = before


def test_a_fact_reaches_every_observer_once_however_often_it_was_registered() -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def observe(name: str, fields: dict[str, Any]) -> None:
        told.append((name, fields))

    _facts.observe(observe)
    _facts.observe(observe)
    _facts.tell("orders.placed", id=1)
    assert told == [("orders.placed", {"id": 1})]


def test_an_observer_that_fails_is_logged_and_the_others_hear_of_it(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def fail(name: str, fields: dict[str, Any]) -> None:
        raise ValueError("broken")

    def observe(name: str, fields: dict[str, Any]) -> None:
        told.append(name)

    _facts.observe(fail)
    _facts.observe(observe)
    _facts.tell("orders.placed")
    assert told == ["orders.placed"]
    assert "an observer of the fact orders.placed failed" in caplog.text
