"""The OpenAPI 3.1 document of an app: <https://spec.openapis.org/oas/v3.1.1>. It is made before a deployment."""

from __future__ import annotations

import sys

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _models
from lambda_kit.http._answers import without_responses
from lambda_kit.http._api_key import ApiKey
from lambda_kit.http._arguments import annotations_of, parameters_of
from lambda_kit.http._bearer import Bearer
from lambda_kit.http._call import MISSING
from lambda_kit.http._errors import REASONS
from lambda_kit.http._route import stacked, unlayered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._route import Route

_REFERENCE = "#/components/schemas/{model}"
_FILE = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
"""A file of a form. OpenAPI 3.1 goes by the media type, older tools by the format."""
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details, RFC 9457.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("detail", "in", "name", "pointer")},
                "required": ["detail"],
            },
        },
    },
    "required": ["type", "title", "status"],
}


class _Schemas:
    """The schemas of all types, made together, so that names of components are unique."""

    def __init__(self) -> None:
        self._types: list[tuple[Any, str]] = []
        self._places: list[tuple[dict[str, Any], str, tuple[int, str]]] = []

    def put(self, into: dict[str, Any], name: str, annotation: Any, mode: str) -> None:
        """Let `into[name]` be the schema of a type, once all are known."""
        self._places.append((into, name, (len(self._types), mode)))
        self._types.append((annotation, mode))

    def fill(self) -> dict[str, Any]:
        """Put all schemas where they belong, and return the components."""
        components: dict[str, Any] = {"Problem": _PROBLEM}
        structs = [one for one, _ in self._types if _models.is_struct(one)]
        found: dict[Any, Any] = {}
        if structs:
            schemas, more = sys.modules["msgspec"].json.schema_components(
                structs, ref_template="#/components/schemas/{name}"
            )
            components.update(more)
            left = iter(schemas)
            found = {(i, mode): next(left) for i, (one, mode) in enumerate(self._types) if _models.is_struct(one)}
        inputs = [
            (i, mode, _models.adapter(one, "the OpenAPI document"))
            for i, (one, mode) in enumerate(self._types)
            if not _models.is_struct(one)
        ]
        if inputs:
            from pydantic import TypeAdapter

            made: Any = TypeAdapter
            by_key, definitions = made.json_schemas(inputs, ref_template=_REFERENCE)
            found.update(by_key)
            components.update(definitions.get("$defs", {}))
        for into, name, key in self._places:
            into[name] = {**found[key], **into.get(name, {})}
        return components


def document(
    routes: Sequence[Route], provided: frozenset[str], *, title: str, version: str, servers: Sequence[str]
) -> dict[str, Any]:
    """Return the OpenAPI document of routes.

    Raises:
        ConfigurationError: the declaration of a route is wrong.
        MissingExtra: pydantic is not installed.
    """
    schemas = _Schemas()
    paths: dict[str, Any] = {}
    security: dict[str, Any] = {}
    taken: set[str] = set()
    for route in routes:
        rule = route.rule.replace(":path}", "}")
        for method in route.methods:
            operation = _operation(route, provided, schemas, security)
            operation["operationId"] = _unique(callables.plain(route.function).__name__, method, taken)
            paths.setdefault(rule, {})[method.lower()] = operation
    components: dict[str, Any] = {"schemas": schemas.fill()}
    if security:
        components["securitySchemes"] = security
    found: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": title, "version": version}}
    if servers:
        found["servers"] = [{"url": one} for one in servers]
    return {**found, "paths": paths, "components": components}


def _unique(name: str, method: str, taken: set[str]) -> str:
    found, number = name, 2
    if found in taken:
        found = f"{name}_{method.lower()}"
    while found in taken:
        found, number = f"{name}_{method.lower()}_{number}", number + 1
    taken.add(found)
    return found


def _operation(route: Route, provided: frozenset[str], schemas: _Schemas, security: dict[str, Any]) -> dict[str, Any]:
    function = callables.plain(route.function)
    function = getattr(function, "__func__", function)
    names = provided | callables.provided_keywords(_layered(route))
    schemes: list[str] = []
    found = _parameters(route, names, security, schemes)
    operation: dict[str, Any] = {}
    first, _, rest = (function.__doc__ or "").strip().partition("\n")
    if first:
        operation["summary"] = first.strip()
    if rest.strip():
        operation["description"] = "\n".join(line.strip() for line in rest.strip().splitlines())
    parameters = [_parameter(one, schemas) for one in found if one.place in ("path", "query", "header", "cookie")]
    if parameters:
        operation["parameters"] = parameters
    body = _body([one for one in found if one.place in ("body", "form", "file")], schemas)
    if body is not None:
        operation["requestBody"] = body
    operation["responses"] = _responses(route, function, names, schemas, found, schemes)
    if schemes:
        operation["security"] = [{name: [] for name in schemes}]
    return operation


