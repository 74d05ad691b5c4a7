"""The base of the fake extensions: an HTTP server on this machine that tests can make fail."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from socket import socket
    from socketserver import ThreadingTCPServer
    from types import TracebackType
    from typing import Any, Self

    from lambda_kit.aws._local_server import LocalServer

    Headers = list[tuple[str, str]]
    Reply = tuple[int, Headers, bytes]  # status, headers, body

_NOT_READY = b"not ready to serve traffic, please wait"


class FakeServer:
    """A server on a free port of 127.0.0.1 that can be made to fail. Use it as a context manager.

    Attributes:
        port: the port.
    """

    def __init__(self) -> None:
        self.port = 0
        self._not_ready = 0
        self._failure: str | float | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server: ThreadingTCPServer | None = None
        self._thread: threading.Thread | None = None
        self._connections: list[tuple[socket, threading.Thread]] = []

    def _note(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> None:
        """Keep a request; called with the lock held."""
        raise NotImplementedError

    def _reply(self, method: str, path: str, query: list[tuple[str, str]], headers: Headers) -> Reply:
        """Return the extension's answer to a request."""
        raise NotImplementedError

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which a function finds the server."""
        raise NotImplementedError

    def _client(self) -> LocalServer:
        """Return the part of the kit that asks such a server."""
        raise NotImplementedError

    @contextlib.contextmanager
    def in_use(self) -> Generator[Self]:
        """Return a context manager in which the environment leads to the server, and the kit asks it as on Lambda."""
        from unittest import mock

        client = self._client()
        with mock.patch.dict(os.environ, self.environ), mock.patch.object(client, "is_faked", new=True):
            client.forget()
            yield self
        client.forget()

    def not_ready(self, count: int) -> None:
        """Answer the next `count` requests like an extension that is not ready: with status 400 and a text."""
        self._not_ready = count

    def slow(self, seconds: float) -> None:
        """Delay each answer by this many seconds from now on."""
        self._failure = float(seconds)

    def hang(self) -> None:
        """Stop answering from now on; connections stay open."""
        self._failure = "hang"

    def break_off(self) -> None:
        """Close the connection in the middle of each answer from now on."""
        self._failure = "break"

    def crash(self) -> None:
        """Answer every request with status 500 from now on."""
        self._failure = "crash"

    def recover(self) -> None:
        """End all failures: answer normally again."""
        self._failure = None
        self._not_ready = 0

    def __enter__(self) -> Self:
        from http.server import BaseHTTPRequestHandler
        from socketserver import ThreadingTCPServer

        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def reply(self) -> None:
                headers = [(name.lower(), value) for name, value in self.headers.items()]
                reply = fake._answer(self.command, self.path, headers)
                if reply is None:
                    self.close_connection = True
                    return
                status, reply_headers, body = reply
                breaks = fake._failure == "break"
                self.send_response(status)
                for name, value in reply_headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if breaks else body)
                if breaks or self.command != "GET":  # the request's body was not read
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = reply  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Write nothing."""

        class Server(ThreadingTCPServer):
            allow_reuse_address = True
            request_queue_size = 128

            def process_request(self, request: Any, client_address: Any) -> None:
                """Serve a connection on a thread that `stop` can join."""
                thread = threading.Thread(
                    target=self.process_request_thread, args=(request, client_address), daemon=True
                )
                fake._connections.append((request, thread))
                thread.start()

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Write nothing about a client that has closed its connection, for example after its time-out."""
                if not isinstance(sys.exception(), ConnectionError):
                    super().handle_error(request, client_address)

        self._stopped.clear()
        server = self._server = Server(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop serving: open connections are closed, and new ones are refused."""
        from socket import SHUT_RDWR

        if self._server is None or self._thread is None:
            return
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None
        for connection, thread in self._connections:
            with contextlib.suppress(OSError):  # already closed
                connection.shutdown(SHUT_RDWR)
            thread.join()
        self._connections.clear()

    def _answer(self, method: str, target: str, headers: Headers) -> Reply | None:
        from urllib.parse import parse_qsl, urlsplit

        url = urlsplit(target)
        query = parse_qsl(url.query)
        with self._lock:
            self._note(method, url.path, query, headers)
            if self._not_ready > 0:
                self._not_ready -= 1
                return text_reply(400, _NOT_READY)
        failure = self._failure
        if failure == "hang":
            self._stopped.wait()
        elif isinstance(failure, float):
            self._stopped.wait(failure)
        if self._stopped.is_set():
            return None
        if failure == "crash":
            return text_reply(500, b"internal error")
        return self._reply(method, url.path, query, headers)


def text_reply(status: int, text: bytes) -> Reply:
    """Return an answer with a plain text."""
    return status, [("content-type", "text/plain")], text
