"""Arguments: each comes from where its annotation says, or the request is refused with all problems."""

from __future__ import annotations

import enum
import re
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, HttpUrl

from lambda_kit import HttpApp, handler, provide
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.events._http_build import HTTP_TRIGGERS
from lambda_kit.http import Body, Cookie, Depends, Form, Header, Query, TestClient, Unauthorized
from lambda_kit.invocation import Invocation, LambdaContext  # noqa: TC001  # as above
from tests.http.clients import every_trigger, problem
from tests.http.models import Cat, Dog, NewOrder, Order, Place, Point


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


def app_of(fn: Any, method: str = "GET", path: str = "/") -> HttpApp:
    app = HttpApp()
    app.route(path, method)(fn)
    return app


def errors_of(answer: Any) -> list[Any]:
    assert answer.status == 422
    found: list[Any] = problem(answer)["errors"]
    return found


SCALARS: list[tuple[Any, str, Any]] = [
    (str, "a b", "a b"),
    (str, "", ""),
    (int, "-7", -7),
    (float, "2.5e3", 2500.0),
    (bool, "true", True),
    (bool, "0", False),
    (Decimal, "1.10", Decimal("1.10")),
    (UUID, "12345678-1234-4678-9234-567812345678", UUID("12345678-1234-4678-9234-567812345678")),
    (date, "2026-11-28", date(2026, 11, 28)),
    (datetime, "2026-11-28T10:00:00+00:00", datetime(2026, 11, 28, 10, tzinfo=timezone.utc)),  # noqa: UP017
    (time, "10:30", time(10, 30)),
    (Size, "s", Size.SMALL),
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], "2", 2),
    (int | None, "3", 3),
    (HttpUrl, "https://a.example/", HttpUrl("https://a.example/")),
]


