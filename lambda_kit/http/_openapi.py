"""The OpenAPI 3.1 document of an app: <https://spec.openapis.org/oas/v3.1.1>. It is made before a deployment."""

from __future__ import annotations

import json
import re
import sys

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._arguments import parameters_of
from lambda_kit.http._call import MISSING
from lambda_kit.http._docstrings import Docstring
from lambda_kit.http._openapi_facts import Wanted
from lambda_kit.http._openapi_responses import Answers
from lambda_kit.http._openapi_schemas import Schemas
from lambda_kit.http._openapi_security import scheme_of, security_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._openapi_facts import Facts
    from lambda_kit.http._route import Route

_NAME = re.compile(r"\{([^{}:]*)[^{}]*\}")
_BINARY = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
"""A file of a form. OpenAPI 3.1 goes by the media type, older tools by the format."""


def document(routes: Sequence[Route], facts: Facts, servers: Sequence[str]) -> dict[str, Any]:
    """Return the OpenAPI document of routes.

    Raises:
        ConfigurationError: the declaration of a route is wrong, or two routes cannot be told apart in a document.
        MissingExtra: pydantic is not installed.
    """
    made = _Document(facts)
    shown = [one for one in routes if not one.documented.get("hidden")]
    for route in shown:
        if (name := route.documented.get("operation_id")) is not None:
            made.reserve(name, route)
    for route in shown:
        made.add(route)
    return made.whole(servers)


