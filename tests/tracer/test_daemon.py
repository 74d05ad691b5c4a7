"""Unit tests of the connection to the X-Ray daemon."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer
from lambda_kit._kernel import lifecycle
from lambda_kit.tracer._daemon import Daemon
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import FakeXRayDaemon


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket(type=socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(PATIENCE)
        yield made


def test_a_daemon_that_was_closed_connects_again(listening: socket.socket) -> None:
    daemon = Daemon(f"127.0.0.1:{listening.getsockname()[1]}")
    senders: list[Any] = []
    for document in (b"first", b"second"):
        daemon.send(document)
        text, sender = listening.recvfrom(65_536)
        assert text == b'{"format":"json","version":1}\n' + document
        senders.append(sender)
        opened = daemon._socket
        daemon.close()
        daemon.close()
        assert opened is not None
        assert opened.fileno() == -1
    assert len(senders) == 2


def test_a_restore_from_a_snapshot_closes_the_socket(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Daemon] = []
    close = Daemon.close

    def noted(daemon: Daemon) -> None:
        closed.append(daemon)
        close(daemon)

    monkeypatch.setattr(Daemon, "close", noted)
    tracer = Tracer()
    with tracer.span("before"):
        pass
    lifecycle._restored()
    assert len(closed) == 1
    with tracer.span("after"):
        pass
    assert [node.name for node in xray_daemon.tree()] == ["before", "after"]
