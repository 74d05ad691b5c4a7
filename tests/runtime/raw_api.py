"""A Runtime API of a few lines that shows each chunk as it comes, and misbehaves where a test asks for it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE
from tests.runtime.differential import BASE, CLIENTS, FUNCTIONS, PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Self

OK = b'HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{"status":"OK"}'


@dataclass
class Request:
    """A request of the client.

    Attributes:
        line: method and path.
        headers: with names in lower case.
        body: the whole body.
        chunks: the chunks, as far as the body came in some.
        trailers: the fields after the last chunk.
        whole: True once it has come to its end.
        came: set with each chunk, and at the end.
    """

    line: str
    headers: dict[str, str]
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list[bytes])
    trailers: dict[str, str] = field(default_factory=dict[str, str])
    whole: bool = False
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[bytes]:
        """Wait for so many chunks."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.chunks) >= count, PATIENCE), self.chunks
        return self.chunks

    def until_whole(self) -> Self:
        """Wait for the end of the request."""
        with self.came:
            assert self.came.wait_for(lambda: self.whole, PATIENCE), self.chunks
        return self

    @property
    def prelude(self) -> Any:
        """What comes before the eight zero bytes of an HTTP response."""
        text, zeros, _ = self.body.partition(bytes(8))
        assert zeros
        return json.loads(text)

    @property
    def error(self) -> Any:
        """The error in the trailers."""
        return json.loads(base64.b64decode(self.trailers["lambda-runtime-function-error-body"]))

    def note(self, chunk: bytes) -> None:
        with self.came:
            self.chunks.append(chunk)
            self.body += chunk
            self.came.notify_all()

    def end(self) -> None:
        with self.came:
            self.whole = True
            self.came.notify_all()


class RawApi:
    """The server, and one process of a client.

    Args:
        handler: `MODULE.FUNCTION`.
        client: `kit` or `awslambdaric`.
        env: further variables.
        on_chunk: called with the request and the socket after each chunk; if it returns True, no more is read.
        reply: the reply to posts.
        keep: whether chunks are kept.
    """

    def __init__(
        self,
        handler: str,
        client: str = "kit",
        env: Mapping[str, str] | None = None,
        *,
        root: Path = FUNCTIONS,
        on_chunk: Callable[[Request, socket.socket], bool] | None = None,
        reply: bytes = OK,
        keep: bool = True,
    ) -> None:
        self.requests: queue.Queue[Request] = queue.Queue()
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self.on_chunk = on_chunk
        self.reply = reply
        self._keep = keep
        self._number = 0
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        port = self._server.getsockname()[1]
        self.output = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # closed by `close`
        variables = {
            **BASE,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "PYTHONPATH": os.pathsep.join([str(root), str(PROJECT)]),
            **(env or {}),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", CLIENTS[client], handler],
            cwd=root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and the server."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._events.put(None)
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for one in self._open:
            one.close()
        self.output.close()
        self._thread.join()

    def send(self, event: object, timeout: float = 30.0) -> None:
        """Hand out an invocation."""
        self._number += 1
        body = json.dumps(event).encode()
        deadline = int((time.time() + timeout) * 1000)
        fields = (
            f"Lambda-Runtime-Aws-Request-Id: r{self._number}\r\nLambda-Runtime-Invocation-Id: i{self._number}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\nContent-Type: application/json\r\n"
            f"Lambda-Runtime-Trace-Id: Root=1-{self._number:08x}\r\n"
            f"Content-Length: {len(body)}\r\n"
        )
        self._events.put(b"HTTP/1.1 200 OK\r\n" + fields.encode() + b"\r\n" + body)

    def answer(self, event: object, timeout: float = 30.0) -> Request:
        """Hand out an invocation, and return its answer."""
        self.send(event, timeout)
        return self.next_request().until_whole()

    def next_request(self) -> Request:
        """Return the next request but polls, as soon as its head has come."""
        try:
            return self.requests.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"no request came; the client wrote: {self.written()}") from None

    def written(self) -> str:
        """Return what the client has written so far."""
        return os.pread(self.output.fileno(), 1 << 20, 0).decode()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connected)
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, EOFError), connected.makefile("rb") as file:
            while self._answer(file, connected):
                pass
        connected.close()

    def _answer(self, file: Any, connected: socket.socket) -> bool:
        line = file.readline().decode().rsplit(" ", 1)[0]
        if not line:
            return False
        headers = _fields(file)
        if line.endswith("/next"):
            event = self._events.get()
            if event is None:
                return False
            connected.sendall(event)
            return True
        request = Request(line, headers)
        self.requests.put(request)
        if headers.get("transfer-encoding") == "chunked":
            while size := int(file.readline(), 16):
                chunk = file.read(size)
                file.readline()
                if self._keep:
                    request.note(chunk)
                if self.on_chunk is not None and self.on_chunk(request, connected):
                    return False
            request.trailers = _fields(file)
        else:
            request.body = file.read(int(headers["content-length"]))
        connected.sendall(self.reply)
        request.end()
        return True


def _fields(file: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    while (line := file.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found
