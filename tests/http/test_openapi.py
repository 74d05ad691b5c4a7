"""The OpenAPI document of an app, and the command that writes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from lambda_kit import HttpApp, idempotent, provide
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import (
    ApiKey,
    Bearer,
    Conflict,
    Depends,
    EventStream,
    File,
    Form,
    Header,
    JsonLines,
    OpenApi,
    Query,
    Redirect,
    Response,
    Router,
    UploadFile,
    from_header,
)
from lambda_kit.idempotency import MemoryStore
from tests.http.models import NewOrder, Order, Place  # annotations of routes are evaluated

validator: Any = pytest.importorskip("openapi_spec_validator")
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
    assert form["requestBody"]["content"]["multipart/form-data"]["schema"] == fields
    assert list(form["responses"]) == ["204", "400", "415", "422"]
    assert list(document["paths"]["/raw"]["post"]["requestBody"]["content"]) == ["*/*"]


def test_422_is_told_only_where_something_is_validated(document: dict[str, Any]) -> None:
    assert list(document["paths"]["/plain"]["get"]["responses"]) == ["200"]
    assert list(document["paths"]["/orders"]["post"]["responses"]) == ["201", "400", "401", "403", "415", "422"]


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids) == 7


def test_routes_name_their_security(document: dict[str, Any]) -> None:
    assert document["paths"]["/orders"]["post"]["security"] == [{"bearer": ["write"]}]
    assert document["paths"]["/raw"]["post"]["security"] == [{"apiKey_x-api-key": []}]
    assert "security" not in document["paths"]["/plain"]["get"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


class OutOfStock(Conflict):
    """An article is sold out."""


def stock(sku: str, x_shop: Annotated[str, Header()] = "main") -> int:
    """Return how many there are.

    Args:
        sku: the number of the article
            of the catalogue.
        x_shop: the shop.

    Raises:
        NotFound: there is no such article
        LookupError: never seen by clients.
    """
    raise NotImplementedError


def buy(sku: str, order: NewOrder, left: Annotated[int, Depends(stock)], size: int = 1) -> Order | Response | None:
    """Buy an article, of which
    some are left.

    It is sent *at once*.

    Args:
        sku (str): the article.
        order: what is ordered.
        size: the size; default 1.

    Returns:
        The order.

    Raises:
        OutOfStock: none are left.
        NotFound: the shop is closed.

    Note:
        There is no way back.
    """
    raise NotImplementedError


def documented(**options: Any) -> dict[str, Any]:
    app = HttpApp(etag=True, max_body=1000, base_path="/v1")
    app.post("/buy/{sku}", **options)(buy)
    return app.openapi()


def test_texts_come_from_docstrings() -> None:
    document = documented()
    validator.validate(document)
    post = document["paths"]["/buy/{sku}"]["post"]
    assert post["summary"] == "Buy an article, of which some are left."
    assert post["description"] == "It is sent *at once*.\n\nNote:\n    There is no way back."
    texts = {one["name"]: one["description"] for one in post["parameters"]}
    assert texts == {"sku": "the article.", "x-shop": "the shop.", "size": "the size; default 1."}
    assert post["requestBody"]["description"] == "what is ordered."
    told = {status: one["description"] for status, one in post["responses"].items()}
    assert told == {
        "200": "The order.",
        "204": "No Content",
        "400": "Bad Request",
        "404": "The shop is closed. There is no such article.",
        "409": "None are left.",
        "413": "Content Too Large",
        "415": "Unsupported Media Type",
        "422": "Unprocessable Content",
    }
    assert document["servers"] == [{"url": "/v1"}]


def test_the_declaration_has_the_last_word() -> None:
    document = documented(
        tags=["sales"],
        summary="Sell",
        description="Now.",
        operation_id="sell",
        deprecated=True,
        responses={
            200: {"headers": {"X-Left": {"schema": {"type": "integer"}}}},
            202: Place,
            404: "Nothing here.",
            418: "A pot.",
        },
    )
    validator.validate(document)
    post = document["paths"]["/buy/{sku}"]["post"]
    chosen = {name: post[name] for name in ("tags", "summary", "description", "operationId", "deprecated")}
    assert chosen == {
        "tags": ["sales"],
        "summary": "Sell",
        "description": "Now.",
        "operationId": "sell",
        "deprecated": True,
    }
    answers = post["responses"]
    assert list(answers["200"]["headers"]) == ["X-Left"]
    assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Order")
    assert answers["202"]["content"]["application/json"]["schema"]["$ref"].endswith("/Place")
    assert (answers["404"]["description"], answers["418"]["description"]) == ("Nothing here.", "A pot.")
    assert list(answers["418"]["content"]) == ["application/problem+json"]
    assert document["tags"] == [{"name": "sales"}]
    assert documented(hidden=True)["paths"] == {}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tgas": ["a"]}, r"no option 'tgas'; did you mean 'tags'"),
        ({"tags": "a"}, "pass a list of texts"),
        ({"security": "a"}, "pass a list of texts"),
        ({"security": ["a"]}, "names 'a'; the authorizers of OpenApi are: none"),
        ({"responses": {"404": "no"}}, "the keys are statuses"),
    ],
    ids=["unknown", "tags", "security", "no authorizer", "responses"],
)
def test_options_that_are_wrong_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        documented(**options)


def test_tags_of_routers_come_before_those_of_routes() -> None:
    inner, outer = Router("/inner", tags=["inner"]), Router("/outer", tags=["outer"])
    inner.get("/", tags=["own", "outer"])(plain)
    outer.include(inner)
    app = HttpApp(openapi=OpenApi(tags={"own": "Mine.", "other": "Not used."}))
    app.include(outer)
    document = app.openapi()
    assert document["paths"]["/outer/inner"]["get"]["tags"] == ["outer", "inner", "own"]
    assert document["tags"] == [
        {"name": "own", "description": "Mine."},
        {"name": "other", "description": "Not used."},
        {"name": "outer"},
        {"name": "inner"},
    ]


def plain() -> str:
    raise NotImplementedError


def signed(claims: Claims) -> str:
    raise NotImplementedError


def test_authorizers_guard_all_routes_but_those_that_say_otherwise() -> None:
    one, two = {"type": "http", "scheme": "bearer"}, {"type": "apiKey", "in": "header", "name": "x-key"}
    app = HttpApp(openapi=OpenApi(authorizers={"one": one, "two": two}, description="Shop.", license={"name": "MIT"}))
    app.get("/all")(plain)
    app.get("/none", security=[])(plain)
    app.get("/two", security=["two"])(plain)
    app.get("/own")(signed)
    app.get("/only", security=[])(signed)
    document = app.openapi()
    validator.validate(document)
    found = {path: item["get"].get("security", "as the document") for path, item in document["paths"].items()}
    assert document["security"] == [{"one": []}, {"two": []}]
    assert found == {
        "/all": "as the document",
        "/none": [],
        "/two": [{"two": []}],
        "/own": [{"one": [], "bearer": ["write"]}, {"two": [], "bearer": ["write"]}],
        "/only": [{"bearer": ["write"]}],
    }
    assert document["components"]["securitySchemes"].keys() == {"one", "two", "bearer"}
    assert (document["info"]["description"], document["info"]["license"]) == ("Shop.", {"name": "MIT"})
    options: list[dict[str, Any]] = [{"servers": "https://a"}, {"authorizers": {"one": {}}}]
    for wrong in options:
        with pytest.raises(ConfigurationError, match="OpenApi"):
            OpenApi(**wrong)


def test_headers_of_answers_are_told_where_they_are_known() -> None:
    app = HttpApp(etag=True)
    app.get("/signed")(signed)
    app.get("/moved")(moved)
    paths = app.openapi()["paths"]
    answers = paths["/signed"]["get"]["responses"]
    assert {status: list(one.get("headers", {})) for status, one in answers.items()} == {
        "200": ["ETag"],
        "304": ["ETag"],
        "401": ["WWW-Authenticate"],
        "403": ["WWW-Authenticate"],
    }
    assert list(paths["/moved"]["get"]["responses"]["303"]["headers"]) == ["Location"]


def moved() -> Redirect:
    raise NotImplementedError


def test_an_idempotent_route_names_its_header_and_its_refusals() -> None:
    app = HttpApp()
    layers = [idempotent(MemoryStore(), key=from_header("idempotency-key"), payload="body")]
    app.post("/pay", layers=layers)(plain)
    post = app.openapi()["paths"]["/pay"]["post"]
    assert [(one["name"], one["in"], one["required"]) for one in post["parameters"]] == [
        ("idempotency-key", "header", True)
    ]
    assert list(post["responses"]) == ["200", "400", "409", "422"]


def test_media_types_follow_the_return_annotation() -> None:
    def content(returned: Any) -> dict[str, Any]:
        def route() -> Any:
            raise NotImplementedError

        route.__annotations__["return"] = returned
        app = HttpApp()
        app.get("/")(route)
        (answer,) = app.openapi()["paths"]["/"]["get"]["responses"].values()
        return {kind: media["schema"] for kind, media in answer.get("content", {}).items()}

    text = {"text/plain": {"type": "string"}}
    assert content(str) == text
    assert content(Iterator[str]) == text
    assert content(AsyncIterator[bytes]) == {"application/octet-stream": {}}
    assert content(tuple[int, str] | Response) == text
    assert content(str | dict[str, int]) == {
        **text,
        "application/json": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
    assert content(EventStream) == {"text/event-stream": {"type": "string"}}
    assert content(JsonLines | str) == {**text, "application/jsonl": {"type": "string"}}
    assert content(Any) == content(Response) == content(Iterator) == {}
    assert content(type("Strange", (), {})) == {"application/json": {}}


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (tuple[Literal[201], str] | tuple[Literal[202, 404], dict[str, int]], {201: "text", 202: "json", 404: "json"}),
        (tuple[int, str, dict[str, str]] | tuple[Literal[409], None], {200: "text", 409: None}),
        (tuple[HTTPStatus, dict[str, int]] | str | None, {200: "json text", 204: None}),
        (tuple[int, None], {200: None}),
        (tuple[str, int], {200: "json"}),
    ],
    ids=range(5),
)
def test_statuses_in_a_return_annotation_are_told(returned: Any, told: dict[int, str | None]) -> None:
    def route() -> Any:
        """Do it.

        Returns:
            What was done.
        """

    route.__annotations__["return"] = returned
    app = HttpApp()
    app.get("/")(route)
    document = app.openapi()
    validator.validate(document)
    answers = document["paths"]["/"]["get"]["responses"]
    kinds = {"application/json": "json", "text/plain": "text"}
    found = {int(one): " ".join(sorted(kinds[kind] for kind in answers[one].get("content", ()))) for one in answers}
    assert found == {one: kind or "" for one, kind in told.items()}
    assert answers[str(min(told))]["description"] == "What was done."


def test_what_pydantic_says_of_a_parameter_stands_where_tools_look() -> None:
    app = HttpApp()
    app.get("/")(with_fields)
    found = app.openapi()["paths"]["/"]["get"]["parameters"]
    assert found == [
        {
            "name": "size",
            "in": "query",
            "description": "How many.",
            "required": False,
            "deprecated": True,
            "schema": {"type": "integer", "default": 2, "examples": [3]},
        },
        {
            "name": "day",
            "in": "query",
            "required": False,
            "schema": {"type": "string", "format": "date", "default": "2026-11-30"},
        },
    ]


def with_fields(
    size: Annotated[
        int, Query(), Field(description="How many.", examples=[3], json_schema_extra={"deprecated": True})
    ] = 2,
    day: date = date(2026, 11, 30),
) -> None:
    raise NotImplementedError


def test_a_form_with_files_is_multipart() -> None:
    app = HttpApp(max_body=10)
    app.post("/")(with_files)
    document = app.openapi()
    validator.validate(document)
    post = document["paths"]["/"]["post"]
    ((kind, media),) = post["requestBody"]["content"].items()
    assert kind == "multipart/form-data"
    assert media["schema"]["required"] == ["photo", "title"]
    binary = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    assert media["schema"]["properties"] == {
        "photo": {**binary, "description": "what it looks like."},
        "more": {"type": "array", "items": binary},
        "data": binary,
        "title": {"type": "string"},
    }
    assert media["encoding"] == {"data": {"contentType": "image/png, text/*"}}
    assert list(post["responses"]) == ["204", "400", "413", "415", "422"]


def with_files(
    photo: UploadFile,
    title: Annotated[str, Form()],
    more: list[UploadFile] | None = None,
    data: Annotated[bytes, File(media_types=["image/png", "Text/*"])] = b"",
) -> None:
    """Send photos.

    Args:
        photo: what it looks like.
    """
    raise NotImplementedError


def test_a_document_is_a_value_of_its_own() -> None:
    app = make()
    app.openapi()["components"]["schemas"].clear()
    assert app.openapi()["components"]["schemas"]
