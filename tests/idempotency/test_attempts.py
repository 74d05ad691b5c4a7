"""What a call does, logs and tells observers when a step of the store fails."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import facts as kernel_facts
from lambda_kit.errors import StoreUnavailable
from lambda_kit.idempotency import idempotent
from lambda_kit.idempotency._cache import Cache
from lambda_kit.idempotency._claim import Call
from lambda_kit.idempotency._completion import finish
from lambda_kit.idempotency._settings import Settings
from tests.idempotency.stores import FaultyStore, counting

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def told() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The facts that are told, with their fields."""
    found: list[tuple[str, dict[str, Any]]] = []

    def listen(name: str, fields: dict[str, Any]) -> None:
        found.append((name, fields))

    kernel_facts.observe(listen)
    yield found
    kernel_facts.observers.remove(listen)


def no_pause(seconds: float) -> None:
    """Do not wait."""


def failing(step: str, times: int = 4) -> FaultyStore:
    store = FaultyStore()
    store.failing[step] = ["before"] * times
    return store


def test_a_save_is_repeated_after_pauses_that_double_and_then_the_claim_is_abandoned(facts: list[str]) -> None:
    pauses: list[float] = []
    asked: list[int] = []

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    store = failing("complete")
    charge, _ = counting(store, sleep=pauses.append, random_bytes=random_bytes)
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    assert pauses == [pytest.approx(0.075), pytest.approx(0.15), pytest.approx(0.3)]
    assert asked[-4:] == [1] * 4
    assert store.calls == ["claim", *["complete"] * 4]
    assert facts == ["claimed", "abandoned"]


def test_a_key_that_cannot_be_released_is_abandoned_and_logged(
    facts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    store = failing("release")

    @idempotent(store, key="id")
    def charge(event: Any, context: object) -> None:
        raise ValueError("declined")

    with pytest.raises(ValueError, match="declined"):
        charge({"id": 1}, None)
    assert facts == ["claimed", "abandoned"]
    (key,) = store.records
    assert caplog.messages == [
        f"the key {key} could not be released after a failure; it is free when its lease has ended"
    ]


def test_a_result_that_was_not_stored_is_logged_with_the_reason_and_what_follows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    charge, _ = counting(failing("complete"), on_save_error="log", sleep=no_pause)
    charge({"id": 1})
    (message,) = caplog.messages
    assert message.endswith(
        "ConnectionError: lost before. Until its lease ends, calls with this key are refused; "
        "after that, one of them runs again"
    )


@pytest.mark.parametrize("times", [0, 4])
def test_an_exception_that_counts_as_a_result_is_stored_or_logged(times: int, caplog: pytest.LogCaptureFixture) -> None:
    store = failing("complete", times)

    @idempotent(store, key="id", replay_errors=(ValueError,), sleep=no_pause)
    def charge(event: Any, context: object) -> None:
        raise ValueError("declined")

    with pytest.raises(ValueError, match="declined"):
        charge({"id": 1}, None)
    (key,) = store.records
    assert caplog.messages == [f"the exception of {key} was not stored: lost before"] * (times > 0)


def test_a_function_that_runs_unprotected_is_logged_and_told(
    told: list[tuple[str, dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    charge, runs = counting(failing("claim"), on_claim_error="run")
    charge({"id": 1})
    ((name, fields),) = told
    assert (name, fields["reason"]) == ("idempotency.unprotected", "store unavailable")
    (message,) = caplog.messages
    assert message.endswith(" could not be asked; it runs unprotected")
    assert runs == [{"id": 1}]


def test_a_result_whose_save_is_interrupted_once_more_is_logged_and_the_claim_abandoned(
    facts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    parameters = inspect.signature(idempotent).parameters.values()
    options = {one.name: one.default for one in parameters if one.default is not one.empty}
    for stopped in (False, True):
        call = Call("k", None, "mine", "f")
        call.claimed = True
        steps = finish(call, Settings(FaultyStore(), options), Cache(0), 1, stopped=stopped)
        assert next(steps)[0] == "complete"
        with contextlib.suppress(KeyboardInterrupt):
            steps.throw(KeyboardInterrupt())
        assert facts == ["abandoned"] * stopped
    assert caplog.messages == ["the function has run; interrupted twice, its result was not stored under the key k"]
