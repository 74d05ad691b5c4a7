"""Names of Powertools and FastAPI in the HTTP room: an error says what they are called here."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, create_autospec

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _unknown

if TYPE_CHECKING:
    from collections.abc import Callable

http: Any = import_module("lambda_kit.http")  # without its types: type checkers refuse what is asked for here

HAS_HINTS: bool = sys.version_info >= (3, 12)

OWNERS: dict[str, Callable[[], Any]] = {
    "HttpApp": http.HttpApp,
    "Router": http.Router,
    "Response": http.Response,
    "Redirect": lambda: http.Redirect("/"),
    "ClientResponse": lambda: http.ClientResponse({"statusCode": 200}),
}


def class_of(owner: Any) -> Any:
    return owner.__class__


def itself(owner: Any) -> Any:
    return owner


@pytest.mark.parametrize("kind", OWNERS)
def test_an_attribute_of_other_libraries_says_what_to_write(kind: str) -> None:
    owner = OWNERS[kind]()
    table = {"HttpApp": "Router", "Redirect": "Response"}.get(kind, kind)
    for name, hint in _unknown.ATTRIBUTES[table].items():
        with pytest.raises(AttributeError) as asked:
            getattr(owner, name)
        said = f"; {hint}" if HAS_HINTS else ""
        assert str(asked.value) == f"{kind!r} object has no attribute {name!r}{said}"
        assert (asked.value.name, asked.value.obj) == (name, owner)
        with pytest.raises(AttributeError):
            setattr(owner, name, 1)
        assert not hasattr(owner, name)


@pytest.mark.parametrize("kind", OWNERS)
def test_subclasses_have_attributes_of_these_names(kind: str) -> None:
    """On instances, as properties, from a mixin, and from the `__getattr__` of a mixin."""
    owner = OWNERS[kind]()
    base = class_of(owner)
    table = {"HttpApp": "Router", "Redirect": "Response"}.get(kind, kind)

    class Dynamic:
        def __getattr__(self, name: str) -> str:
            if name in _unknown.ATTRIBUTES[table]:
                return f"dynamic {name}"
            raise AttributeError(name)

    for name in _unknown.ATTRIBUTES[table]:
        own: Any = type("Own", (base,), {})
        made = own.__new__(own)
        setattr(made, name, "settings")
        assert getattr(made, name) == "settings"
        delattr(made, name)
        assert not hasattr(made, name)
        mixed: Any = type("Mixed", (base, type("Mixin", (), {name: itself})), {})
        asked = mixed.__new__(mixed)
        assert getattr(asked, name)() is asked
        dynamic: Any = type("Both", (base, Dynamic), {})
        assert getattr(dynamic.__new__(dynamic), name) == f"dynamic {name}"
        assert not hasattr(dynamic.__new__(dynamic), "qqqq")


@pytest.mark.parametrize("kind", OWNERS)
def test_an_error_within_a_property_of_a_subclass_stays_what_it_is(kind: str) -> None:
    base = class_of(OWNERS[kind]())

    inner = property(lambda self: self.inner)
    own: Any = type("Own", (base,), {"settings": inner, "status_code": inner})
    for name in ("settings", "status_code", "inner"):
        with pytest.raises(AttributeError, match=r"^'Own' object has no attribute 'inner'$"):
            getattr(own.__new__(own), name)


def test_a_subclass_with_the_name_of_another_class_has_the_hints_of_its_own() -> None:
    for name in ("ClientResponse", "Router", "HttpApp"):
        made = type(name, (http.Response,), {})("x")
        assert not hasattr(made, "content")
        assert not hasattr(made, "current_event")


@pytest.mark.parametrize("kind", OWNERS)
def test_these_names_are_in_no_list_of_attributes_and_not_in_doubles(kind: str) -> None:
    owner = OWNERS[kind]()
    table = {"HttpApp": "Router", "Redirect": "Response"}.get(kind, kind)
    names = set(_unknown.ATTRIBUTES[table])
    base = class_of(owner)
    doubles = [Mock(spec=owner), Mock(spec=base), create_autospec(owner), create_autospec(base)]
    for one in (owner, base, *doubles):
        assert names.isdisjoint(dir(one))
        assert [name for name in names if hasattr(one, name)] == []


def test_copies_and_pickles_of_a_response_are_made() -> None:
    made = http.Response("x", 201)
    for one in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert (one.body, one.status) == ("x", 201)


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
        (lambda: http.Depends(dependency=print), "it is called function here, and comes first"),
        (lambda: http.Depends(functon=print), "did you mean 'function'"),
        (http.Depends, "pass the function"),
        (lambda: http.Redirect(url="/x"), "it is called location here, and comes first"),
        (http.Redirect, "pass the URL or the path to go to first"),
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


@pytest.mark.parametrize("kind", ["HttpApp", "Router", "Response", "Redirect", "Cors", "File", "Depends"])
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
