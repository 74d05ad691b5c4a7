"""The system calls of a request: one send and one receive."""

from __future__ import annotations

import select
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit.testing
from lambda_kit import handler, parameters
from lambda_kit.aws import AwsClient
from lambda_kit.testing import FakeExtension, make_context
from tests.aws.servers import CERTIFICATES, reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.aws.servers import Server

    Serve = Callable[..., Server]

GET: tuple[str, dict[str, Any]] = ("GetParameter", {"Name": "/a"})
FOUND = reply(b'{"Parameter": {"Name": "/a", "Value": "1"}}')


class Calls(list[str]):
    """The calls of the thread that made this list: servers run on others."""

    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.get_ident()

    def append(self, name: str, /) -> None:
        if threading.get_ident() == self.thread:
            super().append(name)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of sockets and of `poll`. Each is one system call: the sockets have no time-outs of Python."""
    made = Calls()

    class Counted(socket.socket):
        def send(self, *args: Any) -> int:
            if self.gettimeout() is None:
                made.append("send")
            return super().send(*args)

        def recv(self, *args: Any) -> bytes:
            if self.gettimeout() is None:
                made.append("recv")
            return super().recv(*args)

        def setsockopt(self, *args: Any) -> None:
            made.append("setsockopt")
            super().setsockopt(*args)

        def settimeout(self, *args: Any) -> None:
            made.append("settimeout")
            super().settimeout(*args)

    poll = select.poll

    def counted_poll() -> Any:
        made.append("poll")
        return poll()

    monkeypatch.setattr(socket, "socket", Counted)
    monkeypatch.setattr(select, "poll", counted_poll)
    return made


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "fake-session-token")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(CERTIFICATES / "ca.pem"))
    lambda_kit.testing.reset()


def in_invocation(seconds: float, call: Callable[[], object], made: list[str]) -> list[list[str]]:
    """Return the system calls of each of three calls in one invocation."""
    found: list[list[str]] = []

    @handler
    def function(event: object, context: object) -> None:
        for _ in range(3):
            made.clear()
            call()
            found.append(made[:])

    function({}, make_context(seconds))
    return found


@pytest.mark.parametrize("certificate", [None, "localhost"], ids=["plain", "tls"])
@pytest.mark.parametrize("left", [2.0, 900.0])
def test_a_call_is_one_send_and_one_receive_and_one_look_at_the_connection_in_each_invocation(
    serve: Serve, calls: list[str], certificate: str | None, left: float
) -> None:
    server = serve(FOUND, certificate=certificate)
    client = AwsClient("ssm", endpoint_url=server.url)
    in_invocation(left, lambda: client.call(*GET), calls)
    # Several invocations, because the bound of the socket is set again for a call that waited for the processor.
    made = [in_invocation(left, lambda: client.call(*GET), calls) for _ in range(5)]
    assert [["poll", "send", "recv"], ["send", "recv"], ["send", "recv"]] in made
    assert server.connections == 1


def test_a_question_to_the_extension_is_one_send_and_one_receive(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeExtension(parameters={"/a": "one"}) as extension:
        for name, value in extension.environ.items():
            monkeypatch.setenv(name, value)

        def ask() -> str:
            return parameters.get("/a", source="extension", fresh=True)

        in_invocation(30.0, ask, calls)
        made = [in_invocation(30.0, ask, calls) for _ in range(5)]  # several, as above
    assert [["poll", "send", "recv"], ["send", "recv"], ["send", "recv"]] in made


def test_a_body_of_many_pieces_takes_no_more_than_a_receive_for_each(serve: Serve, calls: list[str]) -> None:
    value = "x" * 100_000
    server = serve(reply(f'{{"Parameter": {{"Value": "{value}"}}}}'.encode()))
    client = AwsClient("ssm", endpoint_url=server.url)
    in_invocation(30.0, lambda: client.call(*GET), calls)
    *_, made = in_invocation(30.0, lambda: client.call(*GET), calls)
    assert set(made) == {"send", "recv"}
    assert made.count("send") == 1
