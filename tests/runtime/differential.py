"""Runs the same function under AWS's client and under ours, and notes all that each does, as far as one can see it.

Both talk to the Runtime API of `lambda_kit.local`, which notes their requests here. One process of each client runs all
cases of a group, because a start costs more than a hundred invocations.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from http import client as http_client
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

FUNCTIONS = Path(__file__).parent / "functions"
PROJECT = Path(__file__).parents[2]
CLIENTS = {"awslambdaric": "awslambdaric", "kit": "lambda_kit.runtime"}
PYTHON = "AWS_Lambda_python3.13"  # on all versions: what AWS's client does goes by it
BASE = {
    "AWS_EXECUTION_ENV": PYTHON,
    "AWS_LAMBDA_FUNCTION_NAME": "both",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/both",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
    "LAMBDA_DISABLE_PREVIEW_WARN": "1",
    "PATH": os.environ.get("PATH", ""),
}
_HEADERS = ("content-length", "content-type", "lambda-runtime-invocation-id", "lambda-runtime-function-error-type")
_runtime_api: Any = import_module("lambda_kit.local._runtime_api")
_LONGEST = 100_000  # bytes of a body that are compared; beyond that, its length is compared by `content-length`
_http: Any = http_client


@dataclasses.dataclass(frozen=True)
class Observed:
    """What a client did in one invocation, or in its whole life.

    Attributes:
        requests: method, path, some headers, the document for X-Ray, and the body of each request but polls.
        output: what it wrote to standard output.
        errors: what it wrote to standard error.
        frames: type and text of each frame that it wrote to the descriptor for records.
        status: how the process ended; None if it goes on.
    """

    requests: tuple[Any, ...]
    output: str
    errors: str
    frames: tuple[tuple[int, str], ...]
    status: int | None


class Client:
    """A process of one of the two clients, with its Runtime API.

    Args:
        name: `awslambdaric` or `kit`, or a whole command.
        handler: `MODULE.FUNCTION`.
        env: further variables.
        root: the folder of the function.
        framed: whether the client gets a descriptor for records.
        concurrency: the number of workers of a Managed Instance.

    Attributes:
        agents: the values of `User-Agent` in its requests.
    """

    def __init__(
        self,
        name: str | list[str],
        handler: str = "both.handler",
        env: Mapping[str, str] | None = None,
        *,
        root: Path = FUNCTIONS,
        framed: bool = False,
        concurrency: int = 1,
    ) -> None:
        self.requests: list[Any] = []
        self.agents: set[str] = set()
        self.api: Any = _runtime_api.RuntimeApi(concurrency=concurrency)
        self.api._server.RequestHandlerClass = _recording(self.requests)
        self._files = [tempfile.TemporaryFile("w+b") for _ in range(3)]  # noqa: SIM115  # closed by `close`
        output, errors, frames = self._files
        self._read = [0, 0, 0]
        variables = {
            **BASE,
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "PYTHONPATH": os.pathsep.join([str(root), str(PROJECT)]),
            **(env or {}),
        }
        if framed:
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(frames.fileno())
        self.process = subprocess.Popen(
            [sys.executable, "-m", CLIENTS[name], handler] if isinstance(name, str) else name,
            cwd=root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            pass_fds=[frames.fileno()],
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
        self.api.close()
        for one in self._files:
            one.close()

    def invoke(self, body: bytes, headers: Mapping[str, str] | None = None, *, number: int = 1) -> Observed:
        """Invoke the function, and return what happened until the client asked for more work, or ended."""
        exchange = self.exchange(number, body, headers)
        self.api.submit(exchange)
        self._wait(lambda: exchange.finished)
        return self.observed()

    def exchange(self, number: int, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Any:
        """Return an invocation, to be submitted."""
        return _runtime_api.Exchange(f"request-{number}", f"attempt-{number}", body, 30.0, dict(headers or {}))

    def until_end(self) -> Observed:
        """Wait until the process has ended, and return what it did until then."""
        self.process.wait(PATIENCE)
        return self.observed()

    def until_ready(self) -> Observed:
        """Wait until the client asks for work, and return what it did until then."""
        self._wait(lambda: self.api.ready_at is not None)
        return self.observed()

    def until_snapshot(self) -> Observed:
        """Wait until the client asks to be restored, and return what it did until then."""
        self._wait(lambda: self.api.snapshot_at is not None)
        return self.observed()

    def _wait(self, what: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.api.wait_for(what, 0.05) and self.process.poll() is None:
            assert time.monotonic() < deadline, "the client does nothing"

    def observed(self) -> Observed:
        """Return what the client did since the last call."""
        status = self.process.poll()
        requests = tuple(self.requests)
        self.agents |= {headers.get("User-Agent", "") for _, _, headers, _ in requests}
        self.requests.clear()
        output, errors, frames = (self._rest(position) for position in range(3))
        return Observed(
            tuple(_normal_request(one) for one in requests),
            normal(output.decode()),
            normal(errors.decode()),
            tuple(_frames(frames)),
            status,
        )

    def _rest(self, position: int) -> bytes:
        descriptor = self._files[position].fileno()
        data = b""
        while more := os.pread(descriptor, 1 << 20, self._read[position]):
            data += more
            self._read[position] += len(more)
        return data


class _Tee:
    """A file of bytes that notes what is read."""

    def __init__(self, file: Any, entry: list[Any]) -> None:
        self._file = file
        self._entry = entry

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(size)
        if len(self._entry[3]) < _LONGEST:
            self._entry[3] += data
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _recording(requests: list[Any]) -> type:
    """Return a handler of connections, as of the server, that notes the requests but polls for work."""
    connection: Any = _runtime_api._Connection

    def parse_request(self: Any) -> bool:
        _http._MAXLINE = max(_http._MAXLINE, 2 << 20)  # a document for X-Ray has up to 1 MiB
        known: bool = connection.parse_request(self)
        if known and not self.path.endswith("/invocation/next"):
            requests.append([self.command, self.path, dict(self.headers.items()), b""])
            self.rfile = _Tee(self.rfile, requests[-1])
        return known

    def handle_one_request(self: Any) -> None:
        kept = self.rfile
        connection.handle_one_request(self)
        self.rfile = kept

    return type("Recording", (connection,), {"parse_request": parse_request, "handle_one_request": handle_one_request})


def _normal_request(entry: Any) -> Any:
    method, path, headers, body = entry
    names = {name.lower(): value for name, value in headers.items()}
    cause = names.get("lambda-runtime-function-xray-error-cause")
    document: Any = None
    if cause:
        document = json.loads(cause.encode("latin-1"))
        document["paths"] = sorted(document["paths"])
    return (
        method,
        path,
        tuple(names.get(name) for name in _HEADERS),
        normal(json.dumps(document)),
        normal(body[:_LONGEST].decode("utf-8", "backslashreplace")),
    )


def _frames(data: bytes) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    while data:
        kind, length = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        stamp = int.from_bytes(data[8:16], "big") / 1e6
        assert abs(stamp - time.time()) < PATIENCE, "the time of a frame is wrong"
        found.append((kind, normal(data[16 : 16 + length].decode())))
        data = data[16 + length :]
    return found


def normal(text: str) -> str:
    """Return text without what differs from one run to the next."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text)
    text = re.sub(r'"(thread|process|created|msecs|relativeCreated)": [\d.]+', r'"\1": 0', text)
    return re.sub(r"(_epoch_deadline_time_in_ms['\"]*: ['\"]?)\d+", r"\g<1>0", text)
