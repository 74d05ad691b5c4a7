"""AWS's services on this machine, and faults on the way to them: ministack and microburst, as child processes.

Each runs in the environment that `make test` makes for it, is started when a test first asks, and ends with this one.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

_VENVS = Path(__file__).parent.parent / ".venvs"
REGION = "eu-west-1"
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # past the proxies of this machine


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end_with_parent() -> None:
    """Make the system end this process, a child, with its parent; called in the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class _Child:
    def __init__(self, name: str, arguments: list[str], ready: str, **environ: str) -> None:
        program = _VENVS / name / "bin" / name
        if not program.exists():
            raise RuntimeError(
                f"{program} is missing: run the tests with make test, or make {_VENVS.name}/{name}/.installed"
            )
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # not a pipe, which fills up when nobody reads it
        self._process = subprocess.Popen(
            [str(program), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            preexec_fn=end_with_parent,  # noqa: PLW1509  # it calls the system alone
        )
        atexit.register(self.stop)
        deadline = time.monotonic() + PATIENCE
        while not _answers(ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                self._said.seek(0)
                said = self._said.read().decode(errors="replace")[-3000:]
                self.stop()
                raise RuntimeError(f"{name} did not start:\n{said}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._said.close()


def _answers(url: str) -> bool:
    try:
        with _open(url, timeout=2):
            return True
    except OSError:
        return False


def _ask(url: str, method: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with _open(request, timeout=PATIENCE) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Ministack:
    """The services.

    Attributes:
        url: where they are called.
    """

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._child = _Child(
            "ministack",
            [],
            f"{self.url}/_ministack/health",
            GATEWAY_PORT=str(port),
            BIND_HOST="127.0.0.1",
            SFTP_ENABLED="0",
            IOT_MTLS_ENABLED="0",
            LOG_LEVEL="WARNING",
        )

    def reset(self) -> None:
        """Forget everything."""
        _ask(f"{self.url}/_ministack/reset", "POST")

    def stop(self) -> None:
        """End the process."""
        self._child.stop()


class Faults:
    """A proxy before the services that disturbs what it is told to.

    Attributes:
        url: where the services are called through it.
    """

    def __init__(self, upstream: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["--upstream", upstream, "--port", str(port), "--host", "127.0.0.1"]
        self._child = _Child("microburst", arguments, f"{self.url}/_microburst/fired")
        # The first request makes it load the models of all services, for longer than a test wants to wait for a reply.
        try:
            _open(urllib.request.Request(self.url, b"{}"), timeout=PATIENCE).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
        self._rules: list[dict[str, Any]] = []
        self._before = 0

    def add(self, **rule: Any) -> None:
        """Add a rule, such as `operation="PutItem", times=1, reset=True`."""
        self._rules.append(rule)
        _ask(f"{self.url}/_microburst/rules", "POST", self._rules)

    def clear(self) -> None:
        """Disturb nothing any more."""
        self._rules = []
        _ask(f"{self.url}/_microburst/rules", "POST", [])
        _ask(f"{self.url}/_microburst/fired", "DELETE")
        self._before += self.requests()

    def requests(self) -> int:
        """Return how many requests have come since it was cleared, disturbed or not."""
        seen: int = _ask(f"{self.url}/_microburst/health", "GET")["requests_seen"]
        return seen - self._before

    def fired(self) -> list[str]:
        """Return what was done, in its order: `"error:ThrottlingException"`, `"reset"`."""
        return [one["action"] for one in _ask(f"{self.url}/_microburst/fired", "GET")]

    def stop(self) -> None:
        """End the process."""
        self._child.stop()
