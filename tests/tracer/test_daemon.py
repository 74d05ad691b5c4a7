"""Unit tests of the connection to the X-Ray daemon."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer
from lambda_kit._kernel import lifecycle
from lambda_kit.testing import FakeClock
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
        opened = daemon._connections.get("socket")
        daemon.close()
        daemon.close()
        assert opened is not None
        assert opened.fileno() == -1
    assert len(senders) == 2


def test_a_name_that_does_not_resolve_is_looked_up_once_in_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lookups: list[Any] = []

    def fail(*args: Any, **kwargs: Any) -> Any:
        lookups.append(args)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("_socket.getaddrinfo", fail)
    clock = FakeClock()
    daemon = Daemon("xray.invalid:2000", clock)
    for _ in range(5):
        daemon.send(b"document")
        clock.advance(10.0)
    assert len(lookups) == 1
    clock.advance(15.0)
    daemon.send(b"document")
    assert len(lookups) == 2
    daemon.close()  # as after a restore from a snapshot
    daemon.send(b"document")
    assert len(lookups) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "spans cannot be sent to the X-Ray daemon at xray.invalid:2000: [Errno -2] Name or service not known"
    ]


def test_threads_that_connect_at_once_share_a_socket(listening: socket.socket) -> None:
    daemon = Daemon(f"127.0.0.1:{listening.getsockname()[1]}")
    barrier = threading.Barrier(4)
    open_socket = Daemon._open

    def together(daemon: Daemon) -> Any:
        made = open_socket(daemon)
        barrier.wait(PATIENCE)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Daemon, "_open", together)
        threads = [threading.Thread(target=daemon.send, args=(b"document",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert len({listening.recvfrom(65_536)[1] for _ in range(4)}) == 1
    daemon.close()


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
