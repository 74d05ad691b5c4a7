"""Workers of a Managed Instance outlive failures of the Runtime API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.runtime import _managed
from lambda_kit.runtime._connection import RuntimeApiError
from tests.runtime.differential import CLIENTS, Client

if TYPE_CHECKING:
    from pathlib import Path


class Failing:
    """A connection whose requests fail so many times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0

    def next(self) -> tuple[dict[bytes, bytes], bytes]:
        self.asked += 1
        if self.asked <= self.failures:
            raise RuntimeApiError("the Runtime API is busy")
        return {}, b"event"

    def post(self, path: bytes, fields: bytes, body: bytes) -> None:
        raise RuntimeApiError("the Runtime API is busy")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_managed, "_DELAYS", (0.0,) * 4)


@pytest.mark.parametrize("failures", range(5))
def test_a_worker_asks_up_to_five_times(failures: int, caplog: pytest.LogCaptureFixture) -> None:
    connection: Any = Failing(failures)
    assert _managed.Lenient(connection).next() == ({}, b"event")
    assert connection.asked == failures + 1
    assert [one.levelname for one in caplog.records] == ["WARNING"] * failures
    assert all("the Runtime API is busy; asking again" in one.getMessage() for one in caplog.records)


def test_a_worker_gives_up_after_the_fifth_time() -> None:
    connection: Any = Failing(5)
    with pytest.raises(RuntimeApiError, match="busy"):
        _managed.Lenient(connection).next()
    assert connection.asked == 5


@pytest.mark.parametrize("streamed", [False, True])
def test_a_worker_goes_on_after_an_answer_that_was_not_taken(streamed: bool, caplog: pytest.LogCaptureFixture) -> None:
    connection: Any = Failing(0)
    lenient = _managed.Lenient(connection)
    if streamed:
        lenient.forgive(RuntimeApiError("the Runtime API is busy"))
    else:
        lenient.post(b"invocation/r/response", b"", b"")
    assert [one.getMessage() for one in caplog.records] == [
        "lambda_kit.runtime: the Runtime API is busy; the worker goes on"
    ]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_worker_that_ends_leaves_the_others(client: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os\ndef handler(event, context):\n    if event == 'end':\n        os._exit(3)\n    return event\n"
    )
    with Client(client, "app.handler", {"AWS_LAMBDA_MAX_CONCURRENCY": "2"}, root=tmp_path, concurrency=2) as one:
        one.api.submit(one.exchange(1, b'"end"'))
        exchange = one.exchange(2, b'"answer me"')
        one.api.submit(exchange)
        assert one.api.wait_for(lambda: exchange.answer is not None, 30)
        assert exchange.answer.body == b'"answer me"'
        assert one.process.poll() is None
