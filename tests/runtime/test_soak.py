"""Many invocations in one process: memory, descriptors and threads stay as they are."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tests.effort import scaled
from tests.runtime.raw_api import RawApi

COUNT = max(400, scaled(3000))  # 100,000 in the profile `thorough`
EVENTS: list[Any] = [
    *({"id": number, "items": ["x" * 100] * 5} for number in range(6)),
    {"do": "fail", "id": 1},
    {"do": "stream"},
]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the function reads /proc")


def test_memory_descriptors_and_threads_are_flat() -> None:
    with RawApi("worker.handler") as api:
        for number in range(200):
            api.answer(EVENTS[number % len(EVENTS)])
        before: Any = json.loads(api.answer({"do": "state"}).body)
        for number in range(COUNT):
            api.answer(EVENTS[number % len(EVENTS)])
        after: Any = json.loads(api.answer({"do": "state"}).body)
        assert api.connections == 1
    assert (after["descriptors"], after["threads"]) == (before["descriptors"], before["threads"])
    assert after["kB"] - before["kB"] < 256
    assert after["trace"] == f"Root=1-{COUNT + 202:08x}"
