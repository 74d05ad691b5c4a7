"""HTTP/1.1 over kept-alive connections, bounded in time, for signed calls and the extensions on localhost.

Redirects are not followed. A connection is never used across a fork or a restore from a snapshot, and never after
an error on it.
"""

from __future__ import annotations

import re
import time
from collections import deque

from lambda_kit._kernel import lifecycle
from lambda_kit.aws._connection import Closed, Connection, Response, TransportError
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from weakref import ReferenceType

__all__ = ["Pool", "Response", "TransportError", "close_all"]

_MAX_IDLE = 16  # connections that wait to be used again
_FOREVER = float("inf")


class Pool:
    """The connections to one server. Threads share it.

    Args:
        url: scheme, host and port of the server. Certificates are verified against the authorities of the system, or
            those in the file that `AWS_CA_BUNDLE` names.
        connect_timeout: seconds that connecting may take, the TLS handshake included; 1 by default.
        read_timeout: seconds that the server may stay silent, 5 by default.

    Raises:
        ConfigurationError: the URL is not that of a server.
    """

    def __init__(self, url: str, *, connect_timeout: float = 1.0, read_timeout: float = 5.0) -> None:
        self._idle: deque[Connection] = deque()
        self.url = url
        self._tls, host, self._port = _address(url)
        self._host = host.encode()  # for text, Python loads the tables of international names
        default = self._port == (443 if self._tls else 80)
        name = f"[{host}]" if ":" in host else host
        self.host_header = name if default else f"{name}:{self._port}"
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        _watch_process()
        lifecycle.note(self, _pools)

    def request(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        deadline: float | None = None,
        repeatable: bool = True,
        read_timeout: float | None = None,
    ) -> Response:
        """Send a request and return the response, whatever its status.

        Args:
            method: the method.
            target: path and query, encoded.
            headers: names in lower case, and values. `content-length` is added, and `host` if it is missing.
            body: the body.
            deadline: the latest time to give up, by `time.monotonic`; None, the default, for the time-outs alone.
            repeatable: whether the request may be sent twice without harm. If so, it is sent once more on a new
                connection if the server had closed the kept-alive one. True by default.
            read_timeout: seconds that the server may stay silent; None, the default, for that of the pool.

        Raises:
            TransportError: there was no complete response.
            ValueError: a header or the target contains a line break.
        """
        message = self._message(method, target, headers, body)
        end = _FOREVER if deadline is None else deadline
        patience = self._read_timeout if read_timeout is None else read_timeout
        invocation = current.get(None)
        use = None if invocation is None else invocation.deadline
        kept = self._take(use)
        if kept is not None:
            try:
                return self._exchange(kept, message, end, patience, method, use)
            except Closed:
                if not repeatable:
                    raise
        return self._exchange(self._connect(end), message, end, patience, method, use)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        if hasattr(self, "_idle"):  # else `__init__` was interrupted
            self.close()

    def _message(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
        lines = [f"{method} {target} HTTP/1.1"]
        names = {"host"}
        for name, value in headers:
            lines.append(f"{name}: {value}")
            names.discard(name)
        if names:
            lines.append(f"host: {self.host_header}")
        if body or method not in ("GET", "HEAD"):
            lines.append(f"content-length: {len(body)}")
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or target.count(" "):
            raise ValueError("a header or the target of the request contains a line break or a space")
        return f"{text}\r\n\r\n".encode() + body

    def _take(self, use: float | None) -> Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.is_fresh(use) or connection.is_alive():
                return connection
            connection.close()
        return None

    def _connect(self, end: float) -> Connection:
        if end <= time.monotonic():
            raise TransportError("there was no time left to connect", sent=False, timed_out=True)
        from lambda_kit.aws import _sockets

        return _sockets.connect(self._host, self._port, self.host_header, self._connect_timeout, end, tls=self._tls)

    def _exchange(
        self, connection: Connection, message: bytes, end: float, patience: float, method: str, use: float | None
    ) -> Response:
        try:
            response = connection.exchange(message, end, patience, method)
        except BaseException:  # an interrupt too: the next bytes on the connection belong to this request
            connection.close()
            raise
        if connection.keeps and len(self._idle) < _MAX_IDLE:
            connection.note_use(use)
            self._idle.append(connection)
        else:
            connection.close()
        return response


def _address(url: str) -> tuple[bool, str, int]:
    found = re.fullmatch(r"(?ai)http(s?)://(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?(?:/\S*)?", url)
    port = int(found[4] or (443 if found[1] else 80)) if found else 0
    if found is None or not 0 < port < 65536:
        from lambda_kit._kernel.urls import without_credentials

        raise ConfigurationError(
            f"{without_credentials(url)!r} is not the URL of a server; pass one such as https://host or http://host:port,"
            " without user and password"
        )
    return bool(found[1]), found[2] or found[3], port


# The state of the process

_pools: set[ReferenceType[Pool]] = set()
_watched = False


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(close_all)  # only the copies of the child: nothing is sent
        lifecycle.on_restore(close_all, base=True)
        lifecycle.on_reset(close_all, base=True)


def close_all() -> None:
    """Close every connection that is not in use."""
    for pool in lifecycle.living(_pools):
        pool.close()
