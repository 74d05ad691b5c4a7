"""Requests of HTTP clients as spans: of requests, httpx and urllib3.

A span has the host as its name, and neither query, user nor body. It ends when the client has the answer: the headers
alone where the body is read as a stream, and with requests always.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self

    from lambda_kit.tracer._span import Options, Span

_redirecting: ContextVar[Any] = ContextVar("lambda_kit_redirecting", default=None)


def address_of(url: str) -> tuple[str, str | None]:
    """Return the host of a URL, and the URL without user, query and fragment; None where it is no URL."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        return "unknown", None
    if not parts.hostname:
        return "unknown", None
    authority = parts.netloc.rpartition("@")[2]
    return parts.hostname, f"{parts.scheme}://{authority}{parts.path}"


def _missing(headers: dict[str, str], given: Any) -> dict[str, str]:
    """Return the headers that the caller has not given."""
    names = {name.lower() for name in given}
    return {name: value for name, value in headers.items() if name.lower() not in names}


def _answered(span: Span, status: int, headers: Any) -> None:
    length: str | None = headers.get("content-length")
    span.http(status=status, length=int(length) if length and length.isdecimal() else None)


def instrument_requests(session: Any, options: Options) -> None:
    """Make each request of a session a span; one that is redirected is several."""
    find = session.get_adapter

    def get_adapter(url: str) -> _Adapter:
        return _Adapter(find(url=url), options)

    session.get_adapter = get_adapter


class _Adapter:
    """An adapter of requests, around another one: so those that are mounted later are traced too."""

    __slots__ = ("_inner", "_options")

    def __init__(self, inner: Any, options: Options) -> None:
        self._inner = inner
        self._options = options

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        host, url = address_of(request.url)
        backend = self._options.backend()
        with backend.span(host, "remote", self._options) as span:
            headers = backend.headers(w3c=self._options.w3c)
            if headers:
                request = request.copy()  # that of the caller is sent again where it is redirected
                request.headers.update(_missing(headers, request.headers))
            span.http(method=request.method, url=url)
            response = self._inner.send(request, *args, **kwargs)
            _answered(span, response.status_code, response.headers)
        if getattr(response, "connection", None) is self._inner:
            response.connection = self  # by which digest authentication sends it again
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def instrument_httpx(client: Any, options: Options) -> None:
    """Make each request of a client of httpx a span, redirects included."""
    inner = client.send

    def send(request: Any, **kwargs: Any) -> Any:
        with _HttpxRequest(request, options) as one:
            return one.answered(inner(request, **kwargs))

    client.send = send


def instrument_async_httpx(client: Any, options: Options) -> None:
    """Do what `instrument_httpx` does, for an `AsyncClient`."""
    inner = client.send

    async def send(request: Any, **kwargs: Any) -> Any:
        with _HttpxRequest(request, options) as one:
            return one.answered(await inner(request, **kwargs))

    client.send = send


class _HttpxRequest:
    """The span of a request of httpx, and its headers, which the request has while it is sent."""

    __slots__ = ("_headers", "_options", "_request", "_span")

    def __init__(self, request: Any, options: Options) -> None:
        self._request = request
        self._options = options

    def __enter__(self) -> Self:
        request, options = self._request, self._options
        host, url = address_of(str(request.url))
        backend = options.backend()
        self._span = backend.span(host, "remote", options).__enter__()
        self._headers = _missing(backend.headers(w3c=options.w3c), request.headers)
        request.headers.update(self._headers)
        self._span.http(method=request.method, url=url)
        return self

    def answered(self, response: Any) -> Any:
        _answered(self._span, response.status_code, response.headers)
        return response

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for name in self._headers:
            self._request.headers.pop(name, None)  # whoever sends it again does so in another span
        self._span.__exit__(kind, error, traceback)


def instrument_urllib3(pool: Any, options: Options) -> None:
    """Make each request of a `PoolManager` a span, redirects and repeated attempts included."""
    inner = pool.urlopen

    def urlopen(method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if _redirecting.get() is pool:  # it calls itself
            return inner(method, url, *args, **kwargs)
        host, plain = address_of(url)
        backend = options.backend()
        before = _redirecting.set(pool)
        try:
            with backend.span(host, "remote", options) as span:
                headers = backend.headers(w3c=options.w3c)
                if headers:
                    given = kwargs.get("headers")
                    given = pool.headers if given is None else given
                    sent = given.copy()
                    sent.update(_missing(headers, given))
                    kwargs["headers"] = sent
                span.http(method=method, url=plain)
                response = inner(method, url, *args, **kwargs)
                _answered(span, response.status, response.headers)
                return response
        finally:
            _redirecting.reset(before)

    pool.urlopen = urlopen
