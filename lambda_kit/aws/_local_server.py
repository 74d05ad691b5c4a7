"""Servers of extensions on this machine: presence, readiness and failures."""

from __future__ import annotations

import os
import time

from lambda_kit._kernel import lifecycle, log
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.aws._http import Pool, Response

_CONNECT = 0.5  # seconds
_PATIENCE = 3.0  # seconds that an answer may take, readiness included, if there is another source
_SHARE = 0.5  # of the remaining time of the invocation, if there is another source; the rest is for that source
_OUTSIDE = 10.0  # seconds that an answer may take outside of an invocation
_MARGIN = 0.1  # seconds of the invocation that are left to the handler
_REST = 10.0  # seconds in which a server that failed is left alone
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2)  # seconds between two requests to a server that is not ready
_NOT_READY = b"not ready to serve"


class Unavailable(Exception):
    """The server returned no usable answer."""


class LocalServer:
    """The server of one extension. Threads share it.

    Args:
        source: its name in errors.
        title: its name in logs.
        variable: the variable with its port.
        port: its port if the variable is not set.
    """

    def __init__(self, source: str, title: str, variable: str, port: int) -> None:
        self.source = source
        self.title = title
        self._variable = variable
        self._default = port
        self._pool: Pool | None = None
        self._port = 0
        self.is_faked = False  # a test has put a fake in its place, which is asked off Lambda too
        self._watched = False
        self.forget()

    def forget(self) -> None:
        """Forget what is known of the server: after a restore it is another one."""
        self._seen = self._absent = False
        self._rests_until = 0.0
        self._warned = False

    def is_expected(self) -> bool:
        """Tell whether to ask it before another source: on Lambda, while an invocation runs."""
        return (
            ("AWS_LAMBDA_RUNTIME_API" in os.environ or self.is_faked)
            and not self._absent
            and current.get(None) is not None
            and time.monotonic() >= self._rests_until
        )

    def is_present(self) -> bool:
        """Tell whether it is expected, and accepts connections."""
        if self.is_expected() and not self._seen:
            from lambda_kit.aws._connection import sockets

            where: Any = (b"127.0.0.1", self._find_port())  # bytes, because text loads the codec of domain names
            limit = min(_CONNECT, max(time_left(), 0.001))
            try:
                probe = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
                try:
                    probe.settimeout(limit)
                    probe.connect(where)
                finally:
                    probe.close()
                self._seen = True
            except OSError as error:
                self._watch_process()
                self._absent = isinstance(error, ConnectionRefusedError)
        return self.is_expected()

    def ask(self, target: str, headers: list[tuple[str, str]], *, alone: bool) -> Response:
        """Return its answer, once it is ready.

        Args:
            target: path and query.
            headers: the headers.
            alone: True if no other source is allowed: then it gets all of the remaining time.

        Raises:
            Unavailable: there is no answer in time, or no server.
        """
        from lambda_kit.aws._http import TransportError

        left = time_left()
        patience = left if alone else min(left * _SHARE, _PATIENCE)
        deadline = time.monotonic() + patience
        pauses = iter(_PAUSES)
        pause = 0.0
        while True:
            try:
                answer = self._connected().request(
                    "GET", target, headers, deadline=deadline, read_timeout=max(patience, _PATIENCE)
                )
            except TransportError as error:
                if isinstance(error.__cause__, ConnectionRefusedError):
                    self._absent = not alone
                raise Unavailable(str(error)) from error
            self._seen = True
            if answer.status != 400 or _NOT_READY not in answer.body[:200]:
                return answer
            pause = next(pauses, pause)
            if time.monotonic() + pause >= deadline:
                raise Unavailable("it did not become ready in time")
            time.sleep(pause)

    def try_first(self, ask: Callable[[], Any]) -> Any:
        """Return the result of `ask`, or None if the server cannot be used; one that fails is logged once.

        A server that is absent is not asked again in this environment, one that failed not for ten seconds.
        """
        if not self.is_expected():
            return None
        try:
            answer = ask()
        except Unavailable as error:
            self._watch_process()
            if not self._absent:
                self._rests_until = time.monotonic() + _REST
                if not self._warned:
                    self._warned = True
                    log.warning("%s could not be used (%s); AWS is called instead", self.title, error)
            return None
        self._warned = False
        return answer

    def _connected(self) -> Pool:
        from lambda_kit.aws._http import Pool

        port = self._find_port()
        if self._pool is None or self._port != port:
            self._watch_process()
            self._pool = Pool(f"http://127.0.0.1:{port}", connect_timeout=_CONNECT, read_timeout=_PATIENCE)
            self._port = port
        return self._pool

    def _watch_process(self) -> None:
        if not self._watched:
            self._watched = True
            lifecycle.on_restore(self.forget)
            lifecycle.on_reset(self.forget)

    def _find_port(self) -> int:
        text = os.environ.get(self._variable) or str(self._default)
        if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
            raise ConfigurationError(f"{self._variable}={text!r}: pass the number of a port, 1 to 65535")
        return int(text)


def time_left() -> float:
    """Return the seconds that a server may take: the remaining time of the invocation, less a margin."""
    invocation = current.get(None)
    return _OUTSIDE if invocation is None else invocation.remaining() - _MARGIN


def encoded(text: str) -> str:
    """Return text as a part of a URL: everything but letters, digits and `-._~` is percent-encoded."""
    return "".join(chr(one) if chr(one) in _PLAIN else f"%{one:02X}" for one in text.encode())


_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
