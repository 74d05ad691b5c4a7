"""HTTP/1.1 over kept-alive connections, bounded in time, for signed calls and the extensions on localhost.

Redirects are not followed. A connection is never used across a fork or a restore from a snapshot, and never after
an error on it.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
import weakref
from collections import deque

from lambda_kit._kernel import lifecycle
from lambda_kit.aws._connection import Closed, Connection, Response, TransportError
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from ssl import SSLContext
    from typing import Any, NoReturn

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
        _pools.add(self)

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
        kept = self._take()
        if kept is not None:
            try:
                return self._exchange(kept, message, end, patience, method)
            except Closed:
                if not repeatable:
                    raise
        return self._exchange(self._connect(end), message, end, patience, method)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
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

    def _take(self) -> Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.is_alive():
                return connection
            connection.close()
        return None

    def _connect(self, end: float) -> Connection:
        limit = min(self._connect_timeout, end - time.monotonic())
        if limit <= 0:
            raise TransportError("there was no time left to connect", sent=False, timed_out=True)
        until = time.monotonic() + limit
        where: Any = (self._host, self._port)  # bytes, which the types do not know
        try:
            plain = socket.create_connection(where, limit)
        except OSError as error:
            _fail_to_connect(self.host_header, error, limit)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._tls:
                return Connection(plain)
            plain.settimeout(max(until - time.monotonic(), 0.001))
            return Connection(_tls_context().wrap_socket(plain, server_hostname=self._host))
        except OSError as error:
            plain.close()
            _fail_to_connect(self.host_header, error, limit)
        except BaseException:
            plain.close()
            raise

    def _exchange(self, connection: Connection, message: bytes, end: float, patience: float, method: str) -> Response:
        try:
            response = connection.exchange(message, end, patience, method)
        except BaseException:  # an interrupt too: the next bytes on the connection belong to this request
            connection.close()
            raise
        if connection.keeps and len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return response


def _fail_to_connect(where: str, error: OSError, limit: float) -> NoReturn:
    timed_out = isinstance(error, TimeoutError)
    told = f"within {limit:.3g} s" if timed_out else (error.strerror or str(error) or type(error).__name__)
    raise TransportError(f"no connection to {where}: {told}", sent=False, timed_out=timed_out) from error


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

_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_context: tuple[str | None, SSLContext] | None = None
_making_context = threading.Lock()
_watched = False


def _tls_context() -> SSLContext:
    """Return the TLS settings, made once: reading the authorities takes longer than a handshake."""
    global _context
    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    with _making_context:
        if _context is None or _context[0] != bundle:
            import ssl

            try:
                _context = bundle, ssl.create_default_context(cafile=bundle)
            except OSError as error:
                raise ConfigurationError(f"AWS_CA_BUNDLE names {bundle!r}, which cannot be read: {error}") from error
        return _context[1]


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_after_fork)
        lifecycle.on_restore(close_all, base=True)
        lifecycle.on_reset(close_all, base=True)


def _after_fork() -> None:
    global _making_context
    _making_context = threading.Lock()
    close_all()  # only the copies of the child; nothing is sent


def close_all() -> None:
    """Close every connection that is not in use."""
    for pool in list(_pools):
        pool.close()
