"""What all tests share: a clean environment, hypothesis profiles, and AWS's services on this machine."""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local import Environment, FunctionUrl
from tests.effort import load_profile
from tests.services import REGION, Faults, Ministack

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIXES = ("AWS_", "_AWS_", "LAMBDA_", "_LAMBDA_", "_X_AMZN_", "POWERTOOLS_")
_OURS = ("LAMBDA_KIT_RIE",)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

load_profile()
if "TEST_RUNTIME" in os.environ:  # `make test-runtime`: functions run under this client, where a test names none
    for runs in (Environment, FunctionUrl):
        defaults: Any = runs.__init__.__kwdefaults__
        defaults["runtime"] = os.environ["TEST_RUNTIME"]
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets commands in the background ignore Ctrl-C, and children inherit that. Tests send it to theirs.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the machine that it runs on."""
    for name in list(os.environ):
        if (name.startswith(_PREFIXES) and name not in _OURS) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)


@pytest.fixture(scope="module", autouse=True)
def _one_of_each_module() -> Iterator[None]:
    """Fail a file of tests that leaves a second copy of a module of the kit.

    A module that is taken out of `sys.modules` and imported again becomes an attribute of its package, and stays there
    when `sys.modules` has the first one again. Code and tests would then each use another one.
    """
    yield
    for name, module in list(sys.modules.items()):
        package, _, own = name.rpartition(".")
        if name.startswith("lambda_kit.") and package in sys.modules:
            assert vars(sys.modules[package]).get(own, module) is module, f"there are two modules {name}"


@pytest.fixture(scope="module", autouse=True)
def _own_garbage(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect at the end of a file of tests what its interrupts and cancellations left: tasks and coroutines.

    Otherwise tests of other files hear of them. What was there before the file is frozen, so that collecting looks at
    what the file made, which takes milliseconds. Hypothesis looks for referrers of objects, which the frozen ones are
    not: in files that use it, all is collected, half a second each, and only where it is needed.
    """
    source = request.path.read_text("utf-8")
    freezes = "hypothesis" not in source
    if freezes:
        gc.freeze()
    yield
    if freezes or "import asyncio" in source or "import signal" in source:
        gc.collect()
    if freezes:
        gc.unfreeze()


class Aws:
    """The services as a test has them: empty, and where the environment says."""

    def __init__(self, url: str) -> None:
        self.url = url

    def boto3(self, service: str) -> Any:
        """Return a boto3 client, which reaches them past all faults."""
        boto3: Any = import_module("boto3")
        return boto3.client(service, endpoint_url=self.url, region_name=REGION)


@pytest.fixture(scope="session")
def _ministack() -> Iterator[Ministack]:
    services = Ministack()
    yield services
    services.stop()


@pytest.fixture(scope="session")
def _proxy(_ministack: Ministack) -> Iterator[Faults]:
    proxy = Faults(_ministack.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def aws(_ministack: Ministack, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """AWS's services on this machine, empty; the environment leads to them."""
    _ministack.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _ministack.url)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    return Aws(_ministack.url)


@pytest.fixture
def faults(aws: Aws, _proxy: Faults, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """A proxy before the services, which disturbs what it is told to; the environment leads to it."""
    _proxy.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", _proxy.url)
    return _proxy
