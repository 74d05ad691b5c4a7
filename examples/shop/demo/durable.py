"""Lambda's API for the functions: it starts durable executions, and runs them with AWS's own testing package.

That package keeps the executions and answers the calls of the SDK; it knows no names of executions. So this server
stands before it: it starts one execution for a name, as Lambda does, and runs the handler under the runtime client.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Any

from shop.demo.faults import call_of
from shop.demo.processes import Child, ask, free_port
from shop.demo.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from shop.demo.server import Reply

    from lambda_kit.local import Outcome

_PACKAGE = "aws_durable_execution_sdk_python_testing.cli"
_JSON = {"content-type": "application/json"}
_OF_RUNNER = "x-dex-handler-invoke"  # marks an invocation that continues an execution


class DurableService(Server):
    """The service, on a port of this machine.

    Attributes:
        url: where functions call it: `AWS_ENDPOINT_URL_LAMBDA`.
        calls: the function and the IAM action of each kind of call.
        starts: how often an execution of each name was asked for.
        executions: the ARN of each execution by its name.
    """

    def __init__(self, environ: dict[str, str]) -> None:
        self._invoke: Callable[[str, Any], Outcome] | None = None
        self._lock = threading.Lock()
        super().__init__()
        port = free_port()
        self._runner_url = f"http://127.0.0.1:{port}"
        options = {
            "host": "127.0.0.1",
            "port": str(port),
            "lambda-endpoint": self.url,
            "local-runner-region": environ["AWS_REGION"],
            "log-level": "ERROR",
        }
        command = [sys.executable, "-m", _PACKAGE, "start-server"]
        for name, value in options.items():
            command += [f"--{name}", value]
        self._runner = Child(command, f"{self._runner_url}/health", environ)
        self.calls: set[tuple[str, str]] = set()
        self.starts: dict[str, int] = {}
        self.executions: dict[str, str] = {}

    def runs_by(self, invoke: Callable[[str, Any], Outcome]) -> None:
        """Set what invokes a function by its name."""
        self._invoke = invoke

    def __enter__(self) -> Self:
        super().__enter__()
        self._runner.start()
        return self

    def wait(self) -> None:
        """Wait until it serves."""
        self._runner.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.__exit__(kind, error, trace)
        super().__exit__(kind, error, trace)

    def run(self, function: str, body: bytes) -> Reply:
        """Run a function once, and return the answer of Lambda's API."""
        assert self._invoke is not None
        outcome = self._invoke(function, json.loads(body))
        headers = {"x-amz-function-error": "Unhandled"} if outcome.error is not None else {}
        return 200, {**_JSON, **headers}, json.dumps(outcome.payload).encode()

    def start(self, function: str, name: str, body: bytes) -> Reply:
        """Start an execution, or find the one that has this name."""
        with self._lock:
            self.starts[name] = self.starts.get(name, 0) + 1
            if name not in self.executions:
                asked = {
                    "AccountId": "123456789012",
                    "FunctionName": function,
                    "FunctionQualifier": "$LATEST",
                    "ExecutionName": name,
                    "ExecutionTimeoutSeconds": 600,
                    "ExecutionRetentionPeriodDays": 1,
                    "Input": body.decode(),
                }
                status, answer = ask(f"{self._runner_url}/start-durable-execution", "POST", json.dumps(asked).encode())
                if status != 201:
                    return status, _JSON, answer
                self.executions[name] = json.loads(answer)["ExecutionArn"]
        return 202, {**_JSON, "x-amz-durable-execution-arn": self.executions[name]}, b""

    def reply(self, method: str, path: str, headers: Any, body: bytes, /) -> Reply:
        if _OF_RUNNER not in headers:
            self.calls.add(call_of(headers, path))
        parts = path.split("/")
        if parts[-1] != "invocations":  # calls of the SDK, and of who decides
            status, answer = ask(
                f"{self._runner_url}{path}", method, body, {"content-type": headers["content-type"] or ""}
            )
            return status, _JSON, answer
        function = parts[-2].partition("%3A")[0].partition(":")[0]
        if _OF_RUNNER in headers:
            return self.run(function, body)
        return self.start(function, headers["x-amz-durable-execution-name"], body)
