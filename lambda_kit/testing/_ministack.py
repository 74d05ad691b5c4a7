"""AWS's services on this machine, for tests: ministack, as a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import LambdaKitError, MissingExtra

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

VARIABLE = "LAMBDA_KIT_MINISTACK"
INSTALL = "python -m venv .ministack && .ministack/bin/pip install ministack"
_TRIES = 3  # with another port
_PATIENCE = 60.0  # seconds until it answers; it takes a third of one
# Variables that would lead a client past the services of this machine, or to credentials of a real account.
_UNSET = (
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


class MinistackMissing(MissingExtra):
    """ministack is not installed, or not found."""


class Ministack:
    """AWS's services on a free port of this machine: [ministack](https://pypi.org/project/ministack/), as a process.

    It has DynamoDB, SSM, Secrets Manager, AppConfig, SQS, S3, EventBridge and others. It pins versions of packages that
    a function does not, so that it belongs in an environment of its own. Use this class as a context manager; the
    process ends with the block, and with this program in any case.

    Args:
        program: the program; default: the variable `LAMBDA_KIT_MINISTACK`, then `ministack` beside the interpreter or
            on the `PATH`.
        region: the region of the clients; default `"us-east-1"`.

    Attributes:
        url: the endpoint of all services.
        region: the region.

    Raises:
        MinistackMissing: there is no such program.
    """

    def __init__(self, program: str | os.PathLike[str] | None = None, *, region: str = "us-east-1") -> None:
        self.program = _found(program)
        self.region = region
        self.url = ""
        self._process: Any = None
        self._said: deque[str] = deque(maxlen=40)
        self._folder: Any = None

    @property
    def environ(self) -> dict[str, str | None]:
        """The environment variables that lead boto3 and the kit to the services; None for those to remove."""
        removed: dict[str, str | None] = dict.fromkeys(
            [*_UNSET, *(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_"))]
        )
        local = "127.0.0.1,localhost"
        past = {name: ",".join(filter(None, [os.environ.get(name), local])) for name in ("no_proxy", "NO_PROXY")}
        return {
            **removed,
            **past,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client of a service, such as `"dynamodb"`; options are those of `boto3.client`.

        Raises:
            MissingExtra: boto3 is not installed.
        """
        return _boto3().client(service, **self._endpoint(), **options)

    def resource(self, service: str, **options: Any) -> Any:
        """Return a boto3 resource, such as `"dynamodb"`; options are those of `boto3.resource`.

        Raises:
            MissingExtra: boto3 is not installed.
        """
        return _boto3().resource(service, **self._endpoint(), **options)

    def create_table(self, name: str, partition_key: str = "id", sort_key: str | None = None) -> Any:
        """Create a DynamoDB table with keys of text, such as one for idempotency records, and return boto3's `Table`.

        Raises:
            MissingExtra: boto3 is not installed.
        """
        keys = [(partition_key, "HASH")] + ([] if sort_key is None else [(sort_key, "RANGE")])
        return self.resource("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        )

    def reset(self) -> None:
        """Forget everything that is stored."""
        self._ask("POST", "/_ministack/reset")

    def __enter__(self) -> Self:
        for tries_left in range(_TRIES - 1, -1, -1):
            try:
                self._start()
                self._await_answer()
                return self
            except BaseException:
                taken = any("in use" in line for line in self._said)  # another process was faster with the port
                self.stop()
                if not taken or not tries_left:
                    raise
        raise AssertionError  # the last try returns or raises

    def _start(self) -> None:
        from lambda_kit.local._process import Process

        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._said.clear()
        self._folder = tempfile.TemporaryDirectory(prefix="lambda-kit-ministack-")
        mark = f"ministack-{port}-{os.getpid()}"
        self._process = Process(
            [self.program],
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": self._folder.name,
                "LAMBDA_KIT_MARK": mark,
                "GATEWAY_PORT": str(port),
                "BIND_HOST": "127.0.0.1",
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
                "LOG_LEVEL": "WARNING",
            },
            cwd=self._folder.name,
            mark=f"LAMBDA_KIT_MARK={mark}",
            workers=False,
            on_line=lambda _, line: self._said.append(line),
            on_change=lambda: None,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _await_answer(self) -> None:
        ended = threading.Event()
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.returncode is not None or time.monotonic() > deadline:
                self._process.drain()
                said = "".join(self._said).rstrip() or "nothing"
                raise LambdaKitError(f"{self.program} did not start; it said:\n{said}")
            ended.wait(0.03)

    def _answers(self) -> bool:
        try:
            self._ask("GET", "/_ministack/health")
        except OSError:
            return False
        return True

    def _ask(self, method: str, path: str) -> None:
        from http.client import HTTPConnection

        connection = HTTPConnection("127.0.0.1", int(self.url.rpartition(":")[2]), timeout=_PATIENCE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise LambdaKitError(f"{method} {self.url}{path} was answered with status {answer.status}")

    def _endpoint(self) -> dict[str, str]:
        return {
            "endpoint_url": self.url,
            "region_name": self.region,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }


def _found(program: str | os.PathLike[str] | None) -> str:
    where = "" if program is None else os.fspath(program)
    named = where or os.environ.get(VARIABLE, "")
    if named:
        found = shutil.which(named)
        if found is None:
            source = "Ministack(program=...)" if where else VARIABLE
            raise _missing(f"{source} is {named!r}, which is not a program")
        return str(Path(found).absolute())
    beside = Path(sys.executable).parent
    found = shutil.which("ministack", path=os.pathsep.join([str(beside), os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise _missing("ministack is neither beside the interpreter nor on the PATH")
    return found


def _missing(what: str) -> MinistackMissing:
    error = MinistackMissing(
        f"{what}; install it in an environment of its own ({INSTALL}) and set {VARIABLE}, or lambda_kit_ministack in "
        "pytest's configuration, to the path of the program"
    )
    error.name = "ministack"
    return error


def _boto3() -> Any:
    try:
        import boto3
    except ImportError as error:
        from lambda_kit._kernel import extras

        missing = MissingExtra(f"clients need boto3; install it: {extras.command('aws')}")
        missing.extra = "aws"
        raise missing from error
    return boto3


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
