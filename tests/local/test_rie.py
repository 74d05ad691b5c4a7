"""Our answers beside those of AWS's Runtime Interface Emulator, for the same functions and events."""

from __future__ import annotations

import http.client
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local import Environment
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

BINARY = Path(os.environ.get("LAMBDA_KIT_RIE") or Path(__file__).parents[2] / ".cache" / "rie" / "aws-lambda-rie")
TIMEOUT = 2
FUNCTIONS = Path(__file__).parent / "functions"
PATIENT = 30  # seconds, for functions that test no timeout: a busy machine starts them slowly

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the emulator is a program for Linux on x86_64"
)


@contextmanager
def emulator(
    handler: str, root: Path, client: str = "awslambdaric", *, timeout: int = PATIENT
) -> Generator[Callable[[object], tuple[int, bytes]]]:
    """Run a function under AWS's emulator; what comes out is a function that invokes it."""
    if not BINARY.exists():
        pytest.fail(
            f"{BINARY} is missing. Fetch it with an interpreter that has pip: "
            ".venvs/uv/bin/python tests/local/fetch_rie.py, or name it by LAMBDA_KIT_RIE"
        )
    front, runtime = free_port(), free_port()
    child = subprocess.Popen(
        [
            str(BINARY),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{front}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime}"),
            *(sys.executable, "-m", client, handler),
        ],
        cwd=root,
        env={
            **os.environ,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "PYTHONPATH": f"{root}{os.pathsep}{Path(__file__).parents[2]}",
            "_HANDLER": handler,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def invoke(event: object) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", front, timeout=PATIENCE)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    try:
        deadline = time.monotonic() + PATIENCE
        while not listens(front):
            assert time.monotonic() < deadline, "the emulator does not listen"
            time.sleep(0.02)
        yield invoke
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def normalized(payload: Any) -> Any:
    """Replace what differs from one invocation to the next."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "REQUEST", json.dumps(payload))
    return json.loads(re.sub(r'"pid": \d+', '"pid": 0', text))


@pytest.fixture(scope="module")
def emulated() -> Generator[Callable[[object], tuple[int, bytes]]]:
    with emulator("app.handler", FUNCTIONS) as invoke:
        yield invoke


@pytest.fixture(scope="module")
def ours() -> Generator[Environment]:
    with Environment("app.handler", cwd=FUNCTIONS, timeout=PATIENT, memory=512) as env:
        yield env


@pytest.mark.parametrize(
    "event",
    [
        {"do": "echo", "text": "ä€"},
        {"do": "whole", "value": None},
        {"do": "whole", "value": [1, {"a": 0.5}]},
        {"do": "talk"},
        {"do": "fail"},
        {"do": "fail_chained"},
        {"do": "give_set"},
        {"do": "exit_now", "code": 3},
        {"do": "exit_now", "code": 0},
        {"do": "exit_politely", "code": 4},
        {"do": "die"},
        {"do": "give_much", "size": 6 * 1024 * 1024 + 99},
    ],
    ids=lambda event: "-".join(str(part) for part in event.values()),
)
def test_the_same_event_gets_the_same_payload(
    ours: Environment, emulated: Callable[[object], tuple[int, bytes]], event: object
) -> None:
    _, theirs = emulated(event)
    assert normalized(ours.invoke(event).payload) == normalized(json.loads(theirs))


@pytest.mark.parametrize("do", ["give_bytes", "give_nan"])
def test_the_same_bytes_come_out(ours: Environment, emulated: Callable[[object], tuple[int, bytes]], do: str) -> None:
    assert ours.invoke({"do": do}).payload == emulated({"do": do})[1]


def test_a_timeout_has_the_same_words_and_the_next_invocation_another_process() -> None:
    # The emulator answers with bare text here. Lambda answers with JSON, as we do.
    pids: list[tuple[int, int]] = []
    with (
        emulator("app.handler", FUNCTIONS, timeout=TIMEOUT) as emulated,
        Environment("app.handler", cwd=FUNCTIONS, timeout=TIMEOUT, memory=512) as ours,
    ):
        for _ in range(2):
            pids.append((ours.invoke({}).payload["pid"], json.loads(emulated({})[1])["pid"]))
            slow = {"do": "sleep", "seconds": 30}
            outcome = ours.invoke(slow)
            text = emulated(slow)[1].decode()
            assert outcome.error is not None
            assert outcome.error.message == f"RequestId: {outcome.request_id} Error: {text}"
            assert text == f"Task timed out after {TIMEOUT}.00 seconds"
    assert pids[0][0] != pids[1][0]
    assert pids[0][1] != pids[1][1]


@pytest.mark.parametrize(
    ("handler", "source"),
    [
        ("app.handler", "import nowhere_to_be_found"),
        ("app.handler", "def handler(:"),
        ("app.missing", ""),
        ("app.handler", "raise KeyError('TABLE')"),
        ("malformed", ""),
    ],
)
def test_an_error_of_initialization_gets_the_same_payload(
    module: Callable[[str], Path], handler: str, source: str
) -> None:
    root = module(source)
    aws = "awslambdaric"  # whose stack traces have the frames of the import
    with emulator(handler, root) as emulated, Environment(handler, cwd=root, runtime=aws) as ours:
        assert ours.invoke({}).payload == json.loads(emulated({})[1])
