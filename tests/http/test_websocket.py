"""WebSocket APIs: routes by key, arguments, answers, errors, layers, and messages to clients."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lambda_kit.testing
from lambda_kit import HttpApp, Logger, handler, layer, provide
from lambda_kit.errors import ConfigurationError, ConnectionGone, EventError
from lambda_kit.events import HttpEvent, WebSocketEvent
from lambda_kit.http import (
    Body,
    Conflict,
    Connection,
    Cookie,
    Depends,
    Forbidden,
    Form,
    Header,
    Response,
    Router,
    TestClient,
    Unauthorized,
    UploadFile,
    connection,
)
from lambda_kit.invocation import Invocation, LambdaContext, current_invocation
from tests.aws.servers import Server, reply
from tests.http.models import Line  # noqa: TC001  # annotations of routes are evaluated

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


SAMPLES = Path(lambda_kit.__file__).parent / "local" / "samples"


def sample_event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


@dataclass
class Text:
    text: str
    action: str = ""


def app_of(**functions: Any) -> HttpApp:
    app = HttpApp()
    for key, fn in functions.items():
        app.websocket({"connect": "$connect", "disconnect": "$disconnect", "default": "$default"}.get(key, key))(fn)
    return app


def test_a_connection_lives_from_connect_to_disconnect() -> None:
    seen: list[Any] = []
    app = HttpApp()

    @app.websocket("$connect")
    def connect(
        room: str,
        x_user: Annotated[str, Header()],
        event: WebSocketEvent,
        tag: list[str] = [],  # noqa: B006  # it is not changed
        session: Annotated[str, Cookie()] = "",
        page: int = 1,
    ) -> None:
        seen.append((event.connection_id, room, x_user, tag, session, page, event.authorizer))

    @app.websocket("say")
    def say(message: Text, there: Connection, event: WebSocketEvent) -> Any:
        there.send({"text": message.text.upper()})
        return {"heard": message.text, "same": there.id == event.connection_id}

    @app.websocket("$default")
    def other(text: Annotated[str, Body()], there: Connection) -> None:
        there.send(f"? {text}")
        there.send(b"\xff")

    @app.websocket("$disconnect")
    def disconnect(event: WebSocketEvent) -> None:
        seen.append((event.connection_id, event.disconnect_code))

    client = TestClient(handler(Logger())(app), headers={"X-User": "Ada"})
    options: dict[str, Any] = {"params": {"room": "a b", "tag": ["1", "2"]}, "cookies": {"session": "s"}}
    with client.websocket(**options, authorizer={"principalId": "p"}) as socket:
        assert socket.connected is not None
        assert (socket.connected.status, socket.is_open) == (200, True)
        answer = socket.send({"action": "say", "text": "hi"})
        assert (answer.status, answer.json()) == (200, {"heard": "hi", "same": True})
        assert socket.send("plain").raw == {"statusCode": 200, "body": "", "headers": {}}
        assert socket.received == ['{"text":"HI"}', "? plain", b"\xff"]
    assert seen == [
        (socket.id, "a b", "Ada", ["1", "2"], "s", 1, {"principalId": "p"}),
        (socket.id, 1000),
    ]
    assert not socket.is_open


def refuse_user() -> None:
    raise Unauthorized


def refuse_room() -> None:
    raise Forbidden("not this room")


def refuse_by_value() -> Any:
    return 403, {"no": True}


def fail() -> None:
    raise ValueError("secret")


def miss() -> None:
    raise KeyError


def needs(room: int) -> None: ...


@pytest.mark.parametrize(
    ("fn", "status"), [(refuse_user, 401), (refuse_room, 403), (refuse_by_value, 403), (fail, 500), (needs, 422)]
)
def test_a_client_is_refused_by_the_status(fn: Any, status: int, caplog: pytest.LogCaptureFixture) -> None:
    ended: list[int] = []
    app = app_of(connect=fn, disconnect=lambda: ended.append(1))
    with caplog.at_level(logging.ERROR), app.test_client().websocket(params={"room": "x"}) as socket:
        assert socket.connected is not None
        assert (socket.connected.status, socket.is_open) == (status, False)
        assert "secret" not in socket.connected.text
        with pytest.raises(ConfigurationError, match="not open"):
            socket.send("x")
    assert ended == []
    assert len(caplog.records) == (1 if fn is fail else 0)


def test_headers_of_the_answer_choose_a_protocol() -> None:
    app = app_of(connect=lambda: Response(None, headers={"Sec-WebSocket-Protocol": "chat"}))
    with app.test_client().websocket() as socket:
        assert socket.connected is not None
        assert socket.connected.headers == {"sec-websocket-protocol": "chat"}


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ('{"text": "a"}', 200),
        ("{", 400),
        ("[]", 422),
        ('{"text": 1}', 422),
        ("", 400),
        (b"\xff", 400),
        (b'{"text": "a"}', 200),
        ('{"text": NaN}', 400),
    ],
)
def test_a_message_that_does_not_fit_is_answered_with_problem_details(message: Any, status: int) -> None:
    def say(message: Text) -> str:
        return message.text

    with app_of(say=say).test_client().websocket() as socket:
        answer = socket.send(message, "say")
        assert answer.status == status
        if status != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status
            assert "Text" not in answer.text


def test_models_structs_lists_and_open_json_are_read_as_in_requests() -> None:
    def lines(lines: list[Line]) -> int:
        return sum(one.amount for one in lines)

    def anything(value: dict[str, Any]) -> Any:
        return value

    def raw(data: bytes) -> str:
        return data.hex()

    with app_of(lines=lines, anything=anything, raw=raw).test_client().websocket() as socket:
        assert socket.send([{"sku": "a", "amount": 2}], "lines").json() == 2
        assert socket.send([{"sku": "a", "amount": 0}], "lines").json()["errors"][0]["pointer"] == "#/0/amount"
        assert socket.send({"action": "anything", "b": 1}).json() == {"action": "anything", "b": 1}
        assert socket.send(b"\x00\xff", "raw").text == "00ff"


def test_an_unknown_key_goes_to_default_and_without_one_it_is_404() -> None:
    def default(event: WebSocketEvent) -> str:
        return event.route_key

    with app_of(default=default).test_client().websocket() as socket:
        assert socket.send({"action": "other"}).text == "other"
    with app_of(connect=lambda: None).test_client().websocket() as socket:
        assert socket.send({"action": "other"}).json() == {"type": "about:blank", "title": "Not Found", "status": 404}


def test_connect_and_disconnect_without_a_function_are_accepted() -> None:
    with app_of(default=lambda: None).test_client().websocket() as socket:
        assert socket.connected is not None
        assert socket.connected.status == 200


def test_one_app_answers_http_and_websockets() -> None:
    app = app_of(say=lambda: "hi")
    app.get("/")(lambda: "page")
    assert app.test_client().get("/").text == "page"
    with app.test_client().websocket() as socket:
        assert socket.send("", "say").text == "hi"


@pytest.mark.parametrize("name", ["websocket-connect", "websocket-message", "websocket-disconnect"])
def test_the_documented_events_are_answered(name: str) -> None:
    def where(event: WebSocketEvent) -> str:
        return event.route_key

    app = app_of(connect=where, disconnect=where, send=where)
    event = sample_event(name)
    assert app(event, None) == {
        "statusCode": 200,
        "body": event["requestContext"]["routeKey"],
        "headers": {"content-type": "text/plain; charset=utf-8"},
    }


def test_dependencies_invocation_and_what_layers_provide_are_arguments() -> None:
    closed: list[str] = []

    def user(event: WebSocketEvent) -> Any:
        yield event.connection_id
        closed.append(event.connection_id)

    def say(name: Any, invocation: Invocation, context: LambdaContext, *, table: str) -> Any:
        return [name, invocation.request_id == context.aws_request_id, table]

    say.__annotations__["name"] = Annotated[str, Depends(user)]
    app = app_of(say=say)
    made = handler(provide(table=lambda: "t"))(app)
    with TestClient(made).websocket() as socket:
        assert socket.send("", "say").json() == [socket.id, True, "t"]
        assert closed == [socket.id]
        with app.override(user, lambda: "Grace"):
            assert socket.send("", "say").json()[0] == "Grace"


def test_layers_of_app_router_and_route_stand_around_and_read_the_route() -> None:
    seen: list[Any] = []

    def recording(name: str) -> Any:
        @layer
        def record(event: Any, context: Any) -> Generator[None, Any, None]:
            response = yield
            seen.append((name, current_invocation().route, response["statusCode"]))

        return record

    async def say() -> str:
        return "hi"

    router = Router(layers=[recording("router")])
    router.websocket("say", layers=[recording("route")])(say)
    app = HttpApp(layers=[recording("app")])
    app.include(router)
    with app.test_client().websocket() as socket:
        seen.clear()
        assert socket.send("", "say").text == "hi"
        assert seen == [("route", "say", 200), ("router", "say", 200), ("app", "say", 200)]
        seen.clear()
        assert socket.send("", "other").status == 404
        assert seen == [("app", None, 404)]


def test_exceptions_are_answered_by_class() -> None:
    app = app_of(say=miss, other=fail)
    seen: list[Any] = []

    @app.on_error(KeyError)
    def on_key(error: KeyError, event: Any) -> Any:
        seen.append((type(event).__name__, event.route_key))
        return 409, {"no": True}

    with app.test_client().websocket() as socket:
        assert socket.send("", "say").json() == {"no": True}
        assert socket.send("", "other").status == 500
    assert seen == [("WebSocketEvent", "say")]
    assert Conflict().status == 409


@pytest.mark.parametrize("value", [b"bytes", "x" * 140_000, "\ud800", {"a": {1}, 2: object()}], ids=lambda one: "")
def test_an_answer_that_cannot_be_sent_is_500_and_logged(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), app_of(say=lambda: value).test_client().websocket() as socket:
        assert socket.send("", "say").status == 500
    assert len(caplog.records) == 1


def test_a_function_closes_a_connection_and_nothing_more_is_sent_to_it() -> None:
    ended: list[Any] = []
    app = HttpApp()

    @app.websocket("end")
    def end(ids: Annotated[list[str], Body()], own: Connection) -> Any:
        for one in ids:
            there = connection(one)
            there.close()
            with pytest.raises(ConnectionGone):
                there.send("late")
        own.send({"n": Decimal("1.5")})
        return connection(own.id).info()["Identity"]["SourceIp"]

    @app.websocket("$disconnect")
    def disconnect(event: WebSocketEvent) -> None:
        ended.append((event.connection_id, event.disconnect_code))

    client = TestClient(handler()(app))
    with client.websocket() as one, client.websocket() as other:
        assert one.send([other.id], "end").text == "192.0.2.1"
        assert ended == [(other.id, 1005)]
        assert (one.is_open, other.is_open, one.received) == (True, False, ['{"n":1.5}'])


def scalar(text: str) -> None: ...
def header(x: Annotated[str, Header()]) -> None: ...
def form(x: Annotated[str, Form()]) -> None: ...
def file(x: UploadFile) -> None: ...
def body(x: dict[str, str]) -> None: ...
def http_event(x: HttpEvent) -> None: ...
def dependent(x: Annotated[None, Depends(scalar)]) -> None: ...
def variable(*x: str) -> None: ...


@pytest.mark.parametrize(
    ("key", "fn", "words"),
    [
        ("say", scalar, "from the query, which only \\$connect has"),
        ("say", header, "from the header, which only"),
        ("say", form, "has no form"),
        ("say", file, "has no file"),
        ("say", http_event, "take a WebSocketEvent"),
        ("say", dependent, "from the query, which only"),
        ("$connect", body, "\\$connect has none"),
        ("$disconnect", scalar, "from the query"),
    ],
)
def test_a_parameter_that_no_message_holds_is_an_error_of_the_declaration(key: str, fn: Any, words: str) -> None:
    app = HttpApp()
    app.websocket(key)(fn)
    with pytest.raises(ConfigurationError, match=words):
        app.check()


@pytest.mark.parametrize("key", ["", "$conect", "$other"])
def test_a_key_that_the_api_does_not_have_is_refused(key: str) -> None:
    with pytest.raises(ConfigurationError, match="websocket"):
        HttpApp().websocket(key)(fail)


def test_two_functions_for_a_key_and_a_function_without_named_parameters_are_refused() -> None:
    app = app_of(say=fail)
    with pytest.raises(ConfigurationError, match="the same route 'say'"):
        app.websocket("say")(scalar)
    with pytest.raises(ConfigurationError, match="has to name the parameters"):
        app.websocket("other")(variable)


@pytest.mark.parametrize("annotation", [Connection, WebSocketEvent], ids=lambda one: one.__name__)
def test_a_route_of_http_has_no_connection(annotation: Any) -> None:
    def get(one: Any) -> None: ...

    get.__annotations__["one"] = annotation
    app = HttpApp()
    app.get("/")(get)
    with pytest.raises(ConfigurationError, match="which HTTP requests do not have"):
        app.check()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CONTEXT = st.fixed_dictionaries(
    {
        "connectionId": st.text(),
        "routeKey": st.sampled_from(["$connect", "$disconnect", "$default", "say"]) | st.text(),
    },
    optional={"eventType": JSON, "domainName": JSON, "stage": JSON, "apiId": JSON},
)


@given(
    context=CONTEXT,
    more=st.fixed_dictionaries(
        {},
        optional={
            "body": JSON,
            "isBase64Encoded": st.booleans() | JSON,
            "headers": JSON,
            "multiValueHeaders": JSON,
            "queryStringParameters": JSON,
            "multiValueQueryStringParameters": JSON,
        },
    ),
)
def test_any_event_of_a_websocket_api_has_an_answer_that_the_api_takes(context: Any, more: Any) -> None:
    def connect(room: str = "", x: Annotated[str, Header()] = "") -> Any:
        return [room, x]

    def say(message: Text | None = None) -> Any:
        return message and message.text

    app = app_of(connect=connect, say=say)
    logging.getLogger("lambda_kit").disabled = True
    try:
        found = app({"requestContext": context, **more}, None)
    finally:
        logging.getLogger("lambda_kit").disabled = False
    assert type(found["statusCode"]) is int
    assert type(found["body"]) is str
    json.dumps(found)


@pytest.mark.parametrize("context", [{}, {"connectionId": 1, "routeKey": "say"}, {"connectionId": "a"}, None])
def test_an_event_that_is_neither_is_an_error_of_events(context: Any) -> None:
    with pytest.raises(EventError, match="no HTTP request"):
        app_of(say=fail)({"requestContext": context}, None)


# The sender, against a server of our own


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("HOME", str(tmp_path))  # where no configuration file is
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    server = Server(reply(b""))
    yield server
    lambda_kit.testing.reset()  # closes what is open
    server.stop()


@pytest.mark.parametrize(
    ("value", "sent"), [("é", "é".encode()), (b"\xff", b"\xff"), ({"a": [Decimal("1.5")]}, b'{"a":[1.5]}')]
)
def test_a_message_is_sent_to_the_connection(api: Server, value: Any, sent: bytes) -> None:
    connection("L0=", f"{api.url}/prod/").send(value)
    connection("L0=", f"{api.url}/prod").close()
    assert [(one.method, one.target, one.body) for one in api.requests] == [
        ("POST", "/prod/@connections/L0%3D", sent),
        ("DELETE", "/prod/@connections/L0%3D", b""),
    ]


def test_a_client_that_has_gone_is_an_error_of_its_own(api: Server) -> None:
    api.script[:] = [reply(b"", 410, x_amzn_ErrorType="GoneException")]
    there = connection("L0=", api.url)
    for call in (lambda: there.send("x"), there.close, there.info):
        with pytest.raises(ConnectionGone):
            call()


def test_what_the_api_knows_of_a_connection(api: Server) -> None:
    api.script[:] = [reply(b'{"connectedAt": "2026-11-28T10:00:00Z", "identity": {"sourceIp": "192.0.2.1"}}')]
    assert connection("L0=", api.url).info() == {
        "ConnectedAt": 1795860000.0,
        "Identity": {"SourceIp": "192.0.2.1"},
    }


def test_the_endpoint_is_that_of_the_event_or_of_the_environment(api: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []

    def say(there: Connection) -> None:
        found.extend([there.endpoint, connection(there.id).endpoint])

    made = handler(app_of(send=say))
    event = sample_event("websocket-message")
    made(event, None)
    event["requestContext"]["domainName"] = "chat.example"  # the path below it is not in the event
    made(event, None)
    own = "https://abcdef1234.execute-api.eu-west-1.amazonaws.com/prod"
    assert found == [own] * 4
    monkeypatch.delenv("AWS_REGION")
    made(event, None)
    assert found[4:] == ["https://chat.example/prod"] * 2
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", f"{api.url}/test/")
    made(event, None)
    assert found[6:] == [f"{api.url}/test"] * 2


def test_without_an_event_the_endpoint_has_to_be_passed() -> None:
    with pytest.raises(ConfigurationError, match="has no endpoint"):
        connection("L0=")
    with pytest.raises(ConfigurationError, match="pass the id"):
        connection("")
    assert repr(connection("L0=", "https://a.example")) == "<Connection L0=>"