@pytest.mark.parametrize(("kind", "text", "expected"), SCALARS, ids=[f"{kind}-{text}" for kind, text, _ in SCALARS])
@pytest.mark.parametrize("marker", [Query(), Header(), Cookie(), Form()], ids=repr)
def test_a_value_is_read_from_where_its_annotation_says(kind: Any, text: str, expected: Any, marker: Any) -> None:
    seen: list[Any] = []

    def route(value: Any) -> None:
        seen.append(value)

    route.__annotations__["value"] = Annotated[kind, marker]
    if isinstance(marker, Cookie) and text != text.strip():
        return
    options: dict[str, Any] = {
        Query: {"params": {"value": text}},
        Header: {"headers": {"Value": text}},
        Cookie: {"cookies": {"value": text}},
        Form: {"data": {"value": text}},
    }[type(marker)]
    app = app_of(route, "POST")
    assert [app.test_client(trigger).post("/", **options).status for trigger in HTTP_TRIGGERS] == [204] * 8
    assert seen == [expected] * 8


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "7.0"),
        (int, "\u0661"),
        (int, "1_000"),
        (int, " 1"),
        (int, ""),
        (int, "9" * 5000),
        (float, "nan"),
        (float, "1e999"),
        (float, "e"),
        (bool, "maybe"),
        (Decimal, "NaN"),
        (Decimal, "1.2.3"),
        (UUID, "secret"),
        (date, "secret"),
        (datetime, "secret"),
        (time, "secret"),
        (Size, "secret"),
        (Literal["a"], "secret"),
        (HttpUrl, "secret"),
        (Annotated[int, Field(ge=1)], "0"),
        (Annotated[UUID, Field()], "secretsecret"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_422_and_is_not_shown(kind: Any, text: str) -> None:
    def route(value: Any) -> None:
        raise AssertionError

    route.__annotations__["value"] = Annotated[kind, Query()]
    app = app_of(route)
    for trigger in HTTP_TRIGGERS:
        answer = app.test_client(trigger).get("/", params={"value": text})
        (error,) = errors_of(answer)
        assert (error["in"], error["name"]) == ("query", "value")
        assert "secret" not in answer.text
        assert error["detail"]


@every_trigger
def test_all_problems_are_listed_at_once(trigger: Any) -> None:
    def route(order_id: int, size: Size, tenant: Annotated[str, Header("x-tenant")], limit: int = 10) -> None:
        raise AssertionError

    answer = app_of(route, path="/orders/{order_id}").test_client(trigger).get("/orders/x?limit=many&size=s")
    assert [(one["in"], one["name"]) for one in errors_of(answer)] == [
        ("path", "order_id"),
        ("header", "x-tenant"),
        ("query", "limit"),
    ]


@every_trigger
def test_repeated_values_are_a_list(trigger: Any) -> None:
    def route(tag: list[str], number: Annotated[list[int], Header("x-number")], none: list[int] | None = None) -> Any:
        return [tag, number, none]

    client = app_of(route).test_client(trigger)
    answer = client.get("/?tag=a%2Cb&tag=c", headers=[("X-Number", "1, 2"), ("X-Number", "3")])
    tags = ["c"] if trigger == "alb" else ["a,b", "c"]
    assert answer.json() == [tags, [1, 2, 3], None]
    assert [one["detail"] for one in errors_of(client.get("/"))] == ["it is missing"] * 2


@every_trigger
def test_a_default_stands_for_a_missing_value(trigger: Any) -> None:
    def route(a: int = 5, b: str | None = None, c: Annotated[int | None, Cookie()] = 7, *, d: bool = True) -> Any:
        return [a, b, c, d]

    assert app_of(route).test_client(trigger).get("/").json() == [5, None, 7, True]
    assert app_of(route).test_client(trigger).get("/?d=off").json() == [5, None, 7, False]


def test_a_parameter_without_an_annotation_is_text() -> None:
    def route(a, b="x"):  # type: ignore[no-untyped-def]  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
        return [a, b]  # pyright: ignore[reportUnknownVariableType]

    unknown: Any = route  # pyright: ignore[reportUnknownVariableType]
    assert app_of(unknown, path="/{a}").test_client().get("/1?b=2").json() == ["1", "2"]


BODY = {"customer": "c", "lines": [{"sku": "a", "amount": 2}]}


@every_trigger
def test_a_model_is_validated_in_and_out(trigger: Any) -> None:
    def place(order: NewOrder) -> Order:
        assert isinstance(order, NewOrder)
        return Order(id=1, **order.model_dump())

    client = app_of(place, "POST").test_client(trigger)
    assert client.post("/", json=BODY).json() == {**BODY, "id": 1, "total": "0"}
    answer = client.post("/", json={"lines": [{"sku": "a", "amount": 2}, {"sku": 5, "amount": 0}]})
    assert [one["pointer"] for one in errors_of(answer)] == ["#/customer", "#/lines/1/sku", "#/lines/1/amount"]
    assert "NewOrder" not in answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("5", "#"),
        ('{"a/b": 1}', "#/kind"),
        ('{"kind": "secret"}', "#/kind"),
        ('{"kind": "cat", "lives": "x"}', "#/lives"),
    ],
)
def test_a_pointer_names_the_place_in_the_body_and_no_class(body: str, pointer: str) -> None:
    def route(animal: Annotated[Cat | Dog, Field(discriminator="kind")]) -> None:
        raise AssertionError

    route.__annotations__["animal"] = Annotated[Cat | Dog, Body(), Field(discriminator="kind")]
    answer = app_of(route, "POST").test_client().post("/", content=body)
    assert [one["pointer"] for one in errors_of(answer)] in ([pointer], ["#"])
    assert not re.search("Cat|Dog|secret", answer.text)


def test_members_of_a_union_do_not_show_in_pointers() -> None:
    def route(animal: Cat | Dog) -> None:
        raise AssertionError

    answer = app_of(route, "POST").test_client().post("/", json={"kind": "cat", "lives": "many"})
    assert {one["pointer"] for one in errors_of(answer)} == {"#/lives", "#/kind", "#/name"}
    assert not re.search("Cat|Dog|many", answer.text)


BODIES: list[Any] = [
    (Point, {"x": 1}, "Point(x=1, y=0)"),
    (Place, {"name": "n", "zip": 1}, "{'name': 'n', 'zip': 1}"),
    (list[Point], [{"x": 1}], "[Point(x=1, y=0)]"),
    (dict, {"a": [1]}, "{'a': [1]}"),
    (dict[str, int], {"a": 1}, "{'a': 1}"),
    (dict[str, Any], {"a": 1}, "{'a': 1}"),
    (list, [1], "[1]"),
    (Any, 5, "5"),
    (bytes, [1], "b'[1]'"),
]


@every_trigger
@pytest.mark.parametrize(("kind", "value", "expected"), BODIES, ids=str)
def test_bodies_of_each_kind_are_read(trigger: Any, kind: Any, value: Any, expected: str) -> None:
    def route(body: Any) -> str:
        return repr(body)

    route.__annotations__["body"] = kind
    assert app_of(route, "POST").test_client(trigger).post("/", json=value).text == expected


