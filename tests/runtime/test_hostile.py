"""A Runtime API that misbehaves or dies: the client ends with a message, and does not hang."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.effort import scaled
from tests.patience import PATIENCE
from tests.runtime.differential import BASE, PROJECT

if TYPE_CHECKING:
    from pathlib import Path

NEXT = (
    b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r1\r\nLambda-Runtime-Deadline-Ms: 1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
RESTORE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
OK = "def handler(event, context):\n    return 1\n"
FAILS = "def handler(event, context):\n    raise ValueError\n"
STREAMS = "def handler(event, context):\n    yield 'a'\n    yield 'b'\n"
BROKEN = "import nowhere_to_be_found\n"
SNAP = "snap-start"
BAD = {
    "nothing": b"",
    "rubbish": b"rubbish\r\n\r\n",
    "half": b"HTTP/1.1 202 Acc",
    "half-a-body": b"HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{",
    "half-a-chunk": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{",
    "no-chunk": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nrubbish\r\n",
    "long-head": b"HTTP/1.1 202 Accepted\r\nA: " + b"x" * (1 << 20) + b"xxxxxx",
    "refused": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "broken": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno",
}
PLACES: dict[str, tuple[str, list[bytes], str]] = {
    "next": (OK, [], ""),
    "response": (OK, [NEXT], ""),
    "error": (FAILS, [NEXT], ""),
    "stream": (STREAMS, [NEXT], ""),
    "init-error": (BROKEN, [], ""),
    "restore": (OK, [], SNAP),
    "next-after-restore": (OK, [RESTORE], SNAP),
}
CASES = [(place, bad) for bad in BAD for place in PLACES]
SOME = CASES[:: max(1, len(CASES) // max(6, scaled(len(CASES))))]


@pytest.mark.parametrize(("place", "bad"), SOME)
def test_a_bad_reply_ends_the_client_with_one_line_that_says_so(place: str, bad: str, tmp_path: Path) -> None:
    source, replies, init_type = PLACES[place]
    status, errors = run(source, [*replies, BAD[bad]], tmp_path, init_type)
    assert status == 1
    (line,) = [one for one in errors.splitlines() if one.startswith("lambda_kit.runtime: ")]
    assert "the Runtime API at 127.0.0.1:" in line
    assert "lambda_kit/runtime/" not in errors  # no stack trace of the client


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(NEXT.replace(b"Lambda-Runtime-Aws-Request-Id: r1\r\n", b""), id="no-request-id"),
        pytest.param(NEXT.replace(b"r1", b""), id="empty-request-id"),
    ],
)
def test_an_invocation_without_an_id_ends_the_client(reply: bytes, tmp_path: Path) -> None:
    status, errors = run(OK, [reply], tmp_path)
    assert status == 1
    assert "sent an invocation without the header Lambda-Runtime-Aws-Request-Id" in errors


def run(source: str, replies: list[bytes], root: Path, init_type: str = "") -> tuple[int, str]:
    """Run a client against a server that gives these replies, one to each request, and then is gone."""
    (root / "app.py").write_text(source)
    with socket.create_server(("127.0.0.1", 0)) as server:
        env = {
            **BASE,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.getsockname()[1]}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": init_type,
            "PYTHONPATH": f"{root}:{PROJECT}",
        }
        command = [sys.executable, "-m", "lambda_kit.runtime", "app.handler"]
        child = subprocess.Popen(
            command, env=env, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            server.settimeout(PATIENCE)
            connected, _ = server.accept()
            server.close()
            with connected, contextlib.suppress(ConnectionError):
                for reply in replies:
                    request = b""
                    while not complete(request):
                        more = connected.recv(1 << 16)
                        if not more:
                            break
                        request += more
                    connected.sendall(reply)
            output, _ = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
            child.wait()
    return child.returncode, output.decode()


def complete(request: bytes) -> bool:
    """Tell whether a whole request has come."""
    head, end, body = request.partition(b"\r\n\r\n")
    if not end:
        return False
    if b"chunked" in head:
        return body.endswith(b"0\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
    return len(body) >= int(length or 0)


def test_headers_that_are_no_utf_8_reach_the_function(tmp_path: Path) -> None:
    source = "def handler(event, context):\n    print([context.tenant_id, context.invoked_function_arn])\n"
    fields = b"Lambda-Runtime-Aws-Tenant-Id: t\xff\r\nLambda-Runtime-Invoked-Function-Arn: a\xff\r\nContent-Type"
    _, output = run(source, [NEXT.replace(b"Content-Type", fields)], tmp_path)
    assert "['t\N{REPLACEMENT CHARACTER}', 'a\N{REPLACEMENT CHARACTER}']" in output
