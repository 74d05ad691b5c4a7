"""HTTP requests: each trigger's event is read as what the client sent."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import handler
from lambda_kit.errors import EventError
from lambda_kit.events import HttpEvent, as_event, http_trigger_of
from lambda_kit.events._http_build import HTTP_TRIGGERS, http_event
from lambda_kit.testing import invoke
from tests.events.samples import payload

SAMPLES = {
    "http_rest_api": ("rest_api", "POST", "/path/to/resource"),
    "http_api_1": ("http_api_1", "GET", "/my/path"),
    "http_api_2": ("http_api_2", "POST", "/my/path"),
    "http_function_url": ("function_url", "GET", "/"),
    "http_alb": ("alb", "GET", "/lambda"),
    "http_alb_multi_value": ("alb_multi_value", "GET", "/"),
    "http_lattice_1": ("lattice_1", "POST", "/path/to/resource"),
    "http_lattice_2": ("lattice_2", "GET", "/newpath"),
}
type_of: Any = type
every_trigger = pytest.mark.parametrize("trigger", HTTP_TRIGGERS)
PROPERTIES = [
    name for name in dir(HttpEvent) if not name.startswith("_") and isinstance(getattr(HttpEvent, name), property)
]
SEGMENT_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda text: "/" not in text)


def read(trigger: Any, target: str = "/", **options: Any) -> HttpEvent:
    return HttpEvent(http_event(trigger, options.pop("method", "GET"), target, **options))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_shows_its_trigger_its_method_and_its_path(name: str) -> None:
    request = HttpEvent(payload(name))
    assert (request.trigger, request.method, request.path) == SAMPLES[name]
    assert request.source_ip is None or "." in request.source_ip
    for one in PROPERTIES:
        if one not in ("data", "body", "json", "json_text", "parsed"):
            getattr(request, one)


@every_trigger
def test_a_trigger_is_recognised(trigger: str) -> None:
    assert http_trigger_of(http_event(trigger, "GET", "/")) == trigger  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"Records": []},
        {"type": "REQUEST", "httpMethod": "GET", "path": "/", "requestContext": {}},
        {"version": "2.0", "type": "REQUEST", "requestContext": {"http": {"method": "GET"}}},
        {"requestContext": {"eventType": "CONNECT", "connectionId": "c"}},
        {"messageVersion": "1.0", "httpMethod": "GET", "apiPath": "/", "agent": {}},
    ],
    ids=["none", "empty", "records", "authorizer-1", "authorizer-2", "websocket", "agent"],
)
def test_what_is_no_http_request_says_so(event: Any) -> None:
    assert http_trigger_of(event) is None
    with pytest.raises(EventError, match="no HTTP request"):
        HttpEvent(event).method  # noqa: B018
    assert repr(HttpEvent(event)) == "<HttpEvent without a method or a path>"


@every_trigger
@given(segments=st.lists(SEGMENT_TEXTS, min_size=1, max_size=3))
def test_a_path_is_decoded_once(trigger: Any, segments: list[str]) -> None:
    request = read(trigger, "/" + "/".join(quote(one, safe="") for one in segments))
    expected = "/" + "/".join(segments)
    if trigger in ("http_api_1", "http_api_2"):
        expected = expected.partition("?")[0]  # the trigger cuts it
    assert request.path == expected


@every_trigger
@given(pairs=st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), SEGMENT_TEXTS)))
def test_a_query_keeps_repeated_values_and_their_order(trigger: Any, pairs: list[tuple[str, str]]) -> None:
    request = read(trigger, "/?" + "&".join(f"{quote_plus(name)}={quote(value)}" for name, value in pairs))
    for name in {name for name, _ in pairs}:
        values = [value for one, value in pairs if one == name]
        assert request.query[name] == values[-1]
        assert request.query.all(name) == (values[-1:] if trigger == "alb" else values)
    assert len(request.query) == len({name for name, _ in pairs})


@every_trigger
def test_an_encoded_comma_does_not_split_a_value(trigger: Any) -> None:
    assert read(trigger, "/?tag=a%2Cb").query.all("tag") == ["a,b"]


@every_trigger
@pytest.mark.parametrize("text", ["%", "%zz", "%e4", "a%2"])
def test_an_invalid_escape_raises_nothing(trigger: Any, text: str) -> None:
    request = read(trigger, f"/{text}?a={text}")
    assert request.path.startswith(("/%", "/\ufffd", "/a%2"))
    assert request.query["a"] == request.path[1:]


@every_trigger
def test_letter_case_of_a_header_does_not_count(trigger: Any) -> None:
    request = read(trigger, headers=[("X-Tenant", "a"), ("Accept", "text/html"), ("Accept", "text/plain")])
    assert request.headers["x-tenant"] == request.headers.get("X-TENANT") == "a"
    assert "X-tenant" in request.headers
    assert [one.strip() for one in request.headers["accept"].split(",")] == ["text/html", "text/plain"]
    assert request.headers.get("x-none") is None
    assert request.headers.get("x-none", "b") == "b"
    with pytest.raises(KeyError):
        request.headers["x-none"]


@every_trigger
def test_cookies_are_what_the_client_sent(trigger: Any) -> None:
    request = read(trigger, headers=[("Cookie", 'a=1; b="x y"; c=d=e; a=2'), ("Cookie", "f=; broken; =g")])
    assert request.cookies == {"a": "1", "b": '"x y"', "c": "d=e", "f": ""}
    assert "a=1" in request.headers["cookie"]


@every_trigger
def test_bytes_and_text_of_a_body_are_decoded(trigger: Any) -> None:
    assert read(trigger, body=b"\xff\x00").data == b"\xff\x00"
    assert read(trigger, body="é".encode()).body == "é"
    assert (read(trigger).data, read(trigger).body) == (b"", "")
    latin = read(trigger, headers=[("Content-Type", 'text/plain; charset="ISO-8859-1"')], body=b"\xe9")
    assert (latin.body, latin.charset, latin.media_type) == ("é", "iso-8859-1", "text/plain")


@every_trigger
def test_json_is_decoded_once(trigger: Any) -> None:
    request = read(trigger, body=b'{"a": [1]}')
    assert request.json == {"a": [1]}
    assert request.json is request.json


@every_trigger
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b"NaN", b"1 2", b'"\xff"'], ids=["none", "cut", "deep", "nan", "two", "utf-8"]
)
def test_a_body_that_is_not_json_is_an_error_without_the_body(trigger: Any, body: bytes) -> None:
    request = read(trigger, body=body)
    errors: list[str] = []
    for _ in range(2):
        with pytest.raises(EventError, match="the body of the HttpEvent") as caught:
            request.json  # noqa: B018
        errors.append(str(caught.value))
        assert caught.value.__context__ is None or not isinstance(caught.value.__context__, UnicodeDecodeError)
    assert errors[0] == errors[1]


@every_trigger
def test_invalid_base64_is_an_error(trigger: Any) -> None:
    event = http_event(trigger, "POST", "/", body=b"\xff")
    event["body"] = "?"
    with pytest.raises(EventError, match="not valid base64"):
        HttpEvent(event).data  # noqa: B018


@every_trigger
def test_an_unknown_charset_is_an_error(trigger: Any) -> None:
    request = read(trigger, headers=[("content-type", "text/plain; charset=klingon")], body=b"\xff")
    with pytest.raises(EventError, match="charset of the HttpEvent is unknown"):
        request.body  # noqa: B018


@pytest.mark.parametrize(
    ("raw", "stage", "key", "expected"),
    [
        ("/prod/orders", "prod", "$default", "/orders"),
        ("/prod", "prod", "$default", "/"),
        ("/production", "prod", "$default", "/production"),
        ("/orders", "$default", "$default", "/orders"),
        ("/prod/orders", "prod", "GET /prod/orders", "/prod/orders"),
        ("/prod/prod/orders", "prod", "GET /prod/orders", "/prod/orders"),
    ],
)
def test_the_stage_of_an_http_api_is_no_part_of_the_path(raw: str, stage: str, key: str, expected: str) -> None:
    context = {"http": {"method": "GET"}, "stage": stage}
    request = HttpEvent({"version": "2.0", "rawPath": raw, "routeKey": key, "requestContext": context})
    assert request.path == expected


def test_an_http_api_sends_paths_decoded() -> None:
    assert read("http_api_2", "/a%2525").path == "/a%25"
    assert not read("http_api_2").path_is_encoded
    assert read("rest_api", "/a%2525").path == "/a%25"
    assert read("rest_api").path_is_encoded


def test_what_a_minimal_test_event_lacks_is_named() -> None:
    request = HttpEvent({"httpMethod": "GET"})
    assert (request.method, request.body, request.headers.get("x"), request.stage) == ("GET", "", None, None)
    assert len(request.query) == 0
    with pytest.raises(EventError, match="has no 'path'"):
        request.path  # noqa: B018


def test_nulls_of_a_rest_api_are_read_as_nothing() -> None:
    names = ("headers", "multiValueHeaders", "queryStringParameters", "pathParameters", "stageVariables", "body")
    request = HttpEvent({"httpMethod": "GET", "path": "/", "requestContext": {}, **dict.fromkeys(names)})
    assert (len(request.headers), len(request.query), request.path_parameters, request.stage_variables) == (
        0,
        0,
        {},
        {},
    )
    assert request.data == b""


def test_the_findings_of_authorizers_are_read() -> None:
    def request(authorizer: Any) -> HttpEvent:
        return HttpEvent({"requestContext": {"http": {"method": "GET"}, "authorizer": authorizer}})

    jwt = request({"jwt": {"claims": {"sub": "u"}, "scopes": ["read", "write"]}})
    assert (jwt.claims, jwt.scopes) == ({"sub": "u"}, ["read", "write"])
    assert request({"jwt": {"claims": {"sub": "u"}, "scopes": None}}).scopes == []
    assert request({"claims": {"sub": "u"}}).claims == {"sub": "u"}
    assert request({"lambda": None}).authorizer == {"lambda": None}
    assert (request(None).authorizer, request(None).claims) == ({}, {})


def test_the_address_of_the_client_is_the_one_that_the_trigger_has_seen() -> None:
    for trigger in HTTP_TRIGGERS:
        assert read(trigger, headers=[("X-Forwarded-For", "198.51.100.1")]).source_ip == "192.0.2.1"


def test_a_repr_shows_no_values() -> None:
    request = read("function_url", "/orders?token=secret", headers=[("Authorization", "secret")])
    assert "secret" not in repr(request) + repr(request.query) + repr(request.headers)
    assert repr(request) == "<HttpEvent GET /orders>"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["GET", "2.0", "1.0"])
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


def paths_in(value: Any, depth: int = 2) -> list[tuple[str, ...]]:
    if type_of(value) is not dict or not depth:
        return []
    inner: dict[str, Any] = value
    return [path for name in inner for path in [(name,), *((name, *rest) for rest in paths_in(inner[name], depth - 1))]]


PATHS = [
    path
    for trigger in HTTP_TRIGGERS
    for path in paths_in(http_event(trigger, "POST", "/a?b=c", [("cookie", "d=e"), ("x", "y")], b"{}"))
]


@given(st.sampled_from(HTTP_TRIGGERS), st.lists(st.tuples(st.sampled_from(PATHS), ANYTHING), max_size=4))
def test_any_json_raises_only_the_errors_of_the_kit(trigger: Any, changes: list[tuple[tuple[str, ...], Any]]) -> None:
    event = http_event(trigger, "POST", "/a?b=c", [("cookie", "d=e"), ("x", "y")], b"{}")
    for path, value in changes:
        into: Any = event
        for name in path[:-1]:
            into = into.get(name) if type_of(into) is dict else None
        if type_of(into) is dict:
            into[path[-1]] = value
    before = json.dumps(event, sort_keys=True)
    read_all(event)
    assert json.dumps(event, sort_keys=True) == before


@given(ANYTHING)
def test_any_value_raises_only_the_errors_of_the_kit(event: Any) -> None:
    read_all(event)


def read_all(event: Any) -> None:
    request = HttpEvent(event)
    assert repr(request).startswith("<HttpEvent ")
    for name in PROPERTIES:
        with contextlib.suppress(EventError):
            getattr(request, name)


def test_as_event_gives_the_request_of_any_trigger() -> None:
    @handler(as_event(HttpEvent))
    def method(event: HttpEvent, context: Any) -> str:
        return event.method

    assert [invoke(method, http_event(trigger, "PUT", "/")).value for trigger in HTTP_TRIGGERS] == ["PUT"] * 8
    with pytest.raises(EventError, match="needs an event of http, and was given an event of sqs"):
        invoke(method, payload("snsSqsEvent")).unwrap()


def test_nothing_is_copied_and_events_compare_by_their_dicts() -> None:
    event = http_event("rest_api", "GET", "/")
    assert HttpEvent(event).raw is event
    assert HttpEvent(event) == HttpEvent(copy.deepcopy(event))
    assert base64.b64encode(HttpEvent(event).data) == b""


@pytest.mark.parametrize(
    ("name", "year", "part"),
    [
        ("http_rest_api", 2015, "identity"),
        ("http_api_1", 2020, "identity"),
        ("http_api_2", 2020, "http"),
        ("http_function_url", 2022, "http"),
        ("http_lattice_2", 2023, "identity"),
        ("http_alb", None, "elb"),
        ("http_lattice_1", None, None),
    ],
)
def test_the_time_of_the_request_and_what_one_trigger_knows_are_there(
    name: str, year: int | None, part: str | None
) -> None:
    request = HttpEvent(payload(name))
    assert (request.requested_at.year if request.requested_at else None) == year
    assert part is None or part in request.request_context
    assert bool(request.request_context) == (part is not None)


@pytest.mark.parametrize("name", ["http_rest_api", "http_api_2"])
def test_the_program_of_the_client_is_found_without_headers(name: str) -> None:
    event: dict[str, Any] = {**payload(name), "headers": {}, "multiValueHeaders": None}
    assert HttpEvent(event).user_agent
    assert HttpEvent({**event, "requestContext": {"http": {"method": "GET"}}}).user_agent is None


@pytest.mark.parametrize(
    ("body", "position"), [('{"a": 1} x', 8), ("[1] [2]", 3), (" \n{} \t{}", 4)], ids=["text", "a value", "blanks"]
)
def test_a_body_that_holds_more_than_one_json_value_is_refused(body: str, position: int) -> None:
    with pytest.raises(EventError, match=f"it holds something else from character {position} on"):
        _ = HttpEvent({"httpMethod": "POST", "path": "/", "body": body}).json
    assert HttpEvent({"httpMethod": "POST", "path": "/", "body": f"{body[:position]} \r\n"}).json in ({}, [1], {"a": 1})
