"""What the tests of AWS share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lambda_kit.testing
from tests.aws.servers import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.aws.servers import Step


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers, which stop after the test."""
    servers: list[Server] = []

    def start(*script: Step, certificate: str | None = None) -> Server:
        servers.append(Server(*script, certificate=certificate))
        return servers[-1]

    yield start
    lambda_kit.testing.reset()  # closes what is open
    for one in servers:
        one.stop()
