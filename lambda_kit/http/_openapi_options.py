"""Options of an app for its OpenAPI document."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class OpenApi:
    """Texts, servers, tags and authorizers of the OpenAPI document of an app: `HttpApp(openapi=OpenApi(...))`.

    ```python
    from lambda_kit.http import HttpApp, OpenApi

    cognito = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    tags = {"orders": "What customers buy."}
    app = HttpApp(openapi=OpenApi(tags=tags, authorizers={"cognito": cognito}))


    @app.get("/orders", tags=["orders"])
    def list_orders() -> list[str]:
        return []


    @app.get("/status", security=[])
    def status() -> str:
        return "up"


    document = app.openapi()
    assert document["security"] == [{"cognito": []}]
    assert document["paths"]["/status"]["get"]["security"] == []
    ```

    Args:
        description: a text about the API, in Markdown; default: none.
        servers: the URLs of servers; default: the base path of the app, if it has one.
        tags: the texts of tags by their names, in the order of the document; default: none. Tags of routes are added.
        authorizers: the security schemes, by their names, of authorizers that guard the routes before the function
            runs, such as one of API Gateway. A client needs one of them. Default: none.
        contact: whom to ask: `name`, `url` and `email`; default: none.
        license: the licence of the API: `name`, and `url` or `identifier`; default: none.
        terms_of_service: the URL of the terms of service; default: none.

    Raises:
        ConfigurationError: `servers` is a text, or a scheme has no `type`.
    """

    __slots__ = ("authorizers", "info", "servers", "tags")

    def __init__(
        self,
        *,
        description: str = "",
        servers: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        authorizers: Mapping[str, Mapping[str, Any]] | None = None,
        contact: Mapping[str, str] | None = None,
        license: Mapping[str, str] | None = None,  # noqa: A002  # the name of the field
        terms_of_service: str = "",
    ) -> None:
        if isinstance(servers, str):
            raise ConfigurationError(f"OpenApi(servers={servers!r}): pass a list of URLs")
        for name, scheme in (authorizers or {}).items():
            if "type" not in scheme:
                raise ConfigurationError(
                    f"OpenApi(authorizers=...): {name!r} is no security scheme; it needs a type, such as "
                    '{"type": "http", "scheme": "bearer"}'
                )
        self.servers = tuple(servers)
        self.tags = dict(tags or {})
        self.authorizers = {name: dict(scheme) for name, scheme in (authorizers or {}).items()}
        texts = {
            "description": description,
            "termsOfService": terms_of_service,
            "contact": dict(contact or {}),
            "license": dict(license or {}),
        }
        self.info: dict[str, Any] = {name: value for name, value in texts.items() if value}

    def __repr__(self) -> str:
        return "<OpenApi>"
