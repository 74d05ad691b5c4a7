"""The callback under test: in this process, and under the runtime client of AWS, with a server in place of AWS's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from approvals import decide

from lambda_kit.local import Environment
from lambda_kit.testing import invoke
from tests.events.answers.fakes import KEYS, Got, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = {"token": "t-1", "decision": "approve", "by": "ada"}


class StepFunctions:
    """The calls that came."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.url = ""

    def __call__(self, got: Got) -> tuple[int, bytes]:
        self.calls.append((got.headers["x-amz-target"].partition(".")[2], json.loads(got.body)))
        return 200, b"{}"


@pytest.fixture
def states() -> Iterator[StepFunctions]:
    found = StepFunctions()
    with serving(found) as url:
        found.url = url
        yield found


def test_a_refusal_fails_the_task(states: StepFunctions, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": states.url}.items():
        monkeypatch.setenv(name, value)
    assert invoke(decide, {**EVENT, "decision": "refuse"}).value == "refused"
    assert states.calls == [("SendTaskFailure", {"taskToken": "t-1", "error": "Refused", "cause": "ada refused"})]


def test_it_runs_under_the_runtime_client(states: StepFunctions) -> None:
    environ = {**KEYS, "AWS_ENDPOINT_URL": states.url}
    with Environment("approvals.decide", cwd=Path(__file__).parent, env=environ) as environment:
        assert environment.invoke(EVENT).payload == "approved"
    assert states.calls == [("SendTaskSuccess", {"taskToken": "t-1", "output": '{"approvedBy": "ada"}'})]
