"""Cross-origin requests, by the Fetch standard, section 3.2: <https://fetch.spec.whatwg.org/#http-cors-protocol>."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._response import TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Never

    from lambda_kit.events import HttpEvent
    from lambda_kit.http._response import Response


class Cors:
    """The rules by which pages of other origins may use an app.

    The headers are on every answer of the app, errors included. A preflight is answered for known paths, with the
    methods of the path.

    Args:
        origins: the origins, such as `"https://shop.example"`, or `["*"]` for all of them.
        headers: request headers that pages may send, or `["*"]` for those that they ask for; default: `content-type`
            and `authorization`.
        expose: response headers that pages may read; default: none but those that are always readable.
        credentials: whether pages may send cookies and read the answer; default False. It needs named origins.
        max_age: seconds for which a browser remembers a preflight; default 600.
        function_url: False if the function URL has rules of its own, which then make these headers; default True.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: an option does not exist, an origin or the name of a header is not one, or credentials are
            allowed for all origins or with all headers that pages may read.
    """

    __slots__ = ("all_headers", "all_origins", "credentials", "expose", "function_url", "headers", "max_age", "origins")

    def __init__(
        self,
        origins: Sequence[str],
        *,
        headers: Sequence[str] = ("content-type", "authorization"),
        expose: Sequence[str] = (),
        credentials: bool = False,
        max_age: int = 600,
        function_url: bool = True,
        **unknown: Never,
    ) -> None:
        if unknown:
            from lambda_kit.http import _unknown

            raise _unknown.option("Cors", next(iter(unknown)))
        if isinstance(origins, str) or not origins:
            raise ConfigurationError("Cors(origins=...): pass a list of origins, such as ['https://shop.example']")
        for one in origins:
            scheme, separator, host = one.partition("://")
            if one not in ("*", "null") and not (scheme and separator and host and "/" not in host and "*" not in host):
                raise ConfigurationError(
                    f"Cors(origins=[{one!r}]): an origin is a scheme, a host and perhaps a port, without a path: "
                    "'https://shop.example'"
                )
        callables.check_flag("Cors(credentials=...)", credentials)
        callables.check_flag("Cors(function_url=...)", function_url)
        self.all_origins = "*" in origins
        if self.all_origins and credentials:
            raise ConfigurationError("Cors(credentials=True) needs named origins: browsers refuse '*' with credentials")
        if credentials and "*" in expose:
            raise ConfigurationError("Cors(credentials=True) needs names in expose: with credentials '*' is a name")
        for option, names in (("headers", headers), ("expose", expose)):
            if isinstance(names, str) or not all(name and TOKEN.issuperset(name) for name in names):
                raise ConfigurationError(f"Cors({option}={names!r}): pass a list of names of headers")
        self.origins = frozenset(one.lower() for one in origins)
        self.all_headers = "*" in headers
        self.headers = ", ".join(one.lower() for one in headers)
        self.expose = ", ".join(expose)
        self.credentials = credentials
        self.max_age = max_age
        self.function_url = function_url

    def __repr__(self) -> str:
        return f"<Cors for {', '.join(sorted(self.origins))}>"

    def apply(self, request: HttpEvent, response: Response) -> Response:
        """Add the headers that the origin of a request asks for."""
        if not self.function_url and request.trigger == "function_url":
            return response
        headers = response._headers
        if not self.all_origins:
            vary(headers, "Origin")
        origin = request.headers.get("origin")
        if origin is None or not self._allows(origin):
            return response
        headers["access-control-allow-origin"] = "*" if self.all_origins else origin
        if self.credentials:
            headers["access-control-allow-credentials"] = "true"
        if self.expose:
            headers["access-control-expose-headers"] = self.expose
        return response

    def _allows(self, origin: str | None) -> bool:
        return origin is not None and (self.all_origins or origin.lower() in self.origins)

    def preflight(self, request: HttpEvent, methods: list[str], response: Response) -> None:
        """Add what a preflight asks for to the answer of a known path; `apply` adds the rest."""
        found = request.headers
        if "access-control-request-method" not in found or not self._allows(found.get("origin")):
            return
        if not self.function_url and request.trigger == "function_url":
            return
        headers: dict[str, Any] = response._headers
        headers["access-control-allow-methods"] = ", ".join(methods)
        asked = found.get("access-control-request-headers")
        if self.all_headers:
            vary(headers, "Access-Control-Request-Headers")
        allowed = _listed(asked) if self.all_headers else self.headers
        if allowed:
            headers["access-control-allow-headers"] = allowed
        headers["access-control-max-age"] = str(self.max_age)


if not TYPE_CHECKING:  # so that options of other libraries are refused with ours before Python misses an argument
    Cors.__init__.__defaults__ = ((),)


def _listed(asked: str | None) -> str:
    """Return the names of headers that a page asks for. What is no name is left out."""
    names = [one.strip() for one in (asked or "").split(",")]
    return ", ".join([one for one in names if one and TOKEN.issuperset(one)])


def vary(headers: dict[str, Any], name: str) -> None:
    """Add a name to `Vary`, if it is not there."""
    found: Any = headers.get("vary", [])
    text = found if isinstance(found, str) else ", ".join(found)
    names = [one.strip() for one in text.split(",") if one.strip()]
    if "*" not in names and name.lower() not in [one.lower() for one in names]:
        headers["vary"] = ", ".join([*names, name])
