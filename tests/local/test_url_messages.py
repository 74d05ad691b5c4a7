from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.events import HttpEvent
from lambda_kit.local._http_messages import Request
from lambda_kit.local._url_messages import MalformedResultError, event_of, prelude_of, response_of

TRACE = "Root=1-00000000-000000000000000000000000"


def request(
    method: str = "GET", target: str = "/", headers: list[tuple[str, str]] | None = None, body: bytes = b""
) -> Request:
    given = [("Host", "127.0.0.1:3000"), *(headers or [])]
    return Request(method, target, given, body, keep_alive=True, chunked_answer=True)


def event(*arguments: Any, **options: Any) -> dict[str, Any]:
    return event_of(request(*arguments, **options), "127.0.0.1", trace_root=TRACE)


def test_an_event_is_that_of_a_function_url() -> None:
    found = event(
        "PUT", "/a%20b?c=1&c=2&d=%20", [("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2"), ("Cookie", "c=3")]
    )
    assert (found["version"], found["routeKey"], found["isBase64Encoded"]) == ("2.0", "$default", False)
    assert (found["rawPath"], found["rawQueryString"]) == ("/a%20b", "c=1&c=2&d=%20")
    assert found["queryStringParameters"] == {"c": "1,2", "d": " "}
    assert found["cookies"] == ["a=1", "b=2", "c=3"]
    assert found["headers"] == {
        "host": "127.0.0.1:3000",
        "x-a": "1,2",
        "x-amzn-trace-id": TRACE,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-port": "3000",
        "x-forwarded-proto": "http",
    }
    assert found["requestContext"]["http"]["method"] == "PUT"
    assert HttpEvent(found).trigger == "function_url"
    assert "body" not in found


def test_headers_of_the_connection_do_not_reach_the_function() -> None:
    headers = [("Connection", "x-own, close"), ("X-Own", "1"), ("Transfer-Encoding", "chunked"), ("TE", "trailers")]
    found = event("POST", "/", [*headers, ("Upgrade", "h2c"), ("Expect", "100-continue")], b"abc")["headers"]
    assert found["content-length"] == "3"
    assert not {"connection", "x-own", "transfer-encoding", "te", "upgrade", "expect"} & found.keys()


def test_the_address_of_the_client_is_behind_those_that_it_names() -> None:
    assert event("GET", "/", [("X-Forwarded-For", "192.0.2.1")])["headers"]["x-forwarded-for"] == "192.0.2.1, 127.0.0.1"


@pytest.mark.parametrize(
    ("headers", "body", "encoded"),
    [
        ([("Content-Type", "application/json")], b'"\xc3\xa4"', False),
        ([("Content-Type", "Text/Plain; charset=utf-8")], b"a", False),
        ([("Content-Type", "application/problem+json")], b"{}", False),
        ([("Content-Type", "application/json")], b"\xff", True),
        ([("Content-Type", "application/json"), ("Content-Encoding", "gzip")], b"a", True),
        ([("Content-Type", "application/x-www-form-urlencoded")], b"a=b", True),
        ([("Content-Type", "application/octet-stream")], b"a", True),
        ([], b"a", True),
    ],
)
def test_a_body_is_base64_unless_its_type_is_text(headers: list[tuple[str, str]], body: bytes, encoded: bool) -> None:
    found = event("POST", "/", headers, body)
    assert found["isBase64Encoded"] is encoded
    assert HttpEvent(found).data == body


def result(value: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    response = response_of(json.dumps(value).encode(), "application/json")
    return response.status, response.headers, response.body


@pytest.mark.parametrize("value", [{"message": "Hello"}, "Hello", None, 7, [1, {"statusCode": 500}], {"status": 1}])
def test_a_result_without_a_status_is_the_body(value: Any) -> None:
    assert result(value) == (200, [("Content-Type", "application/json")], json.dumps(value).encode())


def test_a_result_with_a_status_is_a_response() -> None:
    headers = {"Content-Type": "text/html", "X-N": 1, "X-B": True}
    value = {"statusCode": "201", "headers": headers, "cookies": ["a=1; Path=/", "b=2"], "body": "grün"}
    assert result(value) == (
        201,
        [
            ("Content-Type", "text/html"),
            ("X-N", "1"),
            ("X-B", "true"),
            ("Set-Cookie", "a=1; Path=/"),
            ("Set-Cookie", "b=2"),
        ],
        "grün".encode(),
    )


def test_headers_that_a_function_url_keeps_for_itself_are_renamed_or_left_out() -> None:
    headers = {"WWW-Authenticate": "Bearer", "Content-Length": "3", "Transfer-Encoding": "chunked", "x": "1"}
    assert result({"statusCode": 401, "headers": headers})[1] == [
        ("Content-Type", "application/json"),
        ("x-amzn-remapped-www-authenticate", "Bearer"),
        ("x-amzn-remapped-content-length", "3"),
        ("x", "1"),
    ]


def test_a_body_in_base64_is_decoded() -> None:
    body = base64.b64encode(b"\xff\0").decode()
    assert result({"statusCode": 200, "body": body, "isBase64Encoded": True})[2] == b"\xff\0"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"statusCode": None}, "'statusCode' is None"),
        ({"statusCode": True}, "'statusCode' is True"),
        ({"statusCode": 99}, "'statusCode' is 99"),
        ({"statusCode": 200.5}, "'statusCode' is 200.5"),
        ({"body": {"a": 1}}, "'body' is a JSON object; it has to be a string"),
        ({"body": 1}, "'body' is a JSON number"),
        ({"body": "?", "isBase64Encoded": True}, "'body' is no base64"),
        ({"isBase64Encoded": "false"}, "'isBase64Encoded' has to be true or false"),
        ({"headers": [["a", "b"]]}, "'headers' is a JSON list"),
        ({"headers": {"a": ["b"]}}, "the header 'a' is a JSON list"),
        ({"headers": {"a": None}}, "the header 'a' is a JSON null"),
        ({"headers": {"a b": "c"}}, "'a b' is no name of a header"),
        ({"headers": {"a": "b\r\nSet-Cookie: c"}}, "a line break or a NUL"),
        ({"cookies": "a=1"}, "'cookies' is a JSON string"),
        ({"cookies": [1]}, "'cookies' has to be a list of strings"),
        ({"cookies": ["a=1\n"]}, "'cookies' has to be a list of strings"),
    ],
)
def test_a_result_that_a_function_url_cannot_send_is_refused_with_the_reason(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(MalformedResultError) as caught:
        result({"statusCode": 200, **fields})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"\xff", "application/unknown", "return bytes as base64"),
        (b"NaN", "application/json", "NaN, which JSON does not have"),
        (b"[" * 100_000, "application/json", "not JSON"),
        (b"\xff", "application/json", "not JSON"),
    ],
)
def test_a_result_that_is_no_json_is_refused(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(MalformedResultError) as caught:
        response_of(body, content_type)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"statusCode": "x"}'])
def test_a_stream_without_its_head_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedResultError):
        prelude_of(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["statusCode", "headers", "cookies", "body", "isBase64Encoded"])


@given(st.dictionaries(FIELDS, JSON | st.integers(200, 599) | st.dictionaries(st.text(max_size=3), st.text())))
def test_any_result_makes_a_response_that_can_be_sent_or_is_refused(fields: dict[str, Any]) -> None:
    try:
        status, headers, _ = result(fields)
    except MalformedResultError:
        return
    assert 200 <= status <= 599
    for name, value in headers:
        assert name
        assert not set(name + value) & {"\r", "\n", "\0"}
