"""Servers on loopback that say exactly what a test tells them to, also what no server should say."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = bytes | Callable[[socket.socket], object]

# An authority for tests and what it signed, made once with openssl: for localhost, for another host, and for the past.
CERTIFICATES = Path(__file__).parent / "certificates"


class Received(NamedTuple):
    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers each request with the next step of its script: bytes as they are, or a function of the connection.

    The last step answers all that follow.
    """

    def __init__(self, *script: Step, certificate: str | None = None) -> None:
        self.script = list(script)
        self.requests: list[Received] = []
        self.connections = 0
        self.released = threading.Event()
        self.seen = threading.Semaphore(0)
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def hang(self, connection: socket.socket) -> None:
        """Say nothing until the test is over."""
        self.released.wait()

    def drop(self, connection: socket.socket) -> None:
        """Close the connection without an answer."""
        connection.shutdown(socket.SHUT_RDWR)

    def abort(self, connection: socket.socket) -> None:
        """Reset the connection, as a server does that falls over."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionAbortedError

    def stop(self) -> None:
        self.released.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        with self._lock:
            for one in self._open:
                _shut(one)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, number))
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        connection = plain
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
                with self._lock:
                    self._open.append(connection)
            with connection.makefile("rb") as stream:
                while head := _head(stream.readline):
                    method, target, _ = head[0].split(" ")
                    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:])}
                    body = stream.read(int(headers.get("content-length", "0")))
                    with self._lock:
                        self.requests.append(Received(number, method, target, headers, body))
                        step = self.script[0] if len(self.script) == 1 else self.script.pop(0)
                    self.seen.release()
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        step(connection)
        except (OSError, ValueError):
            pass  # the client left, or the test is over
        finally:
            connection.close()


def _head(readline: Callable[[], bytes]) -> list[str]:
    lines: list[str] = []
    while line := readline().decode().rstrip("\r\n"):
        lines.append(line)
    return lines


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


def reply(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """Return a whole response; underscores in the names of headers stand for dashes."""
    lines = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
