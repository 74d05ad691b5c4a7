"""Options, methods and attributes of Powertools' classes: each is here too, or the error says what to write."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError, LambdaKitError

if TYPE_CHECKING:
    from collections.abc import Callable

PYTHON = Path(__file__).parents[2] / ".venvs" / "peer" / "bin" / "python"
ASK = """
import inspect, json
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.utilities.feature_flags import FeatureFlags
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from aws_lambda_powertools.utilities.idempotency import idempotent, idempotent_function

def options(fn):
    return [n for n, p in inspect.signature(fn).parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]

def members(value):
    return [name for name in dir(value) if not name.startswith("_")]

app = APIGatewayRestResolver()
print(json.dumps({
    "options": {
        "Logger": options(Logger), "Metrics": options(Metrics), "Tracer": options(Tracer),
        "FeatureFlags": options(FeatureFlags), "HttpApp": options(APIGatewayRestResolver), "Cors": options(CORSConfig),
        "Response": options(Response), "route": options(app.route),
        "DynamoDBStore": options(DynamoDBPersistenceLayer),
        "idempotent": [*options(IdempotencyConfig), *options(idempotent)[3:], *options(idempotent_function)[1:]],
    },
    "members": {
        "Logger": members(Logger(service="a")), "Metrics": members(Metrics(namespace="a", service="a")),
        "Tracer": members(Tracer(service="a", disabled=True)), "FeatureFlags": members(FeatureFlags),
        "HttpApp": members(app), "Router": members(Router()), "Response": members(Response(200)),
    },
}))
"""

kit: Any = import_module("lambda_kit")
http: Any = import_module("lambda_kit.http")
stores: Any = import_module("lambda_kit.idempotency")

CALLED: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {  # what has the signature, and a call of it
    "Logger": (kit.Logger, kit.Logger),
    "Metrics": (kit.Metrics, partial(kit.Metrics, namespace="a")),
    "Tracer": (kit.Tracer, kit.Tracer),
    "FeatureFlags": (kit.FeatureFlags, partial(kit.FeatureFlags, dict)),
    "HttpApp": (http.HttpApp, http.HttpApp),
    "Cors": (http.Cors, http.Cors),
    "Response": (http.Response, http.Response),
    "route": (
        http.HttpApp().route,
        partial(http.HttpApp().route, "/a", "GET"),
    ),
    "DynamoDBStore": (stores.DynamoDBStore, partial(stores.DynamoDBStore, "a")),
    "idempotent": (kit.idempotent, partial(kit.idempotent, stores.MemoryStore(), key="a")),
}
MADE: dict[str, Callable[[], Any]] = {
    "Logger": kit.Logger,
    "Metrics": lambda: kit.Metrics(namespace="a"),
    "Tracer": kit.Tracer,
    "FeatureFlags": lambda: kit.FeatureFlags(dict),
    "HttpApp": http.HttpApp,
    "Router": http.Router,
    "Response": http.Response,
}
DOCUMENTED = {"tags", "summary", "description", "operation_id", "deprecated", "security", "responses"}  # of routes


@pytest.fixture(scope="module")
def theirs() -> dict[str, dict[str, list[str]]]:
    if not PYTHON.exists():
        pytest.skip("Powertools is not installed: make .venvs/peer/.installed")
    environ = {**os.environ, "POWERTOOLS_DEV": "1", "AWS_DEFAULT_REGION": "eu-west-1"}
    done = subprocess.run([PYTHON, "-c", ASK], capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CALLED)
def test_each_option_is_here_too_or_is_refused_with_what_to_write(name: str, theirs: Any) -> None:
    signed, call = CALLED[name]
    ours = {*inspect.signature(signed).parameters, *(DOCUMENTED if name == "route" else ())}
    plain: list[str] = []
    for option in theirs["options"][name]:
        if option in ours:
            continue
        try:
            call(**{option: 1})
        except ConfigurationError as error:
            if "; " not in str(error):
                plain.append(option)
        else:
            plain.append(option)
    assert plain == []


@pytest.mark.parametrize("name", MADE)
def test_each_attribute_is_here_too_or_says_what_to_write(name: str, theirs: Any) -> None:
    made = MADE[name]()
    plain: list[str] = []
    for member in theirs["members"][name]:
        try:
            getattr(made, member)
        except AttributeError as error:
            if "; " not in str(error):
                plain.append(member)
        except LambdaKitError:
            pass  # it is here, and needs more
    if sys.version_info < (3, 12) and name in ("HttpApp", "Router", "Response"):
        assert plain  # there `hint_names` would slow down all attributes, and does nothing
    else:
        assert plain == []
