"""Answers: what a function returns, in the form that each trigger takes, whatever happens."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType

from lambda_kit import HttpApp, handler, idempotent, layer
from lambda_kit.errors import ConfigurationError, EventError
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.events._http_build import HTTP_TRIGGERS
from lambda_kit.http import (
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    HttpError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Redirect,
    Response,
    ServiceUnavailable,
    TestClient,
    TooManyRequests,
    Unauthorized,
    from_header,
)
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import invoke
from tests.http.clients import check_taken, every_trigger, problem
from tests.http.models import Line, NewOrder, Order, Point


def answering(value: Any, returns: Any = None, **options: Any) -> HttpApp:
    app = HttpApp()

    def route() -> Any:
        if isinstance(value, Exception):
            raise value
        return value() if callable(value) else value

    if returns is not None:
        route.__annotations__["return"] = returns
    app.get("/", **options)(route)
    return app


class Color(enum.Enum):
    RED = "red"


@dataclass
class Item:
    name: str
    point: Point


ORDER = Order(id=1, customer="c", lines=[Line(sku="s", amount=1)])
VALUES: list[tuple[Any, Any]] = [
    ({"a": [1, None, True]}, {"a": [1, None, True]}),
    ([], []),
    (5, 5),
    (False, False),
    ({"d": Decimal("1.50"), "i": Decimal(3)}, {"d": 1.5, "i": 3}),
    ({"u": UUID(int=5), "t": date(2026, 1, 2), "c": Color.RED}, {"u": str(UUID(int=5)), "t": "2026-01-02", "c": "red"}),
    (Item("n", Point(1)), {"name": "n", "point": {"x": 1, "y": 0}}),
    ([ORDER], [{"id": 1, "customer": "c", "lines": [{"sku": "s", "amount": 1}], "total": "0"}]),
    ({"é": "ü"}, {"é": "ü"}),
    ({"half": "\ud800"}, {"half": "\ud800"}),
]


@every_trigger
@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[str(i) for i in range(len(VALUES))])
def test_a_value_is_json(trigger: Any, value: Any, expected: Any) -> None:
    answer = answering(value).test_client(trigger).get("/")
    assert (answer.status, answer.headers["content-type"], answer.json()) == (200, "application/json", expected)
    check_taken(trigger, answer.raw)


@every_trigger
@pytest.mark.parametrize(
    ("value", "status", "content_type", "content"),
    [
        ("é", 200, "text/plain; charset=utf-8", "é".encode()),
        (b"\xff\x00", 200, "application/octet-stream", b"\xff\x00"),
        (None, 204, None, b""),
        ((201, {"a": 1}), 201, "application/json", b'{"a":1}'),
        ((202, None), 202, None, b""),
        (lambda: iter(["a", "b"]), 200, "text/plain; charset=utf-8", b"ab"),
        (lambda: iter([b"a", "b"]), 200, "application/octet-stream", b"ab"),
        (Response("<p>", 404, media_type="text/html"), 404, "text/html; charset=utf-8", b"<p>"),
        (Response(), 200, None, b""),
        (Redirect("/else"), 303, None, b""),
    ],
    ids=["text", "bytes", "none", "status", "status-none", "parts", "bytes-parts", "response", "empty", "redirect"],
)
def test_other_values_have_their_own_form(
    trigger: Any, value: Any, status: int, content_type: str | None, content: bytes
) -> None:
    answer = answering(value).test_client(trigger).get("/")
    assert (answer.status, answer.headers.get("content-type"), answer.content) == (status, content_type, content)
    assert answer.headers.get("location") == ("/else" if status == 303 else None)
    check_taken(trigger, answer.raw)


@every_trigger
def test_asynchronous_routes_and_generators_are_run(trigger: Any) -> None:
    app = HttpApp()

    @app.get("/one")
    async def one(a: int = 1) -> Any:
        return {"a": a}

    @app.get("/parts")
    async def parts() -> Any:
        yield "a"
        yield "b"

    @app.get("/generator")
    def generator() -> Any:
        yield b"c"

    client = app.test_client(trigger)
    assert client.get("/one?a=2").json() == {"a": 2}
    assert [client.get(path).text for path in ("/parts", "/generator")] == ["ab", "c"]


@every_trigger
def test_the_status_of_a_route_is_that_of_its_values(trigger: Any) -> None:
    assert answering({"a": 1}, status=201).test_client(trigger).get("/").status == 201
    assert answering(None, status=201).test_client(trigger).get("/").status == 201
    assert answering((203, {}), status=201).test_client(trigger).get("/").status == 203


@every_trigger
@pytest.mark.parametrize(
    "returns",
    [Order, list[Order], Order | None, tuple[int, Order], Order | Response, tuple[int, Order] | Response],
    ids=str,
)
def test_a_model_in_the_annotation_is_written_by_its_rules(trigger: Any, returns: Any) -> None:
    value: Any = [ORDER] if returns == list[Order] else (200, ORDER) if "tuple" in str(returns) else ORDER
    found = answering(value, returns).test_client(trigger).get("/").json()
    assert (found[0] if isinstance(found, list) else found)["total"] == "0"


@pytest.mark.parametrize("status", [404, HTTPStatus.NOT_FOUND, 7])
@pytest.mark.parametrize(
    "value", [{"a": 1}, ["a"], "a", None, ORDER, Response("a")], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("returns", [None, Order, tuple[int, dict[str, int]], tuple[Literal[404], str]], ids=str)
def test_a_status_behind_its_value_is_no_answer_of_200(
    value: Any, status: int, returns: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for reversed_ in ((value, status), (value, status, {"x-a": "b"})):
        assert answering(reversed_, returns).test_client().get("/").status == 500
    if returns is not Order:
        assert f"the status comes first: return {int(status)}, ..." in caplog.text


def test_an_exception_handler_with_the_status_behind_the_value_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    app = HttpApp()

    @app.on_error(KeyError)
    def missing(error: KeyError, request: HttpEvent) -> Any:
        return {"missing": str(error)}, 404

    @app.get("/")
    def read() -> None:
        raise KeyError("a")

    assert app.test_client().get("/").status == 500
    assert "the status comes first: return 404, ..." in caplog.text


@pytest.mark.parametrize(
    "returns", [tuple[dict[str, int], int], tuple[Order, HTTPStatus], tuple[Order, int] | Response]
)
def test_an_annotation_with_the_status_behind_the_value_is_refused(returns: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"the status comes first; .* write tuple\[int, "):
        answering(None, returns).test_client().get("/")


Pair = NewType("Pair", tuple[str, int])
NamedPair = TypeAliasType("NamedPair", tuple[str, int])
ARRAYS: list[tuple[tuple[Any, ...], Any]] = [
    (("a", 404), tuple[str, int]),
    (([], 3), tuple[list[str], int]),
    (("a", 5), tuple[str, int] | None),
    (("a", "b"), None),
    (("a", 404, "b"), None),
    (("a", 404), Annotated[tuple[str, int], "a pair"]),
    (("a", 404), Pair),
    (("a", 404), NamedPair),
    (("a", 404), Sequence[str | int]),
    (("a", 404), Iterable[str | int]),
    ((200, ("a", 404)), tuple[int, tuple[str, int]]),
    ((1.5, 404, {}), tuple[float, int, dict[str, str]]),
]


@pytest.mark.parametrize(("value", "returns"), ARRAYS, ids=str)
def test_a_tuple_that_its_annotation_names_is_an_array(value: Any, returns: Any) -> None:
    response = answering(value, returns).test_client().get("/")
    array = value[1] if value[0] == 200 else value
    assert (response.status, response.json()) == (200, list(array))


@pytest.mark.parametrize("value", [{"id": 1, "customer": "c", "lines": []}, ORDER], ids=["dict", "model"])
def test_a_dict_that_fits_the_model_is_an_answer(value: Any) -> None:
    assert answering(value, Order).test_client().get("/").status == 200


@every_trigger
@pytest.mark.parametrize(
    ("value", "returns"),
    [
        ({"id": "secret"}, Order),
        (5, list[Order]),
        (Order.model_construct(id="secret"), Order),
        (object(), None),
        ({"a": float("nan")}, None),
        ([{1, 2}, object()], None),
        ({"a": Decimal("NaN")}, None),
    ],
    ids=["model", "list", "constructed", "object", "nan", "set", "decimal-nan"],
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer")
def test_a_value_that_cannot_be_sent_is_500_logged_and_not_shown(
    trigger: Any, value: Any, returns: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = answering(value, returns).test_client(trigger).get("/")
    assert (answer.status, problem(answer)["title"]) == (500, "Internal Server Error")
    assert "secret" not in answer.text
    assert len(caplog.records) == 1
    assert "cannot be its answer" in caplog.text


@every_trigger
def test_an_unknown_exception_is_500_with_the_request_id_and_logged_once(
    trigger: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = answering(KeyError("secret"))
    answer = TestClient(handler()(app), trigger).get("/")
    assert (answer.status, problem(answer)["request_id"]) == (500, "00000000-0000-4000-8000-000000000000")
    assert "secret" not in answer.text
    assert "KeyError" not in answer.text
    assert [record.exc_info is not None for record in caplog.records] == [True]
    check_taken(trigger, answer.raw)


def test_debug_shows_an_exception_outside_of_lambda_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    app = HttpApp(debug=True)

    @app.get("/")
    def broken() -> None:
        raise KeyError("a")

    assert "KeyError" in "".join(app.test_client().get("/").json()["debug"])
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    assert "debug" not in app.test_client().get("/").json()


ERRORS: list[tuple[HttpError, int, dict[str, str]]] = [
    (HttpError(418, "short", title="Teapot", type="https://a.example/teapot"), 418, {}),
    (BadRequest("b"), 400, {}),
    (Unauthorized("u"), 401, {"www-authenticate": "Bearer"}),
    (Unauthorized(challenge='Basic realm="x"'), 401, {"www-authenticate": 'Basic realm="x"'}),
    (Forbidden(), 403, {}),
    (NotFound("n"), 404, {}),
    (MethodNotAllowed(allowed=["GET", "PUT"]), 405, {"allow": "GET, PUT"}),
    (Conflict(), 409, {}),
    (Gone(), 410, {}),
    (InvalidRequest([{"detail": "d"}]), 422, {}),
    (TooManyRequests(headers={"Retry-After": "5"}), 429, {"retry-after": "5"}),
    (ServiceUnavailable(), 503, {}),
]


@every_trigger
@pytest.mark.parametrize(("error", "status", "headers"), ERRORS, ids=[str(one[0]) for one in ERRORS])
def test_an_error_is_problem_details(
    trigger: Any, error: HttpError, status: int, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    answer = answering(error).test_client(trigger).get("/")
    assert answer.status == status
    assert problem(answer) == error.problem()
    assert headers.items() <= answer.headers.items()
    assert caplog.records == []
    check_taken(trigger, answer.raw)


def test_further_members_of_a_problem_are_sent() -> None:
    assert problem(answering(Conflict("c", balance=Decimal(30))).test_client().get("/"))["balance"] == 30
    assert problem(answering(Conflict("c", balance=object())).test_client().get("/")).keys() == {
        "type",
        "title",
        "status",
    }


@pytest.mark.parametrize("arguments", [{"status": 200}, {"status": 600}])
def test_an_error_needs_a_status_of_an_error(arguments: Any) -> None:
    with pytest.raises(ConfigurationError, match="400 to 599"):
        HttpError(**arguments)
    with pytest.raises(TypeError):
        BadRequest(status=5)


@every_trigger
def test_handlers_of_exceptions_answer_by_the_most_specific_class(trigger: Any) -> None:
    class Broke(ValueError):
        pass

    app = HttpApp()

    @app.on_error(ValueError)
    def on_value(error: ValueError, request: HttpEvent) -> Any:
        return 409, {"path": request.path}

    @app.on_error(InvalidRequest)
    async def on_invalid(error: InvalidRequest, request: HttpEvent) -> Any:
        return 400, error.errors

    @app.on_error(LookupError)
    def on_lookup(error: LookupError, request: HttpEvent) -> Any:
        raise NotFound("there is none") from error

    @app.get("/{kind}")
    def route(kind: str, a: int = 1) -> Any:
        raise {"broke": Broke, "key": KeyError, "other": OSError}[kind]

    client = app.test_client(trigger)
    assert (client.get("/broke").status, client.get("/broke").json()) == (409, {"path": "/broke"})
    assert client.get("/broke?a=x").json()[0]["name"] == "a"
    assert [client.get(path).status for path in ("/key", "/other")] == [404, 500]


def test_the_answer_of_a_handler_of_exceptions_keeps_the_headers_that_its_status_needs() -> None:
    app = HttpApp()

    @app.on_error(HttpError)
    def on_error(error: HttpError, request: HttpEvent) -> Any:
        if request.query.get("as"):
            return 418, "other"
        return Response({"code": error.status}, error.status, headers={"retry-after": "7"})

    @app.get("/")
    def route() -> None:
        headers = {"Set-Cookie": "a=1", "Retry-After": "1"}
        raise Unauthorized(headers=headers)

    client = app.test_client()
    answer = client.post("/")
    assert (answer.status, answer.json(), answer.headers["allow"]) == (405, {"code": 405}, "GET, HEAD, OPTIONS")
    answer = client.get("/")
    assert (answer.headers["www-authenticate"], answer.headers["retry-after"]) == ("Bearer", "7")
    assert answer.cookies == {"a": "1"}
    assert "www-authenticate" not in client.get("/?as=418").headers


class Shade(str, enum.Enum):  # noqa: UP042  # its `str()` is its name, and not its value
    RED = "red"


@every_trigger
@pytest.mark.parametrize(
    ("value", "body", "media_type"),
    [
        ({"a": 1}, b'{"a":1}', "application/json"),
        ([Point(1, 2)], b'[{"x":1,"y":2}]', "application/json"),
        (Line(sku="tea", amount=1), b'{"sku":"tea","amount":1}', "application/json"),
        (Shade.RED, b"red", "text/plain; charset=utf-8"),
        (bytearray(b"ab"), b"ab", "application/octet-stream"),
    ],
    ids=["dict", "list", "model", "text of a class", "bytearray"],
)
def test_a_response_of_any_value_has_headers_of_its_own(trigger: Any, value: Any, body: bytes, media_type: str) -> None:
    headers = {"Location": "/orders/1", "Set-Cookie": "a=1"}
    for made in (Response(value, 201, headers=headers), (201, value, headers)):
        answer = answering(made).test_client(trigger).get("/")
        assert (answer.status, answer.content, answer.headers["content-type"]) == (201, body, media_type)
        assert (answer.headers["location"], answer.cookies) == ("/orders/1", {"a": "1"})


def test_a_value_beside_status_and_headers_is_checked_by_the_annotation() -> None:
    point = Line(sku="tea", amount=1)
    for returns in (tuple[int, Line, dict[str, str]], tuple[HTTPStatus, Line] | Response, tuple[Literal[201], Line]):
        values: list[Any] = [(201, point, {"ETag": '"1"'}), (HTTPStatus.CREATED, {"sku": "tea", "amount": "1"}, {})]
        for made in values:
            answer = answering(made, returns).test_client().get("/")
            assert (answer.status, answer.json()) == (201, {"sku": "tea", "amount": 1})
        assert answering((201, {"sku": 1}, {}), returns).test_client().get("/").status == 500
        assert answering((404, None, {"X-A": "1"}), returns).test_client().get("/").headers["x-a"] == "1"
    assert answering((1, 2, 3)).test_client().get("/").json() == [1, 2, 3]
    assert answering((99, 2, {})).test_client().get("/").status == 500


def test_what_is_no_class_of_exceptions_has_no_handler() -> None:
    for kind in (ValueError(), int, BaseException):
        with pytest.raises(ConfigurationError, match="pass a class of exceptions"):
            HttpApp().on_error(kind)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@every_trigger
def test_cookies_are_sent_as_the_trigger_takes_them(trigger: Any) -> None:
    def route() -> Response:
        response = Response("x", headers={"Vary": ["a", "b"]})
        response.set_cookie("a", "1", max_age=5)
        response.set_cookie("b", "2", secure=False, http_only=False, same_site=None, path=None, domain="a.example")
        response.delete_cookie("c")
        return response

    answer = answering(route).test_client(trigger).get("/")
    assert answer.set_cookies == [
        "a=1; Max-Age=5; Path=/; Secure; HttpOnly; SameSite=Lax",
        "b=2; Domain=a.example",
        "c=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
    ]
    assert answer.headers["vary"] == "a, b"
    check_taken(trigger, answer.raw)


@pytest.mark.parametrize(
    "options",
    [
        {"name": "a b"},
        {"name": ""},
        {"value": "a;b"},
        {"value": 'a"'},
        {"path": "/;x"},
        {"domain": "a\n"},
        {"same_site": "lax"},
        {"same_site": "None", "secure": False},
    ],
    ids=str,
)
def test_a_cookie_that_cannot_be_is_refused(options: Any) -> None:
    sent: dict[str, Any] = {"name": "a", "value": "b", **options}
    with pytest.raises(ConfigurationError, match="cookie"):
        Response().set_cookie(**sent)


@every_trigger
@pytest.mark.parametrize(
    "headers",
    [
        {"x-a": "a\r\nb: c"},
        {"x-a": "a\0"},
        {"x a": "b"},
        {"": "b"},
        {"x-a": ["a", "b\n"]},
        {"x-a": 5},
        {"set-cookie": "a\n"},
        {"x-a": "\ud800"},
    ],
    ids=repr,
)
def test_a_header_that_cannot_be_sent_is_500(trigger: Any, headers: Any, caplog: pytest.LogCaptureFixture) -> None:
    answer = answering(Response("x", headers=headers)).test_client(trigger).get("/")
    assert (answer.status, problem(answer)["detail"]) == (500, "the answer cannot be sent")
    assert len(caplog.records) == 1
    check_taken(trigger, answer.raw)


@every_trigger
def test_an_answer_above_the_limit_of_the_trigger_is_500(trigger: Any, caplog: pytest.LogCaptureFixture) -> None:
    most = 1_000_000 if trigger.startswith("alb") else 6 * 1024 * 1024
    fits, above = answering(b"x" * (most * 3 // 4 - 1000)), answering('"' * (most // 2))
    assert fits.test_client(trigger).get("/").status == 200
    answer = above.test_client(trigger).get("/")
    assert (answer.status, len(caplog.records)) == (500, 1)
    assert f"the trigger takes {most}" in caplog.text


def test_single_value_triggers_take_many_cookies_and_refuse_too_many() -> None:
    def cookies(count: int) -> HttpApp:
        return answering(Response("x", headers={"set-cookie": [f"c{i}=1" for i in range(count)]}))

    assert len(cookies(512).test_client("alb").get("/").set_cookies) == 512
    assert cookies(513).test_client("alb").get("/").status == 500
    assert len(cookies(513).test_client("alb_multi_value").get("/").set_cookies) == 513


@pytest.mark.parametrize(
    "arguments", [{"body": object()}, {"body": 404}, {"status": 99}, {"status": True}, {"status": "200"}], ids=range(5)
)
def test_a_response_that_cannot_be_is_refused(arguments: Any) -> None:
    with pytest.raises(ConfigurationError, match="Response"):
        Response(**arguments)
    with pytest.raises(ConfigurationError, match="pass 301"):
        Redirect("/", 200)


def test_headers_of_a_response_are_found_in_any_letter_case() -> None:
    response = Response(headers={"X-A": "1"})
    response.headers.add("x-a", "2")
    response.headers["X-B"] = "3"
    response.headers.add("X-C", "4")
    assert (response.headers["x-A"], response.headers.get("x-b"), response.headers.get("x-d")) == ("1, 2", "3", None)
    assert ("X-C" in response.headers, len(response.headers), list(response.headers)) == (
        True,
        3,
        ["x-a", "x-b", "x-c"],
    )
    del response.headers["X-a"]
    assert "x-a" not in response.headers


# Layers


def test_layers_run_around_routes_and_around_answers_without_a_route() -> None:
    seen: list[Any] = []

    def recording(name: str) -> Any:
        @layer
        def record(event: Any, context: Any) -> Any:
            response: Any = yield  # pyright: ignore[reportUnknownVariableType]
            seen.append((name, response["statusCode"]))

        return record

    app = HttpApp(layers=[recording("app")])
    router_layers = [recording("outer"), recording("inner")]

    @app.get("/a/{x}", layers=router_layers)
    def route(x: str) -> Any:
        return {"x": x}

    client = app.test_client("rest_api")
    assert client.get("/a/1").json() == {"x": "1"}
    assert seen == [("inner", 200), ("outer", 200), ("app", 200)]
    seen.clear()
    assert [client.get("/none").status, client.post("/a/1").status] == [404, 405]
    assert seen == [("app", 404), ("app", 405)]


@every_trigger
def test_a_layer_may_answer_itself_and_sees_the_exception(trigger: Any) -> None:
    @layer
    def guard(event: Any, context: Any) -> Any:
        if "deny" in str(event):
            return {"statusCode": 403, "multiValueHeaders": {"set-cookie": ["a=1"]}, "body": "no"}
        try:
            yield
        except KeyError:
            return {"statusCode": 410, "headers": {"x-a": "b"}}

    app = HttpApp()

    @app.get("/{x}", layers=[guard])
    def route(x: str) -> Any:
        raise KeyError(x)

    answer = app.test_client(trigger).get("/deny")
    assert (answer.status, answer.text, answer.cookies) == (403, "no", {"a": "1"})
    assert (app.test_client(trigger).get("/x").status, app.test_client(trigger).get("/x").headers["x-a"]) == (410, "b")


def test_a_layer_that_returns_no_response_is_500(caplog: pytest.LogCaptureFixture) -> None:
    @layer
    def wrong(event: Any, context: Any) -> Any:
        if event:
            return 5
        yield

    app = HttpApp(layers=[wrong])
    assert app.test_client().get("/").status == 500
    assert "a layer of the app returned int" in caplog.text


@every_trigger
def test_a_route_is_idempotent_by_a_header(trigger: Any) -> None:
    app = HttpApp()
    placed: list[str] = []

    @app.post("/orders/{name}", status=201, layers=[idempotent(MemoryStore(), key=from_header("idempotency-key"))])
    def place(name: str) -> Any:
        if name == "bad":
            raise Conflict("not now")
        placed.append(name)
        return {"number": len(placed)}

    client = TestClient(handler()(app), trigger)
    answers = [client.post("/orders/a", headers={"Idempotency-Key": key}) for key in ("k-1", "k-1", "k-2")]
    assert [(one.status, one.json()["number"]) for one in answers] == [(201, 1), (201, 1), (201, 2)]
    assert [client.post("/orders/bad", headers={"Idempotency-Key": "k-3"}).status for _ in range(2)] == [409, 409]


def test_an_event_that_is_no_request_is_an_error() -> None:
    with pytest.raises(EventError, match="no HTTP request"):
        invoke(handler()(HttpApp()), {"Records": []}).unwrap()


@pytest.mark.parametrize("path", [None, 5, []], ids=str)
def test_a_request_without_a_path_is_an_error_that_names_it(path: Any) -> None:
    from lambda_kit.events._http_build import http_event

    with pytest.raises(EventError, match="'rawPath' of the HttpEvent"):
        HttpApp()({**http_event("http_api_2", "GET", "/"), "rawPath": path}, None)


def test_a_client_of_an_unknown_trigger_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="there is no trigger 'sqs'"):
        HttpApp().test_client("sqs")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.sampled_from(HTTP_TRIGGERS), st.data())
def test_any_event_of_a_trigger_gets_a_response_that_the_trigger_takes(trigger: Any, data: st.DataObject) -> None:
    from lambda_kit.events._http_build import http_event

    event = http_event(
        trigger, "POST", "/orders/7?a=b", [("cookie", "d=e"), ("content-type", "application/json")], b"{}"
    )
    # These make a request: what lacks them is none.
    fixed = ("requestContext", "httpMethod", "multiValueHeaders", "rawPath", "raw_path", "path", "method", "version")
    names = [name for name in event if name not in fixed]
    for name in data.draw(st.lists(st.sampled_from(names), max_size=3)):
        event[name] = data.draw(ANYTHING)
    if trigger == "alb_multi_value":
        event["multiValueHeaders"] = {
            name: [value] for name, value in data.draw(st.dictionaries(st.text(), st.text())).items()
        }
    app = HttpApp()

    @app.post("/orders/{order_id}")
    def route(order_id: str, order: NewOrder, a: list[int], d: int = 5) -> Any:
        return order_id

    raw = app(event, None)
    check_taken(trigger, raw)
    json.dumps(raw).encode()
