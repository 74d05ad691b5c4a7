"""An option that is wrong is refused where it is given, and not taken for something else."""

from __future__ import annotations

import contextlib
import functools
import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, time_limit
from lambda_kit.batch import batch
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import make_context

if TYPE_CHECKING:
    from collections.abc import Callable

# Without their types, so that they can be called with anything.
kit: Any = import_module("lambda_kit")
events: Any = import_module("lambda_kit.events")
flags: Any = import_module("lambda_kit.flags")
http: Any = import_module("lambda_kit.http")
batches: Any = import_module("lambda_kit.batch")
params: Any = import_module("lambda_kit.parameters")

# `bool("false")` is True: a text from the environment would switch on what it is to switch off.
SWITCHES: dict[str, Callable[[Any], object]] = {
    "Logger(log_event)": lambda value: kit.Logger(log_event=value),
    "Logger(fast)": lambda value: kit.Logger(fast=value),
    "Metrics(cold_start)": lambda value: kit.Metrics(namespace="a", cold_start=value),
    "Metrics(flags)": lambda value: kit.Metrics(namespace="a", flags=value),
    "Metrics(routes)": lambda value: kit.Metrics(namespace="a", routes=value),
    "add(high_resolution)": lambda value: kit.Metrics(namespace="a").add("b", 1, high_resolution=value),
    "Tracer(capture_response)": lambda value: kit.Tracer(capture_response=value),
    "Tracer(capture_error)": lambda value: kit.Tracer(capture_error=value),
    "span(capture_error)": lambda value: kit.Tracer().span("a", capture_error=value),
    "batch(raise_if_all_failed)": lambda value: batch(raise_if_all_failed=value)(print),
    "idempotent(log_replays)": lambda value: kit.idempotent(MemoryStore(), key="id", log_replays=value),
    "resource(eager)": lambda value: kit.init.resource(eager=value)(print),
    "get(decrypt)": lambda value: params.get("a", decrypt=value, source="environment"),
    "get(fresh)": lambda value: params.get("a", fresh=value, source="environment"),
    "put(overwrite)": lambda value: params.put("a", "b", overwrite=value),
    "put(secure)": lambda value: params.put("a", "b", secure=value),
    "timer(high_resolution)": lambda value: kit.Metrics(namespace="a").timer("b", high_resolution=value),
    "Tracer(w3c)": lambda value: kit.Tracer(w3c=value),
    "FeatureFlags(record)": lambda value: kit.FeatureFlags(flags.StaticFlags({}), record=value),
    "FeatureFlags(eager)": lambda value: kit.FeatureFlags(flags.StaticFlags({}), eager=value),
    "HttpApp(compress)": lambda value: http.HttpApp(compress=value),
    "HttpApp(etag)": lambda value: http.HttpApp(etag=value),
    "HttpApp(validator_messages)": lambda value: http.HttpApp(validator_messages=value),
    "HttpApp(debug)": lambda value: http.HttpApp(debug=value),
    "Cors(credentials)": lambda value: http.Cors(["https://a.example"], credentials=value),
    "Cors(function_url)": lambda value: http.Cors(["https://a.example"], function_url=value),
    "check_etag(required)": lambda value: http.check_etag(events.HttpEvent({}), None, required=value),
    "validated(formats)": lambda value: events.validated({}, formats=value),
    "enabled(default)": lambda value: kit.FeatureFlags(flags.StaticFlags({})).enabled("a", default=value),
}


@pytest.mark.parametrize("value", ["false", "", 0, 2, []], ids=repr)
@pytest.mark.parametrize("what", SWITCHES)
def test_what_is_on_or_off_takes_no_text_and_no_number(what: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="True or False"):
        SWITCHES[what](value)


PACKAGES = (
    "batch",
    "events",
    "flags",
    "http",
    "idempotency",
    "init_cache",
    "logger",
    "metrics",
    "parameters",
    "tracer",
)
# What is no option of the user's, or is on the safe side if a text is taken for True.
OTHERS = {
    "set_cookie(secure)",
    "set_cookie(http_only)",
    "FileResponse(attachment)",
    "parse(many)",
    "idempotent(powertools)",
}


def declared_switches() -> set[str]:
    """Return the options of all public classes, methods and functions that are declared as booleans."""
    found: set[str] = set()
    for package in PACKAGES:
        module: Any = import_module(f"lambda_kit.{package}")
        for name in module.__all__:
            public: Any = getattr(module, name)
            callables: dict[str, Any] = {name: public}
            if isinstance(public, type):
                if vars(public).keys().isdisjoint(("__init__", "__new__")):  # that of its base class
                    callables.clear()
                callables |= {key: one for key, one in vars(public).items() if key[0] != "_" and callable(one)}
            for title, one in callables.items():
                with contextlib.suppress(TypeError, ValueError):
                    for option in inspect.signature(one).parameters.values():
                        if str(option.annotation).startswith(("bool", "<class 'bool'>")):
                            found.add(f"{title}({option.name})")
    return found


def test_the_table_of_switches_has_all_that_are_declared() -> None:
    declared = declared_switches()
    assert {"Logger(log_event)", "put(secure)", "span(capture_error)"} <= declared
    assert declared <= {*SWITCHES, *OTHERS, "span(capture_response)"}


@handler
def place(event: Any, context: object) -> None: ...


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: kit.Metrics(namespace="a", metadata={}), "the value of the dimension 'metadata' is a dict"),
        (lambda: kit.Metrics(namespace="a").dimension(b=[1]), "the value of the dimension 'b' is a list"),
        (
            lambda: kit.Metrics(namespace="a").add("b", 1, dimensions={"c": ()}),
            "the value of the dimension 'c' is a tu",
        ),
        (lambda: kit.FeatureFlags(flags.StaticFlags({})).enabled(5), "the name of the flag is 5"),
        (lambda: kit.idempotent(MemoryStore(), key="id")(MemoryStore), "around the class MemoryStore"),
        (lambda: http.HttpApp().get(print), r"write the decorator with a path, as in @app.get\('/orders'\)"),
        (lambda: http(body=dict), "write from lambda_kit.http import http"),
        (lambda: batches(print), "write from lambda_kit.batch import batch"),
        (lambda: http.HttpApp(cors="*"), r"pass Cors\(...\)"),
        (lambda: http.HttpApp(security=True), r"pass SecurityHeaders\(...\)"),
        *[
            (lambda layer=layer: layer(functools.partial(functools.partial(place))), "put @handler on top")
            for layer in (
                *(kit.idempotent(MemoryStore(), key="id"), kit.Logger(), kit.Tracer(), kit.Metrics(namespace="a")),
                *(time_limit(), kit.provide(a=int), batch()),
            )
        ],
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(call: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        call()


def test_a_handler_that_is_refused_nowhere_runs() -> None:
    assert functools.partial(place)({}, make_context()) is None
