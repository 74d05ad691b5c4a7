"""The cost of parameters that are cached, and of many that are fetched, against the peer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._service import NAME, VALUE
from benchmarks._worker import Loop
from benchmarks.aws import service


def kit() -> Loop:
    """Get a cached parameter by its name."""
    from lambda_kit import parameters

    service()
    assert parameters.get(NAME, ttl=3600.0) == VALUE
    return Loop("get(name, ttl=3600.0)", {"get": parameters.get, "name": NAME})


def kit_handle() -> Loop:
    """Get a cached parameter from a handle."""
    from lambda_kit import Parameter

    service()
    handle = Parameter(NAME, ttl=3600.0)
    assert handle() == VALUE
    return Loop("handle()", {"handle": handle})


def kit_json() -> Loop:
    """Get a cached secret that is a dict."""
    from lambda_kit import parameters

    service()
    assert parameters.secret("shop/db", transform="json", ttl=3600.0).get_secret_value() == {"user": "u"}
    names = {"get": parameters.secret}
    return Loop('get("shop/db", transform="json", ttl=3600.0).get_secret_value()', names)


def kit_path() -> Loop:
    """Fetch fifty parameters."""
    from lambda_kit import parameters

    service()
    assert len(parameters.by_path("/app/many", fresh=True)) == 50
    return Loop('by_path("/app/many", fresh=True)', {"by_path": parameters.by_path})


def peer() -> Loop:
    """Get a cached parameter."""
    module = _peer()
    assert module.get_parameter(NAME, max_age=3600) == VALUE
    return Loop("get(name, max_age=3600)", {"get": module.get_parameter, "name": NAME})


def peer_json() -> Loop:
    """Get a cached secret that is a dict."""
    module = _peer()
    assert module.get_secret("shop/db", transform="json", max_age=3600) == {"user": "u"}
    return Loop('get("shop/db", transform="json", max_age=3600)', {"get": module.get_secret})


def peer_path() -> Loop:
    """Fetch fifty parameters."""
    module = _peer()
    assert len(module.get_parameters("/app/many", force_fetch=True)) == 50
    return Loop('get("/app/many", force_fetch=True)', {"get": module.get_parameters})


def _peer() -> Any:
    service()
    return import_module("aws_lambda_powertools.utilities.parameters")


TOPIC = Topic(
    name="parameters",
    about="What parameters cost. The goal: a cached one at most 1/15 of the peer's.",
    cases=(
        Case("kit", "kit", "kit"),
        Case("peer", "peer", "peer"),
        Case("kit handle", "kit", "kit_handle"),
        Case("kit json", "kit", "kit_json"),
        Case("peer json", "peer", "peer_json"),
        Case("kit path", "kit", "kit_path"),
        Case("peer path", "peer", "peer_path"),
    ),
    rows=(
        Row("a cached parameter", Figure("kit"), Figure("peer"), "Powertools", goal=1 / 15),
        Row("a cached parameter, by its handle", Figure("kit handle"), Figure("peer"), "Powertools", goal=1 / 15),
        Row("a cached secret, a dict", Figure("kit json"), Figure("peer json"), "Powertools"),
        Row("50 parameters by path, fetched", Figure("kit path"), Figure("peer path"), "Powertools"),
    ),
    open=calls_of("benchmarks.parameters"),
    rounds=(20, 5),
)
