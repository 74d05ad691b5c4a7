"""The effective level, and the names of levels."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger
from lambda_kit.errors import ConfigurationError
from lambda_kit.logger import _levels

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = ("AWS_LAMBDA_LOG_LEVEL", "argument", "LAMBDA_KIT_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL")


@pytest.mark.parametrize("first", range(len(ORDER) + 1))
def test_the_first_that_is_set_decides(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for i, name in enumerate(ORDER):
        if i >= first and name != "argument":
            monkeypatch.setenv(name, "ERROR" if i == first else "DEBUG")
    argument = {0: "DEBUG", 1: "ERROR"}.get(first)
    assert _levels.effective(argument) == (logging.ERROR if first < len(ORDER) else logging.INFO)


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("trace", 10), ("DEBUG", 10), ("Info", 20), ("warn", 30), ("WARNING", 30), ("error", 40), ("fatal", 50),
        ("CRITICAL", 50), (logging.WARNING, 30), (35, 35),
    ],
)  # fmt: skip
def test_a_level_is_a_name_in_any_case_or_a_number(given: Any, number: int) -> None:
    assert _levels.effective(given) == number


@pytest.mark.parametrize(
    ("given", "said"), [("WARNIG", "did you mean 'WARNING'"), ("x", "pass one of"), (True, "True")]
)
def test_what_is_no_level_is_refused_with_the_closest_name(
    given: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "INFO")
    with pytest.raises(ConfigurationError, match=f"level is .*{said}"):
        Logger(level=given)


@pytest.mark.parametrize("variable", ["LAMBDA_KIT_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL"])
def test_a_variable_that_is_no_level_is_refused_by_its_name(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "LOUD")
    with pytest.raises(ConfigurationError, match=f"{variable} is 'LOUD'"):
        Logger()


def test_a_level_of_the_platform_that_is_not_known_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "LOUD")
    assert _levels.effective("ERROR") == logging.ERROR


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (-5, "TRACE"),
        (0, "TRACE"),
        (5, "TRACE"),
        (10, "DEBUG"),
        (25, "INFO"),
        (39, "WARN"),
        (40, "ERROR"),
        (99, "FATAL"),
    ],
)
def test_a_number_between_two_levels_has_the_name_of_the_lower(number: int, name: str) -> None:
    assert _levels.spelling(number) == name


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
def test_lines_from_the_level_upwards_are_written(level: str, logs: Callable[[], list[dict[str, Any]]]) -> None:
    log = Logger(level=level)
    for method in ("debug", "info", "warning", "error", "critical"):
        getattr(log, method)("x")
    names = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    assert [line["level"] for line in logs()] == names[names.index(level) :]


def test_a_child_may_have_a_level_of_its_own(writes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    log = Logger(level="WARN")
    log.child(level="DEBUG", part="a").debug("child")
    log.debug("parent")
    log.child(part="b").info("like the parent")
    log.child(level="ERROR").warning("quiet")
    assert [json.loads(line)["message"] for line in writes] == ["child"]
    with pytest.raises(ConfigurationError, match="did you mean 'ERROR'"):
        log.child(level="EROR")
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "WARN")
    Logger().child(level="DEBUG").info("below the level of the platform")
    assert len(writes) == 1


@pytest.mark.parametrize("option", [{"buffer": 1_000}, {"sample_rate": 0.1}], ids=["buffer", "sample_rate"])
@pytest.mark.parametrize(("platform", "warns"), [("INFO", 1), ("ERROR", 1), ("DEBUG", 0), ("TRACE", 0), (None, 0)])
def test_a_level_of_the_platform_that_drops_what_the_logger_would_write_is_told_once(
    option: Any, platform: str | None, warns: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if platform is not None:
        monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", platform)
    Logger(**option).child(a=1)
    Logger()
    assert len(caplog.records) == warns
    for record in caplog.records:
        assert f"Logger({next(iter(option))}=...) writes below the level" in record.getMessage()
        assert f"AWS_LAMBDA_LOG_LEVEL, is {platform}" in record.getMessage()
