"""A daemon without the fixture of the plugin, which would fail tests that send what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambda_kit.testing import FakeXRayDaemon
from tests.testing.xray_sender import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def daemon() -> Iterator[FakeXRayDaemon]:
    with FakeXRayDaemon() as daemon:
        yield daemon


@pytest.fixture
def sender(daemon: FakeXRayDaemon) -> Iterator[Sender]:
    sender = Sender(daemon)
    with sender.socket:
        yield sender
