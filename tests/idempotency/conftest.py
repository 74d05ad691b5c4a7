from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import facts as kernel_facts
from lambda_kit.idempotency import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def facts() -> Iterator[list[str]]:
    """The names of the facts that are told, without the name of the capability."""
    told: list[str] = []

    def listen(name: str, fields: dict[str, Any]) -> None:
        told.append(name.removeprefix("idempotency."))

    kernel_facts.observe(listen)
    yield told
    kernel_facts.observers.remove(listen)
