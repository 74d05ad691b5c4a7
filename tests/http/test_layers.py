"""Layers of apps, routers and routes: what they stand around, what they see, and what they may be."""

from __future__ import annotations

import json
from collections.abc import Generator  # noqa: TC003  # annotations of routes are evaluated
from typing import Annotated, Any

import pytest

from lambda_kit import HttpApp, Logger, Metrics, Tracer, handler, idempotent, init, layer, provide, time_limit
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import HttpEvent
from lambda_kit.events._http_build import http_event
from lambda_kit.http import Depends, Header, NotFound, Router, TestClient, from_header
from lambda_kit.idempotency import MemoryStore
from lambda_kit.invocation import current_invocation
from tests.http.clients import every_trigger, problem


def recording(name: str, seen: list[Any]) -> Any:
    @layer
    def record(event: Any, context: Any) -> Generator[None, Any, None]:
        response = yield
        seen.append((name, HttpEvent(event).path, response["statusCode"]))

    return record


@every_trigger
def test_layers_of_the_app_run_for_every_answer_and_those_of_a_route_for_the_route(trigger: Any) -> None:
    seen: list[Any] = []
    inner = Router("/in", layers=[recording("inner", seen)])
    outer = Router("/out", layers=[recording("outer", seen)])

    @inner.get("/{number}", layers=[recording("route", seen)])
    def get(number: int) -> int:
        return number

    @outer.get("/fail")
    def fail() -> None:
        raise ValueError

    outer.include(inner, "/more")
    app = HttpApp(layers=[recording("app", seen)])
    app.include(outer, "/v1")
    client = app.test_client(trigger)
    path = "/v1/out/more/in/7"
    assert client.get(path).json() == 7
    assert seen == [(name, path, 200) for name in ("route", "inner", "outer", "app")]
    seen.clear()
    for method, other, status in [
        ("GET", "/v1", 404),
        ("DELETE", path, 405),
        ("OPTIONS", path, 204),
        ("GET", "/v1/out/fail", 500),
    ]:
        assert client.request(method, other).status == status
        assert seen.pop() == ("app", other, status)
    assert seen == []


@layer
def naming_the_route(event: Any, context: Any) -> Generator[None, Any, None]:
    before = current_invocation().route
    response = yield
    response["headers"]["x-route"] = f"{before} {current_invocation().route}"


@pytest.mark.parametrize("where", ["handler", "app", "route"])
def test_a_layer_reads_the_route_that_was_matched(where: str) -> None:
    app = HttpApp(layers=[naming_the_route] if where == "app" else [])
    layers = [naming_the_route] if where == "route" else []

    @app.get("/orders/{number}", layers=layers)
    def get(number: int) -> int:
        return number

    made = handler(*([naming_the_route] if where == "handler" else []))(app)
    clients = [TestClient(made)] if where == "handler" else [TestClient(made), app.test_client()]
    rule = "/orders/{number}"
    for client in clients:
        for _ in range(2):
            assert client.get("/orders/7").headers["x-route"] == (
                f"{rule} {rule}" if where == "route" else f"None {rule}"
            )
        assert client.get("/no").headers.get("x-route") == (None if where == "route" else "None None")


def test_two_routes_are_idempotent_on_one_store_with_the_same_keys() -> None:
    store = MemoryStore()
    once = idempotent(store, key=from_header("idempotency-key"))
    router = Router("/v1", layers=[once])
    runs: list[str] = []

    @router.post("/orders")
    def place(order: dict[str, Any]) -> Any:
        runs.append("place")
        return {"runs": len(runs)}

    @router.post("/payments")
    async def pay(payment: dict[str, Any]) -> Any:
        runs.append("pay")
        return 201, {"runs": len(runs)}

    app = HttpApp()
    app.include(router)
    client = TestClient(handler(Logger())(app))
    answers = [
        client.post(path, json={}, headers={"Idempotency-Key": "k"}) for path in ("/v1/orders", "/v1/payments") * 2
    ]
    assert [(one.status, one.json()["runs"]) for one in answers] == [(200, 1), (201, 2)] * 2
    assert runs == ["place", "pay"]


def test_an_idempotent_route_that_fails_runs_again() -> None:
    app = HttpApp()
    runs: list[int] = []

    @app.post("/", layers=[idempotent(MemoryStore(), key=from_header("idempotency-key"))])
    def place() -> int:
        runs.append(1)
        if len(runs) == 1:
            raise NotFound
        return len(runs)

    client = app.test_client()
    assert [client.post("/", headers={"Idempotency-Key": "k"}).status for _ in range(3)] == [404, 200, 200]
    assert len(runs) == 2


def test_layers_that_cannot_stand_together_are_told_by_the_check() -> None:
    store = MemoryStore()
    app = HttpApp()

    def place() -> None: ...

    for path in ("/a", "/b"):
        app.post(path, layers=[idempotent(store, key=from_header("k"))])(place)
    with pytest.raises(ConfigurationError, match="pass namespace= to each"):
        app.check()


