"""Helps for who comes from Powertools: names of fields, options and methods, a formatter, and the environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.errors import ConfigurationError, MissingExtra
from lambda_kit.testing import make_context

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]


def first_of(value: Any) -> str | None:
    """Return the name of an option, as the id of its test."""
    names: Any = value
    return str(next(iter(names))) if isinstance(value, dict) else None


def test_the_names_of_powertools_are_those_of_the_fields_of_the_invocation_and_the_exception(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=1;Sampled=1")
    log = Logger(service="shop", names="powertools", correlation_id="id")

    @handler(log)
    def place(event: object, context: object) -> None:
        log.info("x")
        log.info("y", function_name="mine")
        raise ValueError("fails")

    with pytest.raises(ValueError, match="fails"):
        place({"id": "c"}, make_context(request_id="r", function_name="f", memory_mb=256))
    first, second, failed = logs()
    assert {name: first[name] for name in list(first)[4:]} == {
        "service": "shop",
        "function_name": "f",
        "function_request_id": "r",
        "cold_start": True,
        "xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "correlation_id": "c",
        "function_memory_size": "256",
        "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    }
    assert second["function_name"] == "mine"
    assert failed["exception_name"] == "ValueError"
    assert failed["exception"].startswith("Traceback (most recent call last)")
    assert "lambda_kit/" not in failed["exception"].replace("\\", "/")  # no frames of the kit before the function
    assert failed["exception"].rstrip().endswith("ValueError: fails")
    assert failed["stack_trace"]["frames"][-1]["function"].endswith("place")


def test_a_formatter_gets_the_line_as_a_dict_and_its_text_is_written(writes: list[str]) -> None:
    log = Logger(service="s", format=lambda line: f"{line['level']}|{line['message']}|{line['n']}")
    log.info("x", n=1)
    log.child(n=2).info("y")
    assert writes == ["INFO|x|1\n", "INFO|y|2\n"]


def test_a_formatter_that_fails_costs_its_line_its_form_alone(logs: Logs) -> None:
    Logger(format=lambda line: line["none"]).info("x")
    (line,) = logs()
    assert (line["message"], line["loggingError"]) == ("x", "KeyError: 'none'")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sampling_rate": 0.1}, "it is called sample_rate here"),
        ({"log_level": "DEBUG"}, "it is called level here"),
        ({"buffer_config": 1}, "it is called buffer here"),
        ({"logger_formatter": 1}, "it is called format here"),
        ({"servce": "x"}, "did you mean service"),
        ({"samplerate": 0.1}, "did you mean sample_rate"),
        ({"correlationid": "x"}, "did you mean correlation_id"),
        ({"levle": "x"}, "did you mean level"),
        ({"replay": "x"}, "did you mean replays"),
        (
            {"mask": ["card"]},
            "it is called redact here: .*; a field of that name goes into log.child",
        ),
        ({"redacted": ["card"]}, "it is called redact here"),
        ({"hide": ["card"]}, "it is called redact here"),
        ({"loglevel": "DEBUG"}, "it is called level here"),
        ({"service_name": "shop"}, "it is called service here"),
        ({"formatter": print}, "it is called format here"),
        ({"fmt": "%s"}, "it is called format here"),
        ({"stdout": 1}, "standard output"),
        ({"extra": {"a": 1}}, "pass the fields themselves"),
        ({"static": {"a": 1}}, "pass the fields themselves"),
        ({"handler": print}, "takes the records of logging"),
        ({"propagate": False}, "takes the records of logging"),
        ({"file": print}, "standard output"),
        ({"output": 1}, "standard output"),
        ({"encoder": print}, "it is called format here"),
        ({"sample": 0.1}, "it is called sample_rate here"),
        ({"threshold": 10}, "it is called level here"),
        ({"hidden": ("card",)}, "it is called redact here"),
        ({"sensitive": {"card"}}, "it is called redact here"),
        ({"names": "theirs"}, "pass 'kit' or 'powertools'"),
        ({"format": "%s"}, "pass a function"),
    ],
    ids=first_of,
)
def test_misspelt_options_and_those_of_powertools_are_no_static_fields(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Logger(**options)
    if not options.keys() & {"names", "format"}:
        Logger().child(**options)


@pytest.mark.parametrize(
    "name",
    [
        *("stage", "version", "team", "events", "samples", "named", "formats_used", "name", "namespace", "region"),
        *("environment", "env", "app", "component", "tenant", "host", "commit", "release", "domain", "owner", "tags"),
        *("handler", "file", "filename", "destination", "output", "sample", "threshold", "correlation", "sink", "mask"),
        *("hide", "hidden", "redacted", "sensitive", "static", "propagate", "encoder", "formatter", "extra"),
    ],
)
def test_other_names_are_static_fields(name: str, logs: Logs) -> None:
    make: Any = Logger
    make(**{name: "x"}).info("y")
    assert logs()[0][name] == "x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("hidden", True), ("sensitive", False), ("sample", True), ("mask", 7), ("correlation", 1.5)),
        *(("handler", None), ("propagate", 1), ("filename", ["a"])),
    ],
)
def test_a_name_that_other_loggers_have_as_an_option_is_a_field_with_a_value_that_they_do_not_take(
    name: str, value: Any, logs: Logs
) -> None:
    make: Any = Logger
    make(**{name: value}).info("y")
    assert logs()[0][name] == value


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("append_keys", r"it is called append\("),
        ("append_context_keys", r"bind\("),
        ("inject_lambda_context", "@handler"),
        ("set_correlation_id", r"current_invocation\(\)"),
        ("setLevel", "level="),
        ("warn", "it is called warning here"),
        ("inof", "did you mean 'info'"),
        ("nothing_like_it", "has no attribute 'nothing_like_it'$"),
    ],
)
def test_methods_of_powertools_say_what_they_are_called_here(name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=said):
        getattr(Logger(), name)
    assert not hasattr(Logger(), name)


@pytest.mark.parametrize("prefix", ["LAMBDA_KIT", "POWERTOOLS"])
def test_the_environment_sets_what_the_arguments_do_not(
    prefix: str, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{prefix}_LOGGER_LOG_EVENT", "true")
    monkeypatch.setenv(f"{prefix}_LOGGER_SAMPLE_RATE", "1")
    log, other = Logger(), Logger(log_event=False, sample_rate=0)

    @handler(log, other)
    def place(event: object, context: object) -> None:
        log.debug("log")
        other.debug("other")

    place({"a": 1}, None)
    event, line = logs()
    assert (event["event"], line["message"]) == ({"a": 1}, "log")


@pytest.mark.parametrize(("variable", "value"), [("LOGGER_LOG_EVENT", "maybe"), ("LOGGER_SAMPLE_RATE", "2")])
def test_a_variable_that_cannot_be_is_refused(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"POWERTOOLS_{variable}", value)
    with pytest.raises(ConfigurationError, match=f"POWERTOOLS_{variable} is '{value}'"):
        Logger()


def test_service_false_switches_the_field_off(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "theirs")
    Logger(service=False).info("x")
    assert "service" not in logs()[0]


def test_fast_loads_orjson_and_without_it_names_the_extra(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    Logger(fast=True).info("x", data=[{"a": [1.5, None, "é"]}] * 12)
    assert logs()[0]["data"] == [{"a": [1.5, None, "é"]}] * 12
    monkeypatch.setitem(sys.modules, "orjson", None)
    with pytest.raises(MissingExtra, match=r"Logger\(fast=True\) needs orjson.*lambda-kit-sdk\[fast\]"):
        Logger(fast=True)
