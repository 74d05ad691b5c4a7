from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import facts as kernel_facts
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until it is moved."""
    return FakeClock(1_000_000.0)


@pytest.fixture
def timed(clock: FakeClock) -> dict[str, Any]:
    """Options that make a call live by the fake clock: a pause moves it."""
    return {"clock": clock, "sleep": clock.advance}


@pytest.fixture
def facts() -> Iterator[list[str]]:
    """The names of the facts that are told, without the name of the capability."""
    told: list[str] = []

    def listen(name: str, fields: dict[str, Any]) -> None:
        told.append(name.removeprefix("idempotency."))

    kernel_facts.observe(listen)
    yield told
    kernel_facts.observers.remove(listen)