def test_any_layer_of_the_kit_stands_around_an_app_and_a_route() -> None:
    app = HttpApp(layers=[time_limit(margin=0.1)])

    @app.get("/", layers=[provide(limit=lambda: 3), time_limit(margin=0.2)])
    def get(page: int = 1, *, limit: int, table: str) -> Any:
        return [page, limit, table]

    made = handler(Logger(), Tracer(service="s"), Metrics(namespace="N", service="s"), provide(table=lambda: "t"))(app)
    assert TestClient(made).get("/?page=2").json() == [2, 3, "t"]


def test_start_up_work_runs_once_for_an_environment() -> None:
    built: list[str] = []

    @init.resource
    def table() -> str:
        built.append("table")
        return "table"

    app = HttpApp()

    def get(shared: Any, *, own: str) -> Any:
        return [shared, own]

    get.__annotations__["shared"] = Annotated[str, Depends(table)]
    app.get("/", layers=[provide(own=table)])(get)
    client = app.test_client()
    assert [client.get("/").json() for _ in range(3)] == [["table", "table"]] * 3
    assert built == ["table"]


@pytest.mark.parametrize("kind", ["function", "generator", "coroutine", "async generator"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_dependency_runs_once_for_a_request_and_is_cleaned_up(kind: str, fails: bool) -> None:
    seen: list[Any] = []

    def function() -> str:
        seen.append("open")
        return "x"

    def generator() -> Any:
        seen.append("open")
        try:
            yield "x"
        except ValueError:
            seen.append("failed")
            raise
        finally:
            seen.append("close")

    async def coroutine() -> str:
        seen.append("open")
        return "x"

    async def async_generator() -> Any:
        seen.append("open")
        try:
            yield "x"
        except ValueError:
            seen.append("failed")
            raise
        finally:
            seen.append("close")

    functions: dict[str, Any] = {
        "function": function,
        "generator": generator,
        "coroutine": coroutine,
        "async generator": async_generator,
    }
    dependency = functions[kind]
    app = HttpApp()

    def also(value: Any) -> Any:
        return value

    also.__annotations__["value"] = Annotated[Any, Depends(dependency)]

    def get(one: Any, two: Any) -> Any:
        seen.append("run")
        if fails:
            raise ValueError
        return [one, two]

    get.__annotations__.update(one=Annotated[Any, Depends(dependency)], two=Annotated[Any, Depends(also)])
    app.get("/")(get)
    answer = app.test_client().get("/")
    cleaned = [*(["failed"] if fails else []), "close"] if "generator" in kind else []
    assert seen == ["open", "run", *cleaned]
    assert answer.status == (500 if fails else 200)
    with app.override(dependency, lambda: "y"):
        seen.clear()
        assert fails or app.test_client().get("/").json() == ["y", "y"]
        assert "open" not in seen


def test_a_replaced_dependency_takes_parameters_of_the_request_too() -> None:
    app = HttpApp()

    def user() -> str:
        return "Ada"

    def other(x_user: Annotated[str, Header()]) -> Any:
        yield x_user

    def get(name: Any) -> str:
        return name  # type: ignore[no-any-return]

    get.__annotations__["name"] = Annotated[str, Depends(user)]
    app.get("/")(get)
    with app.override(user, other):
        assert app.test_client().get("/", headers={"X-User": "Grace"}).text == "Grace"
        assert problem(app.test_client().get("/"))["errors"][0]["name"] == "x-user"
    assert app.test_client().get("/").text == "Ada"


@pytest.mark.parametrize(
    ("base", "path", "status"),
    [
        ("/v1", "/v1/orders", 200),
        ("/v1", "/v1/orders/", 200),
        ("/v1", "/orders", 200),
        ("/v1", "/v11/orders", 404),
        ("/v1/shop", "/v1/shop/orders", 200),
        ("/v1", "/v1/v1/orders", 404),
    ],
)
@every_trigger
def test_the_base_path_of_a_domain_is_cut_off_once(trigger: Any, base: str, path: str, status: int) -> None:
    app = HttpApp(base_path=base)

    @app.get("/orders")
    def get() -> int:
        return 1

    assert app.test_client(trigger).get(path).status == status


@pytest.mark.parametrize("trigger", ["http_api_1", "http_api_2"])
def test_the_stage_of_an_http_api_is_cut_off(trigger: Any) -> None:
    app = HttpApp()

    @app.get("/orders")
    def get(request: HttpEvent) -> Any:
        return [request.path, request.stage]

    client = app.test_client(trigger)
    event = http_event(trigger, "GET", "/orders")
    event["requestContext"]["stage"] = "prod"
    event["rawPath" if trigger == "http_api_2" else "path"] = "/prod/orders"
    assert json.loads(app(event, None)["body"]) == ["/orders", "prod"]
    assert client.get("/orders").status == 200
