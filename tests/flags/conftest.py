"""A clock for what is cached, and a source that does as it is told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.flags import Fetched
from lambda_kit.init_cache import init
from lambda_kit.testing import FakeAppConfigAgent, FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


class StubSource:
    """A source without a time to live of its own."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self.error: Exception | None = None
        self.fetches = 0

    def fetch(self) -> Fetched:
        self.fetches += 1
        if self.error is not None:
            raise self.error
        return Fetched(self.content if isinstance(self.content, bytes) else json.dumps(self.content), "7")

    def __repr__(self) -> str:
        return "StubSource"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of what is cached from now on."""
    clock = FakeClock(time.time())
    monkeypatch.setattr(init, "_clock", clock)
    return clock


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAppConfigAgent]:
    """The agent, where the environment says."""
    with FakeAppConfigAgent() as agent:
        for name, value in agent.environ.items():
            monkeypatch.setenv(name, value)
        yield agent
