"""Headers that make browsers careful: <https://owasp.org/www-project-secure-headers/>."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.events import HttpEvent
    from lambda_kit.http._response import Response


class SecurityHeaders:
    """Security headers on every answer. A header that a route sets itself stays as it is.

    Args:
        hsts: seconds for which browsers use HTTPS alone; default two years; None for no header.
        csp: the content security policy; default None, for no header.
        frame: who may show an answer in a frame: `"DENY"` (default) or `"SAMEORIGIN"`; None for no header.
        referrer: the referrer policy; default `"no-referrer"`; None for no header.

    Raises:
        ConfigurationError: a value cannot be in a header.
    """

    __slots__ = ("_headers",)

    def __init__(
        self,
        *,
        hsts: int | None = 63_072_000,
        csp: str | None = None,
        frame: str | None = "DENY",
        referrer: str | None = "no-referrer",
    ) -> None:
        found = {
            "strict-transport-security": None if hsts is None else f"max-age={hsts}; includeSubDomains",
            "x-content-type-options": "nosniff",
            "x-frame-options": frame,
            "referrer-policy": referrer,
            "content-security-policy": csp,
        }
        self._headers = {name: value for name, value in found.items() if value is not None}
        if hsts is not None and (type_of(hsts) is not int or hsts < 0):
            raise ConfigurationError(f"SecurityHeaders(hsts={hsts!r}): pass seconds, 0 or more")
        if frame not in ("DENY", "SAMEORIGIN", None):
            raise ConfigurationError(f"SecurityHeaders(frame={frame!r}): pass 'DENY', 'SAMEORIGIN' or None")
        for name, value in self._headers.items():
            if not value.isascii() or not value.isprintable():
                raise ConfigurationError(f"SecurityHeaders(...): {value!r} cannot be the value of {name}")

    def apply(self, request: HttpEvent, response: Response) -> Response:  # noqa: ARG002  # of the interface
        """Add the headers."""
        for name, value in self._headers.items():
            response._headers.setdefault(name, value)
        return response
