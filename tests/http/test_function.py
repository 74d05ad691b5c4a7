"""`http(...)`: a function with a single route answers as an app with one route does."""

from __future__ import annotations

import ast
import inspect
import logging
from pathlib import Path
from typing import Annotated, Any

import pytest

import lambda_kit.http._function
from lambda_kit import HttpApp, Logger, handler, idempotent, provide, time_limit
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import (
    Conflict,
    Cors,
    Depends,
    Form,
    Header,
    HttpFunction,
    SecurityHeaders,
    TestClient,
    UploadFile,
    from_header,
    http,
)
from lambda_kit.idempotency import MemoryStore
from tests.http.clients import check_taken, every_trigger, problem
from tests.http.models import NewOrder, Order

ORDER = {"customer": "Ada", "lines": [{"sku": "tea", "amount": 2}]}


def user(authorization: Annotated[str, Header()] = "") -> str:
    return authorization.removeprefix("Bearer ")


@handler(Logger(), http("/orders/{order_id}", "PUT", body=NewOrder, status=201))
def replace(
    order: NewOrder, order_id: int, request: HttpEvent, name: Annotated[str, Depends(user)], expand: bool = False
) -> Any:
    return [order.customer, order_id, request.method, name, expand]


@every_trigger
def test_arguments_come_from_where_the_annotations_say(trigger: Any) -> None:
    client = TestClient(replace, trigger)
    answer = client.put("/orders/7?expand=1", json=ORDER, headers={"Authorization": "Bearer Ada"})
    check_taken(trigger, answer.raw)
    assert (answer.status, answer.json()) == (201, ["Ada", 7, "PUT", "Ada", True])
    assert problem(client.put("/orders/seven", json={}))["status"] == 422
    assert problem(client.put("/orders", json=ORDER))["status"] == 404
    refused = client.delete("/orders/7")
    assert (refused.status, refused.headers["allow"]) == (405, "OPTIONS, PUT")
    assert problem(client.put("/orders/7", content="{"))["status"] == 400
    assert problem(client.put("/orders/7", content="{}", headers={"content-type": "text/plain"}))["status"] == 415


@pytest.mark.parametrize("path", ["/", "/a", "/a/b%2Fc/", "/%FF"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_without_a_path_the_function_answers_any_path_and_method(path: str, method: str) -> None:
    @http()
    def where(request: HttpEvent) -> str:
        return request.method

    answer = where.test_client().request(method, path)
    assert (answer.status, answer.text) == (200, "" if method == "HEAD" else method)


async def later(x_tenant: Annotated[str, Header()]) -> str:
    return x_tenant


@pytest.mark.parametrize("stacked", [True, False])
def test_the_function_may_be_a_coroutine_function_under_either_form_of_handler(stacked: bool) -> None:
    made: Any = handler(http()(later)) if stacked else handler(Logger(), http())(later)
    assert TestClient(made).get("/", headers={"X-Tenant": "t-1"}).text == "t-1"


def test_the_plain_function_is_kept_for_unit_tests() -> None:
    def place(order: NewOrder) -> str:
        return order.customer

    assert handler(http(body=NewOrder))(place).__wrapped__ is place
    assert http(body=NewOrder)(place).function is place
    assert http()(place).__name__ == "place"
    assert repr(http()(place)).endswith("place>")


def test_the_options_of_an_app_are_those_of_the_layer() -> None:
    answered: list[Any] = []

    def on_conflict(error: Conflict, request: HttpEvent) -> Any:
        answered.append((error.detail, request.path))
        return 409, {"no": True}

    @http(
        cors=Cors(["https://shop.example"]),
        compress=True,
        etag=True,
        security=SecurityHeaders(),
        max_body=2000,
        on_error={Conflict: on_conflict},
    )
    def place(order: dict[str, Any]) -> Any:
        if not order:
            raise Conflict("empty")
        return order

    client = place.test_client()
    whole = {"a": "x" * 1500}
    headers = {"Origin": "https://shop.example", "Accept-Encoding": "gzip"}
    answer = client.request("GET", "/", json=whole, headers=headers)
    assert {"access-control-allow-origin", "etag", "content-encoding", "strict-transport-security"} <= set(
        answer.headers
    )
    assert client.post("/", json={"a": "x" * 3000}).status == 413
    assert client.post("/", json={}).json() == {"no": True}
    assert answered == [("empty", "/")]
    preflight = {**headers, "Access-Control-Request-Method": "POST"}
    assert "POST" in client.options("/", headers=preflight).headers["access-control-allow-methods"]


def test_layers_stand_around_the_function() -> None:
    placed: list[Any] = []

    @http(layers=[idempotent(MemoryStore(), key=from_header("idempotency-key"))])
    def place(order: dict[str, Any]) -> int:
        placed.append(order)
        return len(placed)

    client = place.test_client()
    answers = [client.post("/", json={"a": i}, headers={"Idempotency-Key": "k"}).json() for i in range(2)]
    assert answers == [1, 1]


def test_what_provide_passes_is_an_argument() -> None:
    @handler(provide(table=lambda: {"a": 1}), http())
    def rows(limit: int = 10, *, table: dict[str, int]) -> Any:
        return [limit, table]

    assert TestClient(rows).get("/?limit=3").json() == [3, {"a": 1}]


def test_a_form_with_a_file_is_read() -> None:
    @http()
    def upload(title: Annotated[str, Form()], photo: UploadFile) -> Any:
        return [title, photo.size]

    assert upload.test_client().post("/", data={"title": "t"}, files={"photo": b"abc"}).json() == ["t", 3]


def test_an_exception_that_nobody_answers_is_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    @handler(http())
    def fail() -> None:
        raise ValueError("secret")

    with caplog.at_level(logging.ERROR):
        answer = TestClient(fail).get("/")
    assert problem(answer)["status"] == 500
    assert "secret" not in answer.text
    assert len(caplog.records) == 1


def test_the_document_of_a_function_has_its_body() -> None:
    def place(order: NewOrder) -> Order:
        return Order(id=1, **order.model_dump())

    document = http("/orders", "POST", body=NewOrder)(place).openapi()
    content = document["paths"]["/orders"]["post"]["requestBody"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "#/components/schemas/NewOrder"}}}


