"""Our client under AWS's Runtime Interface Emulator, beside AWS's client there."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.effort import scaled
from tests.local.test_rie import emulator, normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Invoke = Callable[[object], tuple[int, bytes]]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the emulator is a program for Linux on x86_64"
)
ROOT = Path(__file__).parents[1] / "local" / "functions"
EVENTS = [
    {"do": "echo", "text": "ä€"},
    {"do": "fail"},
    {"do": "give_set"},
    {"do": "give_bytes"},
    {"do": "exit_now", "code": 3},
    {"do": "whole", "value": None},
    {"do": "whole", "value": [1, {"a": 0.5}]},
    {"do": "talk"},
    {"do": "fail_chained"},
    {"do": "give_nan"},
    {"do": "exit_politely", "code": 4},
    {"do": "die"},
    {"do": "give_much", "size": 6 * 1024 * 1024 + 99},
]
BROKEN = [("app.handler", "import nowhere_to_be_found"), ("app.missing", ""), ("malformed", "")]
FULL = scaled(100) >= 100


@pytest.fixture(scope="module")
def clients() -> Generator[list[Invoke]]:
    with emulator("app.handler", ROOT) as theirs, emulator("app.handler", ROOT, "lambda_kit.runtime") as ours:
        yield [theirs, ours]


@pytest.mark.parametrize(
    "event", EVENTS if FULL else EVENTS[:5], ids=lambda event: "-".join(str(part) for part in event.values())
)
def test_the_emulator_gives_the_same_answer_for_both_clients(clients: list[Invoke], event: object) -> None:
    (their_status, theirs), (our_status, ours) = (invoke(event) for invoke in clients)
    assert our_status == their_status
    if theirs.startswith(b"{"):
        assert normalized(json.loads(ours)) == normalized(json.loads(theirs))
    else:
        assert ours == theirs


@pytest.mark.parametrize(
    ("handler", "source"), BROKEN if FULL else BROKEN[:1], ids=["import", "missing", "malformed"][: 3 if FULL else 1]
)
def test_an_error_of_the_initialisation_is_the_same(handler: str, source: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(source)
    with (
        emulator(handler, tmp_path) as theirs,
        emulator(handler, tmp_path, "lambda_kit.runtime") as ours,
    ):
        assert normalized(json.loads(ours({})[1])) == normalized(json.loads(theirs({})[1]))


def test_the_emulator_takes_streams() -> None:
    http = {"statusCode": 201, "headers": {"X-One": "ä"}, "cookies": ["a=1"]}
    with emulator("streams.stream", Path(__file__).parent / "functions", "lambda_kit.runtime") as invoke:
        for _ in range(2):
            assert invoke({"parts": ["one", "zwei ä"]}) == (200, "onezwei ä".encode())
            prelude, _, body = invoke({"http": True, "parts": ["one", "two"]})[1].partition(bytes(8))
            assert (json.loads(prelude), body) == (http, b"onetwo")
            invoke({"parts": ["one"], "fail": True})  # it does not read trailers
            assert json.loads(invoke({"fail": True})[1])["errorType"] == "ValueError"