@every_trigger
@pytest.mark.parametrize("kind", [Point, Place, dict, list[Point], dict[str, int]], ids=str)
def test_a_body_of_another_shape_is_422(trigger: Any, kind: Any) -> None:
    def route(body: Any) -> None:
        raise AssertionError

    route.__annotations__["body"] = kind
    (error,) = errors_of(app_of(route, "POST").test_client(trigger).post("/", json="text"))
    assert (error["in"], error["pointer"]) == ("body", "#")


@pytest.mark.parametrize("kind", [NewOrder, dict, Any], ids=str)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'"\xff"', b"[" * 100_000, b'{"a": 1} x', b'{"a": NaN}'],
    ids=["none", "cut", "utf-8", "deep", "two", "nan"],
)
def test_what_is_not_json_is_400(kind: Any, body: bytes) -> None:
    def route(body: Any) -> None:
        raise AssertionError

    route.__annotations__["body"] = kind
    app = app_of(route, "POST")
    for trigger in HTTP_TRIGGERS:
        answer = app.test_client(trigger).post("/", content=body)
        assert (answer.status, problem(answer)["title"]) == (400, "Bad Request")


@every_trigger
@pytest.mark.parametrize("kind", [NewOrder, dict, bytes, str], ids=str)
def test_invalid_base64_is_400(trigger: Any, kind: Any) -> None:
    def route(body: Any) -> None:
        raise AssertionError

    route.__annotations__["body"] = Annotated[kind, Body()]
    app = app_of(route, "POST")

    def broken(event: Any, context: Any) -> Any:
        return app({**event, "body": "?", "isBase64Encoded": True, "is_base64_encoded": True}, context)

    assert TestClient(broken, trigger).post("/", content=b"\xff").status == 400


@every_trigger
def test_media_types_of_bodies(trigger: Any) -> None:
    def json(body: dict[str, Any]) -> Any:
        return body

    def form(a: Annotated[str, Form()]) -> Any:
        return a

    client = app_of(json, "POST").test_client(trigger)
    types = ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
    assert [client.post("/", content="{}", headers={"Content-Type": one}).status for one in types] == [200] * 3
    assert client.post("/", content="{}").status == 200
    refused = client.post("/", content="{}", headers={"Content-Type": "text/plain"})
    assert (refused.status, refused.headers["accept"]) == (415, "application/json")
    packed = client.post("/", content=b"x", headers={"Content-Encoding": "gzip"})
    assert (packed.status, packed.headers["accept-encoding"]) == (415, "identity")
    assert app_of(form, "POST").test_client(trigger).post("/", json={"a": 1}).status == 415
    assert app_of(form, "POST").test_client(trigger).post("/", data={"a": "x y&z"}).text == "x y&z"


@every_trigger
def test_a_body_above_the_limit_is_413(trigger: Any) -> None:
    app = HttpApp(max_body=10)

    @app.post("/")
    def size(body: bytes) -> int:
        return len(body)

    client = app.test_client(trigger)
    assert [client.post("/", content=b"\xff" * size).status for size in (10, 11)] == [200, 413]


@every_trigger
def test_an_optional_body_may_be_missing(trigger: Any) -> None:
    def route(body: NewOrder | None = None, other: int = 1) -> Any:
        return [body is None, other]

    assert app_of(route, "POST").test_client(trigger).post("/").json() == [True, 1]


@every_trigger
def test_the_request_the_invocation_and_the_context_are_passed(trigger: Any) -> None:
    app = HttpApp()

    @app.get("/x")
    def route(request: HttpEvent, invocation: Invocation, context: LambdaContext) -> Any:
        return [request.path, invocation.request_id == context.aws_request_id]

    assert TestClient(handler()(app), trigger).get("/x").json() == ["/x", True]


def test_what_layers_provide_is_passed_by_name() -> None:
    class Table:
        name = "orders"

    app = HttpApp(layers=[provide(inner=lambda: "i")])

    @app.get("/x", layers=[provide(own=lambda: "o")])
    def route(table: Table, inner: str, own: str, q: str = "q") -> Any:
        return [table.name, inner, own, q]

    assert app.test_client("alb", table=Table()).get("/x").json() == ["orders", "i", "o", "q"]
    assert TestClient(handler(provide(table=Table))(app)).get("/x?q=1&own=2").json() == ["orders", "i", "o", "1"]


