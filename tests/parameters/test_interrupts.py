"""Interrupts at every step of a call: the next call works, on this thread and on others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import parameters
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.parameters import Parameter, Secret
from lambda_kit.testing import reset
from tests.patience import PATIENCE
from tests.stepping import Outcome, interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Callable


def in_thread(call: Callable[[], Any]) -> Any:
    """Return the value of a call on another thread, which a lock that was left locked would stop."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found, "the call failed, or it hangs"
    return found[0]


CALLS: dict[str, tuple[Callable[[], Any], Any]] = {
    "get": (lambda: parameters.get("/a"), "one"),
    "transform": (lambda: parameters.get("/a", transform=len, default=None), 3),
    "fresh": (lambda: parameters.get("/a", fresh=True), "one"),
    "secret": (lambda: parameters.secret("b").get_secret_value(), "one"),
    "get_many": (lambda: parameters.get_many(["/a", "/p/x"]), {"/a": "one", "/p/x": "one"}),
    "by_path": (lambda: parameters.by_path("/p"), {"x": "one"}),
    "app_config": (lambda: parameters.app_config("shop", "prod", "limits"), "one"),
}


@pytest.fixture
def full(store: Any) -> Any:
    for name in ("/a", "/p/x"):
        store.put(name, "one")
    store.put_secret("b", "one")
    store.configurations["shop/prod/limits"] = b"one"
    store.content_type = "text/plain"
    return store


@pytest.mark.parametrize("cached", [False, True], ids=["fetched", "cached"])
@pytest.mark.parametrize("name", CALLS)
def test_a_call(full: Any, name: str, cached: bool) -> None:
    call, value = CALLS[name]
    call()

    def prepare() -> None:
        if not cached:
            reset()

    def check(_: None, outcome: Outcome) -> None:
        assert outcome.error is None or isinstance(outcome.error, TimeLimitInterrupt), outcome.error
        assert in_thread(call) == value
        assert call() == value

    interrupt_each_step(lambda _: call(), prepare=prepare, check=check)


def test_handles_that_are_fetched_together(full: Any) -> None:
    handles = [Parameter("/a"), Parameter("/p/x"), Parameter("/a", transform=len)]
    secret = Secret("b")

    def check(_: None, outcome: Outcome) -> None:
        assert outcome.error is None or isinstance(outcome.error, TimeLimitInterrupt), outcome.error
        assert in_thread(lambda: [handle() for handle in handles]) == ["one", "one", 3]
        assert secret().get_secret_value() == "one"

    interrupt_each_step(lambda _: handles[0](), prepare=reset, check=check)


def test_declaring_a_handle(full: Any) -> None:
    def check(_: None, outcome: Outcome) -> None:
        assert in_thread(Parameter("/a", ttl=5.0)) == "one"

    interrupt_each_step(lambda _: Parameter("/a", ttl=5.0), prepare=lambda: None, check=check)


def test_a_put(full: Any) -> None:
    def prepare() -> str:
        parameters.put("/a", "one", overwrite=True)
        return parameters.get("/a")

    def check(_: str, outcome: Outcome) -> None:
        expected = ("two",) if outcome.error is None else ("one", "two")  # the request may still be under way
        assert in_thread(lambda: parameters.get("/a", fresh=True)) in expected

    interrupt_each_step(lambda _: parameters.put("/a", "two", overwrite=True), prepare=prepare, check=check)
