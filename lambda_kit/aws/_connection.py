"""One connection that speaks HTTP/1.1: it sends a request and reads its response. A body is never interpreted."""

from __future__ import annotations

import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

_MAX_HEAD = 64 * 1024
_MAX_BODY = 64 * 1024 * 1024
_MAX_EARLY = 16  # responses before the response, such as 103 Early Hints
_CHUNK = 64 * 1024
_BODILESS = (204, 304)


class TransportError(Exception):
    """There was no complete response.

    Attributes:
        sent: whether the server may have received the request, and acted on it.
        timed_out: whether time ran out; if not, the connection failed, or the answer was not HTTP.
    """

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.timed_out = timed_out


class Response:
    """The response of a server.

    Attributes:
        status: the status code.
        headers: the headers, their names in lower case; the values of a repeated header are joined by a comma.
        body: the body, decoded from any transfer or content encoding.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Closed(TransportError):
    """The server closed a kept-alive connection without any answer."""


class Connection:
    """One connection.

    Attributes:
        keeps: whether another request may follow the last one.
    """

    __slots__ = ("_buffer", "_fd", "_limit", "_pid", "_socket", "_used", "keeps")

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._fd = connected.fileno()
        self._buffer = bytearray()
        self._used = False
        self._limit = 0.0
        self._pid = os.getpid()
        self.keeps = True

    def is_alive(self) -> bool:
        """Tell whether the server has neither closed the connection nor sent anything unasked."""
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self._fd, select.POLLIN)
            return self._pid == os.getpid() and not poll.poll(0)
        return not select.select([self._fd], [], [], 0)[0]  # Windows

    def close(self) -> None:
        self._socket.close()

    def exchange(self, message: bytes, end: float, patience: float, method: str) -> Response:
        """Send a request and read its response."""
        kept, self._used = self._used, True
        self._wait(end, patience, sent=False)
        try:
            self._socket.sendall(message)
            self._receive(end, patience)
        except TimeoutError:
            raise _timed_out(end) from None
        except OSError as error:
            raise (Closed if kept else TransportError)(
                f"the connection broke before there was an answer: {type(error).__name__}", sent=True
            ) from error
        if not self._buffer:
            raise (Closed if kept else TransportError)(
                "the connection was closed before there was an answer", sent=True
            )
        try:
            return self._response(end, patience, method)
        except TimeoutError:
            raise _timed_out(end) from None
        except OSError as error:
            raise TransportError(f"the connection broke in the answer: {type(error).__name__}", sent=True) from error

    def _wait(self, end: float, patience: float, *, sent: bool = True) -> None:
        limit = min(patience, end - time.monotonic())
        if limit <= 0:
            raise TransportError("there was no time left for an answer", sent=sent, timed_out=True)
        if limit != self._limit:  # usually it is the same again, and setting it takes a system call
            self._limit = limit
            self._socket.settimeout(limit)

    def _receive(self, end: float, patience: float) -> bool:
        """Add the bytes that arrive to the buffer; False at the end of the stream."""
        self._wait(end, patience)
        data = self._socket.recv(_CHUNK)
        self._buffer += data
        return bool(data)

    def _response(self, end: float, patience: float, method: str) -> Response:
        for _ in range(_MAX_EARLY):
            status, headers, version = self._head(end, patience)
            if status >= 200:
                break
        else:
            raise TransportError(
                "the server sent one interim answer (1xx) after the other, and no final one", sent=True
            )
        encoding = headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length")
        if method == "HEAD" or status in _BODILESS:
            body = b""
        elif encoding == "chunked":
            body = self._chunked(end, patience)
        elif encoding not in ("", "identity"):
            raise TransportError(f"the answer has an unknown transfer encoding: {encoding!r}", sent=True)
        elif length is not None:
            body = self._exactly(_number(length, 10), end, patience)
        else:
            self.keeps = False
            while self._receive(end, patience):
                self._check_size(len(self._buffer))
            body = bytes(self._buffer)
            self._buffer.clear()
        connection = headers.get("connection", "").lower()
        if connection == "close" or (version == "HTTP/1.0" and connection != "keep-alive") or self._buffer:
            self.keeps = False
        return Response(status, headers, _decoded(body, headers.get("content-encoding", "").lower()))

    def _head(self, end: float, patience: float) -> tuple[int, dict[str, str], str]:
        buffer = self._buffer
        while (stop := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > _MAX_HEAD:
                raise TransportError(f"the head of the answer is longer than {_MAX_HEAD} bytes", sent=True)
            if not self._receive(end, patience):
                raise TransportError("the connection was closed in the head of the answer", sent=True)
        lines = buffer[:stop].decode("latin-1").split("\r\n")
        del buffer[: stop + 4]
        version, _, rest = lines[0].partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or len(code) < 3 or not code.isdecimal():
            raise TransportError("the server does not speak HTTP/1.1", sent=True)
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise TransportError("the head of the answer has a line that is not a header", sent=True)
            name = name.lower()
            value = value.strip(" \t")
            if name not in headers:
                headers[name] = value
            elif name == "content-length":
                if headers[name] != value:
                    raise TransportError("the answer has two different lengths", sent=True)
            else:
                headers[name] = f"{headers[name]}, {value}"
        return int(code), headers, version

    def _exactly(self, size: int, end: float, patience: float) -> bytes:
        self._check_size(size)
        while len(self._buffer) < size:
            if not self._receive(end, patience):
                raise TransportError(
                    f"the connection was closed after {len(self._buffer)} of the {size} bytes of the answer", sent=True
                )
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return body

    def _chunked(self, end: float, patience: float) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            size = _number(self._line(end, patience).partition(";")[0].strip(), 16)
            if size == 0:
                break
            total += size
            self._check_size(total)
            parts.append(self._exactly(size, end, patience))
            if self._line(end, patience):
                raise TransportError("a chunk of the answer is longer than its header says", sent=True)
        trailers = 0
        while line := self._line(end, patience):
            trailers += len(line)
            if trailers > _MAX_HEAD:
                raise TransportError(f"the trailers of the answer are longer than {_MAX_HEAD} bytes", sent=True)
        return b"".join(parts)

    def _line(self, end: float, patience: float) -> str:
        while (stop := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise TransportError("a line of the answer does not end", sent=True)
            if not self._receive(end, patience):
                raise TransportError("the connection was closed in the middle of the answer", sent=True)
        line = self._buffer[:stop].decode("latin-1")
        del self._buffer[: stop + 2]
        return line

    def _check_size(self, size: int) -> None:
        if size > _MAX_BODY:
            raise TransportError(f"the answer is longer than {_MAX_BODY} bytes", sent=True)


def _timed_out(end: float) -> TransportError:
    whose = "in what was left of the invocation" if time.monotonic() >= end else "in time"
    return TransportError(f"there was no answer {whose}", sent=True, timed_out=True)


def _number(text: str, base: int) -> int:
    try:
        if not text.isalnum():  # int() also takes signs, spaces and underscores
            raise ValueError
        return int(text, base)
    except ValueError:
        raise TransportError("the answer has a length that is not a number", sent=True) from None


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding in ("", "identity") or not body:
        return body
    if encoding != "gzip":
        raise TransportError(f"the answer has an unknown content encoding: {encoding!r}", sent=True)
    from lambda_kit._kernel import expansion

    try:
        return expansion.decompress(body, _MAX_BODY, gzip=True)
    except ValueError as error:
        raise TransportError(f"the answer is compressed with gzip: {error}", sent=True) from error
