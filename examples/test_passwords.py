"""The rotation under test: all four steps, under the runtime client of AWS, with a server in place of AWS's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from passwords import rotate, users

from lambda_kit.local import Environment
from lambda_kit.testing import invoke
from tests.events.answers.fakes import KEYS, Secrets, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD, NEW = "0" * 32, "1" * 32
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


def event_of(step: str) -> dict[str, str]:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
    return {"Step": step, "SecretId": arn, "ClientRequestToken": NEW}


@pytest.fixture
def served() -> Iterator[tuple[Secrets, dict[str, str]]]:
    state = Secrets(OLD, NEW)
    state.values[OLD] = {"SecretString": json.dumps({"user": "shop", "password": "old"})}
    with serving(state) as url:
        yield state, {**KEYS, "AWS_ENDPOINT_URL": url}


def test_a_password_that_is_not_set_fails_its_test_and_the_old_one_stays(
    served: tuple[Secrets, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, environ = served
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    users.clear()
    invoke(rotate, event_of("createSecret")).unwrap()
    assert isinstance(invoke(rotate, event_of("testSecret")).error, PermissionError)
    assert state.stages[OLD] == ["AWSCURRENT"]


def test_it_runs_under_the_runtime_client(served: tuple[Secrets, dict[str, str]]) -> None:
    state, environ = served
    with Environment("passwords.rotate", cwd=Path(__file__).parent, env=environ) as environment:
        outcomes: list[Any] = [environment.invoke(event_of(step)) for step in STEPS]
    assert [one.status for one in outcomes] == ["success"] * 4
    assert "AWSCURRENT" in state.stages[NEW]
    new = json.loads(state.values[NEW]["SecretString"])
    assert new["user"] == "shop"
    assert len(new["password"]) == 32