def test_dependencies_run_once_and_are_cleaned_up() -> None:
    events: list[str] = []

    def session(token: Annotated[str, Header()] = "none") -> Any:
        events.append("open")
        try:
            yield f"session-{token}"
        except ValueError:
            events.append("failed")
            raise
        finally:
            events.append("close")

    async def user(session: Annotated[str, Depends(session)]) -> str:
        return f"user-of-{session}"

    app = HttpApp()

    @app.get("/")
    def route(a: Annotated[str, Depends(session)], b: Annotated[str, Depends(user)], fail: bool = False) -> Any:
        events.append("run")
        if fail:
            raise ValueError
        return [a, b]

    route.__annotations__.update(a=Annotated[str, Depends(session)], b=Annotated[str, Depends(user)])
    user.__annotations__["session"] = Annotated[str, Depends(session)]
    client = app.test_client()
    assert client.get("/", headers={"token": "t"}).json() == ["session-t", "user-of-session-t"]
    assert events == ["open", "run", "close"]
    events.clear()
    assert client.get("/?fail=1").status == 500
    assert events == ["open", "run", "failed", "close"]
    with app.override(session, lambda: "fake"):
        assert client.get("/").json() == ["fake", "user-of-fake"]
    assert client.get("/").json() == ["session-none", "user-of-session-none"]


def test_asynchronous_dependencies_are_cleaned_up() -> None:
    events: list[str] = []

    async def connection() -> Any:
        events.append("open")
        yield 5
        events.append("close")

    async def route(number: Any) -> Any:
        return number

    route.__annotations__["number"] = Annotated[int, Depends(connection)]
    assert app_of(route).test_client().get("/").json() == 5
    assert events == ["open", "close"]


def test_a_dependency_may_take_a_parameter_of_the_path_and_refuse() -> None:
    def double(number: int) -> int:
        return number * 2

    def route(number: int, twice: Any) -> Any:
        return [number, twice]

    route.__annotations__["twice"] = Annotated[int, Depends(double)]
    client = app_of(route, path="/{number}").test_client()
    assert client.get("/4").json() == [4, 8]
    assert len(errors_of(client.get("/x"))) == 2


def client_of(authorization: Annotated[str, Header()] = "") -> str:
    if not authorization:
        raise Unauthorized
    return authorization


@every_trigger
def test_a_client_that_a_dependency_refuses_is_not_told_what_else_is_wrong(trigger: Any) -> None:
    app = HttpApp()

    @app.post("/{number}")
    def place(number: int, order: NewOrder, page: int, client: Annotated[str, Depends(client_of)]) -> None: ...

    client = app.test_client(trigger)
    for body in (b"{", b"{}", b""):
        answer = client.post("/one?page=x", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status, "errors" in problem(answer)) == (401, False)
    known = client.post("/one?page=x", json={}, headers={"Authorization": "a"})
    assert {one["in"] for one in problem(known)["errors"]} == {"path", "query", "body"}


def test_a_dependency_that_needs_itself_is_refused() -> None:
    def first(value: Any) -> Any:
        return value

    first.__annotations__["value"] = Annotated[int, Depends(first)]
    with pytest.raises(ConfigurationError, match="needs itself"):
        app_of(first).check()


class Connection:
    pass


def two_bodies(a: NewOrder, b: NewOrder) -> None: ...
def body_and_form(a: NewOrder, b: Annotated[str, Form()]) -> None: ...
def class_marker(a: Annotated[str, Query]) -> None: ...
def two_markers(a: Annotated[str, Query(), Header()]) -> None: ...
def unknown(a: Connection) -> None: ...
def query_of_dicts(a: Annotated[dict[str, str], Query()]) -> None: ...
def marker_as_default(a: Any = Depends(client_of)) -> None: ...  # noqa: B008  # what is refused
def class_as_default(a: Any = Query) -> None: ...
def field_as_default(a: Any = Field(ge=1)) -> None: ...  # noqa: B008  # as above
def below(a: Annotated[Any, Depends(marker_as_default)]) -> None: ...


Foreign: Any = type("Header", (), {"__module__": "fastapi.params"})
PeersQuery: Any = type("Query", (), {"__module__": "aws_lambda_powertools.event_handler.openapi.params"})


def of_fastapi(a: Annotated[str, Foreign()]) -> None: ...
def of_fastapi_as_default(a: Any = Foreign()) -> None: ...  # noqa: B008  # as above
def of_powertools(a: Annotated[str, PeersQuery()]) -> None: ...


