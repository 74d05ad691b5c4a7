"""Import budgets, measured in a fresh process under the real runtime client, and the rules of imports.

The lists are edited by hand: a module that appears on one is a cost that every cold start pays.
"""

from __future__ import annotations

import ast
import functools
import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import lambda_kit
from lambda_kit import FeatureFlags, Logger, Metrics, Tracer
from lambda_kit.local import Environment
from tests.conditions import budget_of_eager_imports
from tests.patience import PATIENCE

PACKAGE = Path(lambda_kit.__file__).parent


def under_the_client_of_aws(handler: str, **settings: Any) -> Environment:
    """Return an environment under the client that most functions run under; it loads more modules than the kit's."""
    return Environment(handler, runtime="awslambdaric", **settings)


LOWEST = {  # what every invocation needs
    "_contextvars",
    "contextvars",
    "lambda_kit",
    "lambda_kit._kernel",
    "lambda_kit._kernel.lifecycle",
    "lambda_kit.invocation",
}
CORE = LOWEST | {"lambda_kit._kernel.callables", "lambda_kit.errors", "lambda_kit.errors._base"}
HANDLER = CORE | {"lambda_kit.pipeline"}
INIT_CACHE = (CORE - {"lambda_kit.invocation"}) | {
    "lambda_kit.init_cache",
    "lambda_kit.init_cache._build",
    "lambda_kit.init_cache._entry",
    "lambda_kit.init_cache._hit",
}
EVENTS = {
    "lambda_kit",
    "lambda_kit._kernel",
    "lambda_kit.errors",
    "lambda_kit.errors._base",
    "lambda_kit.errors._events",
    "lambda_kit.events",
    "lambda_kit.events._source",
    "lambda_kit.events._view",
}
ANSWERS = (EVENTS - {"lambda_kit.events._source"}) | {"lambda_kit._kernel.callables", "lambda_kit.events._answers"}
HTTP_APP = CORE | {
    "binascii",
    "lambda_kit._kernel.facts",
    "lambda_kit.errors._events",
    "lambda_kit.events",
    "lambda_kit.events._http",
    "lambda_kit.events._http_trigger",
    "lambda_kit.events._http_values",
    "lambda_kit.events._view",
    "lambda_kit.http",
    "lambda_kit.http._app",
    "lambda_kit.http._call",
    "lambda_kit.http._dispatch",
    "lambda_kit.http._errors",
    "lambda_kit.http._response",
    "lambda_kit.http._route",
    "lambda_kit.http._router",
    "lambda_kit.http._serialise",
    "lambda_kit.http._tree",
}
LOADED_BY: dict[str, set[str]] = {
    "import lambda_kit": {"lambda_kit"},
    "from lambda_kit import LambdaKitError": {"lambda_kit", "lambda_kit.errors", "lambda_kit.errors._base"},
    "from lambda_kit import current_invocation": LOWEST,
    "from lambda_kit.invocation import LambdaContext, Invocation": LOWEST,
    "from lambda_kit import handler": HANDLER,
    "from lambda_kit import init": INIT_CACHE,
    "from lambda_kit import handler, layer, init": HANDLER | INIT_CACHE | {"lambda_kit.pipeline._layer"},
    "from lambda_kit import handler, layer, init; init.resource(lambda: 1)": HANDLER
    | INIT_CACHE
    | {"lambda_kit.init_cache._state", "lambda_kit.pipeline._layer"},
    "from lambda_kit import provide": HANDLER | {"lambda_kit.pipeline._provide"},
    "from lambda_kit import time_limit": HANDLER
    | {"lambda_kit._kernel.interrupt", "lambda_kit.errors._pipeline", "lambda_kit.pipeline._time_limit"},
    "from lambda_kit.pipeline import Layer, Handler": HANDLER
    | {"lambda_kit._kernel.layers", "lambda_kit.pipeline._types"},
    "from lambda_kit import Logger": CORE
    | {
        "lambda_kit._kernel.environment",
        "lambda_kit._kernel.bindings",
        "lambda_kit._kernel.facts",
        "lambda_kit._kernel.json_scalars",
        "lambda_kit._kernel.json_text",
        "lambda_kit._kernel.redaction",
        "lambda_kit._kernel.stdout",
        "lambda_kit.logger",
        "lambda_kit.logger._context",
        "lambda_kit.logger._levels",
        "lambda_kit.logger._line",
        "lambda_kit.logger._logger",
        "lambda_kit.logger._settings",
        "lambda_kit.logger._writer",
    },
    "from lambda_kit import Metrics": CORE
    | {
        "lambda_kit._kernel.environment",
        "lambda_kit._kernel.json_scalars",
        "lambda_kit._kernel.json_text",
        "lambda_kit._kernel.redaction",
        "lambda_kit._kernel.stdout",
        "lambda_kit.metrics",
        "lambda_kit.metrics._head",
        "lambda_kit.metrics._lines",
        "lambda_kit.metrics._metrics",
        "lambda_kit.metrics._pending",
        "lambda_kit.metrics._record",
        "lambda_kit.metrics._rules",
    },
    "from lambda_kit import Tracer": {
        "lambda_kit",
        "lambda_kit._kernel",
        "lambda_kit._kernel.callables",
        "lambda_kit._kernel.environment",
        "lambda_kit._kernel.facts",
        "lambda_kit._kernel.json_scalars",
        "lambda_kit._kernel.json_text",
        "lambda_kit._kernel.redaction",
        "lambda_kit._kernel.lifecycle",
        "lambda_kit.errors",
        "lambda_kit.errors._base",
        "lambda_kit.tracer",
        "lambda_kit.tracer._layers",
        "lambda_kit.tracer._span",
        "lambda_kit.tracer._tracer",
    },
    "from lambda_kit.parameters import get": INIT_CACHE
    | {
        "lambda_kit._kernel.copies",
        "lambda_kit._kernel.facts",
        "lambda_kit.aws",
        "lambda_kit.aws._local_server",
        "lambda_kit.errors._parameters",
        "lambda_kit.errors._resources",
        "lambda_kit.init_cache._state",
        "lambda_kit.invocation",
        "lambda_kit.parameters",
        "lambda_kit.parameters._build",
        "lambda_kit.parameters._calls",
        "lambda_kit.parameters._entries",
        "lambda_kit.parameters._functions",
        "lambda_kit.parameters._node",
        "lambda_kit.parameters._query",
        "lambda_kit.parameters._sources",
        "lambda_kit.parameters._transforms",
    },
    "from lambda_kit import FeatureFlags": INIT_CACHE
    | {
        "lambda_kit._kernel.facts",
        "lambda_kit.errors._aws",
        "lambda_kit.errors._flags",
        "lambda_kit.errors._resources",
        "lambda_kit.flags",
        "lambda_kit.flags._app_config",
        "lambda_kit.flags._feature_flags",
        "lambda_kit.flags._snapshot",
        "lambda_kit.flags._sources",
        "lambda_kit.init_cache._state",
    },
    "from lambda_kit import idempotent": CORE
    | {
        "_sha2",
        "_sha256",  # on Python 3.11
        "lambda_kit._kernel.expressions",
        "lambda_kit._kernel.facts",
        "lambda_kit._kernel.hashes",
        "lambda_kit.errors._aws",
        "lambda_kit.errors._idempotency",
        "lambda_kit.idempotency",
        "lambda_kit.idempotency._cache",
        "lambda_kit.idempotency._claim",
        "lambda_kit.idempotency._codec",
        "lambda_kit.idempotency._completion",
        "lambda_kit.idempotency._drivers",
        "lambda_kit.idempotency._function",
        "lambda_kit.idempotency._identity",
        "lambda_kit.idempotency._layer",
        "lambda_kit.idempotency._protected",
        "lambda_kit.idempotency._record",
        "lambda_kit.idempotency._results",
        "lambda_kit.idempotency._settings",
    },
    "from lambda_kit.batch import batch": CORE
    | {
        "lambda_kit._kernel.facts",
        "lambda_kit.errors._batch",
        "lambda_kit.errors._events",
        "lambda_kit.errors._pipeline",
        "lambda_kit.batch",
        "lambda_kit.batch._batch",
        "lambda_kit.batch._plan",
        "lambda_kit.batch._processor",
        "lambda_kit.batch._progress",
        "lambda_kit.batch._record_function",
        "lambda_kit.batch._responses",
        "lambda_kit.batch._run",
        "lambda_kit.batch._source",
        "lambda_kit.batch._sources",
    },
    "from lambda_kit.events import SqsRecord, source_of": EVENTS | {"lambda_kit.events._sqs"},
    "from lambda_kit.events import as_event": EVENTS | {"lambda_kit._kernel.callables", "lambda_kit.events._layer"},
    "from lambda_kit.events import parse": EVENTS
    | {
        "lambda_kit._kernel.callables",
        "lambda_kit._kernel.expressions",
        "lambda_kit.events._models",
        "lambda_kit.events._parse",
    },
    "from lambda_kit import HttpApp": HTTP_APP,
    "from lambda_kit.http import http": HTTP_APP | {"lambda_kit.http._function"},
    "from lambda_kit.http import HttpApp; HttpApp().websocket('say')(lambda: None)": HTTP_APP
    | {"lambda_kit.events._fields", "lambda_kit.events._websocket", "lambda_kit.http._websocket"},
    "from lambda_kit.events import HttpEvent": (EVENTS - {"lambda_kit.events._source"})
    | {
        "binascii",
        "lambda_kit.events._http",
        "lambda_kit.events._http_trigger",
        "lambda_kit.events._http_values",
    },
    "from lambda_kit.events import validated": EVENTS
    | {
        "lambda_kit._kernel.callables",
        "lambda_kit._kernel.expressions",
        "lambda_kit.events._models",
        "lambda_kit.events._parse",
        "lambda_kit.events._validate",
    },
    "from lambda_kit.events import cognito": ANSWERS | {"lambda_kit.events.cognito"},
    "from lambda_kit.events import authorizers": ANSWERS | {"lambda_kit.events.authorizers"},
    "from lambda_kit.events import bedrock": ANSWERS | {"lambda_kit.events.bedrock"},
    "from lambda_kit.events import edge": ANSWERS | {"lambda_kit.events.edge"},
    "from lambda_kit.events import evaluations": ANSWERS | {"lambda_kit.events.evaluations"},
    "from lambda_kit.events import pipelines": ANSWERS | {"lambda_kit.errors._aws", "lambda_kit.events.pipelines"},
    "from lambda_kit.events import rotation": ANSWERS | {"lambda_kit.errors._aws", "lambda_kit.events.rotation"},
    "from lambda_kit.events import step_functions": ANSWERS | {"lambda_kit.events.step_functions"},
    "from lambda_kit.events import custom_resources": CORE
    | ANSWERS
    | {
        "lambda_kit._kernel.durable",
        "lambda_kit.errors._pipeline",
        "lambda_kit.events._always",
        "lambda_kit.events.custom_resources",
    },
    "from lambda_kit.durable import checkpointed": (CORE - {"lambda_kit._kernel.lifecycle", "lambda_kit.invocation"})
    | {"lambda_kit.durable"},
    "from lambda_kit.aws import connect": CORE
    | {
        "lambda_kit.aws",
        "lambda_kit.aws._client",
        "lambda_kit.aws._connect",
        "lambda_kit.aws._failures",
        "lambda_kit.aws._operations",
        "lambda_kit.aws._retries",
        "lambda_kit.aws._services",
        "lambda_kit.errors._aws",
    },
}
MOST_MODULES = {  # of the kit; more would be felt in a cold start
    "from lambda_kit import handler": 8,
    "from lambda_kit import handler, layer, init": 13,
    "from lambda_kit import handler, layer, init; init.resource(lambda: 1)": 15,
    "from lambda_kit.parameters import get": 28,
}

