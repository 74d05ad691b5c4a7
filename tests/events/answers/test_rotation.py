"""The rotation of secrets: four steps, each of which may be repeated, against a Secrets Manager of the test."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import AnswerError, ConfigurationError, EventError, RotationRefused
from lambda_kit.events import rotation
from lambda_kit.testing import invoke
from tests.events.answers.fakes import KEYS, Secrets, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD, NEW = "0" * 32, "1" * 32
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    state = Secrets(OLD, NEW)
    with serving(state) as url:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": url}.items():
            monkeypatch.setenv(name, value)
        yield state


class Database:
    """What the steps were called with."""

    def __init__(self, value: Any = "new") -> None:
        self.value = value
        self.done: list[Any] = []
        steps: dict[str, Any] = {"create": self.create, "change": self.change, "check": self.check}
        self.rotate: Any = handler(rotation.rotation(**steps, finished=self.finished))

    def create(self, secret: rotation.RotatingSecret) -> Any:
        self.done.append(("create", secret.current))
        return self.value

    def change(self, secret: rotation.RotatingSecret) -> None:
        self.done.append(("change", secret.current, secret.pending))

    def check(self, secret: rotation.RotatingSecret) -> None:
        self.done.append(("check", secret.pending))

    def finished(self, secret: rotation.RotatingSecret) -> None:
        self.done.append("finished")

    def run(self, step: str, version: str = NEW) -> None:
        invoke(self.rotate, {"Step": step, "SecretId": ARN, "ClientRequestToken": version}).unwrap()


def test_a_rotation_makes_a_value_sets_it_tests_it_and_puts_it_into_use(secrets: Secrets) -> None:
    database = Database()
    for step in STEPS:
        database.run(step)
    assert database.done == [("create", "old"), ("change", "old", "new"), ("check", "new"), "finished"]
    assert secrets.values[NEW] == {"SecretString": "new"}
    assert secrets.stages == {OLD: [], NEW: ["AWSPENDING", "AWSCURRENT"]}


def test_a_binary_value_is_stored_as_bytes(secrets: Secrets) -> None:
    database = Database(b"\x00\xff")
    for step in STEPS[:2]:
        database.run(step)
    assert secrets.values[NEW] == {"SecretBinary": base64.b64encode(b"\x00\xff").decode()}
    assert database.done[-1] == ("change", "old", b"\x00\xff")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_repeated_after_the_end_does_nothing(step: str, secrets: Secrets) -> None:
    database = Database()
    for one in STEPS:
        database.run(one)
    database.done.clear()
    database.run(step)
    assert database.done == []


def test_a_value_that_was_made_is_not_made_again(secrets: Secrets) -> None:
    database = Database()
    database.run("createSecret")
    database.run("createSecret")
    assert [one[0] for one in database.done] == ["create"]
    assert secrets.calls.count("PutSecretValue") == 1


def test_a_reply_that_was_lost_at_the_end_counts_if_the_version_is_current(secrets: Secrets) -> None:
    database = Database()
    secrets.broken = ["UpdateSecretVersionStage"]
    database.run("finishSecret")
    assert database.done == ["finished"]


def test_what_a_step_raises_reaches_the_runtime_and_the_old_value_stays(secrets: Secrets) -> None:
    def refuse(secret: rotation.RotatingSecret) -> None:
        raise PermissionError("the new password does not work")

    rotate: Any = handler(rotation.rotation(create=lambda secret: "new", change=str, check=refuse))
    event = {"Step": "testSecret", "SecretId": ARN, "ClientRequestToken": NEW}
    assert isinstance(invoke(rotate, event).error, PermissionError)
    assert secrets.stages[OLD] == ["AWSCURRENT"]


@pytest.mark.parametrize(
    ("change", "version", "told"),
    [
        ({"enabled": False}, NEW, "has no rotation enabled"),
        ({}, "2" * 32, "has no version 22222222222222222222222222222222"),
        ({"stages": {NEW: ["mine"]}}, NEW, "is not AWSPENDING; it has mine"),
        ({"stages": {NEW: []}}, NEW, "is not AWSPENDING; it has no stage"),
    ],
    ids=["not enabled", "unknown version", "another stage", "no stage"],
)
def test_a_secret_that_is_not_being_rotated_is_refused_before_any_step(
    change: Any, version: str, told: str, secrets: Secrets
) -> None:
    for name, value in change.items():
        setattr(secrets, name, value)
    database = Database()
    with pytest.raises(RotationRefused, match=told):
        database.run("setSecret", version)
    assert database.done == []


@pytest.mark.parametrize("value", [None, "", b"", {"password": "hunter2"}], ids=["none", "empty", "no bytes", "dict"])
def test_a_value_that_is_no_secret_is_not_stored(value: Any, secrets: Secrets) -> None:
    with pytest.raises(AnswerError, match="return text or bytes, not empty") as caught:
        Database(value).run("createSecret")
    assert "hunter2" not in str(caught.value)
    assert NEW not in secrets.values


def test_values_are_not_shown(secrets: Secrets) -> None:
    shown: list[str] = []

    def create(secret: rotation.RotatingSecret) -> str:
        shown.append(f"{secret!r}")
        assert secret.current == "old"
        shown.append(f"{secret!r}")
        return "new"

    rotate: Any = rotation.rotation(create=create, change=str, check=str)
    handler(rotate)({"Step": "createSecret", "SecretId": ARN, "ClientRequestToken": NEW}, None)
    assert shown == [f"<RotatingSecret {ARN}, version {NEW}>"] * 2


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({}, "the event has no text at 'Step'"),
        ({"Step": "create"}, "the step is 'create'; it is one of createSecret"),
        ({"Step": "createSecret"}, "the event has no text at 'SecretId'"),
    ],
    ids=["empty", "another step", "no secret"],
)
def test_an_event_of_another_kind_is_refused(event: Any, told: str) -> None:
    with pytest.raises(EventError, match=told):
        invoke(Database().rotate, event).unwrap()


def test_a_wrong_declaration_is_told() -> None:
    async def later(secret: Any) -> Any: ...

    with pytest.raises(ConfigurationError, match="rotation\\(check=None\\): pass a function"):
        rotation.rotation(create=str, change=str, check=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigurationError, match="is async; pass a function"):
        rotation.rotation(create=str, change=later, check=str)
