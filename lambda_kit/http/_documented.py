"""Options of routes for the OpenAPI document. Loaded where a route says something."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypedDict

    class Documented(TypedDict, total=False):
        """Options of a route for the OpenAPI document; see `Router.route`."""

        tags: Sequence[str]
        summary: str
        description: str
        operation_id: str
        deprecated: bool
        hidden: bool
        security: Sequence[str]
        responses: Mapping[int, Any]


_KNOWN = ("tags", "summary", "description", "operation_id", "deprecated", "hidden", "security", "responses")


def checked(path: str, given: Documented) -> Documented:
    """Return the options of a route.

    Raises:
        ConfigurationError: there is no such option, or a list is a text.
    """
    for name, value in given.items():
        if name not in _KNOWN:
            from lambda_kit.http import _unknown

            raise ConfigurationError(f"route({path!r}) has no option {name!r}{_unknown.route_option(name, _KNOWN)}")
        if name in ("tags", "security") and isinstance(value, str):
            raise ConfigurationError(f"route({path!r}, {name}={value!r}): pass a list of texts")
    return given
