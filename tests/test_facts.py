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


def test_an_operation_that_nobody_watches_does_nothing() -> None:
    with _facts.UNOBSERVED as step:
        step.annotate(count=1)
        step.metadata(names=["a"])
    with pytest.raises(ValueError, match="it goes on"), _facts.UNOBSERVED:
        raise ValueError("it goes on")


def test_an_operation_is_made_by_its_watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def watch(name: str) -> _facts.Operation:
        begun.append(name)
        return _facts.UNOBSERVED

    monkeypatch.setattr(_facts, "_watcher", None)
    assert _facts.operation("orders place") is _facts.UNOBSERVED
    _facts.watch(watch)
    _facts.operation("orders place")
    assert begun == ["orders place"]
