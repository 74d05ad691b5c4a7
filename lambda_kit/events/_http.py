"""HTTP requests of every trigger, read alike."""

from __future__ import annotations

import json
from binascii import a2b_base64

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._http_trigger import http_trigger_of
from lambda_kit.events._http_values import (
    HeaderValues,
    QueryValues,
    decoded_lists,
    decoded_path,
    header_lists,
    lists_of,
    parsed_cookies,
    parsed_query,
)
from lambda_kit.events._view import MISSING, ContentView, Failed, T_co, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any, ClassVar, Never

    from lambda_kit.events._http_trigger import HttpTrigger


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


# RFC 8259 has neither NaN nor Infinity. This is the core of `decode`, which takes twice as long because of blanks.
_scan = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
_BLANKS = " \t\n\r"
_PATHS = {"http_api_2": "rawPath", "function_url": "rawPath", "lattice_1": "raw_path"}  # elsewhere "path"
_DECODED = ("http_api_1", "http_api_2")  # HTTP APIs send paths decoded, the other triggers as the client sent them
_CONTEXT_HTTP = ("http_api_2", "function_url")
_LATTICE = ("lattice_1", "lattice_2")
_ALB = ("alb", "alb_multi_value")


class HttpEvent(ContentView[T_co]):
    """An HTTP request of any trigger: API Gateway, a function URL, a load balancer, or VPC Lattice.

    All are read alike. The rules of encoding of each trigger are kept: paths, repeated query values and cookies are
    what the client sent.

    ```python
    from lambda_kit.events import HttpEvent

    request = HttpEvent(
        {
            "version": "2.0",
            "rawPath": "/orders",
            "rawQueryString": "tag=a%2Cb&tag=c",
            "headers": {"content-type": "application/json"},
            "cookies": ["session=s-1"],
            "requestContext": {"http": {"method": "POST"}},
            "body": '{"sku": "x"}',
        }
    )
    assert (request.method, request.path) == ("POST", "/orders")
    assert request.query.all("tag") == ["a,b", "c"]
    assert request.headers["Content-Type"] == "application/json"
    assert request.cookies == {"session": "s-1"}
    assert request.json == {"sku": "x"}
    ```

    See:

    - REST APIs, and HTTP APIs with payload 1.0:
      <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>.
    - HTTP APIs with payload 2.0:
      <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>.
    - Function URLs: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>.
    - Application Load Balancers:
      <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>.
    - VPC Lattice, versions 1 and 2: <https://docs.aws.amazon.com/vpc-lattice/latest/ug/lambda-functions.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ("_cookies", "_data", "_headers", "_json", "_query", "_trigger")
    source: ClassVar[str] = "http"

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._cookies = self._data = self._headers = self._json = self._query = None
        self._trigger: HttpTrigger | None = http_trigger_of(raw)

    _cookies: dict[str, str] | None
    _data: Any
    _headers: HeaderValues | None
    _json: Any
    _query: QueryValues | None

    @property
    def trigger(self) -> HttpTrigger:
        """The trigger: `"rest_api"`, `"http_api_1"`, `"http_api_2"`, `"function_url"`, `"alb"`, `"alb_multi_value"`,
        `"lattice_1"` or `"lattice_2"`.

        Raises:
            EventError: the event is no HTTP request.
        """  # noqa: D205  # the list of names takes two lines
        if self._trigger is None:
            raise EventError(
                "the event is no HTTP request: it has none of 'httpMethod', 'requestContext.http' and 'method'"
            )
        return self._trigger

    @property
    def method(self) -> str:
        """The method, such as `"GET"`."""
        try:
            found = self.raw["requestContext"]["http"]["method"]
            if found.__class__ is str and self._trigger in _CONTEXT_HTTP:
                return found
        except (LookupError, TypeError):
            pass  # it is another trigger, or an error is raised that names what is missing
        if self.trigger in _CONTEXT_HTTP:
            return self._text("requestContext", "http", "method")
        return self._text("method" if self._trigger in _LATTICE else "httpMethod")

    @property
    def raw_path(self) -> str:
        """The path as the trigger sent it, without the stage of an HTTP API and without a query.

        HTTP APIs decode the path. All other triggers send it as the client did: see `path_is_encoded`.
        """
        name = _PATHS.get(self._trigger or self.trigger, "path")
        found: Any = self.raw.get(name)
        path: str = found if found.__class__ is str else self._text(name)
        if self._trigger in _DECODED:
            return self._without_stage(path)
        if self._trigger in _LATTICE and "?" in path:
            path = path.partition("?")[0]
        return path

    def _without_stage(self, path: str) -> str:
        """Return the path without the stage. A path that begins with the stage by itself keeps it."""
        stage = self.stage
        if not stage or stage == "$default" or not (path + "/").startswith(f"/{stage}/"):
            return path
        name = "routeKey" if self._trigger == "http_api_2" else "resource"
        rule = (self._optional(name) or "").rpartition(" ")[2]
        if (rule + "/").startswith(f"/{stage}/") and not (path + "/").startswith(f"/{stage}/{stage}/"):
            return path
        return path[len(stage) + 1 :] or "/"

    @property
    def path_is_encoded(self) -> bool:
        """True if `raw_path` may contain escapes, such as `%20`: for all triggers but HTTP APIs."""
        return self.trigger not in _DECODED

    @property
    def path(self) -> str:
        """The path, decoded once, without the stage of an HTTP API.

        `%2F` is a slash here; split `raw_path` where it must not be one.
        """
        path = self.raw_path
        return decoded_path(path) if self._trigger not in _DECODED else path

    @property
    def query(self) -> QueryValues:
        """The parameters of the query, decoded; empty without any. A parameter may come several times.

        VPC Lattice does not document the encoding of its parameters: those in its path are decoded, if there are any,
        else the parameters are taken as they are.
        """
        if self._query is None:
            self._query = QueryValues(self._query_lists())
        return self._query

    def _query_lists(self) -> dict[str, list[str]]:
        trigger, raw = self.trigger, self.raw
        if trigger in _CONTEXT_HTTP:
            text = self._optional("rawQueryString")
            # The other field joins values with commas, and a value may hold one.
            return parsed_query(text) if text is not None else lists_of(raw.get("queryStringParameters"))
        if trigger in _LATTICE:
            text = (self._optional(_PATHS.get(trigger, "path")) or "").partition("?")[2]
            names = "query_string_parameters" if trigger == "lattice_1" else "queryStringParameters"
            return parsed_query(text) if text else lists_of(raw.get(names))
        lists = lists_of(raw.get("multiValueQueryStringParameters")) or lists_of(raw.get("queryStringParameters"))
        return decoded_lists(lists) if trigger in _ALB else lists

    @property
    def headers(self) -> HeaderValues:
        """The headers. Letter case of names does not count; empty without any."""
        if self._headers is None:
            raw = self.raw if type_of(self.raw) is dict else {}
            multi = raw.get("multiValueHeaders")
            lists = (header_lists(multi) if multi else None) or header_lists(raw.get("headers"))
            if "cookies" in raw and self._trigger in _CONTEXT_HTTP and (cookies := self._cookie_list()):
                lists.setdefault("cookie", cookies)
            self._headers = HeaderValues(lists)
        return self._headers

    def _cookie_list(self) -> list[str]:
        found = self._find("cookies")
        return [one for one in found if type_of(one) is str] if type_of(found) is list else []

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies by their names, as the client sent them; the first one where a name comes twice."""
        if self._cookies is None:
            self._cookies = parsed_cookies(self.headers.all("cookie"))
        return self._cookies

    @property
    def is_base64_encoded(self) -> bool:
        """True if the trigger sent the body as base64."""
        name = "is_base64_encoded" if self._trigger == "lattice_1" else "isBase64Encoded"
        raw = self.raw
        return type_of(raw) is dict and raw.get(name) is True

    @property
    def data(self) -> bytes:
        """The body, as bytes; empty without one. Decoded once.

        Raises:
            EventError: the body is not text, or not valid base64.
        """
        if self._data is None:
            self._data = self._bytes()
        if type_of(self._data) is Failed:
            raise EventError(self._data.message)
        data: bytes = self._data
        return data

    def _bytes(self) -> bytes | Failed:
        found = self._find("body")
        if found is MISSING or found is None:
            return b""
        if type_of(found) is not str:
            return Failed(str(self._error(found, "text", ("body",))))
        try:
            if self.is_base64_encoded:
                return a2b_base64(found, strict_mode=True)
            return found.encode()  # type: ignore[no-any-return]
        except UnicodeEncodeError:
            return Failed("the body of the HttpEvent holds half of a surrogate pair, and is no text")
        except ValueError:  # the base class of binascii.Error
            return Failed("the body of the HttpEvent is not valid base64")

    @property
    def body(self) -> str:
        """The body, as text; empty without one. Bytes are decoded by the charset of the content type, else as UTF-8.

        Raises:
            EventError: the body is not valid base64, is not text of this charset, or the charset is unknown.
        """
        found = self._find("body")
        if type_of(found) is str and not self.is_base64_encoded:
            return found  # type: ignore[no-any-return]
        data, charset = self.data, self.charset
        try:
            return data.decode(charset)
        except UnicodeDecodeError:
            pass  # raised below, without a context: the error of the decoder holds the data
        except (LookupError, ValueError):
            raise EventError("the charset of the HttpEvent is unknown; read .data for the bytes") from None
        raise EventError(f"the body of the HttpEvent is not text in {charset}; read .data for the bytes")

    @property
    def charset(self) -> str:
        """The charset of the content type, in lower case; `"utf-8"` without one."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"').lower() or "utf-8"
        return "utf-8"

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, such as `"application/json"`; `""` without one."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The value of the JSON in the body; decoded once, so that it is the same object each time.

        JSON is UTF-8 whatever the charset says (RFC 8259, section 8.1). `NaN` and `Infinity` are not JSON.

        Raises:
            EventError: the body is not JSON.
        """
        if self._json is None:
            self._json = (self._decoded_json(),)
        found = self._json[0]
        if type_of(found) is Failed:
            raise EventError(found.message)
        return found

    def _decoded_json(self) -> Any:
        try:
            text = self.json_text
            found, end = _scan(text, 0 if text[:1] not in _BLANKS else len(text) - len(text.lstrip(_BLANKS)))
        except EventError as error:
            return Failed(str(error))
        except RecursionError:
            return Failed("the body of the HttpEvent is nested too deeply to be decoded")
        except ValueError as error:
            where = getattr(error, "pos", None)
            position = "" if where is None else f", at character {where}"
            return Failed(f"the body of the HttpEvent is not JSON{position}")
        if end < len(text) and text[end:].strip(_BLANKS):
            return Failed(f"the body of the HttpEvent is not JSON: it holds something else from character {end} on")
        return found

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return self.json_text, ("body",)

    @property
    def json_text(self) -> str:
        """The body as the text of JSON, which is UTF-8.

        Raises:
            EventError: the body is not valid base64, or not UTF-8.
        """
        raw = self.raw
        found: Any = raw.get("body") if type_of(raw) is dict else None
        if type_of(found) is str and not self.is_base64_encoded:
            return found  # type: ignore[no-any-return]
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            pass  # raised below, without a context: the error of the decoder holds the data
        raise EventError("the body of the HttpEvent is not JSON: it is not UTF-8")

    @property
    def stage(self) -> str | None:
        """The stage of API Gateway; None elsewhere."""
        return self._optional("requestContext", "stage")

    @property
    def request_id(self) -> str | None:
        """The request id of API Gateway or of the function URL; None elsewhere."""
        return self._optional("requestContext", "requestId")

    @property
    def route(self) -> str | None:
        """The route of API Gateway, such as `"/orders/{id}"` or `"$default"`; None elsewhere."""
        if self.trigger == "http_api_2":
            key = self._optional("routeKey")
            return None if key is None else key.rpartition(" ")[2]
        return self._optional("resource")

    @property
    def host(self) -> str | None:
        """The host that the client asked for; None without one."""
        return self.headers.get("host") or self._optional("requestContext", "domainName")

    @property
    def source_ip(self) -> str | None:
        """The address of the client as the trigger saw it; None if it is unknown.

        For a load balancer and for VPC Lattice it is the last address in `X-Forwarded-For`, which they have added.
        """
        if self.trigger in _CONTEXT_HTTP:
            return self._optional("requestContext", "http", "sourceIp")
        if self._trigger in ("rest_api", "http_api_1"):
            return self._optional("requestContext", "identity", "sourceIp")
        return self.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or None

    @property
    def user_agent(self) -> str | None:
        """The name of the client's program; None without one."""
        found: str | None = self.headers.get("user-agent")
        if found is None:
            part = "http" if self.trigger in _CONTEXT_HTTP else "identity"
            found = self._optional("requestContext", part, "userAgent")
        return found

    @property
    def requested_at(self) -> datetime | None:
        """The time of the request as API Gateway, the function URL or VPC Lattice 2 tells it; None elsewhere."""
        if self.trigger in ("rest_api", "http_api_1"):
            return self._time(1000, "requestContext", "requestTimeEpoch")
        return self._time(1_000_000 if self._trigger == "lattice_2" else 1000, "requestContext", "timeEpoch")

    @property
    def request_context(self) -> dict[str, Any]:
        """The request context, as the trigger sent it; empty without one.

        It has what one trigger alone knows, such as the identity of the caller, a client certificate, the account, the
        target group of a load balancer, or the service of VPC Lattice.
        """
        found = self._find("requestContext")
        return found if type_of(found) is dict else {}

    @property
    def path_parameters(self) -> dict[str, str]:
        """The path parameters of API Gateway, as it sent them; empty elsewhere."""
        return self._texts("pathParameters")

    @property
    def stage_variables(self) -> dict[str, str]:
        """The variables of the stage; empty without any."""
        return self._texts("stageVariables")

    def _texts(self, *path: str) -> dict[str, str]:
        found = self._find(*path)
        if type_of(found) is not dict:
            return {}
        return {name: value for name, value in found.items() if type_of(value) is str}

    @property
    def authorizer(self) -> dict[str, Any]:
        """The findings of the authorizer of API Gateway, as it sent them; empty without one.

        A Lambda authorizer of an HTTP API has its context below `lambda`, a JWT authorizer has `jwt`.
        """
        found = self._find("requestContext", "authorizer")
        return found if type_of(found) is dict else {}

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the token that a JWT or Cognito authorizer has checked; empty without one."""
        for path in (("jwt", "claims"), ("claims",)):
            found = self._find("requestContext", "authorizer", *path)
            if type_of(found) is dict:
                return found  # type: ignore[no-any-return]
        return {}

    @property
    def scopes(self) -> list[str]:
        """The scopes that a JWT authorizer has checked; empty without any."""
        found = self._find("requestContext", "authorizer", "jwt", "scopes")
        return [one for one in found if type_of(one) is str] if type_of(found) is list else []

    def __repr__(self) -> str:
        try:
            return f"<HttpEvent {shown(self.method)} {shown(self.raw_path)}>"
        except EventError:
            return "<HttpEvent without a method or a path>"
