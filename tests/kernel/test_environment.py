"""The environment variables of the kit: precedence, values that are refused, and the table of the documentation."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lambda_kit
from lambda_kit._kernel import environment
from lambda_kit.errors import ConfigurationError
from tests import environment_page

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(lambda_kit.__file__).parent


def test_a_variable_of_the_kit_comes_before_that_of_powertools(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.text("LAMBDA_KIT_SERVICE") is None
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "theirs")
    assert environment.find("LAMBDA_KIT_SERVICE") == ("POWERTOOLS_SERVICE_NAME", "theirs")
    monkeypatch.setenv("LAMBDA_KIT_SERVICE", "")
    assert environment.text("LAMBDA_KIT_SERVICE") == "theirs", "an empty variable counts as unset"
    monkeypatch.setenv("LAMBDA_KIT_SERVICE", "ours")
    assert environment.find("LAMBDA_KIT_SERVICE") == ("LAMBDA_KIT_SERVICE", "ours")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("Yes", True), (" on ", True), ("false", False), ("0", False), ("OFF", False)],
)
def test_a_flag_is_true_or_false(value: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.flag("LAMBDA_KIT_METRICS_DISABLED") is None
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", value)
    assert environment.flag("LAMBDA_KIT_METRICS_DISABLED") is expected


def test_any_other_value_of_a_flag_is_an_error_that_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "maybe")
    with pytest.raises(ConfigurationError, match=r"variable POWERTOOLS_METRICS_DISABLED is 'maybe'; set it to true"):
        environment.flag("LAMBDA_KIT_METRICS_DISABLED")


def test_a_number_is_within_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "LAMBDA_KIT_LOGGER_SAMPLE_RATE"
    assert environment.number(name, most=1) is None
    monkeypatch.setenv(name, "0.25")
    assert environment.number(name, most=1) == 0.25


@pytest.mark.parametrize("value", ["1.5", "-1", "nan", "a lot"])
def test_any_other_number_is_an_error_that_names_the_variable(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOGGER_SAMPLE_RATE", value)
    with pytest.raises(ConfigurationError, match=r"LAMBDA_KIT_LOGGER_SAMPLE_RATE is .*set it to a number from 0 to 1"):
        environment.number("LAMBDA_KIT_LOGGER_SAMPLE_RATE", most=1)


def test_a_number_without_an_upper_limit_is_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_MAX_AGE", "inf")
    with pytest.raises(ConfigurationError, match="a number of 0 or more"):
        environment.number("LAMBDA_KIT_PARAMETERS_MAX_AGE")


def test_a_choice_is_one_of_its_values_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "JSON")
    assert environment.choice("LAMBDA_KIT_LOG_FORMAT", ("json", "pretty")) == "json"
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "prety")
    with pytest.raises(ConfigurationError, match=r"is 'prety'; set it to json, pretty; did you mean 'pretty'\?"):
        environment.choice("LAMBDA_KIT_LOG_FORMAT", ("json", "pretty"))


def test_the_page_shows_the_table_of_the_code() -> None:
    page = environment_page.PAGE.read_text()
    assert page == environment_page.with_table(page), "run python -m tests.environment_page"


def names_in_the_code() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "environment.py" and "testing" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield from re.findall(r"^(?:LAMBDA_KIT|POWERTOOLS)_[A-Z_]*[A-Z]$", node.value)


def test_every_variable_of_the_table_is_read_and_no_other_is() -> None:
    read = set(names_in_the_code())
    fallbacks = {peer for peer, *_ in environment.VARIABLES.values() if peer}
    assert read - fallbacks == set(environment.VARIABLES)
