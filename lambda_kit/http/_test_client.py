"""A client for tests: it calls an app with the event of a trigger, and reads the answer as the trigger does."""

from __future__ import annotations

import json
import sys
from urllib.parse import quote, urlencode

from lambda_kit._kernel import callables, hint_names, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.events._http_build import HTTP_TRIGGERS, http_event
from lambda_kit.http._upload import UploadFile
from lambda_kit.invocation import opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from lambda_kit.events._http_trigger import HttpTrigger
    from lambda_kit.http._test_socket import TestSocket

    Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]]

_IN_PATHS = "/%:@!$&'()*+,;=-._~"


class ClientResponse:
    """An answer, as a client gets it.

    Attributes:
        status: the status.
        headers: the headers by their names in lower case; values of the same name are joined with commas.
        set_cookies: the values of `Set-Cookie`, in their order.
        content: the body.
        raw: what the app returned to the trigger.
    """

    __slots__ = ("content", "headers", "raw", "set_cookies", "status")

    def __init__(self, raw: dict[str, Any]) -> None:
        from base64 import b64decode

        self.raw = raw
        self.status: int = raw["statusCode"]
        self.set_cookies: list[str] = list(raw.get("cookies", ()))
        self.headers: dict[str, str] = {}
        lists = {
            **{name: [value] for name, value in raw.get("headers", {}).items()},
            **raw.get("multiValueHeaders", {}),
        }
        for name, values in lists.items():
            if name.lower() == "set-cookie":
                self.set_cookies += values
            else:
                self.headers[name.lower()] = ", ".join(values)
        body: str = raw.get("body") or ""
        self.content = b64decode(body) if raw.get("isBase64Encoded") else body.encode()

    @property
    def text(self) -> str:
        """The body, as UTF-8."""
        return self.content.decode()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the answer sets, without their attributes."""
        pairs = (one.partition(";")[0].partition("=") for one in self.set_cookies)
        return {name: value for name, _, value in pairs}

    def json(self) -> Any:
        """Return the value of the JSON in the body."""
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<ClientResponse {self.status}>"


hint_names(ClientResponse, "body status_code")


class TestClient:
    """A client that calls a handler with the events of a trigger. `app.test_client()` makes one.

    ```python
    from lambda_kit import HttpApp, handler
    from lambda_kit.http import TestClient

    app = HttpApp()


    @app.post("/echo")
    def echo(value: dict):
        return value


    client = TestClient(handler()(app), "alb")
    assert client.post("/echo", json={"a": 1}).json() == {"a": 1}
    ```

    Args:
        handler: a handler, or an app.
        trigger: the trigger whose events it makes; default `"http_api_2"`.
        headers: headers of all requests; default: none.
        context: the context of Lambda; default: one with 30 seconds left.

    Raises:
        ConfigurationError: there is no such trigger, or declarations of routes are wrong.
    """

    __test__ = False  # pytest collects classes of this name otherwise
    __slots__ = ("_context", "_handler", "_headers", "_trigger")

    def __init__(
        self,
        handler: Callable[[Any, Any], Any],
        trigger: HttpTrigger = "http_api_2",
        *,
        headers: Mapping[str, str] | None = None,
        context: Any = None,
    ) -> None:
        _check_trigger(trigger)
        _check_app_in(handler)
        self._handler = handler if getattr(handler, callables.HANDLER, False) else opening(handler)
        self._context = _Context() if context is None else context
        self._trigger: HttpTrigger = trigger
        self._headers = dict(headers or {})

    def request(  # noqa: PLR0913  # the parts of a request
        self,
        method: str,
        path: str,
        *,
        params: Pairs | None = None,
        headers: Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
        json: Any = ...,
        data: Pairs | None = None,
        files: Pairs | None = None,
        content: bytes | str | None = None,
    ) -> ClientResponse:
        """Send a request.

        Args:
            method: the method.
            path: the path, encoded or not, perhaps with a query.
            params: parameters of the query; a list holds several values of a name; default: none.
            headers: headers, as a dict or as pairs; default: none.
            cookies: cookies; default: none.
            json: a value that is sent as JSON; default: none.
            data: fields that are sent as a form, URL-encoded without files; default: none.
            files: files that are sent as `multipart/form-data`, each an `UploadFile`, bytes, or a
                tuple `(filename, data)` or `(filename, data, content_type)`; default: none.
            content: the body itself, as bytes or text; default: none.
        """
        event = request_event(
            self._trigger,
            method,
            path,
            params=params,
            headers=list(self._headers.items()) + _pairs(headers),
            cookies=cookies,
            json=json,
            data=data,
            files=files,
            content=content,
        )
        return ClientResponse(self._handler(event, self._context))

    def websocket(
        self,
        *,
        params: Pairs | None = None,
        headers: Pairs | None = None,
        cookies: Mapping[str, str] | None = None,
        authorizer: Mapping[str, Any] | None = None,
    ) -> TestSocket:
        """Return the client of a WebSocket API. `with` connects and disconnects it.

        Args:
            params: parameters of the query; a list holds several values of a name; default: none.
            headers: headers, as a dict or as pairs; default: none.
            cookies: cookies; default: none.
            authorizer: the context that an authorizer has returned; default: none.
        """
        from lambda_kit.http._test_socket import TestSocket

        pairs = list(self._headers.items()) + _pairs(headers)
        if cookies:
            pairs.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
        query = [(name, str(one)) for name, value in _pairs(params) for one in _values(value)]
        return TestSocket(self._handler, self._context, query, pairs, dict(authorizer or {}))

    def get(self, path: str, **options: Any) -> ClientResponse:
        """Send `GET`. See `request`."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> ClientResponse:
        """Send `HEAD`. See `request`."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Any) -> ClientResponse:
        """Send `OPTIONS`. See `request`."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, **options: Any) -> ClientResponse:
        """Send `POST`. See `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> ClientResponse:
        """Send `PUT`. See `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> ClientResponse:
        """Send `PATCH`. See `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> ClientResponse:
        """Send `DELETE`. See `request`."""
        return self.request("DELETE", path, **options)


