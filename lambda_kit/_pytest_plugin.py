"""The pytest plugin of `lambda_kit.testing`.

pytest imports this module in every project that has the kit installed. It stands outside `lambda_kit.testing`, so that
nothing else of the kit is loaded until a test uses a fixture.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import lambda_kit

if not hasattr(lambda_kit, "__version__"):
    import lambda_kit._kernel  # pyright: ignore[reportUnusedImport]  # it says which other distribution has replaced the root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.idempotency import MemoryStore
    from lambda_kit.testing import FakeContext, FakeXRayDaemon


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting that switches the reset off."""
    parser.addini(
        "lambda_kit_reset", "reset the state of lambda_kit before and after each test", type="bool", default=True
    )


@pytest.fixture(autouse=True)
def _lambda_kit_reset(request: pytest.FixtureRequest) -> Iterator[None]:
    resets = request.config.getini("lambda_kit_reset")
    if resets:
        _reset()
    yield
    if resets:
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
def idempotency_store() -> Iterator[MemoryStore]:
    """A `MemoryStore` that takes the place of all stores of `idempotent` for the test."""
    from lambda_kit.idempotency import MemoryStore
    from lambda_kit.testing import override_stores

    with override_stores(MemoryStore()) as store:
        yield store


@pytest.fixture
def xray_daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeXRayDaemon]:
    """A fake X-Ray daemon that the environment points to. The test fails in the end if wrong documents were sent."""
    from lambda_kit.testing import FakeXRayDaemon

    with FakeXRayDaemon() as daemon:
        for name, value in daemon.environ.items():
            monkeypatch.setenv(name, value)
        yield daemon
        daemon.tree()
