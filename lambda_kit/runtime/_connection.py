"""The connection to the Runtime API: one socket that is kept, and the little of HTTP/1.1 that is needed.

`http.client` and `socket` are not imported: they cost more than the rest of the start.
"""

from __future__ import annotations

import _socket
import sys
from itertools import repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

ROOT = b"/2018-06-01/runtime/"
_SILENCE = 60.0  # seconds after which a reply that has begun, or that answers a post, is given up
_BEGINNINGS = (b"HTTP/1.1 ", b"HTTP/1.0 ")
_LONGEST_HEAD = 1 << 20
_LONGEST_BODY = 1 << 28
_AT_ONCE = 1 << 16
_IPPROTO_TCP, _TCP_NODELAY = 6, 1
_SEPARATOR, _ONCE = repeat(b": "), repeat(1)


class RuntimeApiError(Exception):
    """The Runtime API cannot be reached, or answers what it should not.

    Attributes:
        status: the status of the answer; None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Connection:
    """A kept connection to the Runtime API.

    A request that finds it closed by the other side is sent again once, over a new one. An invocation takes four system
    calls: two requests, two replies. The poll is not sent ahead together with the response, which would save one: until
    the response is accepted, the client must be able to end without another invocation.

    Args:
        address: `host:port`, as `AWS_LAMBDA_RUNTIME_API` has it.
        version: of the kit, for the header `User-Agent`.
    """

    def __init__(self, address: str, version: str) -> None:
        self.address = address
        self._host, _, port = address.rpartition(":")
        try:
            self._port = int(port)
        except ValueError:
            raise RuntimeApiError(f"AWS_LAMBDA_RUNTIME_API is {address!r}; it has to be host:port") from None
        python = ".".join(map(str, sys.version_info[:3]))
        fields = f"Host: {address}\r\nAccept: */*\r\nUser-Agent: aws-lambda-python/{python}-lambda-kit-{version}\r\n"
        self.fields = fields.encode()
        self._next = b"GET " + ROOT + b"invocation/next HTTP/1.1\r\n" + self.fields + b"\r\n"
        self._is_new = True
        self._names: tuple[bytes, ...] = ()  # of the fields of the last reply, as the other side spells them
        self._lower: tuple[bytes, ...] = ()  # the same in lower case
        self.socket: Any = None

    # Requests

    def next(self) -> tuple[dict[bytes, bytes], bytes]:
        """Wait for an invocation; return its headers, with names in lower case, and its event."""
        status, headers, body = self._request(self._next, b"", "GET invocation/next", waits=True)
        if status != 200:
            self._refused("GET invocation/next", status, body)
        return headers, body

    def get(self, path: bytes) -> None:
        """Send a GET request, and wait for its answer for as long as it takes."""
        request = b"GET " + ROOT + path + b" HTTP/1.1\r\n" + self.fields + b"\r\n"
        what = f"GET {path.decode()}"
        status, _, body = self._request(request, b"", what, waits=True)
        if status != 200:
            self._refused(what, status, body)

    def post(self, path: bytes, fields: bytes, body: bytes) -> None:
        """Post a body; `fields` are the further lines of the head, each with its end."""
        request = b"POST %b%b HTTP/1.1\r\n%b%bcontent-length: %d\r\n\r\n" % (
            ROOT,
            path,
            self.fields,
            fields,
            len(body),
        )
        status, _, reply = self._request(request, body, path)
        if status != 202:
            self._refused(f"POST {path.decode()}", status, reply)

    def forgive(self, error: RuntimeApiError) -> None:
        """Raise the error of a stream: the client ends."""
        raise error

    def close(self) -> None:
        """Close the connection. The next request opens another one."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def connect(self) -> Any:
        """Open the connection, if it is not open, and return its socket."""
        if self.socket is None:
            host = self._host.strip("[]")
            made = _socket.socket(_socket.AF_INET6 if ":" in host else _socket.AF_INET, _socket.SOCK_STREAM)
            try:
                made.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
                # The kernel's limit: `settimeout` would cost two further system calls for each request.
                seconds = b"".join(int(one).to_bytes(8, sys.byteorder) for one in (_SILENCE, _SILENCE % 1 * 1e6))
                made.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, seconds)
                made.connect((host, self._port))
            except OSError as error:
                made.close()
                raise RuntimeApiError(
                    f"the Runtime API at {self.address} cannot be reached: {type(error).__name__}: {error}"
                ) from error
            self.socket = made
            self._is_new = True
        return self.socket

    def _request(
        self, head: bytes, body: bytes, what: bytes | str, *, waits: bool = False
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        connected = self.socket or self.connect()
        try:
            if len(body) < _AT_ONCE:
                connected.sendall(head + body if body else head)
            elif not (self.send_all(head, what) and self.send_all(body, what)):
                reply = self.read_reply(what)  # an early one, for example 413, to a post that is not taken to its end
                self.close()
                return reply
        except OSError as error:
            early = self._early_reply(what)
            if early is not None:
                return early
            return self._again(head, body, what, error, waits=waits)
        try:
            data = self._receive(what, waits=waits)
        except ConnectionError as error:
            return self._again(head, body, what, error, waits=waits)
        if not data:
            return self._again(head, body, what, None, waits=waits)
        self._is_new = False
        return (None if waits else _accepted(data)) or self._reply(data, what)

    def _again(
        self, head: bytes, body: bytes, what: bytes | str, error: OSError | None, *, waits: bool
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """Send a request again, if the connection was an old one, which the other side may have closed before."""
        was_new = self._is_new
        self.close()
        if was_new:
            self._lost(what, error)
        self.connect()
        return self._request(head, body, what, waits=waits)

    def _early_reply(self, what: bytes | str) -> tuple[int, dict[bytes, bytes], bytes] | None:
        try:
            data = self.socket.recv(_AT_ONCE, _socket.MSG_DONTWAIT)
        except OSError:
            return None
        if not data:
            return None
        reply = self._reply(data, what)
        self.close()
        return reply

    def send_all(self, data: bytes, what: bytes | str | None = None) -> bool:
        """Send data, and return True; return False as soon as a reply, or the end of the connection, has come instead.

        Args:
            data: the data.
            what: the request. If the other side takes nothing for a minute, it is given up. Default: it takes its time.
        """
        view = memoryview(data)
        while view:
            try:
                view = view[self.socket.send(view, _socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                import select

                poll = select.poll()
                poll.register(self.socket, select.POLLIN | select.POLLOUT)
                ready = poll.poll(None if what is None else _SILENCE * 1000)
                if not ready:
                    self._fail(
                        f"the Runtime API at {self.address} took nothing for {_SILENCE:g} s of {_text(what or '')}"
                    )
                if not ready[0][1] & select.POLLOUT or ready[0][1] & select.POLLIN:
                    return False
        return True

    # Replies

    def _receive(self, what: bytes | str, *, waits: bool = False) -> bytes:
        while True:
            try:
                data: bytes = self.socket.recv(_AT_ONCE)
            except BlockingIOError:
                if waits:  # there is no work yet
                    continue
                self._fail(f"the Runtime API at {self.address} was silent for {_SILENCE:g} s during {_text(what)}")
            return data

    def read_reply(self, what: bytes | str) -> tuple[int, dict[bytes, bytes], bytes]:
        """Read the reply to a request that was sent over the socket."""
        try:
            data = self._receive(what)
        except OSError as error:
            self._lost(what, error)
        if not data:
            self._lost(what, None)
        self._is_new = False
        return self._reply(data, what)

    def _reply(self, data: bytes, what: bytes | str) -> tuple[int, dict[bytes, bytes], bytes]:
        while True:
            while (end := data.find(b"\r\n\r\n")) < 0:
                if not data.startswith(_BEGINNINGS) and not any(one.startswith(data) for one in _BEGINNINGS):
                    self._malformed(what, f"it begins with {data[:40]!r}")
                if len(data) > _LONGEST_HEAD:
                    self._malformed(what, f"its head has over {_LONGEST_HEAD} bytes")
                data += self._more(what, "its head")
            lines = data[:end].split(b"\r\n")
            if not lines[0].startswith(_BEGINNINGS) or not lines[0][9:12].isdigit():
                self._malformed(what, f"it begins with {lines[0][:40]!r}")
            status = int(lines[0][9:12])
            data = data[end + 4 :]
            if status >= 200:  # others are followed by the real one
                break
        headers = self._headers(lines)
        length = headers.get(b"content-length")
        if length is not None and length == b"%d" % len(data):
            body = data
        else:
            body = self._body(data, headers, length, status, what)
        if headers.get(b"connection", b"").lower() == b"close" or lines[0].startswith(b"HTTP/1.0"):
            self.close()
        return status, headers, body

    def _headers(self, lines: list[bytes]) -> dict[bytes, bytes]:
        """Return the fields of a head, with names in lower case.

        Replies have the same names again and again, in the same order, so that one comparison spares work for each.
        """
        try:
            names, values = zip(*map(bytes.split, lines[1:], _SEPARATOR, _ONCE), strict=True)
        except ValueError:  # there is no field, or one without ": "
            names = values = ()
        if names and (names == self._names or b":" not in b"".join(names)):
            if names != self._names:
                self._names, self._lower = names, tuple(map(bytes.lower, names))
            return dict(zip(self._lower, map(bytes.strip, values), strict=True))
        headers: dict[bytes, bytes] = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        return headers

    def _body(
        self, data: bytes, headers: dict[bytes, bytes], length: bytes | None, status: int, what: bytes | str
    ) -> bytes:
        """Return a body that has not come with its head, or whose length is not plain."""
        if headers.get(b"transfer-encoding", b"identity").lower() != b"identity":
            return self._chunked(data, headers, what)
        if length is None:
            return b"" if status in (204, 304) else self._to_the_end(data, what)
        if not length.isdigit() or len(length) > 12 or int(length) > _LONGEST_BODY:
            self._malformed(what, f"its Content-Length is {length[:40]!r}")
        size = int(length)
        if len(data) > size:
            self._malformed(what, f"{len(data) - size} bytes follow after its end")
        body = bytearray(size)
        body[: len(data)] = data
        view = memoryview(body)
        filled = len(data)
        while filled < size:
            try:
                count = self.socket.recv_into(view[filled:])
            except BlockingIOError:
                self._fail(f"the Runtime API at {self.address} was silent for {_SILENCE:g} s during {_text(what)}")
            except OSError as error:
                self._lost(what, error)
            if not count:
                self._malformed(what, f"it broke off after {filled} of {size} bytes")
            filled += count
        return bytes(body)

    def _to_the_end(self, data: bytes, what: bytes | str) -> bytes:
        while True:
            try:
                more = self._receive(what)
            except OSError as error:
                self._lost(what, error)
            if not more:
                self.close()
                return data
            data += more
            if len(data) > _LONGEST_BODY:
                self._malformed(what, f"its body has over {_LONGEST_BODY} bytes")

    def _chunked(self, data: bytes, headers: dict[bytes, bytes], what: bytes | str) -> bytes:
        if headers[b"transfer-encoding"].lower() != b"chunked":
            self._malformed(what, f"its Transfer-Encoding is {headers[b'transfer-encoding'][:40]!r}")
        body = bytearray()
        while True:
            while (end := data.find(b"\r\n")) < 0:
                if len(data) > 100:
                    self._malformed(what, "the size of a chunk is missing")
                data += self._more(what, "a chunk")
            size = self._size_of(data[:end].partition(b";")[0].strip(), len(body), what)
            data = data[end + 2 :]
            if size == 0:
                break
            while len(data) < size + 2:
                data += self._more(what, "a chunk")
            body += data[:size]
            if data[size : size + 2] != b"\r\n":
                self._malformed(what, "a chunk is longer than its size")
            data = data[size + 2 :]
        data = b"\r\n" + data
        while (end := data.find(b"\r\n\r\n")) < 0:  # the end of the trailers
            if len(data) > _LONGEST_HEAD:
                self._malformed(what, f"its trailers have over {_LONGEST_HEAD} bytes")
            data += self._more(what, "its trailers")
        return bytes(body)

    def _size_of(self, digits: bytes, before: int, what: bytes | str) -> int:
        try:
            size = int(digits, 16) if digits.isalnum() and len(digits) < 16 else -1
        except ValueError:
            size = -1
        if not 0 <= size <= _LONGEST_BODY - before:
            self._malformed(what, f"the size of a chunk is {digits[:40]!r}")
        return size

    def _more(self, what: bytes | str, part: str) -> bytes:
        try:
            data = self._receive(what)
        except OSError as error:
            self._lost(what, error)
        if not data:
            self._malformed(what, f"it broke off in {part}")
        return data

    # Errors

    def _fail(self, message: str) -> NoReturn:
        self.close()
        raise RuntimeApiError(message)

    def _lost(self, what: bytes | str, error: OSError | None) -> NoReturn:
        self.close()
        why = "it closed the connection" if error is None else f"{type(error).__name__}: {error}"
        raise RuntimeApiError(
            f"the connection to the Runtime API at {self.address} was lost during {_text(what)}: {why}"
        ) from error

    def _malformed(self, what: bytes | str, problem: str) -> NoReturn:
        self._fail(f"the reply of the Runtime API at {self.address} to {_text(what)} is malformed: {problem}")

    def _refused(self, what: str, status: int, body: bytes) -> NoReturn:
        text = body[:300].decode("utf-8", "replace")
        raise RuntimeApiError(f"the Runtime API at {self.address} answered {status} to {what}: {text}", status)


def _accepted(data: bytes) -> tuple[int, dict[bytes, bytes], bytes] | None:
    """Return what `Connection._reply` does for an accepted post as Lambda sends it, in a third of the time, else None.

    The headers are left out: nobody reads them.
    """
    if not data.startswith(b"HTTP/1.1 202 "):
        return None
    end = data.find(b"\r\n\r\n")
    length = b"\r\nContent-Length: %d\r\n" % (len(data) - end - 4)
    if end < 0 or data.find(length, 0, end + 2) < 0 or b"connection:" in data[:end].lower():
        return None
    return 202, {}, data[end + 4 :]


def _text(what: bytes | str) -> str:
    return what if isinstance(what, str) else f"POST {what.decode('utf-8', 'replace')}"