class _Document:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.schemas = Schemas()
        self.paths: dict[str, dict[str, Any]] = {}
        self.templates: dict[str, tuple[str, list[str]]] = {}
        self.rules: dict[tuple[str, str], Route] = {}
        options = facts.options
        self.security: dict[str, Any] = {} if options is None else dict(options.authorizers)
        self.tags: dict[str, str] = {} if options is None else dict(options.tags)
        self.ids: set[str] = set()
        self.parameters: list[dict[str, Any]] = []

    def reserve(self, name: str, route: Route) -> None:
        if name in self.ids or len(route.methods) > 1:
            raise ConfigurationError(
                f"the operation id {name!r} of {callables.name_of(route.function)} is that of another route too, or of "
                "several methods; an id is unique in a document"
            )
        self.ids.add(name)

    def add(self, route: Route) -> None:
        template, renamed = self._template(route)
        for method in route.methods:
            other = self.rules.setdefault((template, method), route)
            if other is not route:
                raise ConfigurationError(
                    f"the routes {method} {other.rule} and {method} {route.rule} have the same path in an OpenAPI "
                    "document, which does not know parameters with slashes; declare one of them with hidden=True"
                )
            operation = self._operation(route, method, renamed)
            name = method.lower() if method != "QUERY" else "x-query"  # OpenAPI 3.2 has it
            self.paths.setdefault(template, {})[name] = operation

    def _template(self, route: Route) -> tuple[str, dict[str, str]]:
        """Return the path in the document, and the names of its parameters there. Equal paths have equal names."""
        rule = route.rule.removesuffix("/") or "/"
        names = list(route.names)
        template, known = self.templates.setdefault(
            _NAME.sub("{}", rule), (_NAME.sub(lambda found: f"{{{found[1]}}}", rule), names)
        )
        return template, dict(zip(names, known, strict=True))

    def _operation(self, route: Route, method: str, renamed: dict[str, str]) -> dict[str, Any]:
        function = callables.plain(route.function)
        function = getattr(function, "__func__", function)
        names = self.facts.provided | callables.provided_keywords(route.run if route.layers else None)
        wanted = self._wanted(route, names)
        text, given = wanted.texts[0], route.documented
        operation: dict[str, Any] = {}
        if tags := list(dict.fromkeys(given.get("tags", ()))):
            operation["tags"] = tags
            for one in tags:
                self.tags.setdefault(one, "")
        for name in ("summary", "description"):
            if found := given.get(name) or getattr(text, name):
                operation[name] = found
        operation["operationId"] = given.get("operation_id") or self._id(function, method)
        if given.get("deprecated"):
            operation["deprecated"] = True
        what = callables.name_of(route.function)
        parameters = [
            self._parameter(one, wanted, renamed, what)
            for one in wanted.parameters
            if one.place in ("path", "query", "header", "cookie")
        ]
        if keys := _key_header(route):
            parameters.append(keys)
        if parameters:
            operation["parameters"] = parameters
        body = self._body([one for one in wanted.parameters if one.place in ("body", "form", "file")], wanted, what)
        if body is not None:
            operation["requestBody"] = body
        operation["responses"] = Answers(self.facts, self.schemas, route, wanted).of(function, names, method)
        security = security_of(wanted.schemes, self.facts.options, given.get("security"), what)
        if security is not None:
            operation["security"] = security
        return operation

    def _id(self, function: Any, method: str) -> str:
        name = getattr(function, "__name__", type(function).__name__)
        found, number = name, 2
        if found in self.ids:
            found = f"{name}_{method.lower()}"
        while found in self.ids:
            found, number = f"{name}_{method.lower()}_{number}", number + 1
        self.ids.add(found)
        return found

    def _wanted(self, route: Route, provided: frozenset[str]) -> Wanted:
        wanted = Wanted()
        seen: set[tuple[str, str]] = set()

        def visit(fn: Any, names: tuple[str, ...], given: frozenset[str]) -> None:
            scheme = scheme_of(fn)
            if scheme is not None:
                self.security[scheme.name] = scheme.value
                scopes = wanted.schemes.setdefault(scheme.name, [])
                scopes += [one for one in scheme.scopes if one not in scopes]
                wanted.fetches_keys |= scheme.fetches_keys
                return
            plain = callables.plain(fn)
            wanted.texts.append(Docstring(getattr(plain, "__func__", plain)))
            wanted.functions.append(plain)
            body = route.body if fn is route.function else MISSING
            for one in parameters_of(fn, names, given, route.methods, body):
                if one.place == "dependency":
                    signature = callables.signature_of(one.function)
                    own = () if signature is None else (*signature.positional, *signature.keyword_only)
                    visit(one.function, tuple(name for name in route.names if name in own), frozenset())
                elif one.place not in ("provided", "object") and (one.place, one.alias) not in seen:
                    seen.add((one.place, one.alias))
                    wanted.parameters.append(one)

        visit(route.function, route.names, provided)
        return wanted

    def _parameter(self, one: Parameter, wanted: Wanted, renamed: dict[str, str], what: str) -> dict[str, Any]:
        name = renamed[one.alias] if one.place == "path" else one.alias
        found: dict[str, Any] = {"name": name, "in": one.place}
        if text := wanted.text_of(one.name):
            found["description"] = text
        found["required"] = one.default is MISSING
        default = _json_of(one.default)
        if default is not None:
            found["schema"] = {"default": default}
        self.schemas.put(found, "schema", _annotation(one), "validation", what)
        self.parameters.append(found)
        return found

    def _body(self, found: list[Parameter], wanted: Wanted, what: str) -> dict[str, Any] | None:
        if not found:
            return None
        first = found[0]
        if first.place != "body":
            return self._form(found, wanted, what)
        body: dict[str, Any] = {}
        if text := wanted.text_of(first.name):
            body["description"] = text
        if first.annotation is bytes or first.annotation is str:
            kind, schema = ("*/*", {}) if first.annotation is bytes else ("text/plain", {"type": "string"})
            return {**body, "content": {kind: {"schema": schema}}}
        media: dict[str, Any] = {}
        self.schemas.put(media, "schema", _annotation(first), "validation", what)
        return {**body, "required": first.default is MISSING, "content": {"application/json": media}}

    def _form(self, found: list[Parameter], wanted: Wanted, what: str) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for one in found:
            schema: dict[str, Any] = {}
            if text := wanted.text_of(one.name):
                schema["description"] = text
            if one.place == "file":
                properties[one.alias] = {**({"type": "array", "items": _BINARY} if one.is_list else _BINARY), **schema}
                continue
            default = _json_of(one.default)
            if default is not None:
                schema["default"] = default
            properties[one.alias] = schema
            self.schemas.put(properties, one.alias, _annotation(one), "validation", what)
        media: dict[str, Any] = {"schema": {"type": "object", "properties": properties}}
        required = [one.alias for one in found if one.default is MISSING]
        if required:
            media["schema"]["required"] = required
        has_file = any(one.place == "file" for one in found)
        types = {one.alias: ", ".join(one.media_types) for one in found if one.media_types}
        if types:
            media["encoding"] = {name: {"contentType": text} for name, text in types.items()}
        kinds = ["multipart/form-data"] if has_file else ["application/x-www-form-urlencoded", "multipart/form-data"]
        return {"required": bool(required), "content": dict.fromkeys(kinds, media)}

    def whole(self, servers: Sequence[str]) -> dict[str, Any]:
        components: dict[str, Any] = {"schemas": self.schemas.fill()}
        for one in self.parameters:
            for name in ("description", "deprecated"):  # of the schema, which tools do not show
                if name in one["schema"]:
                    one.setdefault(name, one["schema"].pop(name))
        if self.security:
            components["securitySchemes"] = {name: self.security[name] for name in sorted(self.security)}
        facts, options = self.facts, self.facts.options
        info: dict[str, Any] = {"title": facts.title, "version": facts.version}
        found: dict[str, Any] = {"openapi": "3.1.0", "info": info}
        urls = list(servers)
        if options is not None:
            info.update(options.info)
            urls = urls or list(options.servers)
            if options.authorizers:
                found["security"] = [{name: []} for name in options.authorizers]
        urls = urls or ([facts.base_path] if facts.base_path else [])
        if urls:
            found["servers"] = [{"url": one} for one in urls]
        if self.tags:
            found["tags"] = [
                {"name": name, **({"description": text} if text else {})} for name, text in self.tags.items()
            ]
        # A copy: no part of it is the same object as another.
        return json.loads(json.dumps({**found, "paths": self.paths, "components": components}))  # type: ignore[no-any-return]


def _annotation(one: Parameter) -> Any:
    annotation: Any = list.__class_getitem__(one.annotation) if one.is_list else one.annotation
    return sys.modules["typing"].Annotated[(annotation, *one.extra)] if one.extra else annotation


def _json_of(default: Any) -> Any:
    """Return a default as JSON has it; None without one, and for what has no JSON."""
    if default is MISSING or default is None:
        return None
    from pydantic_core import to_jsonable_python

    try:
        return to_jsonable_python(default)
    except ValueError:  # the base class of pydantic's error
        return None


def _key_header(route: Route) -> dict[str, Any] | None:
    """Return the parameter of the header that is the key of an idempotent route; None for other routes."""
    for layer in route.layers:
        key = getattr(layer, "key", None)
        header = getattr(key, "header", None)
        if isinstance(header, str):
            return {
                "name": header,
                "in": "header",
                "description": "A request with the same key is carried out once, and gets the same answer.",
                "required": bool(getattr(layer, "needs_key", False)),
                "schema": {"type": "string", "minLength": 1},
            }
    return None


def check_servers(servers: Sequence[str]) -> None:
    """Refuse a text in place of a list of URLs."""
    if isinstance(servers, str):
        raise ConfigurationError(f"openapi(servers={servers!r}): pass a list of URLs")
