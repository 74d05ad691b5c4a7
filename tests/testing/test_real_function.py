"""Functions under the real runtime client, and AWS's services, as users' tests have them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import HttpApp, Logger, Metrics, Tracer, handler, idempotent, init, parameters
from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.idempotency import DynamoDBStore
from lambda_kit.testing import Ministack, MinistackMissing, RealFunction, events, invoke
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from lambda_kit.testing import FakeAppConfigAgent, FakeExtension, StartFunction

skip_in_the_middle()

PROGRAM = Path(__file__).parent.parent.parent / ".venvs" / "ministack" / "bin" / "ministack"
log, metrics, tracer = Logger(service="shop"), Metrics(namespace="Shop", service="shop"), Tracer()
calls = 0


@handler(log, tracer, metrics)
def place(event: dict[str, Any], context: object) -> dict[str, int]:
    global calls
    calls += 1
    log.info("placed", order_id=event["id"])
    with tracer.span("charge"):
        metrics.add("Orders", 1)
    return {"calls": calls}


def test_a_function_runs_cold_and_warm_and_its_traces_are_read(lambda_runtime: StartFunction) -> None:
    function = lambda_runtime(place, traced=True, timeout=20)
    first = function.invoke({"id": "o-1"})
    second = function.invoke({"id": "o-2"})
    third = function.invoke({"id": "o-3"}, cold=True)
    assert [one.unwrap()["calls"] for one in (first, second, third)] == [1, 2, 1]
    assert [one.cold for one in (first, second, third)] == [True, False, True]
    second.logs.one(level="INFO", order_id="o-2", coldStart=False)
    second.assert_metric("Orders", 1, service="shop")
    third.assert_spans((f"{place.__name__}", "charge"))


def test_a_failure_of_a_function_is_shown_with_its_frames(lambda_runtime: StartFunction) -> None:
    result = lambda_runtime(place, timeout=20).invoke({})
    assert result.error is not None
    assert result.error.type == "KeyError"
    with pytest.raises(AssertionError, match=r"(?s)the function failed: KeyError: 'id'.*in place.*output:\n.*KeyError"):
        result.unwrap()
    with pytest.raises(AssertionError, match=r"the function failed: KeyError: 'id'$"):
        result.logs.one(level="DEBUG")
    with pytest.raises(AssertionError, match="pass traced=True for spans"):
        result.assert_spans("place")


def test_a_function_that_nothing_can_import_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def local(event: object, context: object) -> None: ...

    with pytest.raises(ConfigurationError, match=r'not a function of a module.*pass "MODULE.FUNCTION"'):
        RealFunction(local)
    module = ModuleType("made_up")
    vars(module)["handle"] = local
    monkeypatch.setitem(sys.modules, "made_up", module)
    module.__file__ = "/nowhere/made_up.py"
    with pytest.raises(ConfigurationError, match=r"made_up\.handle stands in no file"):
        RealFunction(local)


app = HttpApp()
layered = handler(log)(app)


@app.get("/")
def home() -> dict[str, bool]:
    return {"home": True}


def test_an_application_with_layers_is_found_by_the_name_that_a_module_gives_it(lambda_runtime: StartFunction) -> None:
    answer = lambda_runtime(layered, timeout=20, runtime="kit").invoke(events.http("GET", "/")).unwrap()
    assert answer["body"] == '{"home":true}'


@init.resource
def table() -> Any:
    boto3: Any = import_module("boto3")
    return boto3.resource("dynamodb").Table("orders")


@handler(idempotent(DynamoDBStore("records"), key="id"))
def store(event: dict[str, Any], context: object) -> str:
    orders: Any = table()
    orders.put_item(Item=event)
    return parameters.get("/shop/host")


needs_ministack = pytest.mark.skipif(not PROGRAM.exists(), reason="make test installs ministack")


@needs_ministack
def test_boto3_and_the_kit_reach_the_services_under_both_kinds_of_run(lambda_runtime: StartFunction) -> None:
    with Ministack(PROGRAM, region="eu-west-1") as services, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
        for name, value in services.environ.items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        services.create_table("orders")
        services.create_table("records")
        services.client("ssm").put_parameter(Name="/shop/host", Value="db-1", Type="String")
        assert invoke(store, {"id": "o-1"}).unwrap() == "db-1"
        assert lambda_runtime(store, timeout=20).invoke({"id": "o-2"}).unwrap() == "db-1"
        assert len(services.client("dynamodb").scan(TableName="records")["Items"]) == 2
        assert {item["id"] for item in services.resource("dynamodb").Table("orders").scan()["Items"]} == {"o-1", "o-2"}
        services.reset()
        assert services.client("dynamodb").list_tables()["TableNames"] == []


def test_a_missing_program_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(
        MinistackMissing, match=r"'no/where', which is not a program; install it.*pip install ministack"
    ):
        Ministack("no/where")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MinistackMissing, match="neither beside the interpreter nor on the PATH"):
        Ministack()
    monkeypatch.setenv("LAMBDA_KIT_MINISTACK", str(tmp_path / "gone"))
    with pytest.raises(MinistackMissing, match=r"LAMBDA_KIT_MINISTACK is .*gone"):
        Ministack()


def test_a_program_that_does_not_start_is_quoted() -> None:
    with pytest.raises(Exception, match=r"did not start; it said:\n"), Ministack(sys.executable):
        pass


SERVER = """#!{python}
import http.server, os, pathlib
first = pathlib.Path({folder!r}, "first")
if not first.exists():
    first.touch()
    raise SystemExit("OSError: address already in use")
place = "127.0.0.1", int(os.environ["GATEWAY_PORT"])
http.server.HTTPServer(place, http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def test_a_port_that_another_process_has_taken_is_replaced(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(SERVER.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(0o755)
    with (
        pytest.raises(LambdaKitError, match=r"GET http://127.0.0.1:\d+/_ministack/health .* status 404"),
        Ministack(program),
    ):
        pass
    assert (tmp_path / "first").exists()


def test_the_fakes_are_where_the_environment_says(
    parameters_extension: FakeExtension, appconfig_agent: FakeAppConfigAgent
) -> None:
    parameters_extension.put("/shop/host", "db-1")
    parameters_extension.put_secret("shop/key", "hunter2")
    appconfig_agent.put("shop/prod/settings", '{"size": 3}')

    @handler
    def read(event: object, context: object) -> tuple[str, str, Any]:
        settings = parameters.app_config("shop", "prod", "settings", transform="json")
        return parameters.get("/shop/host"), parameters.secret("shop/key").get_secret_value(), settings

    assert invoke(read).unwrap() == ("db-1", "hunter2", {"size": 3})
    assert len(parameters_extension.requests) == 2
