"""The OpenAPI document of large generated apps: valid, with unique names, and true to what the routes do."""

from __future__ import annotations

import enum
import json
import random
import re
from datetime import date, datetime
from decimal import Decimal
from types import GenericAlias
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from pydantic import BaseModel, Field

from lambda_kit import HttpApp, provide
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import ApiKey, Bearer, Cookie, Depends, Form, Header, OpenApi, Query, Redirect, Response
from tests.effort import scaled, skip_in_the_middle
from tests.http import models

skip_in_the_middle()

validator: Any = pytest.importorskip("openapi_spec_validator")
signed_in = Bearer("https://id.example/keys", algorithms=["ES256"], issuer=None, audience=None)
AUTH = [Depends(signed_in), Depends(signed_in.scopes("a", "b")), Depends(ApiKey({"a": "k"}, header="X-My!Key"))]


class Color(enum.Enum):
    RED = "red"


def clashing() -> list[Any]:
    """Return models that share names with each other and with the schema of problems."""

    class Order(BaseModel):
        other: list[Order] = []

    class Problem(BaseModel):
        text: str

    class ProblemDetails(BaseModel):
        text: str

    return [Order, Problem, ProblemDetails]


class Line(msgspec.Struct):
    sku: str
    next: Line | None = None


class Price(msgspec.Struct):
    line: Line
    amount: Decimal


SCALARS: list[Any] = [str, int, float, bool, Decimal, UUID, date, datetime, Color, Literal["a", "b"], int | None]
BODIES: list[Any] = [
    *clashing(),
    *(
        models.NewOrder,
        models.Order,
        models.Point,
        models.Place,
        list[models.Line],
        models.Cat | models.Dog,
        Line,
        Price,
    ),
    *(
        dict[str, int],
        list[dict[str, Any]],
        bytes,
        str,
        Annotated[models.Cat | models.Dog, Field(discriminator="kind")],
    ),
]
RETURNS: list[Any] = [
    *BODIES,
    None,
    Any,
    Response,
    Redirect,
    models.Order | None,
    tuple[int, models.Order],
    tuple[int, models.Order, dict[str, str]] | models.Point,
    tuple[Literal[201], models.Order] | tuple[Literal[202, 404], Line] | None,
    str | bytes,
]
MARKERS: list[Any] = [Query, Header, Cookie, Form]


def function_of(pick: random.Random, path_names: list[str], method: str) -> Any:
    """Return a route with random parameters, whose name is that of other routes too."""
    annotations: dict[str, Any] = {name: pick.choice(SCALARS[:-1]) for name in path_names}
    body = pick.choice(["body", "form", ""]) if method not in ("GET", "DELETE") else ""
    for number in range(pick.randrange(4)):
        marker = pick.choice(MARKERS if body == "form" else MARKERS[:-1])
        name = f"{marker.PLACE}_{number}"
        kind: Any = pick.choice(SCALARS)
        if marker is Query and pick.random() < 0.3:
            kind = GenericAlias(list, (kind,))
        annotations[name] = Annotated[kind, marker()]
    if body == "body":
        annotations["body"] = pick.choice(BODIES)
    if pick.random() < 0.3:
        annotations["who"] = Annotated[Any, pick.choice(AUTH)]
    names = list(annotations)
    space: dict[str, Any] = {}
    exec(f"def {pick.choice(['read', 'write'])}({', '.join(names)}):\n    'Do it.'", space)
    made = next(fn for name, fn in space.items() if name in ("read", "write"))
    made.__annotations__ = {**annotations, "return": pick.choice(RETURNS)}
    return made


