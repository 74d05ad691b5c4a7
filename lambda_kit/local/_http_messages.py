"""HTTP/1.1 messages (RFC 9112): requests are read strictly and within bounds, responses are written."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from lambda_kit.local._chunks import MalformedBodyError, chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import BufferedIOBase

LONGEST_HEAD = 64 * 1024
"""Bytes that the first line and the headers of a request may have."""
MOST_HEADERS = 200
_DRAINED = 4 * 1024 * 1024  # bytes of a refused body that are read, so that the client reads the answer
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSION = re.compile(rb"HTTP/(\d)\.(\d)")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_TARGET = re.compile(rb"[^\x21-\x7e]")
_ABSOLUTE = re.compile(r"\A[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


class RequestRefusedError(Exception):
    """A request that the server does not pass on.

    Attributes:
        status: of the answer.
        reason: the text of the answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(slots=True)
class Request:
    """A request, as it stands on the wire.

    Attributes:
        method: the method.
        target: path and query.
        headers: names and values, in their order.
        body: the body; empty until `read_body`.
        keep_alive: true if the connection may serve another request.
        chunked_answer: true if the client reads answers in chunks.
    """

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    keep_alive: bool
    chunked_answer: bool

    def values(self, name: str) -> list[str]:
        """Return the values of a header; `name` is in lower case."""
        return [value for one, value in self.headers if one.lower() == name]

    def tokens(self, name: str) -> list[str]:
        """Return the parts of a header that is a list, in lower case."""
        return [part.strip().lower() for value in self.values(name) for part in value.split(",") if part.strip()]


def read_request(source: BufferedIOBase) -> Request | None:
    """Read the head of the next request; return None at the end of the connection.

    Raises:
        RequestRefusedError: the bytes are no request, or are one that the server does not take.
    """
    line = source.readline(LONGEST_HEAD + 1)
    if line in (b"\r\n", b"\n"):  # behind the body before (RFC 9112, section 2.2)
        line = source.readline(LONGEST_HEAD + 1)
    if not line:
        return None
    left = LONGEST_HEAD - len(line)
    method, target, version = _request_line(line)
    headers: list[tuple[str, str]] = []
    while True:
        line = source.readline(max(0, left) + 1)
        left -= len(line)
        if left < 0 or len(headers) > MOST_HEADERS:
            raise RequestRefusedError(
                431, f"the headers have more than {LONGEST_HEAD} bytes, or are more than {MOST_HEADERS}"
            )
        if not line.endswith(b"\n"):
            raise RequestRefusedError(400, "the connection ended within the headers")
        if line in (b"\r\n", b"\n"):
            break
        headers.append(_header(line))
    request = Request(method, target, headers, b"", keep_alive=True, chunked_answer=version >= (1, 1))
    connection = request.tokens("connection")
    request.keep_alive = "close" not in connection if version >= (1, 1) else "keep-alive" in connection
    hosts = request.values("host")
    if len(hosts) > 1 or (not hosts and version >= (1, 1)):
        raise RequestRefusedError(400, f"the request has {len(hosts)} Host headers; it has to have one")
    return request


def _request_line(line: bytes) -> tuple[str, str, tuple[int, int]]:
    if not line.endswith(b"\n"):
        if len(line) > LONGEST_HEAD:
            raise RequestRefusedError(414, f"the first line has more than {LONGEST_HEAD} bytes")
        raise RequestRefusedError(400, "the connection ended within the first line")
    parts = line.rstrip(b"\r\n").split(b" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]):
        raise RequestRefusedError(400, "the first line is not METHOD TARGET VERSION")
    version = _VERSION.fullmatch(parts[2])
    if version is None:
        raise RequestRefusedError(400, "the version is not HTTP/1.1")
    number = int(version[1]), int(version[2])
    if number[0] != 1:
        raise RequestRefusedError(505, "the server speaks HTTP/1.1 and HTTP/1.0")
    target = parts[1]
    if _BAD_TARGET.search(target):
        raise RequestRefusedError(400, "the target has characters that a client has to encode")
    return parts[0].decode(), _origin_form(parts[0], target.decode()), number


def _origin_form(method: bytes, target: str) -> str:
    if method == b"CONNECT":
        raise RequestRefusedError(405, "the server is no proxy")
    target = _ABSOLUTE.sub("", target, count=1).partition("#")[0]
    if target == "*":
        target = "/*"
    if target[:1] in ("", "?"):
        target = f"/{target}"
    if not target.startswith("/"):
        raise RequestRefusedError(400, "the target does not begin with a slash")
    return target


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.removesuffix(b"\n").removesuffix(b"\r").partition(b":")
    if not colon or not _METHOD.fullmatch(name):  # both are tokens; no space stands before the colon or the name
        raise RequestRefusedError(400, "a header is not NAME: VALUE")
    value = value.strip(b" \t")
    if _BAD_VALUE.search(value):
        raise RequestRefusedError(400, "the value of a header has a control character")
    return name.decode(), value.decode("latin-1")


def read_body(request: Request, source: BufferedIOBase, limit: int, proceed: Callable[[], None]) -> None:
    """Read the body of a request.

    Args:
        request: gets the body.
        source: the connection.
        limit: bytes that it may have.
        proceed: called before the first byte is read, if the client waits to be told to send it.

    Raises:
        RequestRefusedError: it is malformed or too long.
    """
    length = _declared_length(request)
    waits = "100-continue" in request.tokens("expect") and request.chunked_answer
    if length is not None and length > limit:
        if not waits:
            _drain(source, length)
        raise RequestRefusedError(413, f"the body has {length} bytes; {limit} are allowed")
    if waits and length != 0:
        proceed()
    if length is None:
        request.body = _body_in_chunks(source, limit)
        return
    request.body = source.read(length)
    if len(request.body) < length:
        raise RequestRefusedError(400, "the connection ended within the body")


def _declared_length(request: Request) -> int | None:
    """Return the number of bytes of the body; None if it comes in chunks."""
    lengths, codings = request.values("content-length"), request.tokens("transfer-encoding")
    if codings and lengths:
        raise RequestRefusedError(400, "the request has both Content-Length and Transfer-Encoding")
    if codings and codings != ["chunked"]:
        raise RequestRefusedError(501, "the server reads no transfer coding but chunked")
    if any(not (one.isascii() and one.isdigit()) or len(one) > 18 for one in lengths) or len(set(lengths)) > 1:
        raise RequestRefusedError(400, "Content-Length is not one number")
    if codings:
        return None
    return int(lengths[0]) if lengths else 0


def _body_in_chunks(source: BufferedIOBase, limit: int) -> bytes:
    found, size = bytearray(), 0
    try:
        for piece in chunks(source, {}):
            size += len(piece)
            if size > limit + _DRAINED:
                break
            if size <= limit:
                found += piece
    except MalformedBodyError as error:
        raise RequestRefusedError(400, f"the body is malformed: {error}") from None
    if size > limit:
        raise RequestRefusedError(413, f"the body has more than {limit} bytes")
    return bytes(found)


def _drain(source: BufferedIOBase, length: int) -> None:
    left = min(length, _DRAINED)
    while left and (piece := source.read(min(left, 1 << 16))):
        left -= len(piece)


def head_of(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of a response: the first line, the date and the headers."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:  # a status that nobody has registered
        phrase = ""
    lines = [f"HTTP/1.1 {status} {phrase}", f"Date: {_date()}"]
    lines += [f"{name}: {value}" for name, value in headers]
    text = "\r\n".join(lines) + "\r\n\r\n"
    try:
        return text.encode("latin-1")  # as requests are decoded
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def _date() -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
