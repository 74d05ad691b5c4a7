"""Whatever request comes, an app with everything turned on makes a response that the trigger takes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.events._http_build import HTTP_TRIGGERS, http_event
from lambda_kit.http import Cors, Response, SecurityHeaders
from lambda_kit.local._url_messages import response_of
from tests.http.clients import check_taken

ORIGIN = "https://shop.example"
app = HttpApp(
    cors=Cors(origins=[ORIGIN], credentials=True), compress=True, etag=True, security=SecurityHeaders(), max_body=200
)


@app.get("/orders/{order_id}")
def get_order(order_id: int, tag: list[str], expand: bool = False) -> Any:
    return {"id": order_id, "tags": tag, "expand": expand}


@app.post("/orders", status=201)
def place_order(order: dict[str, int]) -> Any:
    return order


@app.put("/files/{path:path}")
def put_file(path: str, request: HttpEvent) -> Response:
    response = Response(request.data * 40, media_type="text/plain")
    response.headers["X-Path"] = str(len(path))
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.delete("/orders/{order_id}")
def delete_order(order_id: int) -> None:
    return None


@app.get("/broken")
def broken() -> Any:
    raise KeyError("secret")


METHODS = st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PROPFIND"])
SEGMENTS = st.sampled_from(["orders", "7", "files", "broken", "", ".", "..", "%2F", "%", "%ff", "a%20b", "*", ";", "é"])
PATHS = st.lists(SEGMENTS | st.text(max_size=3), max_size=4).map(lambda parts: "/" + "/".join(parts))
KNOWN = st.sampled_from(["/orders", "/orders/7", "/orders/7?tag=a&tag=b&expand=1", "/files/a/b", "/broken"])
TARGETS = KNOWN | st.tuples(PATHS, st.text(max_size=10)).map("?".join) | PATHS
HEADERS = st.sampled_from(
    [
        ("Origin", ORIGIN),
        ("Origin", "null"),
        ("Access-Control-Request-Method", "DELETE"),
        ("Access-Control-Request-Headers", "x-a, content-type"),
        ("Content-Type", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Type", "multipart/form-data"),
        ("Content-Type", "text/plain; charset=nothing"),
        ("Content-Encoding", "gzip"),
        ("Accept-Encoding", "gzip;q=0.5, *;q=0"),
        ("If-None-Match", '"a", *'),
        ("If-Match", 'W/"'),
        ("Cookie", "a=1; a=2; ="),
        ("Content-Length", "-1"),
    ]
)
ANY_HEADER = st.tuples(st.text(st.characters(codec="ascii"), min_size=1, max_size=8), st.text(max_size=8))
BODIES = st.sampled_from([b"{}", b'{"a": 1}', b"a=b", b"[" * 150, b"\xff", b"x" * 201]) | st.binary(max_size=20)


@given(st.sampled_from(HTTP_TRIGGERS), METHODS, TARGETS, st.lists(HEADERS | ANY_HEADER, max_size=5), BODIES)
def test_any_request_gets_a_response_that_the_trigger_takes(
    trigger: Any, method: str, target: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    raw: Any = app(http_event(trigger, method, target, headers, body), None)
    check_taken(trigger, raw)
    assert 200 <= raw["statusCode"] < 600
    text = json.dumps(raw).encode()
    if trigger in ("http_api_2", "function_url"):
        response = response_of(text, "application/json")
        assert response.status == raw["statusCode"]
        assert not any(name.startswith("x-amzn-remapped-") for name, _ in response.headers)
