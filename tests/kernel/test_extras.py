"""Packages that extras install: one spelling of the command, one class of errors."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import lambda_kit
from lambda_kit._kernel import extras
from lambda_kit.errors import ConfigurationError, MissingExtra

PACKAGE = Path(lambda_kit.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def test_the_error_is_one_of_the_configuration_and_of_the_import_and_has_the_command() -> None:
    error = extras.missing("batch(model=...)", "pydantic", "pydantic")
    assert isinstance(error, MissingExtra)
    assert isinstance(error, ConfigurationError)
    assert isinstance(error, ImportError)
    assert error.extra == "pydantic"
    assert str(error) == (
        'batch(model=...) needs pydantic, which is not installed: pip install "lambda-kit-sdk[pydantic]"'
    )


def test_the_command_is_spelled_in_one_place() -> None:
    found = [path.name for path in FILES if "lambda-kit-sdk[" in path.read_text()]
    assert found == ["extras.py"]


def test_every_extra_that_is_named_exists() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    named = {
        name
        for path in FILES
        for name in re.findall(r'extras\.(?:command|missing)\((?:[^()]|\([^)]*\))*?["\'](\w+)["\']\)', path.read_text())
    }
    assert {"aws", "local", "otel", "pydantic", "xray", "openfeature"} <= named <= set(project["optional-dependencies"])
