"""The pytest plugin of `lambda_kit.testing`.

pytest imports this module in every project that has the kit installed. It stands outside `lambda_kit.testing`, so that
nothing else of the kit is loaded until a test uses a fixture.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import lambda_kit

if not hasattr(lambda_kit, "__version__"):
    import lambda_kit._kernel  # pyright: ignore[reportUnusedImport]  # it says which other distribution has replaced the root

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from lambda_kit.idempotency import MemoryStore
    from lambda_kit.testing import (
        FakeAppConfigAgent,
        FakeClock,
        FakeContext,
        FakeExtension,
        FakeXRayDaemon,
        Invoke,
        Ministack,
        MinistackMissing,
        RealFunction,
        RecordedLogs,
        RecordedMetrics,
        RecordedSpans,
        Recording,
        StartFunction,
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of the plugin."""
    parser.addini(
        "lambda_kit_reset", "reset the state of lambda_kit before and after each test", type="bool", default=True
    )
    parser.addini("lambda_kit_ministack", "the program of lambda_aws: a path, from the root folder, or a name")
    parser.addini("lambda_kit_runtime", "the runtime client of lambda_runtime: awslambdaric, the default, or kit")
    parser.addini(
        "lambda_kit_missing",
        "what lambda_aws and lambda_runtime do if ministack or the runtime client is not installed: skip or fail",
        default="skip",
    )


_CHOICES = {"lambda_kit_missing": ("skip", "fail"), "lambda_kit_runtime": ("", "awslambdaric", "kit")}


def pytest_configure(config: pytest.Config) -> None:
    """Refuse settings that have no meaning."""
    for name, choices in _CHOICES.items():
        value: str = config.getini(name)
        if value not in choices:
            from lambda_kit._kernel.callables import closest

            known = [choice for choice in choices if choice]
            raise pytest.UsageError(f"{name}={value}: pass {' or '.join(known)}{closest(value, known)}")


_is_fresh = False  # whether a test begins, and none of its own fixtures was set up


# Hooks, not a fixture for all tests: a fixture costs each test of a project ten times as much, used or not.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Reset the kit before the fixtures of a test are set up."""
    global _is_fresh
    _is_fresh = True
    _reset(item.config)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Reset the kit after a fixture of a module, class or session too, which is set up with the first test alone."""
    global _is_fresh
    if fixturedef.scope == "function":
        _is_fresh = False
    value = yield
    if _is_fresh:
        _reset(request.config)
    return value


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Reset the kit after the fixtures of a test have ended."""
    try:
        return (yield)
    finally:
        _reset(item.config)


def _reset(config: pytest.Config) -> None:
    lifecycle = sys.modules.get("lambda_kit._kernel.lifecycle")
    if lifecycle is not None and config.getini("lambda_kit_reset"):
        lifecycle.reset()


@pytest.fixture
def lambda_clock() -> Iterator[FakeClock]:
    """A clock that stands still until it is moved; all of the kit's time follows it."""
    from lambda_kit.testing import freeze_clock

    with freeze_clock() as clock:
        yield clock


@pytest.fixture
def lambda_context(request: pytest.FixtureRequest) -> FakeContext:
    """A Lambda context with 30 seconds to run."""
    from lambda_kit.testing import make_context

    if "lambda_clock" in request.fixturenames:  # its deadline is by that clock, whatever the order of the arguments
        request.getfixturevalue("lambda_clock")
    return make_context()


@pytest.fixture
def lambda_invoke(request: pytest.FixtureRequest) -> Invoke:
    """`invoke`; if the test fails, its report shows the output of each invocation."""
    from lambda_kit.testing._reported import reported_invoke

    return reported_invoke(request.node.add_report_section)


class _PrintedLines:
    """Keeps the JSON lines of standard output while a test function runs.

    pytest replaces standard output between the set-up and the test function, so that a fixture alone cannot.
    """

    def __init__(self, item: object, recording: Recording) -> None:
        self._item = item
        self._recording = recording

    @pytest.hookimpl(wrapper=True, trylast=True)  # inside the wrapper that starts pytest's own capture
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        if item is not self._item:
            return (yield)
        with self._recording.standard_output():
            return (yield)


