"""The response to one request: sent at once, or part by part."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
from typing import TYPE_CHECKING

from lambda_kit.local._http_messages import head_of
from lambda_kit.local._url_messages import (
    LONGEST_PRELUDE,
    PRELUDE_END,
    STREAMED,
    MalformedResultError,
    Response,
    prelude_of,
)

if TYPE_CHECKING:
    from lambda_kit.local._http_messages import Request, RequestRefusedError

_LINGER = 2.0  # seconds that a client has to read a refusal


class Reply:
    """The response to one request.

    Args:
        connection: where it is sent.

    Attributes:
        request: the request, once it was read.
        request_id: of the invocation, for the header `x-amzn-RequestId`.
        trace: the value of the header `X-Amzn-Trace-Id`.
        status: the status, once it was sent; 0 before.
        keep_alive: true if the connection serves another request.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pending = b""
        self._in_chunks = False
        self.request: Request | None = None
        self.request_id: str | None = None
        self.trace: str | None = None
        self.status = 0
        self.keep_alive = False

    @property
    def begun(self) -> bool:
        """True once the head was sent."""
        return self.status != 0

    def send(self, response: Response) -> None:
        """Send a whole response."""
        request = self.request
        self.keep_alive = request is not None and request.keep_alive
        headers = self._headers(response)
        self.status = response.status
        if self._has_body() or (response.body and response.status != 204):
            headers.append(("Content-Length", str(len(response.body))))
        head = head_of(response.status, headers)
        self._connection.sendall(head + response.body if self._has_body() else head)

    def refuse(self, refusal: RequestRefusedError) -> None:
        """Send the response to a request that is not passed on, and wait a little for the client to read it."""
        body = json.dumps({"Message": refusal.reason}).encode()
        if self.request is not None:
            self.request.keep_alive = False
        connection = self._connection
        self.send(Response(refusal.status, [("Content-Type", "application/json")], body))
        with contextlib.suppress(OSError):
            # Closing with unread bytes resets the connection, and the client may lose the response.
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(_LINGER)
            for _ in range(256):
                if not connection.recv(1 << 16):
                    break

    def part(self, data: bytes, content_type: str) -> None:
        """Send a part of a streamed response, and its head before the first.

        Raises:
            MalformedResultError: the head cannot be read.
            OSError: the client went away.
        """
        if not self.begun:
            if not _is_prelude(content_type):
                self._begin(Response(200, [("Content-Type", content_type)]))
            else:
                self._pending += data
                text, end, data = self._pending.partition(PRELUDE_END)
                if len(text) > LONGEST_PRELUDE:
                    raise MalformedResultError(f"no end of the headers is within {LONGEST_PRELUDE} bytes of the stream")
                if not end:
                    return
                self._begin(prelude_of(text))
                self._pending = b""
        if data and self._has_body():
            if self._gone():  # the first bytes after the end of a client would still be taken, by the kernel
                raise ConnectionResetError("it has closed the connection")
            self._connection.sendall(b"%x\r\n%b\r\n" % (len(data), data) if self._in_chunks else data)

    def end(self, *, broken: bool) -> None:
        """End a streamed response; a broken one is ended so that the client does not take it for complete."""
        if broken:
            self.keep_alive = False
            with contextlib.suppress(OSError):
                # A reset, because a client cannot tell the end of a body without a length from a clean end.
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self._in_chunks and self._has_body():
            self._connection.sendall(b"0\r\n\r\n")

    def end_unbegun(self, content_type: str) -> None:
        """Answer a stream that has ended before its body began.

        Raises:
            MalformedResultError: it has ended within its head.
        """
        if _is_prelude(content_type):
            raise MalformedResultError("the stream ended before eight zero bytes, which end its headers")
        self.send(Response(200, [("Content-Type", content_type)]))

    def _begin(self, response: Response) -> None:
        request = self.request
        self._in_chunks = request is not None and request.chunked_answer
        self.keep_alive = self._in_chunks and request is not None and request.keep_alive
        headers = self._headers(response)
        self.status = response.status
        if self._in_chunks and response.status not in (204, 304):
            headers.append(("Transfer-Encoding", "chunked"))
        self._connection.sendall(head_of(response.status, headers))

    def _gone(self) -> bool:
        """Tell whether the client has closed the connection."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0)) and not self._connection.recv(1, socket.MSG_PEEK)

    def _has_body(self) -> bool:
        return self.status not in (204, 304) and (self.request is None or self.request.method != "HEAD")

    def _headers(self, response: Response) -> list[tuple[str, str]]:
        headers = list(response.headers)
        if self.request_id is not None:
            headers.append(("x-amzn-RequestId", self.request_id))
        if self.trace is not None:
            headers.append(("X-Amzn-Trace-Id", self.trace))
        headers.append(("Connection", "keep-alive" if self.keep_alive else "close"))
        return headers


def _is_prelude(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == STREAMED
