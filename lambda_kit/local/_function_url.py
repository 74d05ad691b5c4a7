"""A function behind an HTTP server on this machine, which translates as a function URL does."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.local._environment import Environment
from lambda_kit.local._exchange import PAYLOAD_LIMIT
from lambda_kit.local._http_messages import Request, RequestRefusedError, read_body, read_request
from lambda_kit.local._http_reply import Reply
from lambda_kit.local._pool import Pool
from lambda_kit.local._request import encoded, exchange_for, new_trace, new_trace_root
from lambda_kit.local._sqs import ServedBatch, SqsMapping, SqsQueue
from lambda_kit.local._url_messages import MalformedResultError, Response, event_of, response_of
from lambda_kit.local._watch import Sources

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from io import BufferedIOBase
    from types import TracebackType
    from typing import Self

    from lambda_kit.local._exchange import Answer, Exchange
    from lambda_kit.local._outcome import FunctionError, Outcome

_PATIENCE = 75.0  # seconds that a client may take to send the next bytes, or to take some
_BACKLOG = 1024
_SURELY_FITS = PAYLOAD_LIMIT // 8  # bytes of a body whose event is within the limit, even if all is escaped
_TRACE = re.compile(r"(?:^|;)\s*Root=1-[0-9a-f]{8}-[0-9a-f]{24}(?:;|$)")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TOO_LARGE = b'{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}'


@dataclass(slots=True)
class ServedRequest:
    """One request that a `FunctionUrl` has answered.

    Attributes:
        method: the method; `-` if the request could not be read.
        target: path and query.
        status: the status of the response; 0 if the client was gone before it began.
        duration_ms: from the moment the request was read until the response was sent.
        init_ms: the duration of the initialization if the request was a cold start; else None.
        error: the error of the function, or None.
        problem: the reason why the request or the result of the function was refused, or None.
    """

    method: str = "-"
    target: str = "-"
    status: int = 0
    duration_ms: float = 0.0
    init_ms: float | None = None
    error: FunctionError | None = None
    problem: str | None = None
    started: float = field(default_factory=time.perf_counter, repr=False)


class FunctionUrl:
    """A function behind an HTTP server on 127.0.0.1, which translates as a function URL does.

    It serves from the moment it is made until it is closed; as a context manager it closes itself. Each environment is
    a process under the runtime client, and has one request at a time. It is started when it is needed.

    Args:
        handler: `MODULE.FUNCTION`, as in Lambda's configuration.
        port: of the server; by default 0, which is any free one.
        environments: the number of environments, and so of requests that run at a time; others wait. Default 4.
        reload: end the environments when a Python file below `cwd` has changed, and start new ones; default True.
        timeout: seconds that an invocation may take, up to 1,800; default 3.
        memory: MB that each environment has, 128 to 10,240; default 128.
        env: environment variables of the function, over those of this process.
        python: the interpreter to run it with; by default this one.
        cwd: the function's root: its working directory, from which it is imported. By default the current directory.
        log_format: `text` or `json`; by default what `AWS_LAMBDA_LOG_FORMAT` says here.
        log_level: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`; by default what `AWS_LAMBDA_LOG_LEVEL` says.
        function_name: by default the last part of the module's name.
        runtime: the runtime client: `awslambdaric`, which AWS ships and which is the default, or `kit`, the kit's own,
            which streams responses.
        queues: SQS queues whose messages are delivered to the function, as by an event source mapping; default: none.
        on_output: called with the number of an environment, from 1, and text that the function prints there, as it is
            printed. It may be called on any thread.
        on_request: called with each request that was answered; on any thread.
        on_batch: called with each batch of messages that was delivered; on any thread.
        on_reload: called with the source files that have changed, when environments are ended for that; on any thread.

    Attributes:
        url: the URL of the server, without a slash at the end.

    Raises:
        ConfigurationError: an argument is wrong, or the port cannot be had.
        RuntimeClientMissing: the interpreter does not have the runtime client.

    Example:
        >>> with FunctionUrl("app.handler") as url:  # doctest: +SKIP
        ...     httpx.get(f"{url.url}/orders/7").json()
        {'id': 7}
    """

    def __init__(  # noqa: PLR0913  # each is one setting of a function
        self,
        handler: str,
        *,
        port: int = 0,
        environments: int = 4,
        reload: bool = True,
        timeout: float = 3.0,
        memory: int = 128,
        env: Mapping[str, str] | None = None,
        python: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
        log_format: str | None = None,
        log_level: str | None = None,
        function_name: str | None = None,
        runtime: str = "awslambdaric",
        queues: Sequence[SqsQueue] = (),
        on_output: Callable[[int, str], None] | None = None,
        on_request: Callable[[ServedRequest], None] | None = None,
        on_batch: Callable[[ServedBatch], None] | None = None,
        on_reload: Callable[[list[str]], None] | None = None,
    ) -> None:
        if environments < 1:
            raise ConfigurationError(f"environments is {environments}; it is a number of environments, at least 1")
        if not 0 <= port <= 65535:
            raise ConfigurationError(f"port is {port}; it is a number from 0 to 65535")
        settings: dict[str, Any] = {
            "timeout": timeout,
            "memory": memory,
            "env": env,
            "python": python,
            "cwd": cwd,
            "log_format": log_format,
            "log_level": log_level,
            "function_name": function_name,
            "runtime": runtime,
        }

        def make(number: int) -> Environment:
            told = None if on_output is None else partial(on_output, number)
            return Environment(handler, **settings, on_output=told)

        root = make(0).settings.cwd  # checks the arguments; nothing is started
        changed: Callable[[], list[str]] = Sources(root).changed if reload else list
        self._pool = Pool(environments, make, changed, on_reload or (lambda _: None))
        self._on_request = on_request
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._closed = False
        try:
            self._listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        except OSError as error:
            raise ConfigurationError(f"port {port} of 127.0.0.1 cannot be had, {error}: choose another one") from None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, name="lambda-kit-function-url", daemon=True)
        self._thread.start()
        self._mappings: list[SqsMapping] = []
        try:
            for queue in queues:
                self._mappings.append(SqsMapping(queue, timeout, environments, self._invoke, on_batch))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving, and end the environments with all that they started. Requests that run get no answer."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            connections = list(self._connections)
        for mapping in self._mappings:
            mapping.close()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._pool.close()
        self._thread.join()
        for mapping in self._mappings:
            mapping.join()

    def _invoke(self, event: Any) -> Outcome:
        with self._pool.environment() as environment:
            return environment.invoke(event)

    # Connections, each on a thread of its own

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                if self._closed:
                    return
                time.sleep(0.05)  # no descriptor is free, for example
                continue
            with self._lock:
                closed = self._closed
                self._connections.add(connection)
            if closed:
                connection.close()
                return
            threading.Thread(
                target=self._converse, args=(connection, address[0]), name="lambda-kit-http", daemon=True
            ).start()

    def _converse(self, connection: socket.socket, client: str) -> None:
        connection.settimeout(_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection.makefile("rb") as source:
                while self._serve(connection, source, client):
                    pass
        except OSError:
            pass  # the client went away, or took too long
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _serve(self, connection: socket.socket, source: BufferedIOBase, client: str) -> bool:
        """Answer the next request; return True if the connection serves another one."""
        served = ServedRequest()
        reply = Reply(connection)
        try:
            request = read_request(source)
            if request is None:
                return False
            served = ServedRequest(request.method, request.target)
            reply.request = request
            read_body(request, source, PAYLOAD_LIMIT, partial(connection.sendall, _CONTINUE))
        except RequestRefusedError as refusal:
            served.problem = refusal.reason
            reply.refuse(refusal)
            self._done(served, reply)
            return False
        try:
            self._answer(request, client, reply, served)
        except OSError as error:
            served.problem = f"the client went away: {error}"
            reply.keep_alive = False
        except LambdaKitError:
            if not self._closed:
                raise
            return False
        self._done(served, reply)
        return reply.keep_alive

    def _done(self, served: ServedRequest, reply: Reply) -> None:
        served.status = reply.status
        served.duration_ms = (time.perf_counter() - served.started) * 1000
        if self._on_request is not None:
            self._on_request(served)

    def _answer(self, request: Request, client: str, reply: Reply, served: ServedRequest) -> None:
        given = next(iter(request.values("x-amzn-trace-id")), "")
        trace = given if _TRACE.search(given) else new_trace_root()
        event = event_of(request, client, trace_root=trace)
        if len(request.body) > _SURELY_FITS and len(encoded(event)) > PAYLOAD_LIMIT:
            served.problem = f"the event has more than {PAYLOAD_LIMIT} bytes; a body that is no text grows by a third"
            reply.send(Response(413, [("Content-Type", "application/json")], _TOO_LARGE))
            return
        with self._pool.environment() as environment:
            exchange = exchange_for(
                environment.settings,
                event,
                trace_id=trace if "Sampled=" in trace else new_trace(trace),
                tenant_id=None,
                client_context=None,
                request_id=event["requestContext"]["requestId"],
                asynchronous=False,
            )
            reply.request_id = exchange.request_id
            reply.trace = trace
            exchange.on_part = reply.part
            outcome = environment.run(exchange)
        served.init_ms, served.error = outcome.init_ms, outcome.error
        served.problem = _finish(reply, outcome, exchange, exchange.answer)


def _finish(reply: Reply, outcome: Outcome, exchange: Exchange, answer: Answer | None) -> str | None:
    """Send the response, or the end of a streamed one; return what was wrong with the result."""
    if isinstance(exchange.part_error, OSError):
        raise exchange.part_error
    failed = outcome.error is not None or exchange.part_error is not None or answer is None
    if reply.begun:
        reply.end(broken=failed)
        return None if exchange.part_error is None else str(exchange.part_error)
    problem = None if exchange.part_error is None else str(exchange.part_error)
    if not failed and answer is not None:
        try:
            if answer.passed_on:
                reply.end_unbegun(answer.content_type)
            else:
                reply.send(response_of(answer.body, answer.content_type))
            return None
        except MalformedResultError as error:
            problem = str(error)
    reply.send(Response(502, [("Content-Type", "application/json")], b"Internal Server Error"))
    return problem
