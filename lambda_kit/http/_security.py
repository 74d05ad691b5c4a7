"""Headers that make browsers careful: <https://owasp.org/www-project-secure-headers/>."""

from __future__ import annotations

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

    def apply(self, _request: HttpEvent, response: Response) -> Response:
        """Add the headers."""
        for name, value in self._headers.items():
            response._headers.setdefault(name, value)
        return response