PROBE = """
import sys

before = set(sys.modules)
{statement}
loaded = sorted(set(sys.modules) - before)


def handler(event, context):
    return loaded
"""


@budget_of_eager_imports
@pytest.mark.parametrize("statement", LOADED_BY)
def test_an_import_under_the_runtime_client_loads_what_is_listed_and_nothing_else(
    statement: str, tmp_path: Path
) -> None:
    (tmp_path / "probe.py").write_text(PROBE.format(statement=statement))
    with under_the_client_of_aws("probe.handler", cwd=tmp_path, timeout=PATIENCE) as environment:
        outcome = environment.invoke({})
    assert outcome.status == "success", outcome
    loaded: Any = outcome.payload
    assert set(loaded) <= LOADED_BY[statement]
    own = {name for name in loaded if name.startswith("lambda_kit")}
    assert own == {name for name in LOADED_BY[statement] if name.startswith("lambda_kit")}
    assert len(own) <= MOST_MODULES.get(statement, len(own))


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
    with under_the_client_of_aws("bare.handler", cwd=tmp_path, timeout=PATIENCE) as environment:
        bare: Any = environment.invoke({}).payload
    with under_the_client_of_aws("app.place", cwd=tmp_path, timeout=PATIENCE) as environment:
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


@budget_of_eager_imports
def test_evaluating_a_flag_loads_the_rules_alone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(FLAGS)
    with under_the_client_of_aws("app.handler", cwd=tmp_path, timeout=PATIENCE) as environment:
        loaded: Any = environment.invoke({}).payload
    names = ("_actions", "_conditions", "_model", "_problems", "_schema")
    assert set(loaded) == {"gc", "lambda_kit._kernel.copies", *(f"lambda_kit.flags.{name}" for name in names)}