def _layered(route: Route) -> Any:
    return stacked(route.layers, unlayered)


def _parameters(
    route: Route, provided: frozenset[str], security: dict[str, Any], schemes: list[str]
) -> list[Parameter]:
    """Return the parameters of a route and of its dependencies, without those that no request holds."""
    found: dict[tuple[str, str], Parameter] = {}

    def visit(fn: Any, names: tuple[str, ...], given: frozenset[str]) -> None:
        scheme = _scheme(fn)
        if scheme is not None:
            name, value = scheme
            security[name] = value
            schemes.append(name)
            return
        for one in parameters_of(fn, names, given, route.methods, route.body if fn is route.function else MISSING):
            if one.place == "dependency":
                signature = callables.signature_of(one.function)
                own = () if signature is None else (*signature.positional, *signature.keyword_only)
                visit(one.function, tuple(name for name in route.names if name in own), frozenset())
            elif one.place not in ("provided", "object"):
                found.setdefault((one.place, one.alias), one)

    visit(route.function, route.names, provided)
    return list(found.values())


def _scheme(fn: Any) -> tuple[str, dict[str, Any]] | None:
    owner = getattr(fn, "bearer", fn)
    if isinstance(owner, Bearer):
        return "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    if isinstance(owner, ApiKey):
        return f"apiKey_{owner.header}", {"type": "apiKey", "in": "header", "name": owner.header}
    return None


def _annotation(one: Parameter) -> Any:
    annotation: Any = list.__class_getitem__(one.annotation) if one.is_list else one.annotation
    return sys.modules["typing"].Annotated[(annotation, *one.extra)] if one.extra else annotation


def _parameter(one: Parameter, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {"name": one.alias, "in": one.place, "required": one.default is MISSING}
    if one.default is not MISSING and type(one.default) in (str, int, float, bool):
        found["schema"] = {"default": one.default}
    schemas.put(found, "schema", _annotation(one), "validation")
    return found


def _body(found: list[Parameter], schemas: _Schemas) -> dict[str, Any] | None:
    if not found:
        return None
    first = found[0]
    media: dict[str, Any] = {}
    if first.place != "body":
        properties: dict[str, Any] = {}
        for one in found:
            if one.place == "file":
                properties[one.alias] = {"type": "array", "items": _FILE} if one.is_list else _FILE
            else:
                schemas.put(properties, one.alias, _annotation(one), "validation")
        required = [one.alias for one in found if one.default is MISSING]
        media["schema"] = {"type": "object", "properties": properties, **({"required": required} if required else {})}
        has_file = any(one.place == "file" for one in found)
        kind = "multipart/form-data" if has_file else "application/x-www-form-urlencoded"
        return {"required": bool(required), "content": {kind: media}}
    if first.annotation is bytes or first.annotation is str:
        kind = "application/octet-stream" if first.annotation is bytes else "text/plain"
        return {"content": {kind: {"schema": {} if first.annotation is bytes else {"type": "string"}}}}
    schemas.put(media, "schema", _annotation(first), "validation")
    return {"required": first.default is MISSING, "content": {"application/json": media}}


def _responses(
    route: Route,
    function: Any,
    provided: frozenset[str],
    schemas: _Schemas,
    found: list[Parameter],
    schemes: list[str],
) -> dict[str, Any]:
    returned = annotations_of(function, provided).get("return", MISSING)
    status = route.status or (204 if returned is None else 200)
    answer: dict[str, Any] = {"description": REASONS.get(status, "Success")}
    annotation = None if returned is MISSING else without_responses(returned)
    if annotation is str or annotation is bytes:
        kind = "text/plain" if annotation is str else "application/octet-stream"
        answer["content"] = {kind: {"schema": {"type": "string"} if annotation is str else {}}}
    elif annotation is not None and not hasattr(annotation, "__anext__") and not hasattr(annotation, "__next__"):
        media: dict[str, Any] = {}
        schemas.put(media, "schema", annotation, "serialization")
        answer["content"] = {"application/json": media}
    responses: dict[str, Any] = {str(status): answer}
    codes = [401, 403] if schemes else []
    if any(one.place in ("body", "file") for one in found):
        codes.append(400)
    if any(
        one.annotation is not str or one.default is MISSING or one.extra for one in found if one.place != "path"
    ) or any(one.place == "path" and (one.annotation is not str or one.extra) for one in found):
        codes.append(422)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for code in sorted(codes):
        responses[str(code)] = {"description": REASONS[code], "content": content}
    return responses


def check_servers(servers: Sequence[str]) -> None:
    """Refuse a text in place of a list of URLs."""
    if isinstance(servers, str):
        raise ConfigurationError(f"openapi(servers={servers!r}): pass a list of URLs")
