"""Child processes: the services of AWS, the proxy that disturbs them, the service of durable executions."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0  # seconds; only a broken part takes as long


def found(name: str) -> Path | None:
    """Return the program of an environment that `make` has made; None if it could not be installed."""
    program = ROOT / ".venvs" / name / "bin" / name
    return program if program.exists() else None


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(
    url: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Send a request to this machine, past all proxies; return status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        connection.request(method, target, body, dict(headers or {}))
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


class Child:
    """A process that serves on a port of this machine, until the block ends.

    Args:
        command: the program and its arguments.
        ready: the URL that answers once it serves.
        environ: its environment, beside the path and the home directory.
    """

    def __init__(self, command: Sequence[str], ready: str, environ: Mapping[str, str] | None = None) -> None:
        self._command = [str(one) for one in command]
        self._ready = ready
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._environ = kept | dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._said: Any = None

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def start(self) -> None:
        """Start it; others may be started before it is ready."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # not a pipe, which fills up when nobody reads it
        self._process = subprocess.Popen(  # noqa: S603  # what this class is for
            self._command, env=self._environ, stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said
        )

    def wait(self) -> None:
        """Wait until it serves.

        Raises:
            RuntimeError: it has ended, or does not answer.
        """
        process = self._process
        assert process is not None
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self._said.seek(0)
                said = self._said.read().decode(errors="replace")[-2000:]
                self.__exit__(None, None, None)
                raise RuntimeError(f"{self._command[0]} did not start:\n{said}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._said is not None:
            self._said.close()

    def _answers(self) -> bool:
        try:
            return ask(self._ready)[0] < 500
        except OSError:
            return False


class Ministack(Child):
    """The services of AWS.

    Attributes:
        url: where they are called.
    """

    def __init__(self, program: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
        super().__init__([str(program)], f"{self.url}/_ministack/health", settings | {"LOG_LEVEL": "WARNING"})
