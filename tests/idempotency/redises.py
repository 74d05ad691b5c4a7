"""Clients of Redis for tests: of a fake, and of a real server where the fake has no Lua."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from typing import Any

import fakeredis
import pytest
import redis

from tests.patience import PATIENCE
from tests.services import end_with_parent, free_port

_common: list[RedisServer] = []


class RedisServer:
    """A real server, which ends with this process at the latest.

    Attributes:
        port: where it listens on this machine.
    """

    def __init__(self) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        if program is None:
            pytest.skip("neither redis-server nor valkey-server is installed")
        self.port = free_port()
        self._place = tempfile.TemporaryDirectory()
        self._child = subprocess.Popen(
            [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._place.name],
            stdout=subprocess.DEVNULL,
            preexec_fn=end_with_parent,  # noqa: PLW1509  # it calls the system alone
        )
        atexit.register(self.stop)
        deadline = time.monotonic() + PATIENCE
        with self.client() as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    assert time.monotonic() < deadline, "the server of Redis does not answer"
                    time.sleep(0.02)

    def client(self, **options: Any) -> Any:
        """Return a client of this server."""
        return redis.Redis(port=self.port, **options)

    def stop(self) -> None:
        """End the server."""
        self._child.kill()
        self._child.wait()
        self._place.cleanup()
        atexit.unregister(self.stop)


def fake_redis(**options: Any) -> Any:
    """Return a client of an empty server: of a fake, or where its Lua has no wheel for this Python, of a real one."""
    if find_spec("lupa") is not None:
        return fakeredis.FakeRedis(server=fakeredis.FakeServer(), **options)
    if not _common:
        _common.append(RedisServer())
    client = _common[0].client(**options)
    client.flushall()
    return client