@pytest.mark.parametrize(
    ("fn", "told"),
    [
        (two_bodies, "takes two bodies, 'a' and 'b'"),
        (body_and_form, "one or the other"),
        (class_marker, r"write Query\(\)"),
        (two_markers, "more than one marker"),
        (unknown, "annotated with Connection, which no request holds"),
        (query_of_dicts, "a query has texts alone"),
        (marker_as_default, r"Depends\(...\) as its default, where nothing reads it; write a: Annotated"),
        (class_as_default, r"Query\(...\) as its default"),
        (field_as_default, r"Field\(...\) as its default"),
        (below, r"Depends\(...\) as its default"),
        (of_fastapi, r"marked with fastapi.params.Header; import it from lambda_kit.http"),
        (of_fastapi_as_default, r"marked with fastapi.params.Header"),
        (of_powertools, r"openapi.params.Query; import it from lambda_kit.http"),
    ],
)
def test_a_declaration_that_cannot_be_served_is_refused(fn: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        app_of(fn, "POST").check()


def right() -> None: ...
def five() -> int:
    return 5


def taking_value(value: Any) -> Any:
    return value


def body_and_unknown(a: Annotated[str, Query], b: Connection, c: Annotated[int, Depends(unknown)]) -> None: ...


def _with_wrong_routes() -> HttpApp:
    app = HttpApp()
    functions: list[Any] = [two_bodies, class_marker, query_of_dicts, body_and_unknown]
    for number, fn in enumerate(functions):
        app.route(f"/{number}", "POST")(fn)
    app.get("/right")(right)
    return app


def client_of_handler(app: HttpApp) -> TestClient:
    return TestClient(handler()(app))


@pytest.mark.parametrize("check", [HttpApp.check, HttpApp.test_client, client_of_handler, HttpApp.openapi])
def test_all_wrong_declarations_are_told_at_once(check: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        check(_with_wrong_routes())
    told = str(raised.value).splitlines()
    assert len(told) == 5
    for name, line in zip(
        ("two_bodies", "class_marker", "query_of_dicts", "body_and_unknown", "body_and_unknown"), told, strict=True
    ):
        assert f"test_arguments.{name}" in line


def test_a_client_of_a_handler_knows_what_its_layers_pass() -> None:
    app = HttpApp()
    app.get("/")(taking_value)
    assert TestClient(handler(provide(value=five))(app)).get("/").text == "5"
    app.get("/unknown")(unknown)
    assert TestClient(handler(provide(a=five, value=five))(app)).get("/unknown").status == 204
    with pytest.raises(ConfigurationError, match="which no request holds"):
        TestClient(handler(provide(value=five))(app))

    def foreign(fn: Any) -> Any:
        def passing(event: Any, context: Any) -> Any:
            return fn(event, context, a=5)

        return passing

    assert TestClient(handler(foreign)(app)).get("/unknown").status == 204


def test_a_declaration_that_is_wrong_at_once_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"does not take 'order_id'.*did you mean 'order'"):
        HttpApp().get("/{order_id}")(taking_order)
    with pytest.raises(ConfigurationError, match="has to name the parameters"):
        HttpApp().get("/")(taking_anything)
    with pytest.raises(ConfigurationError, match="was put around the handler"):
        HttpApp().get("/")(handler(_handler))
    with pytest.raises(ConfigurationError, match="GET has none"):
        app_of(_with_body).check()


def taking_order(order: Any) -> Any: ...
def taking_anything(**anything: Any) -> Any: ...
def positional(a: Any, /) -> Any: ...
def _handler(event: Any, context: Any) -> Any: ...
def _with_body(a: NewOrder) -> None: ...


def test_a_type_that_pydantic_does_not_take_says_so() -> None:
    def route(body: Any) -> None:
        raise AssertionError

    route.__annotations__["body"] = dict[Connection, int]
    with pytest.raises(ConfigurationError, match="pydantic cannot validate"):
        app_of(route, "POST").check()


def test_an_annotation_that_cannot_be_read_says_so() -> None:
    def route(a: Missing) -> None:  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]
        raise AssertionError

    with pytest.raises(ConfigurationError, match="cannot be read: name 'Missing' is not defined"):
        app_of(route).test_client()


def test_positional_parameters_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="only be passed by position"):
        app_of(positional).check()


def test_a_function_that_is_not_written_in_python_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is not written in Python"):
        app_of(len).check()


def test_methods_of_objects_are_routes() -> None:
    class Shop:
        def get(self, a: int) -> Any:
            return a + 1

    assert app_of(Shop().get, path="/{a}").test_client().get("/1").json() == 2
