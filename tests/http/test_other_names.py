"""Names of Powertools and FastAPI in the HTTP room: an error says what they are called here."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _unknown

if TYPE_CHECKING:
    from collections.abc import Callable

http: Any = import_module("lambda_kit.http")  # without its types: type checkers refuse what is asked for here

OWNERS: dict[str, Callable[[], Any]] = {
    "HttpApp": http.HttpApp,
    "Router": http.Router,
    "Response": http.Response,
    "Redirect": lambda: http.Redirect("/"),
    "ClientResponse": lambda: http.ClientResponse({"statusCode": 200}),
}


@pytest.mark.parametrize("kind", OWNERS)
def test_an_attribute_of_other_libraries_says_what_to_write(kind: str) -> None:
    owner = OWNERS[kind]()
    table = {"HttpApp": "Router", "Redirect": "Response"}.get(kind, kind)
    for name, hint in _unknown.ATTRIBUTES[table].items():
        with pytest.raises(AttributeError) as asked:
            getattr(owner, name)
        assert str(asked.value) == f"{kind!r} object has no attribute {name!r}; {hint}"
        assert (asked.value.name, asked.value.obj) == (name, owner)
        with pytest.raises(AttributeError, match=re.escape(hint)):
            setattr(owner, name, 1)
        assert not hasattr(owner, name)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: http.HttpApp(enable_validation=True), "annotations are always read"),
        (lambda: http.HttpApp(strip_prefixes=["/v1"]), "use base_path='/v1'"),
        (lambda: http.HttpApp(compres=True), "did you mean 'compress'?"),
        (lambda: http.HttpApp(foo=1), r"HttpApp\(foo=...\): there is no such option$"),
        (lambda: http.http(enable_validation=True), "annotations are always read"),
        (lambda: http.Router(dependencies=[]), r"Depends\(...\)"),
        (lambda: http.Router(prefx="/x"), "did you mean 'prefix'?"),
        (lambda: http.Response(status_code=200, content_type="text/plain", body="x"), "it is called status here"),
        (lambda: http.Response(200, content_type="text/plain"), "it is called media_type here"),
        (lambda: http.Response("x", contenttype="text/plain"), "there is no such option"),
        (lambda: http.Response(200, "text/plain", "x"), "the body first and the status second"),
        (lambda: http.Redirect("/x", status_code=302), "it is called status here"),
        (
            lambda: http.Cors(allow_origin="https://shop.example", max_age=300),
            r"pass the list of origins first: Cors\(",
        ),
        (lambda: http.Cors(["*"], allow_headers=["x"]), "it is called headers here"),
        (http.Cors, "pass a list of origins"),
        (lambda: http.Query(ge=1), "with Field of pydantic"),
        (lambda: http.Header(alias="x-tenant"), "the name comes first"),
        (lambda: http.File(alias="x"), "the name comes first"),
        (lambda: http.Body(embed=True), "a model with a field for each"),
        (lambda: http.Depends(print, use_cache=False), "runs once for a request"),
        (lambda: http.HttpApp().get("/x", middlewares=[]), r"route\('/x'\) has no option 'middlewares'; use layers="),
        (lambda: http.Router().post("/x", status_code=201), "it is called status here"),
        (lambda: http.Router().put("/x", layer=[]), "did you mean 'layers'?"),
    ],
)
def test_an_argument_that_does_not_exist_is_refused_with_the_one_that_does(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        call()


def test_values_of_arguments_that_do_not_exist_are_not_quoted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        http.Response("hunter2", 200, "hunter2")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        http.Response(text="hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("kind", ["HttpApp", "Router", "Response", "Redirect", "Cors", "File"])
def test_every_option_is_suggested_for_a_misspelt_one(kind: str) -> None:
    parameters = import_module("inspect").signature(getattr(http, kind)).parameters
    assert _unknown.OPTIONS[kind] == tuple(name for name in parameters if name not in ("more", "unknown"))
    for name in _unknown.OPTIONS[kind]:
        assert f"did you mean {name!r}" in str(_unknown.option(kind, f"{name}_"))


def test_an_app_without_an_error_loads_no_hints() -> None:
    program = (
        "import sys\n"
        "from lambda_kit import HttpApp, handler\n"
        "from lambda_kit.http import Response, Router\n"
        "router = Router('/v1')\n"
        "@router.get('/x', tags=['x'])\n"
        "def get_x():\n"
        "    return Response('x', 201)\n"
        "app = HttpApp()\n"
        "app.include(router)\n"
        "event = {'version': '2.0', 'rawPath': '/v1/x', 'requestContext': {'http': {'method': 'GET'}}}\n"
        "print(handler()(app)(event, None)['statusCode'])\n"
        "print([name for name in sys.modules if name.endswith(('._unknown', '.hints', '.peer_names'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["201", "[]"]
