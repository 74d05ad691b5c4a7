"""Errors that are answers: problem details as RFC 9457 defines them.

```text
LambdaKitError
└── HttpError                    an answer with any status of 400 and above
    ├── BadRequest               400
    ├── Unauthorized             401, with `WWW-Authenticate`
    ├── Forbidden                403
    ├── NotFound                 404
    ├── MethodNotAllowed         405, with `Allow`
    ├── Conflict                 409
    ├── Gone                     410
    ├── PreconditionFailed       412
    ├── ContentTooLarge          413
    ├── UnsupportedMediaType     415
    ├── UnprocessableContent     422
    │   └── InvalidRequest       422, with the list of all problems
    ├── TooManyRequests          429
    ├── InternalServerError      500
    └── ServiceUnavailable       503
```
"""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError, LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, ClassVar

REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""The reason phrases of RFC 9110 and its extensions."""
_OWN_MEMBERS = ("type", "title", "status", "detail")


class HttpError(LambdaKitError):
    """An answer with an error status. Raise it anywhere in a request: the client gets problem details (RFC 9457).

    Args:
        status: the status, 400 to 599.
        detail: a sentence for the client about this case; default: none. Clients see it.
        title: a short summary of the kind of problem; default: the reason phrase of the status.
        type: a URI that names the kind of problem; default `"about:blank"`, which means that the status says all.
        headers: headers of the answer; default: none.
        **members: further members of the problem, such as `balance=30`.

    Attributes:
        status: the status.
        detail: the sentence.
        headers: the headers, by their names.

    Raises:
        ConfigurationError: the status is not an error, or a member has the name of one that RFC 9457 defines.
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        title: str | None = None,
        type: str = "about:blank",  # noqa: A002  # the name of the member
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        given: Any = status
        if not isinstance(given, int) or not 400 <= status <= 599:
            raise ConfigurationError(f"HttpError({status!r}): pass a status of an error, 400 to 599")
        if taken := [name for name in _OWN_MEMBERS if name in members]:
            raise ConfigurationError(f"HttpError({taken[0]}=...) is set by the arguments of the same meaning")
        self.status = int(status)
        self.detail = detail
        self.title = title or REASONS.get(status, "Error")
        self.type = type
        self.headers = dict(headers or {})
        self.members = members
        super().__init__(f"{status} {self.title}" + (f": {detail}" if detail else ""))

    def problem(self) -> dict[str, Any]:
        """Return the problem details: the value of the JSON in the answer."""
        found: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail is not None:
            found["detail"] = self.detail
        return {**found, **self.members}


class _Fixed(HttpError):
    _STATUS: ClassVar[int]

    def __init__(self, detail: str | None = None, **options: Any) -> None:
        super().__init__(self._STATUS, detail, **options)


class BadRequest(_Fixed):
    """400: the request is malformed. It takes the arguments of `HttpError`."""

    _STATUS = 400


class Unauthorized(_Fixed):
    """401: the client has to authenticate. `challenge` is the value of `WWW-Authenticate`, default `"Bearer"`."""

    _STATUS = 401

    def __init__(self, detail: str | None = None, *, challenge: str = "Bearer", **options: Any) -> None:
        options["headers"] = {"www-authenticate": challenge, **(options.get("headers") or {})}
        super().__init__(detail, **options)


class Forbidden(_Fixed):
    """403: the client may not do this. It takes the arguments of `HttpError`."""

    _STATUS = 403


class NotFound(_Fixed):
    """404: there is nothing here. It takes the arguments of `HttpError`."""

    _STATUS = 404


class MethodNotAllowed(_Fixed):
    """405: the path does not have this method. `allowed` are its methods, for the header `Allow`."""

    _STATUS = 405

    def __init__(self, detail: str | None = None, *, allowed: Iterable[str], **options: Any) -> None:
        options["headers"] = {"allow": ", ".join(allowed), **(options.get("headers") or {})}
        super().__init__(detail, **options)


class Conflict(_Fixed):
    """409: the request does not fit the state of the resource. It takes the arguments of `HttpError`."""

    _STATUS = 409


class Gone(_Fixed):
    """410: the resource is gone for good. It takes the arguments of `HttpError`."""

    _STATUS = 410


class PreconditionFailed(_Fixed):
    """412: a condition in the headers of the request is not met. It takes the arguments of `HttpError`."""

    _STATUS = 412


class ContentTooLarge(_Fixed):
    """413: the body is too large. It takes the arguments of `HttpError`."""

    _STATUS = 413


class UnsupportedMediaType(_Fixed):
    """415: the body is of a type that the route does not take. It takes the arguments of `HttpError`."""

    _STATUS = 415


class UnprocessableContent(_Fixed):
    """422: the request is well-formed, and its values are wrong. It takes the arguments of `HttpError`."""

    _STATUS = 422


class InvalidRequest(UnprocessableContent):
    """422: values of the request do not fit the parameters of the route.

    Attributes:
        errors: one dict for each problem: `detail`, and `in` with `name` for parameters, or `pointer` for bodies: a
            JSON pointer as a URI fragment, as in RFC 9457. No value of the request is in them.
    """

    def __init__(self, errors: list[dict[str, str]]) -> None:
        self.errors = errors
        super().__init__("the request is not valid", errors=errors)

    def tell_own(self) -> None:
        """Tell the messages of the user's own validators, which are not told otherwise."""
        for one in self.errors:
            own: str | None = getattr(one, "own", None)
            if own is not None:
                one["detail"] = own


class TooManyRequests(_Fixed):
    """429: the client sends too many requests. It takes the arguments of `HttpError`."""

    _STATUS = 429


class InternalServerError(_Fixed):
    """500: the server failed. It takes the arguments of `HttpError`."""

    _STATUS = 500


class ServiceUnavailable(_Fixed):
    """503: the server cannot answer now. It takes the arguments of `HttpError`."""

    _STATUS = 503
