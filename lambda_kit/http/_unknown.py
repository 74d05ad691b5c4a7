"""Names that the HTTP room does not have: those of Powertools and of FastAPI, and misspelt ones."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_EVENT = "take a parameter of type lambda_kit.events.HttpEvent in the function of the route: request: HttpEvent"
_LAYERS = "use layers=[...] of a route, a Router or HttpApp; a layer is a generator under lambda_kit.layer"
_HANDLER = "the app is a function of an event and a context: lambda_handler = handler()(app)"
_ON_ERROR = "write @app.on_error(ValueError) above a function (error, request)"
_SHARED = "pass values with provide(...) before the app, or with Depends(...) in the function of the route"
_TEXTS = "pass HttpApp(title=..., version=..., openapi=OpenApi(...))"
_DOCUMENT = "call app.openapi(), or run `lambda-kit openapi MODULE:app`"
_PAGE = "run `lambda-kit openapi MODULE:app --ui FOLDER` before the deployment"
_ONE_DOCUMENT = "`lambda-kit openapi MODULE:app` writes the document of one app"
_ORIGINS = "pass the list of origins first: Cors(['https://shop.example'])"
_CHECKED = "an answer that does not fit its model is logged, and the client gets 500"
_ALWAYS = "leave it out: annotations are always read"
_COMPRESS = "write HttpApp(compress=True)"
_DEPENDS = "take a parameter with Depends(...) in the function of the route, or use layers=[...]"
_CONSTRAINT = "constraints stand beside it: Annotated[int, Query(), Field(ge=1)], with Field of pydantic"
_TEXT = "texts stand beside it: Annotated[int, Query(), Field(description=...)], with Field of pydantic"

OPTIONS = {
    "HttpApp": (
        *("cors", "compress", "etag", "security", "layers", "base_path", "max_body", "max_parts", "max_files"),
        *("max_file", "title", "version", "validator_messages", "openapi", "debug"),
    ),
    "Router": ("prefix", "layers", "tags"),
    "Response": ("body", "status", "headers", "media_type"),
    "Redirect": ("location", "status"),
    "Cors": ("origins", "headers", "expose", "credentials", "max_age", "function_url"),
    "Marker": ("name",),
    "Depends": ("function",),
    "File": ("name", "media_types"),
}
ROUTE_OPTIONS = ("status", "layers", "cache_control")  # beside those of the OpenAPI document

_INSTEAD = {
    "HttpApp": {
        "allow_origin": "write cors=Cors(['https://shop.example'])",
        "default_response_class": "return a lambda_kit.http.Response where the answer is no JSON",
        "dependencies": _DEPENDS,
        "description": "write openapi=OpenApi(description=...)",
        "docs_url": _PAGE,
        "enable_validation": _ALWAYS,
        "exception_handlers": _ON_ERROR,
        "json_body_deserializer": "take a parameter data: Annotated[bytes, Body()] for a body of another kind",
        "lifespan": "write a function under @init.resource",
        "middleware": _LAYERS,
        "middlewares": _LAYERS,
        "openapi_url": "write app.openapi(path='/openapi.json', file='openapi.json')",
        "proxy_type": "leave it out: HttpApp serves every trigger",
        "redoc_url": _PAGE,
        "response_validation_error_http_code": _CHECKED,
        "root_path": "it is called base_path here",
        "serializer": "return lambda_kit.http.Response(text, media_type=...) for a text of your own",
        "servers": "write openapi=OpenApi(servers=[...])",
        "strip_prefixes": "use base_path='/v1', one path",
        "summary": "write openapi=OpenApi(...)",
    },
    "Router": {
        "dependencies": _DEPENDS,
        "middlewares": _LAYERS,
        "route_class": _LAYERS,
    },
    "Response": {
        "background": "nothing runs after the answer; send a message to a queue",
        "compress": _COMPRESS,
        "content": "it is called body here, and comes first",
        "content_type": "it is called media_type here: Response(body, 200, media_type='text/plain')",
        "cookies": "call response.set_cookie(name, value)",
        "status_code": "it is called status here, and comes second: Response(body, 200)",
    },
    "Redirect": {
        "status_code": "it is called status here",
        "url": "it is called location here, and comes first",
    },
    "Cors": {
        "allow_credentials": "it is called credentials here",
        "allow_headers": "it is called headers here",
        "allow_methods": "leave it out: the methods of a path are those of its routes",
        "allow_origin": _ORIGINS,
        "allow_origins": _ORIGINS,
        "expose_headers": "it is called expose here",
        "extra_origins": _ORIGINS,
    },
    "Marker": {
        "alias": "the name comes first: Query('page-number')",
        "default": "write the default behind the annotation: limit: Annotated[int, Query()] = 20",
        "embed": "a body of several parts is a model with a field for each",
        "use_cache": "leave it out: a dependency runs once for a request",
        "validation_alias": "the name comes first: Query('page-number')",
        **dict.fromkeys(
            ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "pattern", "regex", "strict"),
            _CONSTRAINT,
        ),
        **dict.fromkeys(("description", "title", "examples", "deprecated"), _TEXT),
    },
    "route": {
        "compress": f"{_COMPRESS}, for all routes",
        "cors": "write HttpApp(cors=Cors([...])), for all routes",
        "custom_response_validation_http_code": _CHECKED,
        "dependencies": _DEPENDS,
        "enable_validation": _ALWAYS,
        "include_in_schema": "write hidden=True to leave the route out",
        "method": "the methods follow the path: @app.route('/orders', 'GET', 'POST')",
        "methods": "the methods follow the path: @app.route('/orders', 'GET', 'POST')",
        "middlewares": _LAYERS,
        "openapi_extensions": "the document has no fields of your own; change what app.openapi() returns",
        "response_class": "return a lambda_kit.http.Response",
        "response_description": "write responses={200: 'the description'}",
        "response_model": "annotate what the function returns: def get_order(order_id: int) -> Order",
        "rule": "pass the path first: @app.get('/orders')",
        "status_code": "it is called status here",
    },
}
_INSTEAD["File"] = _INSTEAD["Marker"]
_INSTEAD["Depends"] = {
    "dependency": "it is called function here, and comes first",
    "scope": "leave it out: a dependency ends when the response is made",
    "use_cache": _INSTEAD["Marker"]["use_cache"],
}

ATTRIBUTES = {
    "Router": {
        "add_api_route": "write @app.route(path, 'GET', 'POST') above the function",
        "add_exception_handler": _ON_ERROR,
        "add_middleware": _LAYERS,
        "api_resolver": _EVENT,
        "api_route": "write @app.route(path, 'GET', 'POST') above the function",
        "append_context": _SHARED,
        "clear_context": "what provide(...) and Depends(...) pass ends with the request",
        "configure_openapi": _TEXTS,
        "configure_openapi_merge": _ONE_DOCUMENT,
        "context": _SHARED,
        "current_event": _EVENT,
        "dependency_overrides": "write with app.override(function, other), in a test",
        "enable_swagger": _PAGE,
        "exception_handler": _ON_ERROR,
        "exception_handler_manager": _ON_ERROR,
        "get_openapi_json_schema": _DOCUMENT,
        "get_openapi_merge_json_schema": _ONE_DOCUMENT,
        "get_openapi_merge_schema": _ONE_DOCUMENT,
        "get_openapi_schema": _DOCUMENT,
        "head": "a route of app.get(...) answers HEAD too",
        "include_router": "it is called include(router, prefix) here",
        "lambda_context": "take a parameter of type lambda_kit.LambdaContext in the function of the route",
        "middleware": _LAYERS,
        "mount": "it is called include(router, prefix) here",
        "not_found": "write @app.on_error(NotFound) above a function (error, request)",
        "on_event": "write a function under @init.resource",
        "openapi_config": _TEXTS,
        "options": "write @app.route(path, 'OPTIONS'); HttpApp(cors=Cors([...])) answers preflights",
        "processed_stack_frames": "layers are plain functions, and nothing counts their calls",
        "request": _EVENT,
        "resolve": _HANDLER,
        "resolve_async": _HANDLER,
        "use": _LAYERS,
    },
    "Response": {
        "base64_encoded": "bytes are encoded for the trigger by themselves",
        "compress": _COMPRESS,
        "content": "it is called body here",
        "content_type": "read headers['content-type']; Response(body, media_type=...) sets it",
        "is_json": "read headers['content-type']",
        "media_type": "read headers['content-type']; Response(body, media_type=...) sets it",
        "status_code": "it is called status here",
    },
    "ClientResponse": {
        "body": "it is called content here",
        "status_code": "it is called status here",
    },
}


def option(what: str, name: str) -> ConfigurationError:
    """Return the error for an option that does not exist; it says what to write.

    Args:
        what: the name of the class, as users write it.
        name: the option.
    """
    kind = what if what in OPTIONS else "Marker"
    said = _INSTEAD.get(kind, {}).get(name)
    hint = f"; {said}" if said else callables.closest(name, OPTIONS[kind])
    return ConfigurationError(f"{what}({name}=...): there is no such option{hint}")


def of_response(more: tuple[Any, ...], unknown: dict[str, Any]) -> ConfigurationError:
    """Return the error for a response with more arguments than there are. Their values are never quoted."""
    if unknown:
        return option("Response", next(iter(unknown)))
    return ConfigurationError(
        f"Response(...) was called with {2 + len(more)} values without a name: two are taken, the body first and the "
        "status second, and names say what the rest is; write Response(body, 200, media_type='text/plain')"
    )


def route_option(name: str, known: tuple[str, ...]) -> str:
    """Return the hint on an option that routes do not have; `""` if there is none."""
    said = _INSTEAD["route"].get(name)
    return f"; {said}" if said else callables.closest(name, (*known, *ROUTE_OPTIONS))


def attribute_of(owner: object, name: str, kind: str) -> AttributeError:
    """Return the error for an attribute that other libraries have.

    Args:
        owner: the object, perhaps of a subclass.
        name: the attribute.
        kind: the name of the class that has the hint.
    """
    text = f"{type(owner).__name__!r} object has no attribute {name!r}; {ATTRIBUTES[kind][name]}"
    return AttributeError(text, name=name, obj=owner)
