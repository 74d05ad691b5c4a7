"""The OpenAPI document of an app, and the command that writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from lambda_kit import HttpApp, provide
from lambda_kit.http import ApiKey, Bearer, Depends, Form, Header, Query, Response
from lambda_kit.local import main
from tests.http.models import NewOrder, Order  # noqa: TC001  # annotations of routes are evaluated

validator: Any = pytest.importorskip("openapi_spec_validator")
EXAMPLES = Path(__file__).parents[2] / "examples"
signed_in = Bearer("s" * 64, algorithms=["HS256"], issuer=None, audience=None)
Claims = Annotated[dict[str, Any], Depends(signed_in.scopes("write"))]


def page(limit: Annotated[int, Query("page-size"), Field(ge=1)] = 20) -> int:
    return limit


def make() -> HttpApp:
    app = HttpApp(title="Orders", version="2", layers=[provide(outer=lambda: 1)])

    @app.get("/orders/{order_id}")
    def get_order(order_id: int, x_tenant: Annotated[str, Header()], tag: list[str] | None = None) -> Order:
        """Return an order.

        With all of its lines.
        """
        raise NotImplementedError

    @app.post("/orders", status=201)
    def place(order: NewOrder, claims: Claims, outer: Any) -> Order | Response:
        raise NotImplementedError

    @app.route("/orders", "GET", "DELETE")
    def many(limit: Annotated[int, Depends(page)]) -> list[Order]:
        raise NotImplementedError

    @app.put("/form/{path:path}", layers=[provide(inner=lambda: 1)])
    def form(path: str, name: Annotated[str, Form()], inner: Any, size: Annotated[int, Form()] = 1) -> None:
        raise NotImplementedError

    @app.post("/raw")
    def raw(data: bytes, key: Annotated[str, Depends(ApiKey({"a": "b"}))]) -> str:
        raise NotImplementedError

    @app.get("/plain")
    def plain(text: str = "") -> Any:
        raise NotImplementedError

    return app


@pytest.fixture
def document() -> dict[str, Any]:
    return make().openapi(servers=["https://api.example"])


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validator.validate(document)
    assert document["info"] == {"title": "Orders", "version": "2"}
    assert document["servers"] == [{"url": "https://api.example"}]


def test_parameters_say_where_they_are_and_what_they_hold(document: dict[str, Any]) -> None:
    get = document["paths"]["/orders/{order_id}"]["get"]
    assert (get["summary"], get["description"]) == ("Return an order.", "With all of its lines.")
    found = {one["name"]: (one["in"], one["required"], one["schema"]["type"]) for one in get["parameters"]}
    assert found == {
        "order_id": ("path", True, "integer"),
        "x-tenant": ("header", True, "string"),
        "tag": ("query", False, "array"),
    }
    (limit,) = document["paths"]["/orders"]["get"]["parameters"]
    assert limit == {
        "name": "page-size",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "default": 20},
    }


def test_bodies_and_answers_have_their_models(document: dict[str, Any]) -> None:
    post = document["paths"]["/orders"]["post"]
    assert post["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/NewOrder")
    assert post["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/Order")
    assert {"NewOrder", "Order", "Line", "Problem"} <= document["components"]["schemas"].keys()
    form = document["paths"]["/form/{path}"]["put"]
    fields = form["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert (fields["required"], list(fields["properties"])) == (["name"], ["name", "size"])
    assert list(form["responses"]) == ["204", "422"]
    assert list(document["paths"]["/raw"]["post"]["requestBody"]["content"]) == ["application/octet-stream"]


def test_422_is_told_only_where_something_is_validated(document: dict[str, Any]) -> None:
    assert list(document["paths"]["/plain"]["get"]["responses"]) == ["200"]
    assert list(document["paths"]["/orders"]["post"]["responses"]) == ["201", "400", "401", "403", "422"]


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids) == 7


def test_routes_name_their_security(document: dict[str, Any]) -> None:
    assert document["paths"]["/orders"]["post"]["security"] == [{"bearer": []}]
    assert document["paths"]["/raw"]["post"]["security"] == [{"apiKey_x-api-key": []}]
    assert "security" not in document["paths"]["/plain"]["get"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_command_writes_the_document_and_tells_if_it_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLES)
    assert main(["openapi", "shop_api:app"]) == 0
    text = capsys.readouterr().out
    validator.validate(json.loads(text))
    committed = tmp_path / "openapi.json"
    committed.write_text(text)
    assert main(["openapi", "shop_api:app", "--check", str(committed)]) == 0
    committed.write_text(text.replace("/orders", "/old"))
    assert main(["openapi", "shop_api:app", "--check", str(committed)]) == 1
    assert "is out of date" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop_api"], "write MODULE:APP"),
        (["nothing_here:app"], "cannot be imported"),
        (["shop_api:log"], "is Logger, and no HttpApp"),
        (["shop_api:nope"], "shop_api has no 'nope'; its apps: app"),
        (["shop_api:app", "--check", "missing.json"], "cannot be read"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLES)
    assert main(["openapi", *arguments]) == 2
    assert told in capsys.readouterr().err