def request_event(  # noqa: PLR0913  # the parts of a request
    trigger: HttpTrigger,
    method: str,
    path: str,
    *,
    params: Any = None,
    headers: Any = None,
    cookies: Mapping[str, str] | None = None,
    json: Any = ...,
    data: Any = None,
    files: Any = None,
    content: bytes | str | None = None,
    source_ip: str = "192.0.2.1",
) -> dict[str, Any]:
    """Return the event that a trigger makes of a request. `TestClient.request` has the same arguments.

    Raises:
        ConfigurationError: there is no such trigger.
    """
    _check_trigger(trigger)
    pairs = _pairs(headers)
    if cookies:
        pairs.append(("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
    body, content_type = _body(json, data, files, content)
    if content_type and "content-type" not in [name.lower() for name, _ in pairs]:
        pairs.append(("Content-Type", content_type))
    path, separator, query = path.partition("?")
    target = quote(path, safe=_IN_PATHS) + separator + query
    if params:
        target += ("&" if separator else "?") + urlencode(_pairs(params), doseq=True)
    return http_event(trigger, method, target, pairs, body, source_ip=source_ip)


def _check_trigger(trigger: HttpTrigger) -> None:
    if trigger not in HTTP_TRIGGERS:
        raise ConfigurationError(f"there is no trigger {trigger!r}; there are {', '.join(HTTP_TRIGGERS)}")


def _check_app_in(handler: Any) -> None:
    """Check the routes of the app that a handler is made of, if there is one."""
    app = getattr(handler, callables.ADAPTED, None) or callables.plain(handler)
    apps = sys.modules.get("lambda_kit.http._app")
    is_known = hasattr(handler, callables.PROVIDES)  # the keywords that its layers pass
    if app is not handler and is_known and apps is not None and isinstance(app, apps.HttpApp):
        app.check(*callables.provided_keywords(handler))


def _pairs(found: Any) -> list[tuple[str, Any]]:
    return [] if found is None else list(found.items() if hasattr(found, "items") else found)


def _body(value: Any, data: Any, files: Any, content: bytes | str | None) -> tuple[bytes, str | None]:
    if content is not None:
        return (content.encode() if isinstance(content, str) else content), None
    if files is not None:
        return _multipart(_pairs(data), _pairs(files))
    if data is not None:
        return urlencode(_pairs(data), doseq=True).encode(), "application/x-www-form-urlencoded"
    if value is not ...:
        return json.dumps(value).encode(), "application/json"
    return b"", None


def _multipart(fields: list[tuple[str, Any]], files: list[tuple[str, Any]]) -> tuple[bytes, str]:
    """Return a body of `multipart/form-data` as browsers write it, and its content type."""
    import secrets

    boundary = f"----boundary-{secrets.token_hex(16)}"
    parts: list[bytes] = []
    parts += [_part(boundary, name, "", str(one).encode()) for name, value in fields for one in _values(value)]
    for name, value in files:
        for one in [value] if _is_file(value) else _values(value):
            file = UploadFile(one[1], one[0], *one[2:]) if _is_file(one) else one
            if not isinstance(file, UploadFile):
                file = UploadFile(file, name)
            more = f'; filename="{_escaped(file.filename)}"\r\nContent-Type: {file.content_type}'
            parts.append(_part(boundary, name, more, file.data))
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _is_file(value: Any) -> bool:
    """Tell whether a value is a file as httpx takes it: `(filename, data)` or `(filename, data, content_type)`."""
    return type_of(value) is tuple and len(value) in (2, 3) and isinstance(value[0], str)


def _values(value: Any) -> list[Any]:
    return list(value) if type_of(value) in (list, tuple) else [value]


def _part(boundary: str, name: str, more: str, data: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def _escaped(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


class _Context:
    """A context without a deadline, for apps that do not read it. The kit's own is in a room for tests."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = "test-function"
    function_version = "$LATEST"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:test-function"
    memory_limit_in_mb = "128"
    log_group_name = "/aws/lambda/test-function"
    log_stream_name = "test"
    identity = None
    client_context = None
    tenant_id = None

    def get_remaining_time_in_millis(self) -> int:
        return 30_000
