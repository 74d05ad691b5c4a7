"""Options of the tracer: from the environment, misspelt, and under the names that Powertools uses."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer
from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from lambda_kit.testing import FakeXRayDaemon

PREFIXES = ("LAMBDA_KIT", "POWERTOOLS")


def call(tracer: Tracer, fail: bool = False) -> None:
    @tracer
    def charge() -> str:
        if fail:
            raise ValueError("declined")
        return "paid"

    charge()


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_environment_decides_whether_responses_are_kept(
    prefix: str, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(Tracer())
    monkeypatch.setenv(f"{prefix}_TRACER_CAPTURE_RESPONSE", "true")
    call(Tracer())
    call(Tracer(capture_response=False))
    assert [bool(span.metadata) for span in xray_daemon.tree()] == [False, True, False]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_environment_decides_whether_details_of_errors_are_kept(
    prefix: str, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{prefix}_TRACER_CAPTURE_ERROR", "0")
    for tracer in (Tracer(), Tracer(capture_error=True)):
        with pytest.raises(ValueError, match="declined"):
            call(tracer, fail=True)
    spans = xray_daemon.tree()
    assert [span.fault for span in spans] == [True, True]
    assert [bool(span.exceptions) for span in spans] == [False, True]


def test_a_variable_of_the_kit_has_precedence_over_that_of_powertools(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_KIT_TRACER_CAPTURE_RESPONSE", "false")
    monkeypatch.setenv("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "true")
    call(Tracer())
    assert xray_daemon.tree()[0].metadata == {}


def test_a_variable_with_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_TRACER_CAPTURE_ERROR", "perhaps")
    with pytest.raises(ConfigurationError, match="POWERTOOLS_TRACER_CAPTURE_ERROR"):
        Tracer()


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("servce", "; did you mean 'service'?"),
        ("capture_responses", "; did you mean 'capture_response'?"),
        ("auto_patch", "; nothing is patched; call tracer.instrument(client) for each client"),
        ("disabled", "; write Tracer(backend='none')"),
        ("xyz", ""),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_the_one_that_does(option: str, hint: str) -> None:
    options: dict[str, Any] = {option: True}
    with pytest.raises(ConfigurationError) as caught:
        Tracer(**options)
    assert str(caught.value) == f"Tracer({option}=...): there is no such option{hint}"


@pytest.mark.parametrize("option", [name for name in inspect.signature(Tracer).parameters if name != "unknown"])
def test_every_option_is_suggested_for_a_misspelt_one(option: str) -> None:
    options: dict[str, Any] = {f"{option}_": True}
    with pytest.raises(ConfigurationError, match=f"did you mean '{option}'"):
        Tracer(**options)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("put_annotation", "; write tracer.current().annotate(name=value)"),
        ("annotate", "; it is of a span: write tracer.current().annotate(name=value)"),
        ("service", "; the tracer keeps it to itself; keep a name for it where you make it"),
        ("put_metadata", "; write tracer.current().metadata(name=value)"),
        ("capture_method", "; the tracer is the decorator: @tracer"),
        ("capture_lambda_handler", "; put the tracer on the handler: @handler(tracer)"),
        ("spam", "; did you mean 'span'?"),
        ("header", "; did you mean 'headers'?"),
        ("xyz", ""),
    ],
)
def test_an_attribute_that_does_not_exist_is_an_error_that_says_what_it_is_called(name: str, hint: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(Tracer(), name)
    assert str(caught.value) == f"'Tracer' object has no attribute {name!r}{hint}"
    assert not hasattr(Tracer(), name)


def test_each_attribute_of_spans_is_known_to_the_tracer() -> None:
    span = Tracer(backend="none").current()
    names = [name for name in dir(span) if not name.startswith("_")]
    assert "annotate" in names
    for name in names:
        if hasattr(Tracer, name):
            continue
        with pytest.raises(AttributeError, match=f"it is of a span: write tracer.current\\(\\).{name}"):
            getattr(Tracer(), name)


@pytest.mark.parametrize("backend", ["none", "xray"])
def test_methods_of_the_spans_of_other_libraries_say_what_they_are_called_here(backend: Any) -> None:
    span: Any = Tracer(backend=backend).span("save")
    hint = r"; write span.annotate\(name=value\)" if sys.version_info >= (3, 12) else "$"
    with pytest.raises(AttributeError, match=f"has no attribute 'put_annotation'{hint}"):
        span.put_annotation("order", "o-1")
    for name in ("put_metadata", "add_exception", "record_exception", "set_attribute"):
        assert not hasattr(span, name)