def without_parameters() -> None: ...
def of_another_type(order: Order) -> None: ...
def in_the_path(order: NewOrder) -> None: ...
def unannotated(order: Any, page: int = 1) -> None: ...
def a_handler(event: Any, context: Any) -> None: ...


del unannotated.__annotations__["order"]
declare: Any = http  # for declarations that type checkers refuse
WRONG: dict[str, Any] = {
    "no slash": (lambda: declare("orders"), "begin with a slash"),
    "no parentheses": (lambda: declare(without_parameters), "with parentheses"),
    "an unknown method": (lambda: declare("/", "get"), "the methods are GET"),
    "an unknown option": (lambda: declare(max_body=-1), "max_body=-1"),
    "a path without its parameter": (lambda: declare("/{a}")(without_parameters), "does not take 'a'"),
    "not the last layer": (lambda: handler(declare(), time_limit()), "has to be the last layer"),
    "another layer below": (lambda: declare()(time_limit()(without_parameters)), "another layer"),
    "above a handler": (lambda: declare()(handler(a_handler)), "above|around the handler"),
    "a status that is none": (lambda: declare(status=99)(without_parameters), "the status 99"),
    "a body without a parameter": (lambda: declare(body=NewOrder)(without_parameters).check(), "takes no parameter"),
    "a body of another type": (lambda: declare(body=NewOrder)(of_another_type).check(), "has another type"),
    "a body with GET": (lambda: declare("/", "GET", body=NewOrder)(in_the_path).check(), "GET has none"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_declaration_is_refused(case: str) -> None:
    make, words = WRONG[case]
    with pytest.raises(ConfigurationError, match=words):
        make()


def test_a_client_of_the_handler_checks_the_declaration() -> None:
    decorate: Any = handler
    with pytest.raises(ConfigurationError, match="has another type"):
        TestClient(decorate(declare(body=NewOrder))(of_another_type))


def test_the_first_parameter_needs_no_annotation() -> None:
    made: Any = declare(body=NewOrder)(unannotated)
    made.check()
    assert made.test_client().post("/", json=ORDER).status == 204


def test_the_typed_options_are_those_of_the_app() -> None:
    tree = ast.parse(Path(lambda_kit.http._function.__file__).read_text())
    (typed,) = [one for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == "AppOptions"]
    names = [one.target.id for one in typed.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    assert names == [name for name in inspect.signature(HttpApp.__init__).parameters if name not in ("self", "unknown")]
    assert issubclass(HttpFunction, HttpApp)
