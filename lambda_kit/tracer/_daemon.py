"""The connection to the X-Ray daemon: its address, and a UDP socket that never blocks."""

from __future__ import annotations

import time

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
_RETRY_AFTER = 60.0  # seconds after a failure to connect
_PREFIX = b'{"format":"json","version":1}\n'  # stands before the document in each datagram


class Daemon:
    """Sends documents to the daemon, one in each datagram.

    Args:
        address: `host:port`, or `tcp:host:port udp:host:port`.
        clock: returns the time in seconds; default `time.time`.

    Raises:
        ValueError: the address has another form.
    """

    __slots__ = ("_address", "_clock", "_connections", "_retry_at", "_sockets", "_warned")

    def __init__(self, address: str, clock: Callable[[], float] = time.time) -> None:
        import _socket as sockets  # the C module under `socket`, which takes ten times as long to load

        parts = address.split()
        udp = [part.removeprefix("udp:") for part in parts if part.startswith("udp:")]
        plain = [part for part in parts if not part.startswith("tcp:")]
        host, _, port = (udp or plain or [""])[0].rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            from lambda_kit._kernel.urls import without_credentials

            raise ValueError(f"{ADDRESS}={without_credentials(address)!r} is not host:port")
        self._address = (host.strip("[]"), int(port))
        self._sockets = sockets
        self._connections: dict[str, socket] = {}  # the one that is open, under "socket"
        self._clock = clock
        self._retry_at = 0.0
        self._warned = False

    def send(self, document: bytes) -> None:
        """Send a document. One that cannot be sent is lost; the first such failure is logged.

        If the name of the host cannot be resolved, the next attempt is made a minute later: a lookup may take seconds.
        """
        try:
            connected = self._connections.get("socket") or self._connect()
            if connected is not None:
                connected.send(_PREFIX + document)
        except Exception as error:
            if not self._warned:
                self._warned = True
                host, port = self._address
                shown = host.rpartition("@")[2]  # without user and password, which do not belong there
                log.warning("spans cannot be sent to the X-Ray daemon at %s:%d: %s", shown, port, error)

    def _connect(self) -> socket | None:
        if self._clock() < self._retry_at:
            return None
        try:
            made = self._open()
        except Exception:
            self._retry_at = self._clock() + _RETRY_AFTER
            raise
        # No lock, which an interrupt could leave locked: of two threads that connect at once, one closes its socket.
        connected = self._connections.setdefault("socket", made)
        if connected is not made:
            made.close()
        return connected

    def _open(self) -> socket:
        host, port = self._address
        # As bytes if possible: text loads the codec of domain names.
        name = host.encode("ascii") if host.isascii() else host
        family, *_, address = self._sockets.getaddrinfo(name, port, type=self._sockets.SOCK_DGRAM)[0]
        made: socket = self._sockets.socket(family, self._sockets.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.connect(address)
        except BaseException:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Close the socket; the next document opens a new one."""
        self._retry_at = 0.0
        made = self._connections.pop("socket", None)
        if made is not None:
            made.close()
