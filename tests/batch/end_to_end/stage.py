"""Helpers: deploying functions, waiting for them, and reading the trace that they leave."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Aws

FUNCTIONS = Path(__file__).parent.parent / "functions"
_ROLE = "arn:aws:iam::000000000000:role/shop"
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # past the proxies of this machine


class Trace:
    """The file in which a function notes what it does: a line for each step, `begun NAME` or `done NAME`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def steps(self, *names: str) -> list[str]:
        """Return the steps in their order; of these records only, if names are given."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [line for line in lines if not names or line.split()[1] in names]

    def names(self, step: str) -> list[str]:
        """Return the names of what was begun, or done, in its order."""
        return [line.split()[1] for line in self.steps() if line.startswith(f"{step} ")]


def until(what: str, condition: Callable[[], object]) -> None:
    """Wait for something that comes from other processes.

    Raises:
        AssertionError: it has not come.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} has not come about"
        time.sleep(0.1)


def make_queue(sqs: Any, name: str, **attributes: str) -> tuple[str, str]:
    """Make a queue and return its URL and its ARN."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def bodies(sqs: Any, queue_url: str) -> list[Any]:
    """Receive what is in a queue, and return the bodies from JSON."""
    found = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"]) for one in found]


def deploy(aws: Aws, function: str, **environ: str) -> str:
    """Make a function of the shop one that the services invoke, under the runtime client, and return its name."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(FUNCTIONS / "shop.py", "shop.py")
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o755 << 16
        archive.writestr(
            bootstrap,
            '#!/bin/sh\nexport PYTHONPATH="$LAMBDA_TASK_ROOT" AWS_LAMBDA_INITIALIZATION_TYPE=on-demand\n'
            f"export AWS_EXECUTION_ENV=AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}\n"
            f'exec "{sys.executable}" -m awslambdaric "$_HANDLER"\n',
        )
    client = aws.boto3("lambda")
    client.create_function(
        FunctionName=function,
        Runtime="provided.al2023",
        Handler=f"shop.{function}",
        Role=_ROLE,
        Code={"ZipFile": code.getvalue()},
        Timeout=30,
        Environment={"Variables": {"AWS_ENDPOINT_URL": aws.url, **environ}},
    )
    until("the function", lambda: client.get_function_configuration(FunctionName=function)["State"] == "Active")
    return function


class Recorder:
    """Passes requests on to the services, and keeps what was asked and answered.

    Attributes:
        url: where it is called.
        calls: the operation, the parameters and the reply of each call.
    """

    def __init__(self, upstream: str) -> None:
        calls: list[tuple[str, Any, Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                with _open(urllib.request.Request(upstream + self.path, body, headers), timeout=PATIENCE) as reply:
                    text = reply.read()
                calls.append((self.headers["x-amz-target"].partition(".")[2], json.loads(body), json.loads(text)))
                self.send_response(200)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.calls = calls
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