@pytest.fixture
def _lambda_recording(request: pytest.FixtureRequest) -> Iterator[Recording]:
    from lambda_kit.testing import recorded

    plugins = request.config.pluginmanager
    recording = recorded(prints=False)
    printed = _PrintedLines(request.node, recording)
    plugins.register(printed)
    try:
        with recording:
            yield recording
    finally:
        plugins.unregister(printed)


@pytest.fixture
def lambda_logs(_lambda_recording: Recording) -> RecordedLogs:
    """The log entries of the test so far: of `Logger`, of `logging`, and of each invocation."""
    from lambda_kit.testing import RecordedLogs

    return RecordedLogs(_lambda_recording)


@pytest.fixture
def lambda_spans(_lambda_recording: Recording) -> RecordedSpans:
    """The spans of the test so far, recorded without a daemon."""
    from lambda_kit.testing import RecordedSpans

    return RecordedSpans(_lambda_recording)


@pytest.fixture
def lambda_metrics(_lambda_recording: Recording) -> RecordedMetrics:
    """The metrics of the test so far."""
    from lambda_kit.testing import RecordedMetrics

    return RecordedMetrics(_lambda_recording)


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
        _set(monkeypatch, daemon.environ)
        yield daemon
        daemon.tree()


@pytest.fixture
def parameters_extension() -> Iterator[FakeExtension]:
    """A fake Parameters and Secrets extension, which the kit asks as on Lambda."""
    from lambda_kit.testing import FakeExtension

    with FakeExtension() as extension, extension.in_use():
        yield extension


@pytest.fixture
def appconfig_agent() -> Iterator[FakeAppConfigAgent]:
    """A fake AppConfig agent, which the kit asks as on Lambda."""
    from lambda_kit.testing import FakeAppConfigAgent

    with FakeAppConfigAgent() as agent, agent.in_use():
        yield agent


@pytest.fixture(scope="session")
def _ministack(request: pytest.FixtureRequest) -> Iterator[Ministack | MinistackMissing]:
    from lambda_kit.testing import Ministack, MinistackMissing

    program: str = request.config.getini("lambda_kit_ministack")
    inside = request.config.rootpath / program
    try:
        services = Ministack((inside if inside.exists() else program) if program else None)
    except MinistackMissing as error:
        yield error
        return
    with services:
        yield services


@pytest.fixture
def lambda_aws(
    request: pytest.FixtureRequest, _ministack: Ministack | MinistackMissing, monkeypatch: pytest.MonkeyPatch
) -> Ministack:
    """AWS's services on this machine, empty; boto3 and the kit find them by the environment."""
    if isinstance(_ministack, ImportError):
        _stop(request.config, _ministack)
    _ministack.reset()
    _set(monkeypatch, _ministack.environ)
    if "boto3" in sys.modules:  # its session remembers credentials
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    return _ministack


@pytest.fixture
def lambda_runtime(request: pytest.FixtureRequest) -> Iterator[StartFunction]:
    """Starts functions under the real runtime client, in processes that end with the test."""
    from lambda_kit.testing import RealFunction

    started: list[RealFunction] = []
    client: str = request.config.getini("lambda_kit_runtime")

    def start(handler: Any, *, traced: bool = False, **options: Any) -> RealFunction:
        __tracebackhide__ = True
        if client:
            options.setdefault("runtime", client)
        if isinstance(handler, str):
            options.setdefault("cwd", request.config.rootpath)
        try:
            function = RealFunction(handler, traced=traced, **options)
        except ImportError as error:
            _stop(request.config, error)  # the runtime client is missing
        started.append(function)
        return function

    yield start
    for function in started:
        function.close()


def _set(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str | None]) -> None:
    for name, value in environ.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


def _stop(config: pytest.Config, error: ImportError) -> NoReturn:
    """Skip the test for which something is not installed, or fail it if the configuration says so."""
    __tracebackhide__ = True
    if config.getini("lambda_kit_missing") == "fail":
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))
