"""Names that do not exist: each room says what a name of Powertools is called here, and which name is close."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lambda_kit
from lambda_kit._kernel.peer_names import NAMES
from tests import public_api, public_names

ROOMS = [
    "lambda_kit",
    *(
        f"lambda_kit.{one}"
        for one in (
            "aws",
            "batch",
            "durable",
            "errors",
            "events",
            "flags",
            "http",
            "idempotency",
            "init_cache",
            "logger",
        )
    ),
    *(f"lambda_kit.{one}" for one in ("metrics", "parameters", "pipeline", "testing", "tracer")),
]
PEER = Path(__file__).parents[2] / ".venvs" / "peer" / "lib"
# The parts of Powertools for which the kit has something.
THEIRS = (
    *("event_handler", "event_handler/middlewares", "event_handler/events_appsync"),
    *("", "logging", "metrics", "tracing", "middleware_factory", "utilities/batch", "utilities/data_classes"),
    *(
        "utilities/feature_flags",
        "utilities/idempotency",
        "utilities/parameters",
        "utilities/parser",
        "utilities/typing",
    ),
    *("logging/buffer", "metrics/provider/datadog", "utilities/auth_alpha", "utilities/circuit_breaker"),
    *("utilities/data_masking", "utilities/kafka", "utilities/metadata", "utilities/streaming"),
    *("utilities/streaming/transformations", "utilities/validation"),
)
# Modules without a list of exports: their public classes and constants.
MODULES = ("exceptions", "content_types", "router", "openapi/exceptions", "openapi/config", "openapi/params")
# Of `openapi/params`: for the resolver itself, and names that both have.
INNER = {"Dependant", "File", "ParamTypes", "UploadFile"}


def test_every_room_is_asked_about() -> None:
    rooms = {f"lambda_kit.{one.name}" for one in pkgutil.iter_modules(lambda_kit.__path__) if one.name[0] != "_"}
    without = {"lambda_kit.invocation", "lambda_kit.local", "lambda_kit.runtime"}  # functions that migrate import none
    assert rooms - without == set(ROOMS) - {"lambda_kit"}


@pytest.mark.parametrize("room", ROOMS)
def test_each_name_of_powertools_says_what_it_is_called_here(room: str) -> None:
    module = importlib.import_module(room)
    for name, hint in NAMES.items():
        if name in module.__all__:
            continue
        with pytest.raises(ImportError) as imported:
            exec(f"from {room} import {name}", {})
        assert str(imported.value) == f"module {room!r} has no attribute {name!r}; {hint}"
        with pytest.raises(AttributeError) as asked:
            getattr(module, name)
        assert str(asked.value) == str(imported.value)
        assert not hasattr(module, name)


def test_hints_name_what_exists() -> None:
    found = [name for hint in NAMES.values() for name in re.findall(r"lambda_kit(?:\.\w+)+", hint)]
    assert len(found) > 50
    for name in found:
        module, _, attribute = name.rpartition(".")
        if name not in ROOMS:
            assert hasattr(importlib.import_module(module), attribute), name


def test_a_name_of_the_kit_is_no_name_of_powertools_where_it_is_exported() -> None:
    exported = {name for room in ROOMS for name in importlib.import_module(room).__all__}
    assert exported & set(NAMES) == set()


@pytest.mark.skipif(not PEER.exists(), reason="Powertools is not installed: make .venvs/peer/.installed")
def test_every_name_that_powertools_exports_is_known() -> None:
    exported = {name for room in ROOMS for name in importlib.import_module(room).__all__}
    (root,) = PEER.glob("python*/site-packages/aws_lambda_powertools")
    names: set[str] = set()
    for part in THEIRS:
        for node in ast.parse((root / part / "__init__.py").read_text()).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                names |= set(ast.literal_eval(node.value))
    for part in MODULES:
        for node in ast.parse((root / "event_handler" / f"{part}.py").read_text()).body:
            if isinstance(node, ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Assign):
                names |= {one.id for one in node.targets if isinstance(one, ast.Name) and one.id.isupper()}
    names -= INNER
    assert len(names) > 150
    assert sorted(names - set(NAMES) - exported) == []


@pytest.mark.parametrize(
    ("room", "name", "meant"),
    [
        ("lambda_kit", "handel", "handler"),
        ("lambda_kit", "Loger", "Logger"),
        ("lambda_kit.batch", "Bacoff", "Backoff"),
        ("lambda_kit.errors", "LeaseLostError", "LeaseLost"),
        ("lambda_kit.idempotency", "DynamoDbStore", "DynamoDBStore"),
    ],
)
def test_a_misspelt_name_gets_the_closest_one(room: str, name: str, meant: str) -> None:
    with pytest.raises(ImportError, match=f"module '{room}' has no attribute '{name}'; did you mean '{meant}'"):
        exec(f"from {room} import {name}", {})
    with pytest.raises(AttributeError, match=f"did you mean '{meant}'"):
        getattr(importlib.import_module(room), name)


@pytest.mark.parametrize("room", ROOMS)
def test_other_missing_names_are_plain_errors(room: str) -> None:
    module = importlib.import_module(room)
    for name in ("qqqqqq", "_logge", "__wrapped__"):
        with pytest.raises(AttributeError, match=f"module '{room}' has no attribute '{name}'$"):
            getattr(module, name)
    with pytest.raises(ImportError, match="cannot import name 'qqqqqq'"):
        exec(f"from {room} import qqqqqq", {})


def test_each_public_name_is_found_from_each_room_that_does_not_have_it() -> None:
    homes: dict[str, set[str]] = {}
    for home in public_api.modules():
        for name in public_api.names_of(importlib.import_module(home)):
            homes.setdefault(name, set()).add(home)
    assert len(homes) > 300
    for room in [*ROOMS, "lambda_kit.invocation", "lambda_kit.local"]:
        module = importlib.import_module(room)
        for name, places in homes.items():
            if name in vars(module) or room in places:
                continue
            with pytest.raises(ImportError) as imported:
                exec(f"from {room} import {name}", {})
            said = str(imported.value).partition("; import it from ")[2].split(" or ")
            assert set(said) <= places, (room, name)
            assert said == ["lambda_kit"] or "lambda_kit" not in places


def test_the_table_of_public_names_is_what_the_modules_export() -> None:
    assert public_names.FILE.read_text("utf-8") == public_names.text(), "run `make api`"


def test_a_missing_name_reads_no_source() -> None:
    """Programs ask for names of other versions: `getattr(lambda_kit, "New", None)`."""
    program = (
        "import sys, lambda_kit.http\n"
        "print(hasattr(lambda_kit.http, 'qqqq'), getattr(lambda_kit, 'New', None))\n"
        "print([name for name in ('ast', 'pkgutil', 'lambda_kit.local') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False None", "[]"]


def test_a_module_that_is_not_loaded_yet_is_imported_and_loads_no_hints() -> None:
    """Also where its name is close to that of an export, as `metrics` is to `Metrics`."""
    program = (
        "import sys\n"
        "from lambda_kit import metrics, tracer, parameters, batch\n"
        "print(metrics.__name__, tracer.__name__, parameters.__name__, batch.__name__)\n"
        "print([name for name in sys.modules if name.endswith(('.hints', '.peer_names', '.public_names'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "lambda_kit.metrics lambda_kit.tracer lambda_kit.parameters lambda_kit.batch",
        "[]",
    ]
