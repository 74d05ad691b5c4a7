"""What importing loads, measured in a fresh process under the real runtime client, and who may import whom.

The lists are edited by hand: a module that appears on one is a cost that every cold start pays.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import lambda_kit
from lambda_kit.local import Environment

PACKAGE = Path(lambda_kit.__file__).parent
CORE = {
    "_contextvars",
    "contextvars",
    "lambda_kit",
    "lambda_kit._callables",
    "lambda_kit._lifecycle",
    "lambda_kit.errors",
    "lambda_kit.invocation",
}
LOADED_BY: dict[str, set[str]] = {
    "import lambda_kit": {"lambda_kit"},
    "from lambda_kit import LambdaKitError": {"lambda_kit", "lambda_kit.errors"},
    "from lambda_kit import current_invocation": {
        "_contextvars",
        "contextvars",
        "lambda_kit",
        "lambda_kit._lifecycle",
        "lambda_kit.errors",
        "lambda_kit.invocation",
    },
    "from lambda_kit import handler, layer, provide, time_limit": CORE | {"lambda_kit.pipeline"},
    "from lambda_kit import init": CORE
    | {"lambda_kit._cells", "lambda_kit._flight", "lambda_kit._resource", "lambda_kit.init_cache"},
    "from lambda_kit import Logger": CORE
    | {
        "lambda_kit._facts",
        "lambda_kit._json",
        "lambda_kit._stdout",
        "lambda_kit.logger",
        "lambda_kit.logger._buffer",
        "lambda_kit.logger._context",
        "lambda_kit.logger._levels",
        "lambda_kit.logger._line",
        "lambda_kit.logger._logger",
    },
    "from lambda_kit import Metrics": CORE
    | {
        "lambda_kit._facts",
        "lambda_kit._json",
        "lambda_kit._stdout",
        "lambda_kit.metrics",
        "lambda_kit.metrics._metrics",
        "lambda_kit.metrics._record",
        "lambda_kit.metrics._rules",
    },
    "from lambda_kit import Tracer": {
        "lambda_kit",
        "lambda_kit._callables",
        "lambda_kit._facts",
        "lambda_kit._json",
        "lambda_kit._lifecycle",
        "lambda_kit.errors",
        "lambda_kit.tracer",
        "lambda_kit.tracer._layers",
        "lambda_kit.tracer._span",
        "lambda_kit.tracer._tracer",
    },
    "from lambda_kit import Parameter, Secret": CORE
    | {
        "lambda_kit._cells",
        "lambda_kit._copies",
        "lambda_kit._facts",
        "lambda_kit._flight",
        "lambda_kit._local_server",
        "lambda_kit._resource",
        "lambda_kit.init_cache",
        "lambda_kit.parameters",
        "lambda_kit.parameters._direct",
        "lambda_kit.parameters._entries",
        "lambda_kit.parameters._failures",
        "lambda_kit.parameters._functions",
        "lambda_kit.parameters._handles",
        "lambda_kit.parameters._query",
        "lambda_kit.parameters._secret_value",
        "lambda_kit.parameters._sources",
        "lambda_kit.parameters._transforms",
    },
    "from lambda_kit import FeatureFlags": CORE
    | {
        "lambda_kit._cells",
        "lambda_kit._facts",
        "lambda_kit._flight",
        "lambda_kit._resource",
        "lambda_kit.flags",
        "lambda_kit.flags._app_config",
        "lambda_kit.flags._feature_flags",
        "lambda_kit.flags._snapshot",
        "lambda_kit.flags._sources",
        "lambda_kit.init_cache",
    },
    "from lambda_kit import idempotent": CORE
    | {
        "lambda_kit._expressions",
        "lambda_kit._facts",
        "lambda_kit.idempotency",
        "lambda_kit.idempotency._cache",
        "lambda_kit.idempotency._codec",
        "lambda_kit.idempotency._drive",
        "lambda_kit.idempotency._identity",
        "lambda_kit.idempotency._layer",
        "lambda_kit.idempotency._record",
        "lambda_kit.idempotency._results",
        "lambda_kit.idempotency._settings",
        "lambda_kit.idempotency._store",
    },
    "from lambda_kit.batch import batch": CORE
    | {
        "lambda_kit._facts",
        "lambda_kit.batch",
        "lambda_kit.batch._call",
        "lambda_kit.batch._engine",
        "lambda_kit.batch._layer",
        "lambda_kit.batch._modes",
        "lambda_kit.batch._report",
        "lambda_kit.batch._responses",
        "lambda_kit.batch._run",
        "lambda_kit.batch._sources",
    },
    "from lambda_kit.events import SqsRecord, source_of": {
        "lambda_kit",
        "lambda_kit.errors",
        "lambda_kit.events",
        "lambda_kit.events._source",
        "lambda_kit.events._sqs",
        "lambda_kit.events._view",
    },
    "from lambda_kit.events import as_event": {
        "lambda_kit",
        "lambda_kit._callables",
        "lambda_kit.errors",
        "lambda_kit.events",
        "lambda_kit.events._layer",
        "lambda_kit.events._source",
        "lambda_kit.events._view",
    },
    "from lambda_kit.aws import connect": {
        "_contextvars",
        "contextvars",
        "lambda_kit",
        "lambda_kit._callables",
        "lambda_kit._lifecycle",
        "lambda_kit._version",
        "lambda_kit.aws",
        "lambda_kit.aws._client",
        "lambda_kit.aws._connect",
        "lambda_kit.aws._failures",
        "lambda_kit.aws._operations",
        "lambda_kit.aws._retries",
        "lambda_kit.errors",
        "lambda_kit.invocation",
    },
    "from lambda_kit.pipeline import Layer, Handler": CORE | {"lambda_kit.pipeline"},
    "from lambda_kit.invocation import LambdaContext, Invocation": {
        "_contextvars",
        "contextvars",
        "lambda_kit",
        "lambda_kit._lifecycle",
        "lambda_kit.errors",
        "lambda_kit.invocation",
    },
}

PROBE = """
import sys

