"""Responses: status, headers, cookies and a body, whatever the trigger."""

from __future__ import annotations

from lambda_kit._kernel import hint_names, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Never

    from lambda_kit._kernel.streaming import Stream
    from lambda_kit.http._parts import Parts

_JSON = "application/json"
TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_COOKIE_VALUE = frozenset(map(chr, range(0x21, 0x7F))) - frozenset('",;\\')


class ResponseHeaders:
    """The headers of a response. Letter case of names does not count. A value is text, or a list of texts.

    `Set-Cookie` is not among them: what is set or added under this name goes to the cookies of the response.
    """

    __slots__ = ("_cookies", "_values")

    def __init__(self, values: dict[str, Any], cookies: list[str]) -> None:
        self._values = values
        self._cookies = cookies

    def __setitem__(self, name: str, value: str | list[str]) -> None:
        if name.lower() == "set-cookie":
            self._cookies[:] = [value] if isinstance(value, str) else value
        else:
            self._values[name.lower()] = value

    def __getitem__(self, name: str) -> str:
        value = self._values[name.lower()]
        return value if type_of(value) is str else ", ".join(value)

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return type_of(name) is str and str(name).lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a header, with several values joined by commas; `default` without any."""
        return self[name] if name.lower() in self._values else default

    def add(self, name: str, value: str) -> None:
        """Add a value to a header, and keep those that it has."""
        found = self._values.get(name.lower())
        if name.lower() == "set-cookie":
            self._cookies.append(value)
        elif found is None:
            self._values[name.lower()] = value
        else:
            self._values[name.lower()] = [*(found if type_of(found) is list else [found]), value]


class Response:
    r"""An answer, for routes that set headers, cookies or a body of their own.

    ```python
    from lambda_kit.http import Response

    response = Response(
        "id,amount\n1,20\n", media_type="text/csv", headers={"Cache-Control": "no-store"}
    )
    response.set_cookie("seen", "1", max_age=3600)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert Response({"id": 1}, 201, headers={"Location": "/orders/1"}).body == '{"id":1}'
    ```

    Args:
        body: text, which is sent in the charset of its media type, UTF-8 by default; bytes; an iterator or async
            iterator of both, which is sent part by part where the runtime client can; a dict, a list, a model, a
            dataclass or a struct, which becomes JSON as it is, without the checks of a return annotation; or None for
            no body, the default.
        status: the status; default 200.
        *more: arguments that do not exist, which are refused.
        headers: headers, whose values are texts or lists of texts; default: none.
        media_type: the content type; default `text/plain` for text, `application/octet-stream` for bytes and
            `application/json` for other values, unless `headers` has one. The first part decides for an iterator.
            Types of text get `charset=utf-8`.
        **unknown: options that do not exist, which are refused.

    Attributes:
        status: the status.
        body: text, bytes, parts or None.
        cookies: the values of `Set-Cookie`, in their order.

    Raises:
        ConfigurationError: the body is of another type or has no JSON, the status is no number from 200 to 599, the
            charset of the media type is not known or does not have the characters of the text, or an argument does not
            exist.
    """

    __slots__ = ("_headers", "body", "cookies", "status")

    def __init__(  # noqa: C901  # calls cost each response
        self,
        body: object = None,
        status: int = 200,
        *more: Never,
        headers: Mapping[str, str | list[str]] | None = None,
        media_type: str | None = None,
        **unknown: Never,
    ) -> None:
        if more or unknown:
            from lambda_kit.http import _unknown

            raise _unknown.of_response(more, unknown)
        given: Any = body
        is_whole = body is None or type_of(body) is str or type_of(body) is bytes
        kind = "text/plain; charset=utf-8" if type_of(body) is str else "application/octet-stream"
        if not is_whole:
            given, kind = _body_of(body)
            is_whole = bool(kind)
        if type_of(status).__name__ == "HTTPStatus":
            status = int(status)
        if type_of(status) is not int or not 200 <= status <= 599:
            raise ConfigurationError(f"Response(status={status!r}): pass a status from 200 to 599")
        self.status = status
        self.body: str | bytes | Parts | Stream | None = given
        self.cookies: list[str] = []
        self._headers: dict[str, Any] = {}
        if headers:
            for name, value in headers.items():
                if name.lower() == "set-cookie":
                    self.cookies += [value] if isinstance(value, str) else value
                else:
                    self._headers[name.lower()] = value
        if media_type is not None:
            self._headers["content-type"] = _with_charset(media_type)
        elif body is not None and is_whole and "content-type" not in self._headers:
            self._headers["content-type"] = kind
        if type_of(given) is str and "charset" in (content_type := str(self._headers["content-type"]).lower()):
            self.body = _in_charset(given, content_type)

    @property
    def headers(self) -> ResponseHeaders:
        """The headers, without cookies."""
        return ResponseHeaders(self._headers, self.cookies)

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = True,
        http_only: bool = True,
        same_site: str | None = "Lax",
    ) -> None:
        """Set a cookie (RFC 6265, section 4.1).

        Args:
            name: the name, a token.
            value: the value, in ASCII without blanks, commas, semicolons, quotes and backslashes. Encode others.
            max_age: seconds that the cookie is kept; default: as long as the browser runs.
            path: the path below which it is sent; default `"/"`.
            domain: the domain that it is sent to, with those below it; default: the host alone.
            secure: whether it is sent over HTTPS alone; default True.
            http_only: whether scripts cannot read it; default True.
            same_site: `"Strict"`, `"Lax"` (the default), `"None"`, or None to leave it to the browser.

        Raises:
            ConfigurationError: the name, the value or an attribute cannot be part of a cookie.
        """
        if not name or not TOKEN.issuperset(name):
            raise ConfigurationError(f"set_cookie({name!r}): the name of a cookie is a token")
        if not _COOKIE_VALUE.issuperset(value):
            raise ConfigurationError(
                f"set_cookie({name!r}): the value holds a character that a cookie cannot have; encode it, for example "
                "with urllib.parse.quote"
            )
        if same_site not in ("Strict", "Lax", "None", None):
            raise ConfigurationError(f"set_cookie(same_site={same_site!r}): pass 'Strict', 'Lax', 'None', or None")
        if same_site == "None" and not secure:
            raise ConfigurationError("set_cookie(same_site='None') needs secure=True: browsers refuse it otherwise")
        parts = [f"{name}={value}"]
        if max_age is not None:
            parts.append(f"Max-Age={int(max_age)}")
        parts += _places(name, path, domain)
        if secure:
            parts.append("Secure")
        if http_only:
            parts.append("HttpOnly")
        if same_site is not None:
            parts.append(f"SameSite={same_site}")
        self.cookies.append("; ".join(parts))

    def delete_cookie(self, name: str, *, path: str | None = "/", domain: str | None = None) -> None:
        """Let the browser forget a cookie. Path and domain have to be those that it was set with."""
        self.set_cookie(name, "", max_age=0, path=path, domain=domain)

    def without_body(self) -> Response:
        """Return a response with the status, the headers and the cookies of this one."""
        made = Response(None, self.status)
        made._headers = dict(self._headers)
        made.cookies = list(self.cookies)
        return made

    def __repr__(self) -> str:
        return f"<Response {self.status}>"


def _body_of(value: Any) -> tuple[Any, str]:
    """Return the body that stands for a value, and its media type: text, bytes, JSON, or parts, whose type is `""`."""
    if hasattr(value, "__next__") or hasattr(value, "__aiter__"):
        from lambda_kit.http._parts import Parts

        return value if isinstance(value, Parts) else Parts(value), ""
    if isinstance(value, str):  # of a class of its own: `str()` of an enum is its name
        return str.__str__(value), "text/plain; charset=utf-8"
    if issubclass(type_of(value), bytes | bytearray | memoryview):
        return bytes(value), "application/octet-stream"
    if isinstance(value, int | float):
        raise ConfigurationError(
            f"Response({value!r}) has a number as its body; pass Response(status={value!r}), or text"
        )
    from lambda_kit.http._json import json_of

    try:
        return json_of(value), _JSON
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"Response(...) got a body of type {type_of(value).__name__}, which cannot be JSON ({error}); pass text, "
            "bytes, an iterator of them, or a value that has JSON"
        ) from None


def _places(name: str, path: str | None, domain: str | None) -> list[str]:
    parts: list[str] = []
    for label, text in (("Path", path), ("Domain", domain)):
        if text is not None:
            if ";" in text or not text.isprintable():
                raise ConfigurationError(f"set_cookie({name!r}, {label.lower()}={text!r}) cannot be in a cookie")
            parts.append(f"{label}={text}")
    return parts


def _in_charset(text: str, content_type: str) -> str | bytes:
    """Return text as it is if its charset is UTF-8, else as bytes."""
    charset = charset_of(content_type)
    if charset == "utf-8":
        return text
    try:
        return text.encode(charset)
    except LookupError:
        raise ConfigurationError(f"Response(media_type={content_type!r}): there is no charset {charset!r}") from None
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"Response(media_type={content_type!r}): the charset {charset} does not have all characters of the text"
        ) from None


def charset_of(content_type: str) -> str:
    """Return the charset that a content type in lower case names; UTF-8 without one."""
    found = content_type.partition("charset")[2].partition(";")[0].strip(" =\"'")
    return "utf-8" if found in ("", "utf8") else found


def _with_charset(media_type: str) -> str:
    if media_type.lower().startswith("text/") and "charset" not in media_type.lower():
        return f"{media_type}; charset=utf-8"
    return media_type


class Redirect(Response):
    """A redirect.

    Args:
        location: the URL or the path to go to. Characters that no URL has are encoded.
        status: 303 (See Other) by default, which lets the client use GET; 307 and 308 keep the method.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: the location is missing, the status is no redirect, or an option does not exist.
    """

    __slots__ = ()

    def __init__(self, location: str, status: int = 303, **unknown: Never) -> None:
        if unknown:
            from lambda_kit.http import _unknown

            raise _unknown.option("Redirect", next(iter(unknown)))
        given: Any = location
        if given is None:
            raise ConfigurationError("Redirect(...): pass the URL or the path to go to first: Redirect('/orders')")
        if status not in (301, 302, 303, 307, 308):
            raise ConfigurationError(f"Redirect(status={status!r}): pass 301, 302, 303, 307 or 308")
        if not location.isascii() or not location.isprintable() or " " in location:
            from urllib.parse import quote

            location = quote(location, safe="!#$%&'()*+,/:;=?@[]~", errors="replace")
        super().__init__(None, status, headers={"location": location})


if not TYPE_CHECKING:  # so that options of other libraries are refused with ours before Python misses an argument
    Redirect.__init__.__defaults__ = (None, 303)

hint_names(Response, "base64_encoded compress content content_type is_json media_type status_code")


def json_response(text: str | bytes, status: int, media_type: str = _JSON) -> Response:
    """Return a response with JSON, without the checks of what users pass."""
    made = Response.__new__(Response)
    made.status = status
    made.body = text
    made.cookies = []
    made._headers = {"content-type": media_type}
    return made


def as_dict(response: Response) -> dict[str, Any]:
    """Return a response in the form of payload 2.0: layers see this form, whatever the trigger."""
    body, encoded = body_text(response.body)
    return {
        "statusCode": response.status,
        "headers": {name: value if type_of(value) is str else list(value) for name, value in response._headers.items()},
        "cookies": list(response.cookies),
        "body": body,
        "isBase64Encoded": encoded,
    }


def body_text(body: Any) -> tuple[Any, bool]:
    """Return a body as text, and whether it is base64. A stream that was sent is returned as it is."""
    if body is None:
        return "", False
    if not isinstance(body, bytes):
        return body, False
    from binascii import b2a_base64

    return b2a_base64(body, newline=False).decode(), True


def from_dict(given: Any) -> Response:
    """Return the response that a layer has returned as a dict, in the form of any trigger.

    Raises:
        ConfigurationError: it is no such dict.
    """
    if isinstance(given, Response):
        return given
    found: Any = given
    status: Any = found.get("statusCode") if type_of(found) is dict else None
    if type_of(status) is not int or not 200 <= status <= 599:
        raise ConfigurationError(
            f"a layer of the app returned {type_of(found).__name__} in place of a response; return a dict with "
            "statusCode, headers and body, or a Response"
        )
    body = found.get("body")
    if found.get("isBase64Encoded") is True and type_of(body) is str:
        from binascii import a2b_base64

        body = a2b_base64(body)
    sent = body if type_of(body).__module__ == "lambda_kit._kernel.streaming" else None
    made = Response(None if body == "" or sent else body, status, headers=found.get("headers") or {})
    if sent is not None:
        made.body = sent
    multi: dict[str, list[str]] = found.get("multiValueHeaders") or {}
    for name, values in multi.items():
        if name.lower() == "set-cookie":
            made.cookies += [one for one in values if one not in made.cookies]
        else:
            made._headers[name.lower()] = values
    made.cookies += found.get("cookies") or []
    return made
