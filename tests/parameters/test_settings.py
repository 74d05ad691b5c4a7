"""`Settings`: fields from parameters, secrets and the environment, and one error for all that is wrong."""

from __future__ import annotations

import traceback
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, Secret, SecretStr, create_model, field_validator

from lambda_kit.errors import ConfigurationError, SettingsError
from lambda_kit.parameters import FromEnv, FromParameter, FromSecret, Settings


class Limits(BaseModel):
    most: int


class Shop(Settings):
    host: Annotated[str, FromParameter("/shop/host")]
    port: Annotated[int, FromParameter("/shop/port")] = 5432
    limits: Annotated[Limits, FromParameter("/shop/limits", transform="json")]
    user: Annotated[SecretStr, FromSecret("shop/db", key="user")]
    password: Annotated[SecretStr | None, FromSecret("shop/db", key="password")] = None
    whole: Annotated[Secret[dict[str, str]], FromSecret("shop/db", transform="json")]
    stage: Annotated[str, FromEnv("STAGE"), Field(alias="phase")]
    retries: int = 3


def fill(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("/shop/host", "db.example.com")
    store.put("/shop/limits", '{"most": 5}')
    store.put_secret("shop/db", '{"user": "u", "password": "hunter2"}')
    monkeypatch.setenv("STAGE", "prod")


def test_all_fields_are_fetched_in_as_few_requests_as_can_be(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, monkeypatch)
    settings = Shop.load()
    assert (settings.host, settings.port, settings.limits.most) == ("db.example.com", 5432, 5)
    assert (settings.stage, settings.retries) == ("prod", 3)
    assert settings.user.get_secret_value() == "u"
    assert settings.password is not None
    assert settings.password.get_secret_value() == settings.whole.get_secret_value()["password"] == "hunter2"
    assert store.counts() == {"GetParameters": 1, "GetSecretValue": 1}
    assert "hunter2" not in repr(settings)


def test_a_second_load_comes_from_the_cache(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, monkeypatch)
    store.put("/shop/port", "1")
    assert Shop.load() == Shop.load()
    assert store.counts() == {"GetParameters": 1, "GetSecretValue": 1}


def test_what_is_given_is_not_fetched(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"host": "h", "port": 1, "limits": {"most": 1}, "user": "u", "whole": {}, "password": None}
    assert Shop.load(**given, stage="test", retries=1).retries == 1
    assert store.calls == []


def test_all_that_is_missing_or_invalid_is_in_one_error_without_a_value(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("/shop/port", "hunter2")
    store.put("/shop/limits", '{"most": "hunter2"}')
    store.put_secret("shop/db", '{"password": "hunter2"}')
    with pytest.raises(SettingsError) as info:
        Shop.load(extra="hunter2")
    assert info.value.problems == {
        "host": "parameter /shop/host: it does not exist",
        "port": "parameter /shop/port: int_parsing",
        "limits": "parameter /shop/limits: most (int_parsing)",
        "user": "key user of secret shop/db: it has no such key",
        "stage": "variable STAGE: it is not set",
        "extra": "no source: extra_forbidden",
    }
    for field in info.value.problems:
        assert f"\n  {field}: " in str(info.value)
    lines = traceback.TracebackException.from_exception(info.value, capture_locals=True).format()
    assert "hunter2" not in "".join(line for line in lines if "test_settings.py" not in line and "given =" not in line)
    assert info.value.__cause__ is None
    assert isinstance(info.value, ValueError)


def test_a_source_that_fails_is_a_problem_of_its_field(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, monkeypatch)
    store.put("/shop/limits", "no json")
    store.refusals["GetSecretValue"] = (400, "AccessDeniedException", "no")
    with pytest.raises(SettingsError) as info:
        Shop.load()
    problems = info.value.problems
    assert problems.keys() == {"limits", "user", "password", "whole"}
    assert "grant it secretsmanager:GetSecretValue" in problems["password"]
    assert "does not fit the transform json" in problems["limits"]


def test_what_a_validator_says_is_not_repeated(store: Any) -> None:
    class Checked(Settings):
        host: Annotated[str, FromParameter("/shop/host")]

        @field_validator("host")
        @classmethod
        def check(cls, host: str) -> str:
            raise ValueError(f"{host} is wrong")

    store.put("/shop/host", "hunter2")
    with pytest.raises(SettingsError) as info:
        Checked.load()
    assert info.value.problems == {"host": "parameter /shop/host: value_error"}


def test_a_secret_in_a_field_that_would_show_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="password comes from a secret, and would show it"):
        create_model("Shown", __base__=Settings, password=Annotated[str, FromSecret("shop/db")])


def test_two_sources_for_a_field_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="host has two sources: parameter /a, variable A"):
        create_model("Twice", __base__=Settings, host=Annotated[str, FromParameter("/a"), FromEnv("A")])


def test_wrong_options_are_told_where_they_stand() -> None:
    with pytest.raises(ConfigurationError, match="version and label exclude each other"):
        FromParameter("/a", version=1, label="x")
    with pytest.raises(ConfigurationError, match="key takes a value out of JSON"):
        FromSecret("a", key="b", transform="binary")