before = set(sys.modules)
{statement}
loaded = sorted(set(sys.modules) - before)


def handler(event, context):
    return loaded
"""


@pytest.mark.parametrize("statement", LOADED_BY)
def test_an_import_under_the_runtime_client_loads_what_is_listed_and_nothing_else(
    statement: str, tmp_path: Path
) -> None:
    (tmp_path / "probe.py").write_text(PROBE.format(statement=statement))
    with Environment("probe.handler", cwd=tmp_path, timeout=30) as environment:
        outcome = environment.invoke({})
    assert outcome.status == "success", outcome
    loaded: Any = outcome.payload
    assert set(loaded) <= LOADED_BY[statement]
    assert {name for name in LOADED_BY[statement] if name.startswith("lambda_kit")} <= set(loaded)


WHOLE = """
import sys

from lambda_kit import current_invocation, handler, init, layer, provide


@init.resource(ttl=300, eager=True)
def table():
    return {}


@layer
def audit(event, context):
    current_invocation().request_id
    yield


@handler(audit, provide(table=table))
def place(event, context, *, table):
    return sorted({"typing", "inspect", "asyncio", "dataclasses", "concurrent.futures", "signal"} & set(sys.modules))


typing_was_loaded_by_the_client = "typing" in sys.modules
"""


def test_a_synchronous_pipeline_runs_without_loading_anything_heavy(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text("import sys\ndef handler(event, context):\n    return sorted(sys.modules)\n")
    (tmp_path / "app.py").write_text(WHOLE)
    with Environment("bare.handler", cwd=tmp_path, timeout=30) as environment:
        bare: Any = environment.invoke({}).payload
    with Environment("app.place", cwd=tmp_path, timeout=30) as environment:
        environment.invoke({})
        loaded: Any = environment.invoke({}).payload
    assert set(loaded) <= set(bare)


FLAGS = """
import sys

from lambda_kit import FeatureFlags
from lambda_kit.flags import StaticFlags

CONDITION = {"action": "EQUALS", "key": "tier", "value": "premium"}
RULES = {"premium": {"when_match": True, "conditions": [CONDITION]}}
flags = FeatureFlags(StaticFlags({"early": {"default": False, "rules": RULES}}))
before = set(sys.modules)
assert flags.enabled("early", tier="premium")
loaded = sorted(set(sys.modules) - before)


def handler(event, context):
    return loaded
"""


def test_evaluating_a_flag_loads_the_rules_alone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FLAGS)
    with Environment("app.handler", cwd=tmp_path, timeout=30) as environment:
        loaded: Any = environment.invoke({}).payload
    names = ("flags._actions", "flags._model", "flags._rollout", "flags._schema", "_copies")
    assert set(loaded) == {f"lambda_kit.{name}" for name in names}


def test_the_map_the_typed_block_and_all_name_the_same() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == lambda_kit._MODULES  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert sorted(typed) == sorted(lambda_kit.__all__)


@pytest.mark.parametrize("name", lambda_kit.__all__)
def test_every_root_export_is_the_object_of_its_module(name: str) -> None:
    modules: dict[str, str] = vars(lambda_kit)["_MODULES"]
    assert getattr(lambda_kit, name) is getattr(importlib.import_module(modules[name]), name)


def test_a_misspelt_root_export_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lambda_kit' has no attribute 'handel'"):
        lambda_kit.handel  # type: ignore[attr-defined]  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert set(lambda_kit.__all__) <= set(dir(lambda_kit))


def test_no_root_export_has_the_name_of_a_submodule() -> None:
    submodules = {module.name for module in pkgutil.iter_modules(lambda_kit.__path__)}
    assert submodules & set(lambda_kit.__all__) == set()


FOUNDATION = {
    "errors",
    "invocation",
    "init_cache",
    "aws",
    "_callables",
    "_cells",
    "_copies",
    "_event_loop",
    "_expressions",
    "_facts",
    "_flight",
    "_json",
    "_lifecycle",
    "_local_server",
    "_resource",
    "_stdout",
    "_version",
}
PARTS_OF = {
    "batch": {"_deadline", "events", "pipeline"},
    "pipeline": {"_deadline", "_generator_layer"},
    "_pytest_plugin": {"testing"},
    "local": {"flags"},
    "testing": {"idempotency", "tracer"},
}


def imported_parts(path: Path) -> set[str]:
    """Return the direct parts of the package that the file imports, other than for type checkers."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module == "lambda_kit"
                else {node.module}
            )
    return {name.split(".")[1] for name in names if name.startswith("lambda_kit.")}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_part_imports_the_foundation_and_itself_but_no_other_part(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        assert imported_parts(path) == set()
        return
    others = imported_parts(path) - FOUNDATION - {own} - PARTS_OF.get(own, set())
    assert others == set(), f"{own} imports {others}"
