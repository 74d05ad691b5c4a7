"""One connection that speaks HTTP/1.1: it sends a request and reads its response. A body is never interpreted."""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Any, Protocol

    class Cipher(Protocol):
        """TLS over the bytes of a connection."""

        def encrypt(self, data: bytes, /) -> bytes:
            """Return data as it is sent."""
            ...

        def decrypt(self, data: bytes, /) -> bytes | None:
            """Return the text of received bytes; `b""` if more are needed, None at the end of the stream."""
            ...

        def output(self) -> bytes:
            """Return the encrypted bytes that are still to be sent."""
            ...


_MAX_HEAD = 64 * 1024
_MAX_BODY = 64 * 1024 * 1024
_MAX_EARLY = 16  # responses before the response, such as 103 Early Hints
_CHUNK = 64 * 1024
_BODILESS = (204, 304)
_FRESH = 1.0  # seconds in which a connection is used again without a look at it
_LEAST, _MOST = 0.001, 3_600.0  # seconds of a time-out; 0 would mean none
# Elsewhere the kernel bounds `send` and `recv`; Python's own time-outs take a `poll` for each.
_IS_WINDOWS = sys.platform == "win32"
_LONG = (sys.maxsize.bit_length() + 1) // 8  # bytes of a `long` in C, elsewhere than on Windows


def loaded_sockets() -> Any:
    """Return the module `socket` if other code has loaded it, and perhaps patched it; else the C module under it.

    Both have what a connection needs, and the C module spares a cold start 2.5 ms: most of `socket` are enumerations,
    and `selectors`.
    """
    found: Any = sys.modules.get("socket")
    if found is None:
        import _socket

        found = _socket
    return found


sockets = loaded_sockets()


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

    __slots__ = ("_buffer", "_cipher", "_fd", "_limit", "_socket", "_use", "_used", "_used_at", "keeps")

    def __init__(self, connected: _socket.socket, cipher: Cipher | None = None) -> None:
        if not _IS_WINDOWS:
            connected.settimeout(None)
        self._socket = connected
        self._cipher = cipher
        self._fd = connected.fileno()
        self._buffer = bytearray()
        self._used = False
        self._use: float | None = None
        self._used_at = 0.0
        self._limit = 0.0
        self.keeps = True

    def __del__(self) -> None:
        if hasattr(self, "_socket"):  # else `__init__` was interrupted
            self._socket.close()

    def note_use(self, use: float | None) -> None:
        """Note that the connection was used just now: in the invocation with this deadline; None outside of one."""
        self._use = use
        self._used_at = time.monotonic()

    def is_fresh(self, use: float | None) -> bool:
        """Tell whether the connection was used a moment ago in the same invocation, so that it need not be looked at.

        Between two invocations the environment may have been frozen, and the clock with it.
        """
        return use is not None and use == self._use and time.monotonic() - self._used_at < _FRESH

    def is_alive(self) -> bool:
        """Tell whether the server has neither closed the connection nor sent anything unasked."""
        import select

        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(self._fd, select.POLLIN)
            return not poll.poll(0)
        return not select.select([self._fd], [], [], 0)[0]  # Windows

    def close(self) -> None:
        self._socket.close()

    def exchange(self, message: bytes, end: float, patience: float, method: str) -> Response:
        """Send a request and read its response."""
        kept, self._used = self._used, True
        try:
            self._send(message if self._cipher is None else self._cipher.encrypt(message), end, patience)
            self._receive(end, patience)
        except (TimeoutError, BlockingIOError):
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
        except (TimeoutError, BlockingIOError):
            raise _timed_out(end) from None
        except OSError as error:
            raise TransportError(f"the connection broke in the answer: {type(error).__name__}", sent=True) from error

    def _bound(self, until: float, *, sent: bool = True) -> None:
        """Let the next call of the socket wait no longer than until this time."""
        left = until - time.monotonic()
        if left <= 0:
            raise TransportError("there was no time left for an answer", sent=sent, timed_out=True)
        # The bound of the socket may be shorter, and the call is then made again. So it is rarely set.
        if left < self._limit or self._limit < min(left / 8, _MOST):
            self._limit = min(max(left / 2 if self._limit else left, _LEAST), _MOST)
            if _IS_WINDOWS:
                self._socket.settimeout(self._limit)
            else:
                # A `timeval` of C: two numbers of the size of a `long`. `struct` would be one more module to load.
                seconds = int(self._limit).to_bytes(_LONG, sys.byteorder)
                bound = seconds + int(self._limit % 1 * 1_000_000).to_bytes(_LONG, sys.byteorder)
                self._socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVTIMEO, bound)
                self._socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDTIMEO, bound)

    def _send(self, data: bytes, end: float, patience: float) -> None:
        view, sent = memoryview(data), False
        until = min(time.monotonic() + patience, end)
        while view:
            self._bound(until, sent=sent)
            try:
                view = view[self._socket.send(view) :]
                sent = True
            except (TimeoutError, BlockingIOError):
                if time.monotonic() >= until:
                    raise

    def _receive(self, end: float, patience: float) -> bool:
        """Add the bytes that arrive to the buffer; False at the end of the stream."""
        until = min(time.monotonic() + patience, end)
        while True:
            self._bound(until)
            try:
                received = self._socket.recv(_CHUNK)
            except (TimeoutError, BlockingIOError):
                if time.monotonic() >= until:
                    raise
                continue
            if self._cipher is not None:
                text = self._cipher.decrypt(received)
                if output := self._cipher.output():  # an answer of TLS itself, for example to new keys
                    self._send(output, end, patience)
                if text == b"":
                    continue
                received = text or b""
            self._buffer += received
            return bool(received)

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
        if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) < 3 or not code.isdecimal():
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
