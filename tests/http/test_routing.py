"""Routing: which function answers a request, and what is answered where there is none."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import HttpError, Response, Router
from tests.http.clients import every_trigger, problem

DECODED = ("http_api_1", "http_api_2")


def make() -> HttpApp:
    app = HttpApp()

    @app.get("/orders/{order_id}")
    def get_order(order_id: str) -> Any:
        return {"order": order_id}

    @app.get("/orders/new")
    def new_order() -> Any:
        return {"new": True}

    @app.get("/files/{name}.json")
    def get_file(name: str) -> Any:
        return {"file": name}

    @app.get("/files/{name}")
    def get_other(name: str) -> Any:
        return {"other": name}

    @app.get("/pages/{path:path}")
    def page(path: str) -> Any:
        return {"page": path}

    @app.put("/orders/{number}")
    def put_order(number: str) -> Any:
        return {"put": number}

    @app.get("/")
    def root() -> Any:
        return {"root": True}

    @app.get("/a/{x}/c")
    def through(x: str) -> Any:
        return {"x": x}

    @app.get("/a/b/d")
    def fixed() -> Any:
        return {"d": True}

    return app


APP = make()


def any_a(a: Any = None) -> Any: ...
def any_b(b: Any) -> Any: ...
def any_c(c: Any) -> Any: ...


@every_trigger
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/orders/7", {"order": "7"}),
        ("/orders/new", {"new": True}),
        ("/files/a.json", {"file": "a"}),
        ("/files/a.b.json", {"file": "a.b"}),
        ("/files/ajson", {"other": "ajson"}),
        ("/files/.json", {"other": ".json"}),
        ("/pages/a/b", {"page": "a/b"}),
        ("/", {"root": True}),
        ("/orders/7/", {"order": "7"}),
        ("/a/b/c", {"x": "b"}),
        ("/a/b/d", {"d": True}),
        ("/orders/%6eew", {"new": True}),
    ],
)
def test_a_path_finds_its_route_whatever_the_order_of_declarations(trigger: Any, path: str, expected: Any) -> None:
    assert APP.test_client(trigger).get(path).json() == expected


@every_trigger
@pytest.mark.parametrize("path", ["/nothing", "/orders", "/orders//", "/orders/7/8", "//", "/orders/7//", "/Orders/7"])
def test_a_path_without_a_route_is_not_found(trigger: Any, path: str) -> None:
    answer = APP.test_client(trigger).get(path)
    assert problem(answer)["title"] == "Not Found"
    assert answer.status == 404


@every_trigger
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_character_in_a_parameter_is_what_the_client_meant(trigger: Any, text: str) -> None:
    if trigger in DECODED and ("/" in text or "?" in text):
        return  # the trigger has decoded them: they split, and cut
    if text == "new":
        return
    answer = APP.test_client(trigger).get("/orders/" + quote(text, safe=""))
    assert answer.json() == {"order": text}


@every_trigger
@pytest.mark.parametrize("text", ["a-._~", "!$&'()*+,;=", ":@", "%20", "%25%32%30"])
def test_each_pchar_is_taken_as_it_is_and_decoded_once(trigger: Any, text: str) -> None:
    expected = {"%20": " ", "%25%32%30": "%20"}.get(text, text)
    assert APP.test_client(trigger).get(f"/orders/{text}").json() == {"order": expected}


@pytest.mark.parametrize("trigger", ["rest_api", "function_url", "alb", "lattice_1", "lattice_2"])
def test_an_encoded_slash_does_not_split(trigger: Any) -> None:
    assert APP.test_client(trigger).get("/orders/a%2Fb").json() == {"order": "a/b"}


@every_trigger
def test_a_method_that_a_path_does_not_have_is_405_with_allow(trigger: Any) -> None:
    answer = APP.test_client(trigger).post("/orders/new")
    assert answer.status == problem(answer)["status"] == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, PUT"


@pytest.mark.parametrize(
    ("rule", "path"),
    [("/{a}.json", "/x.json"), ("/{a}.json/b", "/x.json/b"), ("/x/{a:path}", "/x/y/z"), ("/{a}", "/x")],
)
def test_a_path_with_parameters_has_the_methods_of_its_routes_alone(rule: str, path: str) -> None:
    app = HttpApp()
    app.get(rule)(any_a)
    answer = app.test_client().post(path)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert app.test_client().post("/y/z/z/y").status == 404


@every_trigger
def test_a_fixed_path_without_the_method_leaves_it_to_a_parameter(trigger: Any) -> None:
    assert APP.test_client(trigger).put("/orders/new").json() == {"put": "new"}


@every_trigger
def test_head_is_get_without_a_body(trigger: Any) -> None:
    answer = APP.test_client(trigger).head("/orders/7")
    assert (answer.status, answer.content, answer.headers["content-type"]) == (200, b"", "application/json")
    assert APP.test_client(trigger).head("/nothing").content == b""


@every_trigger
def test_options_names_the_methods_of_a_path(trigger: Any) -> None:
    answer = APP.test_client(trigger).options("/orders/7")
    assert (answer.status, answer.content, answer.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS, PUT")
    assert APP.test_client(trigger).options("/nothing").status == 404


@every_trigger
def test_a_route_for_options_answers_itself(trigger: Any) -> None:
    app = HttpApp()

    @app.route("/x", "OPTIONS", "HEAD")
    def own() -> Response:
        return Response("own", headers={"x-own": "1"})

    assert app.test_client(trigger).options("/x").text == "own"
    assert app.test_client(trigger).head("/x").headers["x-own"] == "1"


def test_a_base_path_is_cut_off() -> None:
    app = HttpApp(base_path="/v1")
    app.get("/orders")(lambda: {"ok": True})
    client = app.test_client("rest_api")
    assert [client.get(path).status for path in ("/v1/orders", "/orders", "/v10/orders", "/v1")] == [200, 200, 404, 404]


def test_routers_nest_and_share_their_prefixes() -> None:
    items = Router("/items")

    @items.get("/{item_id}")
    def get_item(item_id: int) -> Any:
        return {"item": item_id}

    @items.get("/")
    def list_items() -> Any:
        return []

    orders = Router("/orders")
    orders.include(items, "/all")
    app = HttpApp()
    app.include(orders, "/v1")
    assert app.test_client().get("/v1/orders/all/items/3").json() == {"item": 3}
    assert app.test_client().get("/v1/orders/all/items").json() == []
    assert app.test_client().get("/items/3").status == 404


@pytest.mark.parametrize(
    "path",
    ["orders", "/{}", "/{a-b}", "/{a}/{a}", "/{a", "/a}", "/{a:path}/b", "/x{a:path}", "/a?b", "/{a:int}", "/<a>"],
)
def test_a_path_that_is_not_valid_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"path|segment"):
        HttpApp().get(path)(any_a)


def test_two_functions_for_the_same_route_are_refused() -> None:
    app = HttpApp()
    app.get("/orders/{a}")(any_a)
    app.post("/orders/{b}")(any_b)
    with pytest.raises(ConfigurationError, match=r"have the same route GET /orders/\{c\}"):
        app.get("/orders/{c}")(any_c)


def test_two_functions_for_the_same_route_with_fixed_text_in_a_segment_are_refused() -> None:
    app = HttpApp()
    app.get("/{a}.json")(any_a)
    app.get("/{a}.xml")(any_a)
    with pytest.raises(ConfigurationError, match=r"have the same route GET /\{c\}.json"):
        app.get("/{c}.json")(any_c)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (["/{a}.json", "/{a}.min.json"], "/x.min.json"),
        (["/{a}..b", "/abcd{a}"], "/abcdx..b"),  # three characters, however they are written in an expression
        (["/{a}-{b}-{c}", "/ab{a}ef"], "/ab-c-ef"),
    ],
)
def test_of_segments_with_parameters_that_fit_the_one_with_the_most_fixed_text_is_taken(
    rules: list[str], path: str
) -> None:
    for declared in (rules, rules[::-1]):
        app = HttpApp()
        for rule in declared:
            names = ", ".join(one for one in "abc" if f"{{{one}}}" in rule)
            app.get(rule)(eval(f"lambda {names}: {rule!r}"))
        assert app.test_client().get(path).text == rules[1]


def test_a_head_of_its_own_may_stand_beside_get() -> None:
    for order in (("GET", "HEAD"), ("HEAD", "GET")):
        app = HttpApp()
        for method in order:
            app.route("/x", method)(lambda method=method: Response(headers={"x-method": str(method)}))
        app_methods = [app.test_client().request(method, "/x").headers["x-method"] for method in ("GET", "HEAD")]
        assert app_methods == ["GET", "HEAD"]


@pytest.mark.parametrize("prefix", ["orders", "/orders/", "/"])
def test_a_prefix_that_is_not_valid_is_refused(prefix: str) -> None:
    with pytest.raises(ConfigurationError, match="prefix"):
        Router(prefix)


UntypedApp: Any = HttpApp
UntypedError: Any = HttpError
UntypedRouter: Any = Router


@pytest.mark.parametrize(
    ("declare", "told"),
    [
        (lambda: UntypedApp().get("/{a}", layers=[1]), r"layers=\[1\]: a layer is a function"),
        (lambda: UntypedApp().get("/{a}", layers="log"), "pass a list of layers"),
        (lambda: UntypedApp().get("/{a}", cache_control=60), "pass the text of the header"),
        (lambda: UntypedApp().include("orders"), "pass a Router$"),
        (lambda: UntypedApp().include(HttpApp()), "pass a Router; the options of an app would not count here$"),
        (lambda: UntypedRouter(layers=[None]), "a layer is a function"),
        (lambda: UntypedApp(layers="x"), "pass a list of layers"),
        (lambda: UntypedApp(cors=["*"]), r"pass Cors\(...\)"),
        (lambda: UntypedApp(security=True), r"pass SecurityHeaders\(...\)"),
        (lambda: UntypedApp(openapi={"title": "x"}), r"pass OpenApi\(...\)"),
        (lambda: UntypedApp(compress="gzip"), "compress='gzip'.: pass True or False"),
        (lambda: UntypedError("not found"), "pass a status"),
    ],
    ids=range(12),
)
def test_a_declaration_of_another_kind_says_what_to_pass(declare: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        declare()


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_the_decorator_of_a_method_takes_the_options_of_route_and_returns_the_function(method: str) -> None:
    seen: list[str] = []

    def note(fn: Any) -> Any:
        def call(event: Any, context: Any) -> Any:
            seen.append("layer")
            return fn(event, context)

        return call

    def answer() -> str:
        return method

    app, router = HttpApp(), Router("/orders")
    assert getattr(router, method)("/now", status=202, layers=[note], summary="Orders of now")(answer) is answer
    app.include(router)
    client = app.test_client()
    for one in ("get", "post", "put", "patch", "delete"):
        assert client.request(one.upper(), "/orders/now").status == (202 if one == method else 405)
    assert seen == ["layer"]
    assert app.openapi()["paths"]["/orders/now"][method]["summary"] == "Orders of now"


def test_the_decorator_of_a_websocket_returns_the_function() -> None:
    assert HttpApp().websocket("say")(any_a) is any_a


@pytest.mark.parametrize("method", ["PATCH", "QUERY", "TRACE"])
def test_a_route_may_have_any_method_of_http(method: str) -> None:
    app = HttpApp()
    app.route("/x", method)(lambda: "answer")
    assert [app.test_client().request(one, "/x").status for one in (method, "GET")] == [200, 405]


def test_a_method_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^route\('/x', 'FETCH'\): the methods are GET, HEAD, POST, "):
        HttpApp().route("/x", "FETCH")
    with pytest.raises(ConfigurationError, match="names no method"):
        HttpApp().route("/x")


PARTS = st.lists(st.sampled_from(["a", "b", "{p}", "x{p}"]), max_size=3)


@given(st.lists(PARTS, max_size=6), st.lists(st.sampled_from(["a", "b", "c", "xa", "x"]), max_size=3))
def test_the_tree_finds_what_a_search_over_all_rules_finds(rules: list[list[str]], path: list[str]) -> None:
    app = HttpApp()
    known: list[list[str]] = []
    for rule in rules:
        named = [part.replace("{p}", f"{{p{i}}}") for i, part in enumerate(rule)]
        if rule not in known:
            known.append(rule)
            code = f"lambda {', '.join(f'p{i}' for i, part in enumerate(rule) if '{' in part)}: {'/'.join(rule)!r}"
            app.get("/" + "/".join(named))(eval(code))
    found = [rule for rule in known if len(rule) == len(path) and all(map(fits, rule, path))]
    answer = app.test_client("rest_api").get("/" + "/".join(path))
    assert answer.status == (200 if found else 404)
    if found:
        assert answer.text == "/".join(min(found, key=lambda rule: [("{" in part, part == "{p}") for part in rule]))


def fits(part: str, text: str) -> bool:
    return (part == "{p}" and text != "") or part == text or (part == "x{p}" and text.startswith("x") and len(text) > 1)


METHODS = st.sets(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]), min_size=1)
SENT = st.lists(st.sampled_from(["a", "b", "xa", "..", "%2F", "%00", "x%2Fa", "%61", "%zz"]), min_size=1, max_size=3)


@every_trigger
@given(st.lists(st.tuples(PARTS, METHODS), max_size=5), SENT, st.sampled_from(["", "/"]))
def test_each_method_of_a_path_is_answered_by_the_rules_of_http(
    trigger: Any, rules: list[tuple[list[str], set[str]]], path: list[str], slash: str
) -> None:
    """RFC 9110, sections 9.3.2, 9.3.7 and 15.5.6: the methods are those of all rules that fit the path."""
    app = HttpApp()
    known: dict[tuple[str, ...], set[str]] = {}
    for rule, methods in rules:
        if tuple(rule) not in known:
            known[tuple(rule)] = methods
            named = [part.replace("{p}", f"{{p{i}}}") for i, part in enumerate(rule)]
            code = f"lambda {', '.join(f'p{i}' for i, part in enumerate(rule) if '{' in part)}: 'answer'"
            app.route("/" + "/".join(named), *sorted(methods))(eval(code))
    sent = "/".join(path)
    parts = unquote(sent).split("/") if trigger in DECODED else [unquote(part) for part in path]
    fitting = [found for rule, found in known.items() if len(rule) == len(parts) and all(map(fits, rule, parts))]
    allowed = set[str]().union(*fitting)
    allowed |= {"HEAD"} if "GET" in allowed else set()
    client = app.test_client(trigger)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        answer = client.request(method, f"/{sent}{slash}")
        if method in allowed:
            assert (answer.status, answer.content) == (200, b"" if method == "HEAD" else b"answer")
        elif fitting:
            assert answer.status == (204 if method == "OPTIONS" else 405)
            assert answer.headers["allow"].split(", ") == sorted({*allowed, "OPTIONS"})
        else:
            assert (answer.status, "allow" in answer.headers) == (404, False)


def test_routes_with_the_same_patterns_share_a_place_in_the_tree() -> None:
    app = HttpApp()

    def answer(pattern: str) -> Any:
        def named(name: str) -> Any:
            return [pattern, name]

        return named

    for pattern in ("{name}.json", "{name}.xml", "v{name}.xml"):
        for method in ("GET", "DELETE"):
            app.route(f"/files/{pattern}", method)(answer(pattern))
    client = app.test_client()
    assert client.get("/files/a.xml").json() == client.delete("/files/a.xml").json() == ["{name}.xml", "a"]
    assert client.delete("/files/v1.xml").json() == ["v{name}.xml", "1"]


def test_a_decorator_without_a_path_says_how_to_write_it() -> None:
    app: Any = HttpApp()

    def list_orders() -> None: ...

    with pytest.raises(
        ConfigurationError, match=r"path of a route is .*list_orders, which is no text.*@app\.get\('/orders'\)"
    ):
        app.get(list_orders)
