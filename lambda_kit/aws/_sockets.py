"""Opening connections: addresses, TCP and TLS, bounded in time."""

from __future__ import annotations

import time

from lambda_kit.aws._connection import Connection, TransportError, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from ssl import SSLContext
    from typing import Any

_CHUNK = 64 * 1024


def connect(host: bytes, port: int, name: str, limit: float, end: float, *, tls: bool) -> Connection:
    """Return a new connection.

    Args:
        host: the name or the address of the server; text would load the codec of international names.
        port: its port.
        name: the name of the server in errors.
        limit: seconds that connecting to one of its addresses may take, the TLS handshake included.
        end: the latest time to give up, by `time.monotonic`.
        tls: whether to use TLS.

    Raises:
        TransportError: there is no connection in time.
        ConfigurationError: `AWS_CA_BUNDLE` names a file that cannot be read.
    """
    allowed = min(limit, end - time.monotonic())
    try:
        if tls:
            return _connect_securely(host, port, limit, end)
        return Connection(_connect_to_any(host, port, limit, end)[0])
    except OSError as error:
        raise _failure(name, error, allowed) from error


def _connect_securely(host: bytes, port: int, limit: float, end: float) -> Connection:
    """Connect with TLS: once more if an authority that was not loaded may have signed the certificate."""
    from ssl import SSLCertVerificationError

    from lambda_kit.aws import _authorities as authorities

    while True:
        context = authorities.context_for(host)
        plain, until = _connect_to_any(host, port, limit, end)
        try:
            return Connection(plain, _handshake(plain, context, host, until))
        except BaseException as error:
            plain.close()
            if not (isinstance(error, SSLCertVerificationError) and authorities.refused(context)):
                raise


def _connect_to_any(host: bytes, port: int, limit: float, end: float) -> tuple[socket, float]:
    """Connect to the first address that accepts; each gets `limit` seconds, and all of them the time until `end`.

    Returns:
        The connected socket, and the time until which its TLS handshake may take.
    """
    failure: OSError | None = None
    where: Any = host
    for family, kind, protocol, _, address in sockets.getaddrinfo(where, port, 0, sockets.SOCK_STREAM):
        now = time.monotonic()
        until = min(now + limit, end)
        if until <= now:
            failure = failure or TimeoutError("timed out")
            break
        plain = None
        try:
            plain = sockets.socket(family, kind, protocol)
            plain.settimeout(until - now)
            plain.connect(address)
            plain.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        except OSError as error:
            failure = error
        except BaseException:
            if plain is not None:
                plain.close()
            raise
        else:
            return plain, until
        if plain is not None:
            plain.close()
    raise failure or OSError("the name has no addresses")


def _failure(name: str, error: OSError, limit: float) -> TransportError:
    timed_out = isinstance(error, TimeoutError)
    reason = f"within {limit:.3g} s" if timed_out else (error.strerror or str(error) or type(error).__name__)
    return TransportError(f"no connection to {name}: {reason}", sent=False, timed_out=timed_out)


class Tls:
    """TLS over a connection, in memory: it encrypts what is sent and decrypts what was received.

    `ssl.SSLSocket` would make two system calls more for each message.
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "_want_read")

    def __init__(self, context: SSLContext, host: bytes) -> None:
        import ssl

        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        name: Any = host
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._want_read = ssl.SSLWantReadError

    def step(self, data: bytes) -> bool:
        """Take the next bytes of the handshake, and tell whether it is complete. Its own are in `output`."""
        if data:
            self._incoming.write(data)
        try:
            self._object.do_handshake()
        except self._want_read:
            return False
        return True

    def output(self) -> bytes:
        """Return the encrypted bytes that are still to be sent."""
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        """Return data as it is sent."""
        view = memoryview(data)
        while view:
            view = view[self._object.write(view) :]
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes | None:
        """Return the text of received bytes; `b""` if more are needed, None at the end of the stream."""
        if not data:
            return None
        self._incoming.write(data)
        parts: list[bytes] = []
        while True:
            try:
                part = self._object.read(_CHUNK)
            except self._want_read:
                return b"".join(parts)
            if not part:
                return b"".join(parts) or None
            parts.append(part)


def _handshake(plain: socket, context: SSLContext, host: bytes, until: float) -> Tls:
    tls, data = Tls(context, host), b""
    while True:
        try:
            complete = tls.step(data)
        finally:  # an alert too
            output = tls.output()
            if output:
                plain.settimeout(max(until - time.monotonic(), 0.001))
                plain.sendall(output)
        if complete:
            return tls
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        plain.settimeout(left)
        data = plain.recv(_CHUNK)
        if not data:
            raise ConnectionResetError("the connection was closed in the TLS handshake")
