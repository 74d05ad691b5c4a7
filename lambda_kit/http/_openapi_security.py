"""Security schemes of an OpenAPI document: what `Bearer`, `ApiKey` and authorizers before the function check."""

from __future__ import annotations

import re

from lambda_kit.errors import ConfigurationError
from lambda_kit.http._api_key import ApiKey
from lambda_kit.http._bearer import Bearer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from lambda_kit.http._openapi_options import OpenApi

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]")  # not allowed in the name of a component


class Scheme:
    """A security scheme.

    Attributes:
        name: the name of the component.
        value: the component.
        scopes: the scopes that a token has to have.
        fetches_keys: whether its keys are fetched, which may fail.
    """

    def __init__(self, name: str, value: dict[str, Any], scopes: tuple[str, ...] = ()) -> None:
        self.name = name
        self.value = value
        self.scopes = scopes
        self.fetches_keys = False


def scheme_of(fn: Any) -> Scheme | None:
    """Return the scheme of a dependency; None if it is another function."""
    owner = getattr(fn, "bearer", fn)
    if isinstance(owner, Bearer):
        found = Scheme(
            "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, getattr(fn, "wanted_scopes", ())
        )
        found.fetches_keys = owner._url is not None
        return found
    if isinstance(owner, ApiKey):
        name = owner.header.lower()
        return Scheme(f"apiKey_{_NO_NAME.sub('_', name)}", {"type": "apiKey", "in": "header", "name": name})
    return None


def security_of(
    schemes: dict[str, list[str]], options: OpenApi | None, given: Sequence[str] | None, what: str
) -> list[dict[str, list[str]]] | None:
    """Return the security of an operation; None if that of the document counts.

    Args:
        schemes: the schemes that the route checks itself, with scopes.
        options: the options of the document; None without any.
        given: the names of the authorizers of this route; None for all, which are alternatives.
        what: the route, for messages.

    Raises:
        ConfigurationError: there is no such authorizer.
    """
    known = [] if options is None else list(options.authorizers)
    if isinstance(given, str):
        raise ConfigurationError(f"{what}: security={given!r} is a text; pass a list of names")
    if unknown := [one for one in given or () if one not in known]:
        raise ConfigurationError(
            f"{what}: security={list(given or ())!r} names {unknown[0]!r}; the authorizers of OpenApi are: "
            f"{', '.join(known) or 'none'}"
        )
    before = known if given is None else list(given)
    if not schemes:
        if given is None or before == known:
            return None
        return [{name: []} for name in before]
    alternatives: list[dict[str, list[str]]] = [{name: []} for name in before]
    return [{**one, **schemes} for one in alternatives or [{}]]
