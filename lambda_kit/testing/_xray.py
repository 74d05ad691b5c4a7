"""The X-Ray daemon as Lambda offers it, as a server on this machine that reads what it gets."""

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

_BUFFER = 4_194_304  # bytes that may wait to be read; the system may allow less
_MAX_DATAGRAM = 65_536
_AGAIN = 0.05  # seconds after which a marker that may have been dropped is sent again
_STOP = b"stop"


class FakeXRayDaemon:
    r"""The X-Ray daemon on a free port of this machine: a real UDP server, for tests.

    It keeps every document, holds each against what AWS documents
    (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>), and puts the spans together to
    trees, as X-Ray does. The function's own segment, which Lambda sends, is what all of them are under. Whatever was
    sent before one of its attributes or methods is used is in what that returns. Use it as a context manager.

    Args:
        sampled: whether the first invocation is to be traced.

    Attributes:
        port: where it listens, on 127.0.0.1.
        trace_id: the id of the trace of the latest invocation.

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
        """The variables by which a function finds it and the trace of the latest invocation."""
        return {"AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{self.port}", "_X_AMZN_TRACE_ID": self._header}

    def next_invocation(self, *, sampled: bool = True) -> str:
        """Return the trace header of a further invocation, for `_X_AMZN_TRACE_ID`; its trace is a new one.

        Args:
            sampled: whether it is to be traced. What is sent of a trace that is not is a problem.
        """
        segment = os.urandom(8).hex()
        self.trace_id = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
        self._functions[self.trace_id] = segment, sampled
        self._header = f"Root={self.trace_id};Parent={segment};Sampled={int(sampled)}"
        return self._header

    # What it got

    @property
    def datagrams(self) -> list[bytes]:
        """What came, in the order in which it came."""
        self._wait()
        return list(self._datagrams)

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The documents in them, whatever is wrong with these; where there is no JSON object there is no document."""
        return [document for document, _ in self._parsed() if document is not None]

    @property
    def problems(self) -> list[str]:
        """What is wrong, with the number of the datagram, as of now: a parent that is yet to be sent is missing."""
        return self._grown()[1]

    def tree(self, trace_id: str | None = None, *, timeout: float = 5.0) -> list[SpanNode]:
        """Return the spans that are right under the function's segment, by their starts; the others are under these.

        In a trace whose header does not come from here, the function's segment is the one parent that no document
        brings.

        Args:
            trace_id: the id of the trace; by default the spans of all traces are returned.
            timeout: how many seconds to wait at most until what was sent is there.

        Raises:
            AssertionError: something is wrong with the documents, or what was sent is not there in time.
            ConfigurationError: there is no such trace.
        """
        roots, problems = self._grown(timeout)
        if problems:
            raise AssertionError("\n- ".join(["what was sent to X-Ray is wrong:", *problems]))
        if trace_id is None:
            return roots
        if trace_id not in (known := [*self._functions, *(root.trace_id for root in roots)]):
            raise ConfigurationError(f"tree({trace_id!r}): there is no such trace{closest(trace_id, known)}")
        return [root for root in roots if root.trace_id == trace_id]

    def _grown(self, timeout: float = 5.0) -> tuple[list[SpanNode], list[str]]:
        problems: list[str] = []
        sound: list[tuple[int, dict[str, Any]]] = []
        for number, (document, wrong) in enumerate(self._parsed(timeout)):
            if document is not None and not wrong:
                sound.append((number, document))
            name = "" if document is None else f" ({document.get('name')!r:.80})"
            problems += [f"datagrams[{number}]{name}: {one}" for one in wrong]
        roots, between = _xray_tree.grow(sound, self._functions, complete=not problems)
        return roots, problems + between

    def _parsed(self, timeout: float = 5.0) -> list[tuple[dict[str, Any] | None, list[str]]]:
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
        """Stop listening; what has come until now can still be asked for."""
        own, thread = self._socket, self._thread
        if own is None or thread is None:
            return
        while thread.is_alive():
            own.sendto(_STOP, own.getsockname())
            thread.join(_AGAIN)
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

    def _wait(self, timeout: float = 5.0) -> None:
        """Wait until what was sent has come: a marker that it sends to itself comes after that."""
        own = self._socket
        if own is None:
            return
        ends = time.monotonic() + timeout
        with self._changed:
            self._markers += 1
            marker = self._markers
            while self._seen < marker:
                own.sendto(str(marker).encode(), own.getsockname())
                if not self._changed.wait_for(lambda: self._seen >= marker, _AGAIN) and time.monotonic() >= ends:
                    raise AssertionError(f"what was sent to X-Ray was not there after {timeout:g} seconds")
