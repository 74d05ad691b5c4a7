"""Facts reach those who observe them, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import facts

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _none_are_left() -> Iterator[None]:
    before = list(facts.observers)
    yield
    facts.observers[:] = before


def test_a_fact_reaches_every_observer_once_however_often_it_was_registered() -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def observe(name: str, fields: dict[str, Any]) -> None:
        told.append((name, fields))

    facts.observe(observe)
    facts.observe(observe)
    facts.tell("orders.placed", id=1)
    assert told == [("orders.placed", {"id": 1})]


def test_an_observer_that_fails_is_logged_and_the_others_hear_of_it(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def fail(name: str, fields: dict[str, Any]) -> None:
        raise ValueError("broken")

    def observe(name: str, fields: dict[str, Any]) -> None:
        told.append(name)

    facts.observe(fail)
    facts.observe(observe)
    facts.tell("orders.placed")
    assert told == ["orders.placed"]
    assert "an observer of the fact orders.placed failed" in caplog.text


def test_an_operation_that_nobody_watches_does_nothing() -> None:
    with facts.UNOBSERVED as step:
        step.annotate(count=1)
        step.metadata(names=["a"])
    with pytest.raises(ValueError, match="it goes on"), facts.UNOBSERVED:
        raise ValueError("it goes on")


def test_an_operation_is_made_by_its_watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def watch(name: str) -> facts.Operation:
        begun.append(name)
        return facts.UNOBSERVED

    monkeypatch.setattr(facts, "_watcher", None)
    assert facts.operation("orders place") is facts.UNOBSERVED
    facts.watch(watch)
    facts.operation("orders place")
    assert begun == ["orders place"]
