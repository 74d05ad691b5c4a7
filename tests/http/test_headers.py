"""Headers that the app adds to answers: CORS, ETag, security."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import HttpApp, provide
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import Cors, Forbidden, Response, SecurityHeaders, check_etag
from tests.http.clients import check_taken, every_trigger

SHOP = "https://shop.example"
LONG = "a" * 2000


def shop(**options: Any) -> HttpApp:
    app = HttpApp(**options)

    @app.get("/orders/{number}")
    def get_order(number: int) -> Any:
        if number == 3:
            raise Forbidden
        if number == 4:
            raise KeyError
        return {"number": number, "text": LONG}

    @app.post("/orders/{number}")
    def post_order(number: int, body: dict[str, Any]) -> Any:
        return body

    return app


@every_trigger
@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/orders/1", {}, 200),
        ("GET", "/orders/3", {}, 403),
        ("GET", "/orders/4", {}, 500),
        ("GET", "/orders/x", {}, 422),
        ("GET", "/none", {}, 404),
        ("PUT", "/orders/1", {}, 405),
        ("POST", "/orders/1", {"content": "{" + LONG}, 413),
        ("POST", "/orders/1", {"content": "{"}, 400),
        ("POST", "/orders/1", {"content": "{}", "headers": {"Origin": SHOP, "Content-Type": "text/plain"}}, 415),
        ("OPTIONS", "/none", {"headers": {"Origin": SHOP, "Access-Control-Request-Method": "GET"}}, 404),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else None,
)
def test_every_answer_has_the_headers_of_cors(trigger: Any, method: str, path: str, options: Any, status: int) -> None:
    app = shop(cors=Cors([SHOP], expose=["X-Total"]), max_body=1000)
    sent: dict[str, Any] = {"headers": {"Origin": SHOP}, **options}
    answer = app.test_client(trigger).request(method, path, **sent)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-expose-headers"] == "X-Total"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers
    check_taken(trigger, answer.raw)


@every_trigger
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://other.example"}, {"Origin": "null"}], ids=str)
def test_nothing_is_allowed_without_an_allowed_origin(trigger: Any, headers: Any) -> None:
    client = shop(cors=Cors([SHOP], credentials=True)).test_client(trigger)
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/orders/1", headers={**headers, "Access-Control-Request-Method": "GET"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["vary"] == "Origin"


@every_trigger
def test_a_preflight_names_the_methods_of_its_path(trigger: Any) -> None:
    client = shop(cors=Cors([SHOP], max_age=60)).test_client(trigger)
    answer = client.options("/orders/1", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
    assert (answer.status, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    assert answer.headers["access-control-allow-headers"] == "content-type, authorization"
    assert answer.headers["access-control-max-age"] == "60"
    assert answer.headers["access-control-allow-origin"] == SHOP


@every_trigger
def test_options_without_a_preflight_is_no_preflight(trigger: Any) -> None:
    answer = shop(cors=Cors([SHOP])).test_client(trigger).options("/orders/1", headers={"Origin": SHOP})
    assert "access-control-allow-methods" not in answer.headers


@every_trigger
def test_all_origins_do_not_vary_and_have_no_credentials(trigger: Any) -> None:
    client = shop(cors=Cors(["*"], headers=["*"])).test_client(trigger)
    answer = client.get("/orders/1", headers={"Origin": SHOP})
    assert (answer.headers["access-control-allow-origin"], "vary" in answer.headers) == ("*", False)
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-a, x-b"}
    preflight = client.options("/orders/1", headers=asked)
    assert preflight.headers["access-control-allow-headers"] == "x-a, x-b"
    assert preflight.headers["vary"] == "Access-Control-Request-Headers"
    with pytest.raises(ConfigurationError, match="needs named origins"):
        Cors(["*"], credentials=True)


@every_trigger
def test_credentials_come_with_the_origin_itself(trigger: Any) -> None:
    answer = shop(cors=Cors([SHOP], credentials=True)).test_client(trigger).get("/orders/1", headers={"Origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_a_function_url_with_rules_of_its_own_gets_no_headers_twice() -> None:
    app = shop(cors=Cors([SHOP], function_url=False))
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        own = app.test_client("function_url").request(method, "/orders/1", headers=asked).headers
        assert not [name for name in own if name.startswith("access-control") or name == "vary"]
        other = app.test_client("http_api_2").request(method, "/orders/1", headers=asked).headers
        assert other["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize("origins", [[], SHOP, ["shop.example"], [SHOP + "/"], ["https://*.example"]], ids=str)
def test_what_is_no_origin_is_refused(origins: Any) -> None:
    with pytest.raises(ConfigurationError, match="Cors"):
        Cors(origins)


def test_headers_are_added_to_answers_of_layers_too() -> None:
    app = HttpApp(cors=Cors([SHOP]), security=SecurityHeaders(), layers=[provide(a=lambda: 1)])
    answer = app.test_client().get("/none", headers={"Origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["x-content-type-options"] == "nosniff"


# Conditional requests


@every_trigger
def test_a_client_that_has_the_answer_gets_304_without_a_body(trigger: Any) -> None:
    client = shop(etag=True, compress=True, cors=Cors([SHOP])).test_client(trigger)
    first = client.get("/orders/1", headers={"Accept-Encoding": "gzip"})
    tag = first.headers["etag"]
    for sent in (tag, f'"x", {tag}', "*"):
        again = client.get("/orders/1", headers={"If-None-Match": sent, "Origin": SHOP})
        assert (again.status, again.content) == (304, b"")
        assert again.headers["access-control-allow-origin"] == SHOP
        assert "content-type" not in again.headers
        check_taken(trigger, again.raw)
    assert client.get("/orders/2", headers={"If-None-Match": tag}).status == 200
    assert client.head("/orders/1", headers={"Accept-Encoding": "gzip"}).headers["etag"] == tag
    assert client.head("/orders/1").headers["etag"] == tag.replace("-gzip", "")
    assert "etag" not in client.get("/orders/3").headers
    assert "etag" not in client.post("/orders/1", json={}).headers


@every_trigger
def test_a_change_of_what_the_client_does_not_know_is_refused(trigger: Any) -> None:
    app = HttpApp()

    @app.put("/{number}")
    def put(number: int, request: HttpEvent) -> Any:
        check_etag(request, '"v1"' if number == 1 else 'W/"v1"' if number == 2 else None, required=number == 4)
        return {"ok": True}

    client = app.test_client(trigger)

    def status(number: int, **headers: str) -> int:
        return client.put(
            f"/{number}", headers={name.replace("_", "-"): value for name, value in headers.items()}
        ).status

    assert [status(1, if_match=value) for value in ('"v1"', '"v0", "v1"', "*", '"v0"')] == [200, 200, 200, 412]
    assert [status(2, if_match='W/"v1"'), status(3, if_match="*"), status(1)] == [412, 412, 200]
    assert [status(1, if_none_match="*"), status(3, if_none_match="*")] == [412, 200]
    assert [status(4), status(4, if_match="*"), status(4, if_none_match="*")] == [428, 412, 200]


# Security


@every_trigger
def test_security_headers_are_on_every_answer_and_a_route_may_set_its_own(trigger: Any) -> None:
    app = HttpApp(security=SecurityHeaders(csp="default-src 'none'", hsts=None))
    app.get("/")(lambda: Response("x", headers={"X-Frame-Options": "SAMEORIGIN"}))
    answer = app.test_client(trigger).get("/")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "strict-transport-security" not in answer.headers
    missing = app.test_client(trigger).get("/none")
    assert missing.headers["x-frame-options"] == "DENY"
    assert missing.headers["content-security-policy"] == "default-src 'none'"
    assert missing.headers["referrer-policy"] == "no-referrer"
