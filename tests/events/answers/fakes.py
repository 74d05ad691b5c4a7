"""Servers on loopback for answers: one that records what it gets, and a Secrets Manager in the middle of a rotation."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_kit import handler

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

KEYS = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}


class Got(NamedTuple):
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@contextlib.contextmanager
def serving(answer: Callable[[Got], tuple[int, bytes]]) -> Generator[str]:
    """Answer requests by a function, and yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, text = answer(Got(self.command, self.path, headers, body))
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            self.wfile.flush()

        do_GET = do_PUT = do_POST = _answer

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Calls:
    """Calls of services with a JSON protocol: a server that records them, and answers with nothing.

    Attributes:
        calls: the operations that came, with their parameters.
        url: where the server is; the test sets it.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.url = ""

    def __call__(self, got: Got) -> tuple[int, bytes]:
        self.calls.append((got.headers["x-amz-target"].partition(".")[2], json.loads(got.body)))
        return 200, b"{}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables with which the kit calls this server."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.url}


def answering(layer: Any, result: Any = None, *, is_async: bool = False) -> Any:
    """Return a handler under a layer, which returns `result`, raises it, or returns what it returns."""

    def respond() -> Any:
        if isinstance(result, BaseException):
            raise result
        return result() if callable(result) else result

    def plain(event: Any, context: Any) -> Any:
        return respond()

    async def later(event: Any, context: Any) -> Any:
        return respond()

    function: Any = later if is_async else plain
    made: Any = handler
    return made(layer(function))


class Secrets:
    """A secret whose new version has the stage AWSPENDING, and no value yet.

    Attributes:
        stages: the stages of each version.
        values: the value of each version.
        calls: the operations that were called.
    """

    def __init__(self, old: str, new: str) -> None:
        self.stages = {old: ["AWSCURRENT"], new: ["AWSPENDING"]}
        self.values: dict[str, dict[str, Any]] = {old: {"SecretString": "old"}}
        self.enabled = True
        self.calls: list[str] = []
        self.broken: list[str] = []

    def __call__(self, got: Got) -> tuple[int, bytes]:
        operation = got.headers["x-amz-target"].partition(".")[2]
        self.calls.append(operation)
        params = json.loads(got.body)
        found = getattr(self, f"_{operation}")(params)
        if operation in self.broken:
            return 400, json.dumps({"__type": "InternalServiceError", "message": "no"}).encode()
        if found is None:
            return 400, json.dumps({"__type": "ResourceNotFoundException", "message": "no value"}).encode()
        return 200, json.dumps(found).encode()

    def _DescribeSecret(self, params: dict[str, Any]) -> Any:
        return {"ARN": params["SecretId"], "RotationEnabled": self.enabled, "VersionIdsToStages": self.stages}

    def _GetSecretValue(self, params: dict[str, Any]) -> Any:
        stage = params.get("VersionStage", "AWSCURRENT")
        (version,) = [name for name, stages in self.stages.items() if stage in stages]
        return self.values.get(params.get("VersionId", version))

    def _PutSecretValue(self, params: dict[str, Any]) -> Any:
        names = ("SecretString", "SecretBinary")
        self.values[params["ClientRequestToken"]] = {name: params[name] for name in names if name in params}
        return {}

    def _UpdateSecretVersionStage(self, params: dict[str, Any]) -> Any:
        stage = params["VersionStage"]
        self.stages[params["RemoveFromVersionId"]].remove(stage)
        self.stages[params["MoveToVersionId"]].append(stage)
        return {}
