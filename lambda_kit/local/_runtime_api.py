"""The Lambda Runtime API, version 2018-06-01, as a server on the loopback interface."""

from __future__ import annotations

import binascii
import json
import select
import socket
import sys
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, cast

from lambda_kit.local._chunks import MalformedBodyError, chunks
from lambda_kit.local._exchange import PAYLOAD_LIMIT, RESPONSE_LIMIT, STREAM_LIMIT, Answer, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from io import BufferedIOBase
    from types import TracebackType
    from typing import Self

_CAUSE = b"lambda-runtime-function-xray-error-cause:"
_MOST = 1 << 16
_ROOT = ["2018-06-01", "runtime"]


class RuntimeApi:
    """A Runtime API server on a free port of 127.0.0.1; it speaks the protocol and starts no process.

    It serves from the moment it is made until it is closed; as a context manager it closes itself.

    Args:
        concurrency: the number of runtime processes that poll it. With one, a poll says that the work before is done.
        on_poll: called with the port of the connection whenever a runtime asks for work, before it gets any.

    Attributes:
        address: `host:port`, the value of `AWS_LAMBDA_RUNTIME_API`.
        ready_at: when a runtime first asked for an invocation, on the `time.perf_counter` clock.
        init_error: the post of the runtime to `init/error`.
        snapshot_at: when the runtime first asked to be restored, on the same clock.
        restore_error: the post of the runtime to `restore/error`.
    """

    def __init__(self, *, concurrency: int = 1, on_poll: Callable[[int], None] | None = None) -> None:
        self.ready_at: float | None = None
        self.init_error: Answer | None = None
        self.snapshot_at: float | None = None
        self.restore_error: Answer | None = None
        self._concurrency = concurrency
        self._on_poll = on_poll
        self._changed = threading.Condition()
        self._queue: list[Exchange] = []
        self._handed: dict[str, Exchange] = {}
        self._restored = False
        self._closed = False
        self._server = _Server(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        # The interval only bounds how long closing takes; requests are served as they come.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="lambda-kit-runtime-api", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and drop every connection that still waits for work."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()
        self._server.server_close()

    def submit(self, exchange: Exchange) -> None:
        """Queue an invocation for the next runtime that asks for one."""
        with self._changed:
            self._queue.append(exchange)
            self._changed.notify_all()

    def withdraw(self, exchange: Exchange) -> None:
        """Stop waiting for the answer to an invocation; one that comes later is accepted and dropped."""
        with self._changed:
            exchange.abandoned = True
            if exchange in self._queue:
                self._queue.remove(exchange)

    def restore(self) -> None:
        """Let the runtime go on that waits at its snapshot."""
        with self._changed:
            self._restored = True
            self._changed.notify_all()

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until the predicate holds, for at most `timeout` seconds, and return whether it does.

        It is evaluated whenever something happens here, and after `notify`.
        """
        with self._changed:
            return self._changed.wait_for(predicate, timeout)

    def notify(self) -> None:
        """Evaluate the predicates of all `wait_for` calls again."""
        with self._changed:
            self._changed.notify_all()

    # The protocol, called by the connections

    def next(self, peer: int, gone: Callable[[], bool]) -> Exchange | None:
        """Wait for an invocation and return it; return None if there will be none on this connection."""
        if self._on_poll is not None:
            self._on_poll(peer)
        with self._changed:
            if self.ready_at is None:
                self.ready_at = time.perf_counter()
            for request_id, exchange in list(self._handed.items()):
                if exchange.answer is not None and (self._concurrency == 1 or exchange.peer == peer):
                    exchange.finished = True
                    del self._handed[request_id]
            self._changed.notify_all()
            while True:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed or gone():
                    self._changed.notify_all()
                    return None
                exchange = self._queue.pop(0)
                exchange.peer = peer
                exchange.handed_at = time.perf_counter()
                self._handed[exchange.request_id] = exchange
                self._changed.notify_all()
                return exchange

    def snapshot(self) -> bool:
        """Wait at the snapshot until `restore`; return False if the server was closed meanwhile."""
        with self._changed:
            if self.snapshot_at is None:
                self.snapshot_at = time.perf_counter()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._restored or self._closed)
            return not self._closed

    def running(self, request_id: str, invocation_id: str | None) -> Exchange | None:
        """Return the invocation of that id if it waits for its answer."""
        with self._changed:
            exchange = self._handed.get(request_id)
            if exchange is None or exchange.answer is not None:
                return None
            return exchange if invocation_id in (None, exchange.invocation_id) else None

    def answer(self, request_id: str, invocation_id: str | None, answer: Answer) -> tuple[int, str, str]:
        """Take the answer to an invocation; return the status to reply with, an error type and a message."""
        with self._changed:
            exchange = self._handed.get(request_id)
            if exchange is None:
                return 400, "InvalidRequestID", "Invalid request ID"
            if invocation_id is not None and invocation_id != exchange.invocation_id:
                return 400, "InvalidInvocationId", "Invalid invocation ID"
            if exchange.answer is not None:
                return 403, "InvalidStateTransition", "The invocation has been answered already"
            exchange.answer = answer
            exchange.answered_at = time.perf_counter()
            self._changed.notify_all()
        if answer.kind == "too-large":
            return 413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        return 202, "", ""

    def fail_init(self, answer: Answer) -> tuple[int, str, str]:
        """Take an error of the initialization; return as `answer` does."""
        with self._changed:
            if self.ready_at is not None or self.init_error is not None:
                return 403, "InvalidStateTransition", "The initialization is over"
            self.init_error = answer
            self._changed.notify_all()
        return 202, "", ""

    def fail_restore(self, answer: Answer) -> tuple[int, str, str]:
        """Take an error of the hooks that run after a restore; return as `answer` does."""
        with self._changed:
            if self.snapshot_at is None or self.ready_at is not None or self.restore_error is not None:
                return 403, "InvalidStateTransition", "The runtime is not being restored"
            self.restore_error = answer
            self._changed.notify_all()
        return 202, "", ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Connection)

    def server_bind(self) -> None:
        # The base class looks up the host's name here, which can take seconds where the resolver is slow.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a runtime that was killed is no news
            super().handle_error(request, client_address)


class _Heads:
    """A file that leaves out a long document for X-Ray, a header of up to 1 MiB: the base class takes 64 KiB."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readline(self, limit: int = -1) -> bytes:
        """Read a line, which is a whole header."""
        line: bytes = self._file.readline(limit)
        if line.endswith(b"\n") or line[: len(_CAUSE)].lower() != _CAUSE:
            return line
        while line and not line.endswith(b"\n"):
            line = self._file.readline(_MOST)
        return self.readline(limit)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet for each answer: headers and body in two would wait for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  # no other server makes one

    def parse_request(self) -> bool:
        kept = self.rfile
        self.rfile = cast("BufferedIOBase", _Heads(kept))
        try:
            return super().parse_request()
        finally:
            self.rfile = kept

    def version_string(self) -> str:
        return "lambda_kit"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name in the base class
        pass

    def do_GET(self) -> None:
        match self._path():
            case ["invocation", "next"]:
                exchange = self.server.api.next(self.client_address[1], self._gone)
                if exchange is None:
                    self.close_connection = True
                else:
                    self._hand_out(exchange)
            case ["restore", "next"]:
                if self.server.api.snapshot():
                    self._reply(HTTPStatus.OK, b"", {})
                else:
                    self.close_connection = True
            case ["invocation", _, "response" | "error"] | ["init" | "restore", "error"]:
                self._reply(HTTPStatus.METHOD_NOT_ALLOWED, b"", {"Allow": "POST"})
            case _:
                self._not_found()

    def do_POST(self) -> None:
        path = self._path()
        answer = self._streamed(path[1]) if self._streams(path) else self._answer(path[-1:] == ["response"])
        if answer is None:
            return
        api = self.server.api
        match path:
            case ["invocation", request_id, "response" | "error"]:
                self._accept(*api.answer(request_id, self.headers.get("Lambda-Runtime-Invocation-Id"), answer))
            case ["init", "error"]:
                self._accept(*api.fail_init(answer))
            case ["restore", "error"]:
                self._accept(*api.fail_restore(answer))
            case ["invocation" | "restore", "next"]:
                self._reply(HTTPStatus.METHOD_NOT_ALLOWED, b"", {"Allow": "GET"})
            case _:
                self._not_found()

    def _path(self) -> list[str]:
        parts = self.path.partition("?")[0].split("/")[1:]
        return parts[2:] if parts[:2] == _ROOT else []

    def _gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _streams(self, path: list[str]) -> bool:
        """Return True if the body is a response in chunks."""
        in_chunks = self.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"
        return in_chunks and len(path) == 3 and path[::2] == ["invocation", "response"]

    def _streamed(self, request_id: str) -> Answer:
        """Read a response in chunks, and pass its parts on if someone takes them."""
        exchange = self.server.api.running(request_id, self.headers.get("Lambda-Runtime-Invocation-Id"))
        content_type = self.headers.get("Content-Type", "application/octet-stream")
        streaming = self.headers.get("Lambda-Runtime-Function-Response-Mode", "").strip().lower() == "streaming"
        on_part = streaming and exchange is not None and exchange.on_part is not None
        limit = STREAM_LIMIT if on_part else RESPONSE_LIMIT
        trailers: dict[str, str] = {}
        kept, size = bytearray(), 0
        try:
            for part in chunks(self.rfile, trailers, longest_trailer=2 * PAYLOAD_LIMIT):
                size += len(part)
                if size > limit:
                    continue
                if exchange is not None and on_part:
                    exchange.pass_on(part, content_type)
                    if exchange.part_error is not None:  # nobody takes the rest: the runtime learns it by the end
                        self.close_connection = True
                        return Answer("response", b"", content_type, None, passed_on=True)
                else:
                    kept += part
        except MalformedBodyError as error:
            self.close_connection = True
            fields = {"errorType": "Runtime.TruncatedResponse", "errorMessage": f"The response broke off: {error}"}
            return Answer("truncated", json.dumps(fields).encode(), content_type, fields["errorType"])
        error_type = trailers.get("lambda-runtime-function-error-type")
        if error_type is not None:
            return Answer("error", _decoded(trailers.get("lambda-runtime-function-error-body", "")), "", error_type)
        if size > limit:
            return Answer("too-large", b"", content_type, None)
        return Answer("response", bytes(kept), content_type, None, passed_on=on_part)

    def _answer(self, is_response: bool) -> Answer | None:  # of two kinds
        kind: Literal["response", "error"] = "response" if is_response else "error"
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            self._error(HTTPStatus.LENGTH_REQUIRED, "LengthRequired", "The Content-Length header is missing")
            return None
        content_type = self.headers.get("Content-Type", "application/json")
        error_type = self.headers.get("Lambda-Runtime-Function-Error-Type")
        if int(length) > RESPONSE_LIMIT:
            left = int(length)
            while left and (chunk := self.rfile.read(min(left, 1 << 16))):
                left -= len(chunk)
            return Answer("too-large", b"", content_type, error_type)
        return Answer(kind, self.rfile.read(int(length)), content_type, error_type)

    def _hand_out(self, exchange: Exchange) -> None:
        deadline = int((time.time() + exchange.timeout) * 1000)
        self._reply(
            HTTPStatus.OK,
            exchange.body,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": exchange.request_id,
                "Lambda-Runtime-Invocation-Id": exchange.invocation_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                **exchange.headers,
            },
        )

    def _accept(self, status: int, error_type: str, message: str) -> None:
        if error_type:
            self._error(HTTPStatus(status), error_type, message)
        else:
            self._reply(HTTPStatus(status), b'{"status":"OK"}', {"Content-Type": "application/json"})

    def _not_found(self) -> None:
        self._error(HTTPStatus.NOT_FOUND, "NotFound", f"The Runtime API has no {self.command} {self.path}")

    def _error(self, status: HTTPStatus, error_type: str, message: str) -> None:
        body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
        self._reply(status, body, {"Content-Type": "application/json"})

    def _reply(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _decoded(text: str) -> bytes:
    """Return the body of an error that came in a trailer."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return text.encode()
