"""`lambda-kit serve` as a program."""

from __future__ import annotations

import http.client
import os
import pty
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lambda_kit.local import FunctionError, ServedBatch, main
from lambda_kit.local._serve import _Console
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Command:
    """The command, and its lines."""

    def __init__(self, cwd: Path, *arguments: str, terminal: bool = False) -> None:
        ours, theirs = pty.openpty() if terminal else os.pipe()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "lambda_kit.local", "serve", "--port", "0", *arguments],
            cwd=cwd,
            stdout=theirs,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(theirs)
        self._lines = os.fdopen(ours)
        self.first = self.line()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.first)
        assert found is not None, self.first
        self.port = int(found[1])

    def line(self) -> str:
        return self._lines.readline().rstrip("\n")

    def get(self, target: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", target)
        response = connection.getresponse()
        found = response.status, response.read()
        connection.close()
        return found

    def end(self) -> int:
        self.child.send_signal(signal.SIGINT)
        return self.child.wait(PATIENCE)

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        self._lines.close()


@pytest.fixture
def serve(functions: Path) -> Iterator[Callable[..., Command]]:
    running: list[Command] = []

    def start(*arguments: str, cwd: Path = functions, terminal: bool = False) -> Command:
        running.append(Command(cwd, *arguments, terminal=terminal))
        return running[-1]

    yield start
    for one in running:
        one.close()


def test_requests_output_errors_and_changes_are_lines(
    serve: Callable[..., Command], module: Callable[[str], Path]
) -> None:
    root = module("def handler(event, context):\n    print('hello')\n    return 1\n")
    command = serve("app.handler", "--environments", "2", cwd=root)
    assert command.first == f"app.handler on http://127.0.0.1:{command.port}, up to 2 environments; Ctrl-C ends it"
    assert command.get("/a?b=1") == (200, b"1")
    assert command.line() == "1 | hello"
    assert re.fullmatch(r"GET /a\?b=1 200 [\d.]+ ms \(cold, \d+ ms\)", command.line())
    assert command.get("/") == (200, b"1")
    assert command.line() == "1 | hello"
    assert re.fullmatch(r"GET / 200 [\d.]+ ms", command.line())
    module("def handler(event, context):\n    return {'statusCode': 200, 'body': 1}\n")
    assert command.get("/c") == (502, b"Internal Server Error")
    assert command.line() == "app.py changed: starting anew"
    assert re.fullmatch(r"GET /c 502 [\d.]+ ms \(cold, \d+ ms\)", command.line())
    assert command.line() == "  'body' is a JSON number; it has to be a string"
    module("def other(event, context):\n    return 1\n")
    assert command.get("/d")[0] == 502
    lines = [command.line() for _ in range(2)]
    while not lines[-1].startswith("GET /d 502 "):
        lines.append(command.line())
    assert lines[0] == "app.py changed: starting anew"
    assert command.line() == "  Runtime.HandlerNotFound: Handler 'handler' missing on module 'app'"
    assert command.line() == "  app has no 'handler'; did you mean app.other?"
    assert command.end() == 130


def test_a_terminal_gets_colours(serve: Callable[..., Command]) -> None:
    command = serve("web.handler", terminal=True)
    command.get("/status?404")
    assert "\033[36m1 | called /status\033[0m" in command.line()
    assert " \033[33m404\033[0m " in command.line()


def test_ctrl_c_leaves_nothing_behind(
    serve: Callable[..., Command], mark: str, processes: Callable[[int], list[int]]
) -> None:
    command = serve("web.handler", "--env", mark, "--environments", "1", "--timeout", "100")
    connection = http.client.HTTPConnection("127.0.0.1", command.port, timeout=PATIENCE)
    connection.request("GET", "/spawn")
    assert len(processes(2)) == 2
    assert command.end() == 130
    assert processes(0) == []
    connection.close()


def test_batches_of_messages_are_lines(capsys: pytest.CaptureFixture[str], functions: Path) -> None:
    console = _Console("orders.handler", functions, sys.executable, many=True)
    console.batch(ServedBatch("orders", 10, duration_ms=41.0, init_ms=190.0))
    console.batch(ServedBatch("orders", 1, 1, 2.0, error=FunctionError("ValueError", "bad batch")))
    console.batch(ServedBatch("orders", problem="AWS refused"))
    out, _ = capsys.readouterr()
    assert out.splitlines() == [
        "sqs orders 10 messages 41.0 ms (cold, 190 ms)",
        "sqs orders 1 message, 1 failed 2.0 ms",
        "  ValueError: bad batch",
        "  AWS refused",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["web.py"], "the handler 'web.py' is not MODULE.FUNCTION, as in Lambda's configuration"),
        (["web.handler", "--port", "70000"], "'70000' is not a number of a port, 0 to 65535"),
        (["web.handler", "--environments", "0"], "'0' is not a whole number of at least 1"),
        (["web.handler", "--event-source", "kinesis=x"], "--event-source 'kinesis=x' is no sqs=URL"),
        (["web.handler", "--event-source", "sqs=orders"], "'orders' is no URL of a queue"),
        (["web.handler", "--prot", "1"], "unknown option --prot; did you mean '--port'?"),
    ],
)
def test_wrong_arguments_are_refused(
    functions: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(functions)
    assert main(["serve", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
