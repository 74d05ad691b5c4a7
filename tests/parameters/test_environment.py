"""The environment as the source: variables, and a file of JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import parameters
from lambda_kit.errors import ConfigurationError, ParameterError, ParameterNotFound, TransformError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTENT = {
    "parameters": {"/app/host": "db", "/app/port": 5432, "/app/deep/er": "x", "/app/host:2": "newer", "/apple": "y"},
    "secrets": {"shop/payments": {"user": "u"}, "shop/payments:AWSPREVIOUS": "old"},
    "configurations": {"shop/prod/limits": {"max": 1}},
}


@pytest.fixture
def file(environment: Callable[[str, str], None], tmp_path: Path) -> Path:
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps(CONTENT))
    environment("LAMBDA_KIT_PARAMETERS_FILE", str(path))
    return path


def test_variables_stand_for_names(environment: Callable[[str, str], None]) -> None:
    environment("LAMBDA_KIT_PARAMETER_APP_DB_HOST", "db")
    environment("LAMBDA_KIT_PARAMETER_APP_DB_HOST_2", "newer")
    environment("LAMBDA_KIT_SECRET_SHOP_PAYMENTS", "hunter2")
    environment("LAMBDA_KIT_CONFIGURATION_SHOP_PROD_LIMITS", "[1]")
    assert parameters.get("/app/db-host") == "db"
    assert parameters.get("/app/db-host", version=2) == "newer"
    assert parameters.secret("shop/payments").get_secret_value() == "hunter2"
    assert parameters.app_config("shop", "prod", "limits", transform="json") == [1]


def test_the_file_has_names_as_they_are(file: Path) -> None:
    assert parameters.get("/app/host") == "db"
    assert parameters.get("/app/host", version=2) == "newer"
    assert parameters.get("/app/port", transform=int) == 5432
    assert parameters.secret("shop/payments", transform="json").get_secret_value() == {"user": "u"}
    assert parameters.secret("shop/payments", stage="AWSCURRENT", transform="json").version is None
    assert parameters.secret("shop/payments", stage="AWSPREVIOUS").get_secret_value() == "old"
    assert parameters.app_config("shop", "prod", "limits", transform="json") == {"max": 1}
    assert parameters.get_many(["/app/host", "/app/port"]) == {"/app/host": "db", "/app/port": "5432"}


def test_a_path_comes_from_the_file_and_variables_replace_values(
    file: Path, environment: Callable[[str, str], None]
) -> None:
    environment("LAMBDA_KIT_PARAMETER_APP_HOST", "other")
    assert parameters.by_path("/app") == {"host": "other", "port": "5432", "deep/er": "x", "host:2": "newer"}
    assert parameters.by_path("/app", recursive=False) == {"host": "other", "port": "5432", "host:2": "newer"}


def test_what_is_in_neither_is_told_with_the_variable(environment: Callable[[str, str], None], tmp_path: Path) -> None:
    with pytest.raises(ParameterNotFound, match=r"LAMBDA_KIT_PARAMETER_APP_X is not set, and .* names no file"):
        parameters.get("/app/x")
    path = tmp_path / "parameters.json"
    path.write_text("{}")
    environment("LAMBDA_KIT_PARAMETERS_FILE", str(path))
    with pytest.raises(
        ParameterNotFound, match=r"LAMBDA_KIT_SECRET_B_X is not set, and the file .* has no 'b:x'"
    ) as info:
        parameters.secret("b", stage="x")
    assert info.value.source == "environment"
    with pytest.raises(ParameterNotFound):
        parameters.get_many(["/a", "/b"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"secrets": hunter2', "it is not JSON"),
        ('["hunter2"]', 'holds no object such as {"parameters"'),
        ('{"parameters": "hunter2"}', 'holds no object such as {"parameters"'),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_wrong_is_told_and_not_quoted(file: Path, content: str | None, told: str) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    with pytest.raises(ParameterError) as info:
        parameters.get("/app/host")
    assert told in str(info.value)
    assert "hunter2" not in str(info.value)


def test_a_path_without_a_file_is_told(environment: Callable[[str, str], None]) -> None:
    with pytest.raises(ParameterError, match="a path needs a file; set LAMBDA_KIT_PARAMETERS_FILE"):
        parameters.by_path("/app")


def test_a_value_that_does_not_fit_has_the_source(file: Path) -> None:
    with pytest.raises(TransformError, match="could not be read from the environment: its value does not fit"):
        parameters.get("/app/host", transform=int)


def test_nothing_is_written_to_it(environment: Callable[[str, str], None]) -> None:
    with pytest.raises(ConfigurationError, match="which cannot be written to"):
        parameters.put("/a", "x")


def test_an_argument_comes_before_the_variable(file: Path, store: Any) -> None:
    store.put("/app/host", "from aws")
    assert parameters.get("/app/host", source="aws") == "from aws"
    assert parameters.get("/app/host", region="us-east-1") == "db"


def test_the_environment_may_be_asked_for_one_call_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETER_A", "one")
    assert parameters.get("/a", source="environment") == "one"
