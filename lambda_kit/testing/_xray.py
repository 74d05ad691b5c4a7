"""A fake of the X-Ray daemon that Lambda runs: a UDP server on this machine that checks what it receives."""

from __future__ import annotations

import os
import threading
import time

from lambda_kit._kernel.callables import closest
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import _xray_rules, _xray_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from types import TracebackType
    from typing import Any, Self

    from lambda_kit.testing._xray_tree import SpanNode

_BUFFER = 4_194_304  # bytes: the socket's receive buffer; the system may allow less
_MAX_DATAGRAM = 65_536
_RESEND_AFTER = 0.05  # seconds: a marker may have been dropped, and is sent again
_PATIENCE = 30.0  # seconds
_STOP = b"stop"


class FakeXRayDaemon:
    r"""The X-Ray daemon on a free port of this machine: a real UDP server, for tests.

    It keeps every document, checks it against AWS's documentation
    (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>), and builds trees of the spans,
    as X-Ray does. The root of each tree is the function's own segment, which Lambda sends. Attributes and methods wait
    for everything that was sent before they are used. Use it as a context manager.

    Args:
        sampled: whether the first invocation is sampled; default True.

    Attributes:
        port: the port on 127.0.0.1.
        trace_id: the trace id of the latest invocation.

    Example:
        ```python
        import json
        import socket

        with FakeXRayDaemon() as daemon, socket.socket(type=socket.SOCK_DGRAM) as sender:
            root, parent, _ = daemon.environ["_X_AMZN_TRACE_ID"].split(";")
            document = {
                "type": "subsegment",
                "name": "charge",
                "id": "0123456789abcdef",
                "trace_id": root.removeprefix("Root="),
                "parent_id": parent.removeprefix("Parent="),
                "start_time": 1_700_000_000.25,
                "end_time": 1_700_000_000.5,
            }
            datagram = '{"format":"json","version":1}\n' + json.dumps(document)
            sender.sendto(datagram.encode(), ("127.0.0.1", daemon.port))
            [span] = daemon.tree()
        assert (span.names(), span.end - span.start) == ("charge", 0.25)
        ```
    """

    def __init__(self, *, sampled: bool = True) -> None:
        self.port = 0
        self.trace_id = ""
        self._header = ""
        self._functions: dict[str, tuple[str, bool]] = {}
        self._datagrams: list[bytes] = []
        self._read: list[tuple[dict[str, Any] | None, list[str]]] = []
        self._changed = threading.Condition()
        self._markers = 0
        self._seen = 0
        self._socket: socket | None = None
        self._thread: threading.Thread | None = None
        self.next_invocation(sampled=sampled)

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that a function needs: the daemon's address, and the latest invocation's trace."""
        return {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{self.port}", "_X_AMZN_TRACE_ID": self._header}

    def next_invocation(self, *, sampled: bool = True) -> str:
        """Start a new trace and return its header, for `_X_AMZN_TRACE_ID`.

        Args:
            sampled: whether the trace is sampled; default True. A span of an unsampled trace is a problem.
        """
        segment = os.urandom(8).hex()
        self.trace_id = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
        self._functions[self.trace_id] = segment, sampled
        self._header = f"Root={self.trace_id};Parent={segment};Sampled={int(sampled)}"
        return self._header

    # What it has received

    @property
    def datagrams(self) -> list[bytes]:
        """The datagrams, in the order of arrival."""
        self._wait()
        return list(self._datagrams)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The documents, valid or not; a datagram without a JSON object has no document."""
        return [document for document, _ in self._parsed() if document is not None]

    @property
    def problems(self) -> list[str]:
        """All problems so far, each with the number of its datagram; a parent that has not been sent yet is one."""
        return self._checked()[1]

    def tree(self, trace_id: str | None = None, *, timeout: float = _PATIENCE) -> list[SpanNode]:
        """Return the children of the function's segment, ordered by start; the other spans are under these.

        In a trace whose header was not made by this object, the function's segment is the one parent that is not among
        the documents.

        Args:
            trace_id: the id of a trace; default: the spans of all traces.
            timeout: seconds to wait for the datagrams; default 30, which only a starved machine needs.

        Raises:
            AssertionError: the documents have problems, or the datagrams did not arrive in time.
            ConfigurationError: there is no trace with this id.
        """
        roots, problems = self._checked(timeout)
        if problems:
            raise AssertionError("\n- ".join(["the documents sent to X-Ray are invalid:", *problems]))
        if trace_id is None:
            return roots
        if trace_id not in (known := [*self._functions, *(root.trace_id for root in roots)]):
            raise ConfigurationError(f"tree({trace_id!r}): there is no such trace{closest(trace_id, known)}")
        return [root for root in roots if root.trace_id == trace_id]

    def _checked(self, timeout: float = _PATIENCE) -> tuple[list[SpanNode], list[str]]:
        problems: list[str] = []
        sound: list[tuple[int, dict[str, Any]]] = []
        for number, (document, wrong) in enumerate(self._parsed(timeout)):
            if document is not None and not wrong:
                sound.append((number, document))
            name = "" if document is None else f" ({document.get('name')!r:.80})"
            problems += [f"datagrams[{number}]{name}: {one}" for one in wrong]
        roots, between = _xray_tree.build_trees(sound, self._functions, complete=not problems)
        return roots, problems + between

    def _parsed(self, timeout: float = _PATIENCE) -> list[tuple[dict[str, Any] | None, list[str]]]:
        self._wait(timeout)
        with self._changed:
            self._read += [_xray_rules.parse(datagram) for datagram in self._datagrams[len(self._read) :]]
            return list(self._read)

    # The server

    def __enter__(self) -> Self:
        import socket

        made = self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made.bind(("127.0.0.1", 0))
        self.port = made.getsockname()[1]
        self._thread = threading.Thread(target=self._receive, args=(made, made.getsockname()), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening. What has been received remains available."""
        own, thread = self._socket, self._thread
        if own is None or thread is None:
            return
        while thread.is_alive():
            own.sendto(_STOP, own.getsockname())
            thread.join(_RESEND_AFTER)
        self._socket = self._thread = None
        own.close()

    def _receive(self, own: socket, address: tuple[str, int]) -> None:
        while True:
            datagram, sender = own.recvfrom(_MAX_DATAGRAM)
            if sender != address:
                self._datagrams.append(datagram)
            elif datagram == _STOP:
                return
            else:
                with self._changed:
                    self._seen = max(self._seen, int(datagram))
                    self._changed.notify_all()

    def _wait(self, timeout: float = _PATIENCE) -> None:
        """Wait for all earlier datagrams: until a marker that the daemon sends to itself has arrived."""
        own = self._socket
        if own is None:
            return
        deadline = time.monotonic() + timeout
        with self._changed:
            self._markers += 1
            marker = self._markers
            while self._seen < marker:
                own.sendto(str(marker).encode(), own.getsockname())
                seen = self._changed.wait_for(lambda: self._seen >= marker, _RESEND_AFTER)
                if not seen and time.monotonic() >= deadline:
                    raise AssertionError(f"the datagrams sent to X-Ray did not arrive within {timeout:g} seconds")