def test_the_map_the_typed_block_and_all_name_the_same() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    typed = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("lambda_kit")
        for alias in node.names
    }
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


# A room may import these and itself. `batch` and `http` also read events through views.
# The last three serve developers, on their machines.
EVERY_ROOM_MAY_IMPORT = {"errors", "invocation", "init_cache", "aws", "_kernel"}
ALSO = {
    "__main__": {"local"},
    "batch": {"events"},
    "http": {"events"},
    "_pytest_plugin": {"idempotency", "testing"},
    "local": {"events", "flags", "http"},
    "testing": {"events", "http", "idempotency", "local", "parameters", "tracer"},
}
LOWEST_FIRST = ["errors", "_kernel", "invocation", "init_cache", "aws"]  # none of these imports one behind it
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


@functools.cache  # two tests look at each file
def imports_of(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, anywhere in it: for type checkers and in functions too.

    `from lambda_kit import lazy_exports` is no import of the root's names: every module has loaded the root.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "lambda_kit":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                names.add(full if full in MODULES else node.module)
    return {name for name in names if name.startswith("lambda_kit.")}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_a_room_imports_what_every_room_may_import_and_itself(path: Path) -> None:
    own = room_of(module_of(path))
    if own == "__init__":  # the root names all for type checkers, and imports nothing while the program runs
        return
    allowed = EVERY_ROOM_MAY_IMPORT | {own} | ALSO.get(own, set())
    if own in LOWEST_FIRST:
        allowed -= set(LOWEST_FIRST[LOWEST_FIRST.index(own) + 1 :])
    assert {room_of(name) for name in imports_of(path)} <= allowed


def test_no_file_imports_itself_through_others() -> None:
    graph = {module_of(path): imports_of(path) - {module_of(path)} for path in FILES}
    graph["lambda_kit"] = set()
    circles: list[list[str]] = []
    finished: set[str] = set()

    def visit(module: str, way: list[str]) -> None:
        if module in way:
            circles.append([*way[way.index(module) :], module])
        elif module not in finished:
            for other in sorted(graph.get(module, ())):
                visit(other, [*way, module])
            finished.add(module)

    for module in sorted(graph):
        visit(module, [])
    assert circles == []


def test_the_top_of_the_package_has_at_most_twenty_four_files_and_folders() -> None:
    found = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert len(found) <= 24, sorted(found)


FIRST_CALLS = """
import sys

from lambda_kit import LambdaKitError, Logger, Metrics, Parameter, Tracer, handler

before = set(sys.modules)
log, tracer, metrics = Logger(), Tracer(), Metrics(namespace="Shop")


host = Parameter("/db/host")


@handler(log, tracer, metrics)
def place(event, context):
    try:
        host()
    except LambdaKitError:
        pass  # nothing answers: the sockets were opened all the same
    metrics.add("Orders", 1)
    with tracer.span("card"):
        log.info("placing")
    return sorted(set(sys.modules) - before)
"""


def test_a_first_invocation_that_opens_sockets_loads_neither_their_python_module_nor_the_codec_of_domain_names(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.py").write_text(FIRST_CALLS)
    environ = {
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    with under_the_client_of_aws("app.place", cwd=tmp_path, timeout=30, env=environ) as environment:
        outcome = environment.invoke({}, trace_id=trace_id)
    assert outcome.status == "success", outcome
    loaded: Any = outcome.payload
    assert "lambda_kit.aws._sockets" in loaded
    assert {"socket", "selectors", "select", "struct"} & set(loaded) == set()
    assert {"encodings.idna", "unicodedata", "stringprep"} & set(loaded) == set()


DECLARATIONS = """
import sys

from lambda_kit import FeatureFlags, Logger, Metrics, Parameter, Tracer, handler, idempotent, provide
from lambda_kit.idempotency import DynamoDBStore

layers = [Logger(service="shop"), Tracer(service="shop"), Metrics(namespace="Shop", service="shop")]
flags = FeatureFlags(dict)


@handler(*layers, idempotent(DynamoDBStore("records"), key="id"), provide(host=Parameter("/db/host"), all=flags.all))
def place(event, context, *, host, all):
    pass


loaded = sorted(sys.modules)


def handle(event, context):
    return loaded
"""


def test_declarations_without_an_error_load_no_message_of_one(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(DECLARATIONS)
    environ = {"AWS_REGION": "eu-west-1", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"}
    with under_the_client_of_aws("app.handle", cwd=tmp_path, timeout=PATIENCE, env=environ) as environment:
        loaded: Any = environment.invoke({}).payload
    assert "lambda_kit.idempotency._layer" in loaded
    of_messages = {"difflib", "lambda_kit._kernel.hints", *(name for name in loaded if name.endswith("._unknown"))}
    assert of_messages.isdisjoint(loaded)


OBJECTS: dict[str, Any] = {
    "Logger": Logger,
    "Metrics": Metrics,
    "Tracer": Tracer,
    "FeatureFlags": lambda: FeatureFlags(dict),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_that_is_asked_for_a_private_attribute_says_plainly_that_it_has_none(name: str) -> None:
    made: Any = OBJECTS[name]()
    with pytest.raises(AttributeError, match=f"^'{name}' object has no attribute '__wrapped__'$"):
        made.__wrapped__()
