"""Responses that are sent part by part: chunks over the kept connection, and errors in the trailers."""

from __future__ import annotations

import select
from _thread import get_ident

from lambda_kit.runtime._connection import ROOT, RuntimeApiError
from lambda_kit.runtime._state import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from lambda_kit.runtime._errors import Report

_HTTP = b"application/vnd.awslambda.http-integration-response"
_BYTES = b"application/octet-stream"
_ERROR_TYPE, _ERROR_BODY = b"Lambda-Runtime-Function-Error-Type", b"Lambda-Runtime-Function-Error-Body"
_AT_ONCE = 1 << 16


class _Sender:
    """The client of `lambda_kit._kernel.streaming`."""

    def begin(self, prelude: Mapping[str, Any] | None) -> Callable[[bytes], bool] | None:
        """Begin the response of the running invocation, and return the function that sends a part.

        Returns:
            None if the invocation has begun its response already, or if this thread does not run it.
        """
        if state.stream is not None or get_ident() != state.thread:
            return None
        state.stream = stream = StreamedResponse(prelude)
        return stream.send


sender = _Sender()


class StreamedResponse:
    """The response of one invocation.

    Attributes:
        has_begun: True once the head was sent, so that an error can be told in the trailers alone.
        is_broken: True once nobody receives it any longer.
    """

    __slots__ = ("_early", "_head", "_is_sending", "_poll", "_socket", "_what", "has_begun", "is_broken")

    def __init__(self, prelude: Mapping[str, Any] | None) -> None:
        connection = state.connection
        self._what = f"invocation/{state.request_id}/response".encode()
        self._head = b"".join(
            (
                b"POST %b%b HTTP/1.1\r\n" % (ROOT, self._what),
                connection.fields,
                b"content-type: %b\r\n" % (_BYTES if prelude is None else _HTTP),
                b"Lambda-Runtime-Function-Response-Mode: streaming\r\n",
                state.echo,
                b"Transfer-Encoding: chunked\r\n",
                b"Trailer: %b, %b\r\n\r\n" % (_ERROR_TYPE, _ERROR_BODY),
                b"" if prelude is None else _chunk(state.encode(dict(prelude)) + bytes(8)),
            )
        )
        self.has_begun = self.is_broken = self._is_sending = False
        self._early: tuple[int, bytes] | None = None

    def send(self, part: bytes) -> bool:
        """Send a part; an empty one sends the head alone. Return False if nobody receives it."""
        if not self.has_begun:
            self._begin(_chunk(part) if part else b"")
        elif self.is_broken or self._poll.poll(0):  # nothing comes before the end, unless the other side gave up
            self._break()
        elif part:
            self._write(part)
        return not self.is_broken

    def finish(self) -> None:
        """End the response.

        Raises:
            RuntimeApiError: the Runtime API has refused it.
        """
        self._end(b"0\r\n\r\n")

    def fail(self, report: Report) -> None:
        """End the response with an error, so that nobody takes it for a complete one.

        Raises:
            RuntimeApiError: the Runtime API has refused it.
        """
        from binascii import b2a_base64

        kind = report.fields["errorType"].encode("ascii", "replace").replace(b"\r", b"?").replace(b"\n", b"?")
        body = b2a_base64(report.body(), newline=False)
        self._end(b"0\r\n%b: %b\r\n%b: %b\r\n\r\n" % (_ERROR_TYPE, kind, _ERROR_BODY, body))

    def _begin(self, data: bytes) -> None:
        connection = state.connection
        self.has_begun = True
        for _ in range(2):  # the kept connection may have been closed by the other side
            self._socket = connection.connect()
            if not _is_readable(self._socket):
                break
            connection.close()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._send_all(self._head + data)

    def _write(self, part: bytes) -> None:
        if len(part) < _AT_ONCE:
            self._send_all(_chunk(part))
        else:
            self._send_all(b"%x\r\n" % len(part), part, b"\r\n")

    def _end(self, data: bytes) -> None:
        if not self.has_begun:
            self._begin(data)
        elif self._is_sending:  # an interrupt struck within a chunk, behind which nothing can be told
            self._break()
        elif not self.is_broken:
            self._send_all(data)
        connection = state.connection
        if self._early is not None:
            status, body = self._early
        elif self.is_broken:
            return
        else:
            status, _, body = connection.read_reply(self._what)
        if status != 202:
            raise RuntimeApiError(
                f"the Runtime API at {connection.address} answered {status} to the stream of {self._what.decode()}: "
                f"{body[:300].decode('utf-8', 'replace')}",
                status,
            )

    def _send_all(self, *pieces: bytes) -> None:
        self._is_sending = True
        try:
            is_sent = all(map(state.connection.send_all, pieces))
        except OSError:  # the connection is broken
            is_sent = False
        self._is_sending = False
        if not is_sent:
            self._break()

    def _break(self) -> None:
        """Note that nobody receives the response. The next request takes a new connection."""
        if self.is_broken:
            return
        self.is_broken = True
        connection = state.connection
        try:
            if _is_readable(self._socket):
                status, _, body = connection.read_reply(self._what)
                self._early = status, body
        except RuntimeApiError:  # the connection was closed without an answer: the receiver has gone
            pass
        finally:
            connection.close()


def _is_readable(connected: Any) -> bool:
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
