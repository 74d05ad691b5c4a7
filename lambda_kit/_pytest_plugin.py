"""The pytest plugin of `lambda_kit.testing`.

It stands outside of that package, because pytest imports it in every project that has the kit installed: it must load
nothing else of the kit before a test asks for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import FakeContext, FakeXRayDaemon


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that turns the reset off."""
    parser.addini(
        "lambda_kit_reset", "reset the state of lambda_kit before and after each test", type="bool", default=True
    )


@pytest.fixture(autouse=True)
def _lambda_kit_reset(request: pytest.FixtureRequest) -> Iterator[None]:
    wanted = request.config.getini("lambda_kit_reset")
    if wanted:
        _reset()
    yield
    if wanted:
        _reset()


def _reset() -> None:
    lifecycle = sys.modules.get("lambda_kit._kernel.lifecycle")
    if lifecycle is not None:
        lifecycle.reset()


@pytest.fixture
def lambda_context() -> FakeContext:
    """A Lambda context with 30 seconds to run."""
    from lambda_kit.testing import make_context

    return make_context()


@pytest.fixture
def xray_daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeXRayDaemon]:
    """An X-Ray daemon to which the environment leads; in the end the test fails if what was sent to it is wrong."""
    from lambda_kit.testing import FakeXRayDaemon

    with FakeXRayDaemon() as daemon:
        for name, value in daemon.environ.items():
            monkeypatch.setenv(name, value)
        yield daemon
        daemon.tree()
