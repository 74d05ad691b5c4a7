"""What an attacker would try, and mistakes of routes: every answer is one that the trigger takes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp, layer
from lambda_kit.errors import ConfigurationError
from lambda_kit.events._http_build import HTTP_TRIGGERS
from lambda_kit.http import Cors, FileResponse, HttpError, NotFound, Redirect, Response, SecurityHeaders
from tests.effort import skip_in_the_middle
from tests.http.clients import check_taken, every_trigger, problem

skip_in_the_middle()

type_of: Any = type
SHOP = "https://shop.example"
LONG = "é" * 2000
FULL: dict[str, Any] = {
    "cors": Cors([SHOP], headers=["*"], expose=["X-Total"], credentials=True),
    "security": SecurityHeaders(),
    "compress": True,
    "etag": True,
}


def app_of(make: Any, **options: Any) -> HttpApp:
    app = HttpApp(**options)

    @app.get("/")
    def route() -> Any:
        return make()

    return app


# Headers that routes set

WRONG: list[Any] = [5, None, b"a", ["a", 5], "a\r\nX-Evil: 1", "a\0", "\ud800", {"a": 1}, ["a\nb"], object()]
NAMES = ["content-type", "cache-control", "vary", "etag", "x-a", "content-encoding", "set-cookie", "last-modified"]


@given(st.sampled_from(HTTP_TRIGGERS), st.sampled_from(NAMES), st.sampled_from(WRONG), st.booleans(), st.booleans())
def test_a_header_of_any_value_is_sent_or_500(trigger: Any, name: str, value: Any, later: bool, full: bool) -> None:
    def make() -> Response:
        if not later:
            return Response(LONG, headers={name: value})
        response: Any = Response(LONG)
        response.headers[name] = value
        return response  # type: ignore[no-any-return]

    headers = {"Origin": SHOP, "Accept-Encoding": "gzip, br", "If-None-Match": '"a"'}
    answer = app_of(make, **(FULL if full else {})).test_client(trigger).get("/", headers=headers)
    check_taken(trigger, answer.raw)
    assert "x-evil" not in answer.headers
    if answer.status == 500:
        assert problem(answer)["title"] == "Internal Server Error"
    else:
        assert answer.status == 200
    if full:
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert answer.headers["x-content-type-options"] == "nosniff"


@every_trigger
def test_cookies_that_are_set_as_headers_are_cookies(trigger: Any) -> None:
    def make() -> Response:
        response = Response("x", headers={"Set-Cookie": "a=1; Path=/"})
        response.set_cookie("b", "2")
        response.headers.add("set-cookie", "c=3")
        return response

    answer = app_of(make).test_client(trigger).get("/")
    assert answer.cookies == {"a": "1", "b": "2", "c": "3"}
    assert len(answer.set_cookies) == 3
    check_taken(trigger, answer.raw)


@every_trigger
def test_cookies_of_errors_and_replaced_ones_are_cookies(trigger: Any) -> None:
    def fail() -> None:
        raise HttpError(401, headers={"Set-Cookie": "a=; Max-Age=0"})

    def replace() -> Response:
        response = Response("x")
        response.set_cookie("a", "1")
        response.headers["Set-Cookie"] = ["b=2", "c=3"]
        return response

    assert app_of(fail).test_client(trigger).get("/").set_cookies == ["a=; Max-Age=0"]
    assert app_of(replace).test_client(trigger).get("/").cookies == {"b": "2", "c": "3"}


@every_trigger
@pytest.mark.parametrize("cookie", ["a=1\r\nX-Evil: 1", "a=1\nSet-Cookie: b=2", "a=\0", "a=\x7f"], ids=repr)
def test_no_header_is_injected_by_a_cookie(trigger: Any, cookie: str, caplog: pytest.LogCaptureFixture) -> None:
    def make() -> Response:
        response = Response("x")
        response.cookies.append(cookie)
        return response

    answer = app_of(make, **FULL).test_client(trigger).get("/")
    assert (answer.status, answer.set_cookies, len(caplog.records)) == (500, [], 1)
    check_taken(trigger, answer.raw)


@every_trigger
@pytest.mark.parametrize(
    ("location", "sent"),
    [
        ("/a?b=c&d=%20#e", "/a?b=c&d=%20#e"),
        ("/é b", "/%C3%A9%20b"),
        ("/a\r\nX-Evil: 1", "/a%0D%0AX-Evil:%201"),
        ("https://a.example/[x]", "https://a.example/[x]"),
    ],
    ids=repr,
)
def test_a_redirect_goes_to_a_url_whatever_it_holds(trigger: Any, location: str, sent: str) -> None:
    answer = app_of(lambda: Redirect(location)).test_client(trigger).get("/")
    assert (answer.status, answer.headers["location"], "x-evil" in answer.headers) == (303, sent, False)


@every_trigger
@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/plain", LONG.encode()),
        ("text/plain; charset=iso-8859-1", LONG.encode("iso-8859-1")),
        ('Text/HTML; Charset="UTF-16-LE"', LONG.encode("utf-16-le")),
        ("application/xml;charset=UTF-8", LONG.encode()),
    ],
)
def test_text_is_sent_in_the_charset_of_its_type(trigger: Any, media_type: str, content: bytes) -> None:
    def parts() -> Any:
        yield LONG[:1000]
        yield LONG[1000:]

    for make in (lambda: Response(LONG, media_type=media_type), lambda: Response(parts(), media_type=media_type)):
        answer = app_of(make).test_client(trigger).get("/")
        assert answer.content == content
        check_taken(trigger, answer.raw)


@pytest.mark.parametrize("charset", ["ascii", "klingon"])
def test_a_charset_that_does_not_have_the_text_is_500(charset: str, caplog: pytest.LogCaptureFixture) -> None:
    media_type = f"text/plain; charset={charset}"
    with pytest.raises(ConfigurationError, match=charset):
        Response("é", media_type=media_type)
    assert app_of(lambda: Response(iter(["é"]), media_type=media_type)).test_client().get("/").status == 500
    assert len(caplog.records) == 1


def test_text_that_is_no_text_is_500_with_all_options() -> None:
    answer = app_of(lambda: "\ud800" * 2000, **FULL).test_client().get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.status == 500
    check_taken("http_api_2", answer.raw)


@every_trigger
@pytest.mark.parametrize(
    ("value", "status", "content"),
    [
        ((201, {"a": 1}), 201, b'{"a":1}'),
        ((HTTPStatus.ACCEPTED, {"a": 1}), 202, b'{"a":1}'),
        ((HTTPStatus.NO_CONTENT, None), 204, b""),
        ((5, {"a": 1}), 500, None),
        ((999, None), 500, None),
        ((True, "a"), 200, b'[true,"a"]'),
        ((201, 5, 5), 200, b"[201,5,5]"),
        ((), 200, b"[]"),
    ],
    ids=repr,
)
def test_a_status_beside_a_value_is_one_or_500(trigger: Any, value: Any, status: int, content: Any) -> None:
    answer = app_of(lambda: value).test_client(trigger).get("/")
    assert answer.status == status
    assert content is None or answer.content == content
    check_taken(trigger, answer.raw)


@every_trigger
@pytest.mark.parametrize("status", [99, 1000, "200", None, 200.0, True], ids=repr)
def test_a_status_that_is_set_later_is_checked_too(trigger: Any, status: Any) -> None:
    def make() -> Response:
        response = Response("x")
        response.status = status
        return response

    answer = app_of(make, cors=Cors([SHOP])).test_client(trigger).get("/")
    assert problem(answer)["status"] == 500
    check_taken(trigger, answer.raw)


def test_statuses_of_the_standard_library_are_statuses() -> None:
    app = HttpApp()

    @app.get("/route", status=HTTPStatus.CREATED)
    def route() -> Any:
        return {}

    app.get("/response")(lambda: Response("x", HTTPStatus.CREATED))

    @app.get("/error")
    def error() -> None:
        raise HttpError(HTTPStatus.CONFLICT)

    client = app.test_client()
    raw = [client.get(path).raw["statusCode"] for path in ("/route", "/response", "/error")]
    assert [(one, type_of(one)) for one in raw] == [(201, int), (201, int), (409, int)]


@pytest.mark.parametrize(
    "options", [{"hsts": -1}, {"hsts": "1"}, {"frame": "ALLOW"}, {"csp": "a\r\nb: c"}, {"referrer": "\xe9"}], ids=repr
)
def test_a_security_header_that_cannot_be_sent_is_refused(options: Any) -> None:
    with pytest.raises(ConfigurationError, match="SecurityHeaders"):
        SecurityHeaders(**options)


# Other origins


@given(
    st.sampled_from(HTTP_TRIGGERS),
    st.text('aZ0-,; \t*"/:é\x00\r\n', max_size=12),
    st.sampled_from([SHOP, SHOP.upper(), SHOP + ".evil.example", "null", "", f"{SHOP}, https://evil.example", "*"]),
)
def test_any_preflight_is_answered(trigger: Any, asked: str, origin: str) -> None:
    client = app_of(dict, **FULL).test_client(trigger)
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": asked}
    answer = client.options("/", headers=headers)
    assert answer.status == 204
    check_taken(trigger, answer.raw)
    assert answer.headers.get("access-control-allow-origin", origin) == origin
    assert ("access-control-allow-origin" in answer.headers) is (origin.lower() == SHOP)
    assert ("access-control-allow-methods" in answer.headers) is (origin.lower() == SHOP)
    allowed = answer.headers.get("access-control-allow-headers", "").split(", ")
    assert {one.lower() for one in allowed if one} <= {one.strip().lower() for one in asked.split(",")}


@every_trigger
def test_headers_for_other_origins_and_varying_come_once(trigger: Any) -> None:
    @layer
    def own(event: Any, context: Any) -> Any:
        yield
        return {
            "statusCode": 403,
            "headers": {"Access-Control-Allow-Origin": "*", "Vary": "origin, Accept-Encoding"},
            "multiValueHeaders": {"ACCESS-CONTROL-ALLOW-CREDENTIALS": ["false"]},
            "body": LONG,
        }

    headers = {"Origin": SHOP, "Accept-Encoding": "gzip"}
    answer = app_of(dict, layers=[own], **FULL).test_client(trigger).get("/", headers=headers)
    assert answer.status == 403
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "origin, Accept-Encoding"


@pytest.mark.parametrize(
    "options",
    [
        {"headers": ["a b"]},
        {"headers": "content-type"},
        {"expose": ["x-a\r\nx-b: c"]},
        {"expose": [""]},
        {"expose": ["*"], "credentials": True},
    ],
    ids=repr,
)
def test_rules_for_other_origins_that_browsers_would_refuse_are_errors(options: Any) -> None:
    with pytest.raises(ConfigurationError, match="Cors"):
        Cors([SHOP], **options)


# Caching


@every_trigger
def test_cache_control_is_on_successful_answers_alone(trigger: Any) -> None:
    app = HttpApp(etag=True)

    @app.get("/{kind}", cache_control="max-age=60")
    def route(kind: str, number: int = 0) -> Any:
        if kind == "missing":
            raise NotFound
        if kind == "broken":
            raise KeyError
        if kind == "file":
            return FileResponse(__file__)
        own = {"Cache-Control": "no-store"}
        found: dict[str, Any] = {
            "own": Response("x", headers=own),
            "error": (409, {}),
            "moved": Redirect("/"),
            "made": (201, {}),
        }
        return found.get(kind, {"a": 1})

    client = app.test_client(trigger)

    def found(path: str, **headers: str) -> Any:
        answer = client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return answer.status, answer.headers.get("cache-control")

    assert found("/ok") == (200, "max-age=60")
    assert found("/made") == (201, "max-age=60")
    assert found("/ok", if_none_match="*") == (304, "max-age=60")
    assert found("/file", range="bytes=0-1") == (206, "max-age=60")
    assert found("/own") == (200, "no-store")
    for path, status in (("/missing", 404), ("/broken", 500), ("/error", 409), ("/moved", 303), ("/ok?number=a", 422)):
        assert found(path) == (status, None)
    assert found("/file", range="bytes=99999999-") == (416, None)
    assert found("/file", if_match='"x"') == (412, None)


# Every kind of answer


ANSWERS: list[tuple[Any, str, int]] = [
    (lambda: {"a": LONG}, "GET", 200),
    (lambda: LONG, "GET", 200),
    (lambda: b"\xff" * 3000, "GET", 200),
    (lambda: None, "GET", 204),
    (lambda: iter([LONG]), "GET", 200),
    (lambda: FileResponse(__file__), "GET", 200),
    (lambda: FileResponse("none", root="/tmp"), "GET", 404),
    (lambda: Redirect("/x"), "GET", 303),
    (lambda: Response(None, 304), "GET", 304),
    (lambda: Response(b"x" * 7_000_000, media_type="image/png"), "GET", 500),
    (lambda: 1 / 0, "GET", 500),
    (object, "GET", 500),
    (dict, "HEAD", 200),
    (dict, "OPTIONS", 204),
    (dict, "PUT", 405),
    (dict, "BREW", 405),
]


@every_trigger
@pytest.mark.parametrize(("make", "method", "status"), ANSWERS, ids=[str(at) for at in range(len(ANSWERS))])
def test_every_kind_of_answer_has_all_headers_once(trigger: Any, make: Any, method: str, status: int) -> None:
    headers = {"Origin": SHOP, "Accept-Encoding": "gzip"}
    answer = app_of(make, **FULL).test_client(trigger).request(method, "/", headers=headers)
    assert answer.status == status
    check_taken(trigger, answer.raw)
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-expose-headers"] == "X-Total"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    names = [one.strip().lower() for one in answer.headers["vary"].split(",")]
    assert sorted(set(names)) == sorted(names)
    assert "origin" in names
    if status in (204, 304) or method == "HEAD":
        assert answer.content == b""
    if status >= 400:
        assert problem(answer)["status"] == status
        assert "cache-control" not in answer.headers
