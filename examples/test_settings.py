"""Settings and secrets under test: with a file in place of AWS, and by overriding a handle."""

from __future__ import annotations

from pathlib import Path

import pytest
from settings import LoginRefused, login, place_order

from lambda_kit.errors import ResourceBuildError, SettingsError
from lambda_kit.testing import invoke


@pytest.fixture(autouse=True)
def _file_in_place_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_SOURCE", "environment")
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_FILE", str(Path(__file__).with_name("settings.json")))


def test_an_order_is_placed_with_the_settings() -> None:
    assert invoke(place_order).unwrap() == {"statusCode": 201, "stage": "dev", "connection": "shop@localhost:5432"}


def test_a_variable_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETER_SHOP_DB_PORT", "6432")
    monkeypatch.setenv("STAGE", "test")
    answer = invoke(place_order).unwrap()
    assert (answer["stage"], answer["connection"]) == ("test", "shop@localhost:6432")


def test_a_setting_that_is_wrong_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETER_SHOP_DB_PORT", "-1")
    error = invoke(place_order).error
    assert isinstance(error, ResourceBuildError)
    assert isinstance(error.__cause__, SettingsError)
    assert error.__cause__.problems == {"port": "parameter /shop/db/port: greater_than"}


def test_a_password_that_is_wrong_and_was_not_rotated_is_an_error() -> None:
    with login.override({"user": "shop", "password": "expired"}):
        assert isinstance(invoke(place_order).error, LoginRefused)
