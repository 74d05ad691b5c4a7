"""Spans of HTTP requests: of requests, httpx and urllib3.

A span is named after the host. It contains no query, user, password or body. It ends when the client has the response:
with the headers if the body is streamed, and always with the headers for requests.
"""

from __future__ import annotations

from contextvars import ContextVar

from lambda_kit._kernel.urls import without_credentials
from lambda_kit.tracer._guard import harmless, length_of, report, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self

    from lambda_kit.tracer._span import Options, Span

_redirecting: ContextVar[Any] = ContextVar("lambda_kit_redirecting", default=None)


def shown_url(url: str) -> str:
    """Return a URL without user, password, query and fragment."""
    return without_credentials(url).partition("?")[0].partition("#")[0]


def address_of(url: Any) -> tuple[str, str | None]:
    """Return the host of a URL, and the URL without user, query and fragment; `("unknown", None)` if it has no host."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(shown_url(text_of(url)))
        host = parts.hostname
    except ValueError:
        return "unknown", None
    if not host:
        return "unknown", None
    return host, f"{parts.scheme}://{parts.netloc}{parts.path}"


def _missing(headers: dict[str, str], given: Any) -> dict[str, str]:
    """Return those of our headers that the caller has not set."""
    try:
        names = {name.lower() for name in given}
    except Exception as error:  # the client itself will say what is wrong with the headers
        report("headers", error)
        return {}
    return {name: value for name, value in headers.items() if name.lower() not in names}


@harmless
def _answered(span: Span, response: Any, status: Any) -> None:
    span.http(status=status, length=length_of(response.headers.get("content-length")))


def instrument_requests(session: Any, options: Options) -> None:
    """Record each request of a session as a span; each redirect is a span of its own."""
    find = session.get_adapter

    def get_adapter(url: str) -> _Adapter:
        return _Adapter(find(url=url), options)

    session.get_adapter = get_adapter


class _Adapter:
    """A requests adapter around another one, made for each request, so that adapters mounted later are traced too."""

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
                request = request.copy()  # requests sends the original again for a redirect
                request.headers.update(_missing(headers, request.headers))
            span.http(method=request.method, url=url)
            response = self._inner.send(request, *args, **kwargs)
            _answered(span, response, response.status_code)
        if getattr(response, "connection", None) is self._inner:
            response.connection = self  # digest authentication sends the request again through it
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def instrument_httpx(client: Any, options: Options) -> None:
    """Record each request of an httpx client as one span, redirects included."""
    inner = client.send

    def send(request: Any, **kwargs: Any) -> Any:
        with _HttpxRequest(request, options) as one:
            return one.answered(inner(request, **kwargs))

    client.send = send


def instrument_async_httpx(client: Any, options: Options) -> None:
    """Record each request of an `httpx.AsyncClient` as one span, redirects included."""
    inner = client.send

    async def send(request: Any, **kwargs: Any) -> Any:
        with _HttpxRequest(request, options) as one:
            return one.answered(await inner(request, **kwargs))

    client.send = send


class _HttpxRequest:
    """The span of an httpx request; the request has the trace headers while it is sent."""

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
        _answered(self._span, response, response.status_code)
        return response

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for name in self._headers:
            self._request.headers.pop(name, None)  # the request may be sent again, in another span
        self._span.__exit__(kind, error, traceback)


def instrument_urllib3(pool: Any, options: Options) -> None:
    """Record each request of a `PoolManager` as one span, redirects and retries included."""
    inner = pool.urlopen

    def urlopen(method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if _redirecting.get() is pool:  # urllib3 follows a redirect by calling itself
            return inner(method, url, *args, **kwargs)
        host, plain = address_of(url)
        backend = options.backend()
        before = _redirecting.set(pool)
        try:
            with backend.span(host, "remote", options) as span:
                headers = backend.headers(w3c=options.w3c)
                given = kwargs.get("headers")
                given = pool.headers if given is None else given
                if missing := _missing(headers, given):
                    sent = given.copy() if hasattr(given, "copy") else dict(given)
                    sent.update(missing)
                    kwargs["headers"] = sent
                span.http(method=method, url=plain)
                response = inner(method, url, *args, **kwargs)
                _answered(span, response, response.status)
                return response
        finally:
            _redirecting.reset(before)

    pool.urlopen = urlopen