def app_of(seed: int, routes: int) -> HttpApp:
    pick = random.Random(seed)
    app = HttpApp(
        layers=[provide(table=lambda: 1)],
        etag=pick.random() < 0.5,
        openapi=OpenApi(authorizers={"edge": {"type": "http", "scheme": "bearer"}}) if seed % 2 else None,
    )
    taken: set[tuple[str, str]] = set()
    while len(taken) < routes:
        parts: list[str] = []
        names: list[str] = []
        for number in range(pick.randrange(1, 4)):
            if pick.random() < 0.5:
                names.append(f"{pick.choice('xyz')}{number}")
                parts.append(pick.choice(["{%s}", "{%s}.json", "v-{%s}"]) % names[-1])
            else:
                parts.append(pick.choice(["orders", "ä.b", "items"]) + str(pick.randrange(20)))
        path = "/" + "/".join(parts) + pick.choice(["", "/"])
        method = pick.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"])
        template = re.sub(r"\{\w+\}", "{}", path).rstrip("/")
        if (template, method) in taken:
            continue
        taken.add((template, method))
        security: Any = {"security": []} if pick.random() < 0.2 else {}
        app.route(path, method, tags=pick.sample(["a", "b"], pick.randrange(3)), **security)(
            function_of(pick, names, method)
        )
    return app


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for item in document["paths"].values() for operation in item.values()]


def references(document: Any) -> set[str]:
    return set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)))


@pytest.mark.parametrize("seed", range(scaled(3)))
def test_the_document_of_a_large_app_is_valid_and_its_names_are_unique(seed: int) -> None:
    document = app_of(seed, 200).openapi()
    found = operations(document)
    assert len(found) == 200
    ids = [one["operationId"] for one in found]
    assert len(set(ids)) == len(ids)
    components = document["components"]["schemas"]
    assert all(
        re.fullmatch(r"[A-Za-z0-9._-]+", one) for one in [*components, *document["components"]["securitySchemes"]]
    )
    targets = {one.removeprefix("#/components/schemas/") for one in references(document)}
    assert targets <= components.keys()
    templates = [re.sub(r"\{[^}]*\}", "{}", path) for path in document["paths"]]
    assert len(set(templates)) == len(templates)
    for path, item in document["paths"].items():
        for operation in item.values():
            inside = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
            assert sorted(inside) == sorted(re.findall(r"\{(\w+)\}", path))
    validator.validate(document)
    assert app_of(seed, 200).openapi() == document


def test_components_of_equal_names_are_told_apart() -> None:
    order, problem, details = clashing()
    app = HttpApp()
    bodies: list[Any] = [order, models.Order, problem, details, Line, models.Line]
    for number, body in enumerate(bodies):

        def route(body: Any) -> Any: ...

        route.__annotations__ = {"body": body, "return": body}
        app.post(f"/{number}")(route)
    document = app.openapi()
    found = [one["requestBody"]["content"]["application/json"]["schema"]["$ref"] for one in operations(document)]
    assert len(set(found)) == len(bodies)
    refused = operations(document)[0]["responses"]["422"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert refused not in found
    schema = document["components"]["schemas"][refused.rpartition("/")[2]]
    assert schema["description"] == "Problem details, RFC 9457."
    struct = document["components"]["schemas"][found[4].rpartition("/")[2]]
    assert found[4] in str(struct["properties"]["next"])
    validator.validate(document)


def test_routes_that_a_document_cannot_tell_apart_are_refused() -> None:
    app = HttpApp()
    app.get("/files/{name}")(taking_name)
    app.get("/files/{path:path}")(taking_path)
    with pytest.raises(ConfigurationError, match=r"have the same path in an OpenAPI document.*hidden=True"):
        app.openapi()
    other = HttpApp()
    other.get("/files/{name}")(taking_name)
    other.get("/files/{path:path}", hidden=True)(taking_path)
    assert list(other.openapi()["paths"]) == ["/files/{name}"]


def test_operation_ids_that_are_given_twice_are_refused() -> None:
    for methods in (["GET"], ["GET", "PUT"]):
        app = HttpApp()
        app.get("/a/{name}", operation_id="same")(taking_name)
        app.route("/b/{name}", *methods, operation_id="same")(taking_name)
        with pytest.raises(ConfigurationError, match="operation id 'same'"):
            app.openapi()
    named = HttpApp()
    named.get("/a/{name}")(taking_name)
    named.get("/b/{name}", operation_id="taking_name")(taking_name)
    assert [one["operationId"] for one in operations(named.openapi())] == ["taking_name_get", "taking_name"]


def taking_name(name: str) -> None: ...
def taking_path(path: str) -> None: ...
