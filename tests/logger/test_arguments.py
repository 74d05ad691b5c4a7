"""The arguments of logging: `extra`, `stack_info` and `exc_info`, for each level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]

METHODS = ("debug", "info", "warning", "error", "exception", "critical")


@pytest.mark.parametrize("method", METHODS)
def test_extra_adds_the_fields_of_a_dict_and_those_of_the_call_win(method: str, logs: Logs) -> None:
    log = Logger(level="DEBUG", service="static")
    extra = {"a": 1, "b": 2, "message": "m", "service": "extra", "password": "hunter2"}
    getattr(log, method)("x", extra=extra, b=3)
    (line,) = logs()
    assert (line["a"], line["b"], line["message_"], line["service"]) == (1, 3, "m", "extra")
    assert line["password"] == "[redacted]"
    assert "extra" not in line


@pytest.mark.parametrize("method", METHODS)
def test_exc_info_adds_the_exception_at_every_level(method: str, logs: Logs) -> None:
    log = Logger(level="DEBUG")
    try:
        raise ValueError("v")
    except ValueError:
        getattr(log, method)("x", exc_info=True)
    (line,) = logs()
    assert line["exception"]["message"] == "v"


def test_stack_info_adds_the_stack_of_the_call(logs: Logs) -> None:
    def inner() -> None:
        Logger().info("x", stack_info=True)

    inner()
    (line,) = logs()
    assert "lambda_kit/logger" not in line["stack"]
    assert line["stack"].rstrip().endswith('Logger().info("x", stack_info=True)')
    assert ", in inner\n" in line["stack"]
    Logger().info("x", stack_info=False)
    assert "stack" not in logs()[0]


@pytest.mark.parametrize("value", ["text", 1.5, None, ["a"]], ids=str)
def test_other_values_under_these_names_are_fields(value: Any, logs: Logs) -> None:
    Logger().info("x", extra=value, stack_info=value)
    (line,) = logs()
    assert (line["extra"], line["stack_info"]) == (value, value)


def test_a_field_with_the_name_of_the_exception_stays_beside_it(logs: Logs) -> None:
    Logger().error("x", exc_info=ValueError("v"), exception="mine", stack="mine", stack_info=True)
    (line,) = logs()
    assert (line["exception_"], line["exception"]["type"]) == ("mine", "ValueError")
    assert (line["stack_"], "in test_a_field" in line["stack"]) == ("mine", True)
