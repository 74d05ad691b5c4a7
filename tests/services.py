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
import time
import urllib.request
from pathlib import Path
from typing import Any

_VENVS = Path(__file__).parent.parent / ".venvs"
_READY_WITHIN = 60.0  # seconds; it takes less than three on an idle machine
REGION = "eu-west-1"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class _Child:
    def __init__(self, name: str, arguments: list[str], ready: str, **environ: str) -> None:
        program = _VENVS / name / "bin" / name
        if not program.exists():
            raise RuntimeError(
                f"{program} is missing: run the tests with make test, or make {_VENVS.name}/{name}/.installed"
            )
        self._process = subprocess.Popen(
            [str(program), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # it calls the system alone
        )
        atexit.register(self.stop)
        deadline = time.monotonic() + _READY_WITHIN
        while not _answers(ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                assert self._process.stderr is not None
                raise RuntimeError(f"{name} did not start:\n{self._process.stderr.read().decode()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def _ask(url: str, method: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
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
        self._rules: list[dict[str, Any]] = []

    def add(self, **rule: Any) -> None:
        """Add a rule, such as `operation="PutItem", times=1, reset=True`."""
        self._rules.append(rule)
        _ask(f"{self.url}/_microburst/rules", "POST", self._rules)

    def clear(self) -> None:
        """Disturb nothing any more."""
        self._rules = []
        _ask(f"{self.url}/_microburst/rules", "POST", [])
        _ask(f"{self.url}/_microburst/fired", "DELETE")

    def fired(self) -> list[str]:
        """Return what was done, in its order: `"error:ThrottlingException"`, `"reset"`."""
        return [one["action"] for one in _ask(f"{self.url}/_microburst/fired", "GET")]

    def stop(self) -> None:
        """End the process."""
        self._child.stop()
