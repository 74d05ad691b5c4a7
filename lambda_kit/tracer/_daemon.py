"""The connection to the X-Ray daemon: its address, and a UDP socket that never blocks."""

from __future__ import annotations

import threading

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket

ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
_PREFIX = b'{"format":"json","version":1}\n'  # stands before the document in each datagram


class Daemon:
    """Sends documents to the daemon, one in each datagram.

    Args:
        address: `host:port`, or `tcp:host:port udp:host:port`.

    Raises:
        ValueError: the address has another form.
    """

    __slots__ = ("_address", "_connecting", "_socket", "_sockets", "_warned")

    def __init__(self, address: str) -> None:
        import _socket as sockets  # the C module under `socket`, which takes ten times as long to load

        parts = address.split()
        udp = [part.removeprefix("udp:") for part in parts if part.startswith("udp:")]
        plain = [part for part in parts if not part.startswith("tcp:")]
        host, _, port = (udp or plain or [""])[0].rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"{ADDRESS}={address!r} is not host:port")
        self._address = (host.strip("[]"), int(port))
        self._sockets = sockets
        self._socket: socket | None = None
        self._connecting = threading.Lock()
        self._warned = False

    def send(self, document: bytes) -> None:
        """Send a document. One that cannot be sent is lost; the first such failure is logged."""
        try:
            (self._socket or self._connect()).send(_PREFIX + document)
        except OSError as error:
            if not self._warned:
                self._warned = True
                log.warning("spans cannot be sent to the X-Ray daemon at %s:%d: %s", *self._address, error)

    def _connect(self) -> socket:
        with self._connecting:  # one of two threads opens the socket
            return self._socket or self._open()

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
        self._socket = made
        return made

    def close(self) -> None:
        """Close the socket; the next document opens a new one."""
        made, self._socket = self._socket, None
        if made is not None:
            made.close()
