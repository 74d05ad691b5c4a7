"""The callback under test: in this process, and under the runtime client of AWS, with a server in place of AWS's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from approvals import decide

from lambda_kit.local import Environment
from lambda_kit.testing import invoke
from tests.events.answers.fakes import Calls, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = {"token": "t-1", "decision": "approve", "by": "ada"}


@pytest.fixture
def states() -> Iterator[Calls]:
    found = Calls()
    with serving(found) as found.url:
        yield found


def test_a_refusal_fails_the_task(states: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in states.environ.items():
        monkeypatch.setenv(name, value)
    assert invoke(decide, {**EVENT, "decision": "refuse"}).value == "refused"
    assert states.calls == [("SendTaskFailure", {"taskToken": "t-1", "error": "Refused", "cause": "ada refused"})]


def test_it_runs_under_the_runtime_client(states: Calls) -> None:
    with Environment("approvals.decide", cwd=Path(__file__).parent, env=states.environ) as environment:
        assert environment.invoke(EVENT).payload == "approved"
    assert states.calls == [("SendTaskSuccess", {"taskToken": "t-1", "output": '{"approvedBy": "ada"}'})]
