"""No message of the kit shows the user or the password of a URL, wherever the URL was given or came from."""

from __future__ import annotations

import functools
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import FeatureFlags, Logger, Metrics, Tracer, handler, idempotent, init, parameters
from lambda_kit import _kernel as kernel
from lambda_kit._kernel import environment
from lambda_kit._kernel.urls import hidden_in_text
from lambda_kit.batch import process_batch
from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import make_context, reset
from tests.batch import builders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Without their types, so that they can be called with anything.
kit: Any = import_module("lambda_kit")
stores: Any = import_module("lambda_kit.idempotency")
batches: Any = import_module("lambda_kit.batch")
flags: Any = import_module("lambda_kit.flags")
params: Any = parameters
connect: Any = import_module("lambda_kit.aws").connect

URLS = [
    "https://ada:hidden@127.0.0.1:9/path?a=b#c",
    "redis://:hidden@127.0.0.1:9/0",
    "http://hidden@127.0.0.1:9",
    "postgresql+psycopg://ada:hid#hidden@127.0.0.1:9/db",
]


def fetch(source: Any) -> object:
    return FeatureFlags(source).enabled("a")


def failing(url: str) -> Any:
    raise OSError(f"cannot connect to {url}")


def call_store(store: Any, url: str) -> object:
    @handler(idempotent(store, key="id"))
    def charge(event: Any, context: object) -> str:
        return failing(url) if event["fails"] else "done"

    return charge({"id": url, "fails": False}, make_context())


class Broken(MemoryStore):
    """A store whose errors name its URL."""

    def __init__(self, url: str, *names: str) -> None:
        super().__init__()
        for name in names:

            def fail(*_: object) -> Any:
                return failing(url)

            setattr(self, name, fail)


def stale(url: str) -> object:
    built: list[int] = []

    @init.resource(stale_if_error=60.0)
    def value() -> int:
        built.append(1)
        return 1 if len(built) == 1 else failing(url)

    value()
    return value.refresh()


def fail_record(url: str) -> object:
    def fail(_: object) -> None:
        raise ValueError("no")

    def sink(_: object) -> None:
        failing(url)

    return process_batch(builders.sqs(count=1), fail, permanent=(ValueError,), dead_letter=sink)


# What is called with a URL, by what is given there.
GIVEN: dict[str, Callable[[str], object]] = {
    "a client of Redis": stores.RedisStore,
    "a client of DynamoDB": lambda url: call_store(stores.DynamoDBStore("t", client=url), url),
    "a table": lambda url: call_store(stores.DynamoDBStore(url, region="eu-west-1"), url),
    "a file of SQLite": lambda url: call_store(stores.SQLiteStore(url), url),
    "a store": lambda url: kit.idempotent(url, key="id"),
    "a key": lambda url: kit.idempotent(MemoryStore(), key=url),
    "the names of Powertools' keys": lambda url: stores.PowertoolsKeys(url, url, url),
    "a client for a sink of SQS": lambda url: batches.SqsSink("https://sqs.example/1/q", client=url),
    "a queue": lambda url: batches.SqsSink(url, url),
    "a bucket": lambda url: batches.S3Sink(url, client=url),
    "a table for letters": lambda url: batches.DynamoDBSink(url, client=url),
    "a file of letters": lambda url: batches.FileSink(url).send(url),
    "a sink": lambda url: batches.dead_letter(url, permanent=(ValueError,)),
    "permanent errors": lambda url: batches.dead_letter(print, permanent=url),
    "a source of records": lambda url: batches.batch(source=url),
    "an order of records": lambda url: batches.batch(order=url),
    "a name of an option": lambda url: batches.batch(**{url: 1}),
    "a source of flags": kit.FeatureFlags,
    "a file of flags": lambda url: fetch(flags.FlagFile(url)),
    "an application of the agent": lambda url: fetch(flags.AppConfigAgent(url, url, url)),
    "an application": lambda url: fetch(flags.AppConfigData(url, url, url, client=url)),
    "a region of flags": lambda url: fetch(flags.AppConfigData("a", "b", "c", region=url)),
    "a flag": lambda url: FeatureFlags(dict).enabled(url),
    "a parameter": params.get,
    "a client for parameters": lambda url: params.get("/a", client=url),
    "a transform": lambda url: params.get("/a", transform=url),
    "a source of parameters": lambda url: params.get("/a", source=url),
    "a region of parameters": lambda url: params.get("/a", region=url),
    "a handle of a parameter": lambda url: kit.Parameter(url, client=url),
    "a handle of a secret": lambda url: kit.Secret(url, region=url),
    "a configuration": lambda url: params.app_config(url, url, url),
    "a backend": lambda url: kit.Tracer(backend=url),
    "a client to instrument": lambda url: kit.Tracer().instrument(url),
    "a level": lambda url: kit.Logger(level=url),
    "a correlation id": lambda url: kit.Logger(correlation_id=url),
    "the name of a metric": lambda url: kit.Metrics(namespace="a").add(url + 300 * "x", 1),
    "a namespace": lambda url: kit.Metrics(namespace=url + 300 * "x"),
    "a layer": lambda url: kit.handler(url)(print),
    "a client": lambda url: connect("ssm", url),
    "a region": lambda url: connect("ssm", region=url).call("GetParameter", {"Name": "a"}),
    "a time to live": lambda url: kit.init.resource(ttl=url)(print),
}
# What raises or logs an error of something else, whose text has a URL.
FOREIGN: dict[str, Callable[[str], object]] = {
    "flags": lambda url: fetch(functools.partial(failing, url)),
    "old flags": lambda url: FeatureFlags(functools.partial(failing, url)).enabled("a", default=False),
    "a claim": lambda url: call_store(Broken(url, "claim"), url),
    "a completion": lambda url: call_store(Broken(url, "complete"), url),
    "a release": lambda url: call_store(Broken(url, "complete", "release"), url),
    "a resource": stale,
    "a dead letter": fail_record,
    "a warning": lambda url: kernel.log.warning("cannot connect to %s: %s", url, OSError(url)),
    "a warning without arguments": lambda url: kernel.log.warning(f"cannot connect to {url}"),
}
AWS = (
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "AWS_REGION", "HTTPS_PROXY", "https_proxy", "AWS_DEFAULTS_MODE"),
    *("AWS_XRAY_DAEMON_ADDRESS", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    *("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "AWS_APPCONFIG_EXTENSION_HTTP_PORT", "AWS_RETRY_MODE"),
    *("AWS_MAX_ATTEMPTS", "AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_USE_FIPS_ENDPOINT", "AWS_LAMBDA_LOG_LEVEL"),
)
VARIABLES = [*AWS, *environment.VARIABLES, *(theirs for theirs, *_ in environment.VARIABLES.values() if theirs)]


def messages(call: Callable[[], object], caplog: pytest.LogCaptureFixture) -> str:
    """Return what a call says: the message of its exception, and what the kit logs."""
    caplog.set_level(logging.DEBUG, "lambda_kit")
    said: list[str] = []
    try:
        call()
    except LambdaKitError as error:
        said.append(str(error))
    except (OSError, ValueError, TypeError, AttributeError) as error:  # of the library that was called
        said += [str(error)] if _is_own(error) else []
    return "\n".join([*said, *(record.getMessage() for record in caplog.records)])


def _is_own(error: Exception) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith(kernel.PACKAGE)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("what", [*GIVEN, *(f"error of {one}" for one in FOREIGN)])
def test_a_url_is_shown_without_user_and_password(
    what: str, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-west-1")
    call = {**GIVEN, **{f"error of {name}": one for name, one in FOREIGN.items()}}[what]
    assert "hidden" not in messages(lambda: call(url), caplog)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_a_variable_is_shown_without_user_and_password(
    variable: str, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    if variable != "AWS_CONTAINER_CREDENTIALS_FULL_URI":
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "example")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-65000000-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1")
    monkeypatch.setenv(variable, url)
    reset()

    def empty(event: Any, context: object) -> None: ...

    def place() -> None:
        traced = handler(Tracer())(empty)
        traced({}, make_context())

    for call in (
        Logger,
        Tracer,
        Metrics,
        place,
        lambda: idempotent(MemoryStore(), key="id"),
        lambda: parameters.get("/a"),
        lambda: parameters.get("/a", source="aws"),
        lambda: parameters.app_config("a", "b", "c"),
        lambda: environment.number(variable) if variable in environment.VARIABLES else None,
        lambda: environment.flag(variable) if variable in environment.VARIABLES else None,
    ):
        assert "hidden" not in messages(call, caplog)
    reset()


def test_most_of_the_table_gets_a_message(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the tests above would look at nothing."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    silent: list[str] = []
    for name, call in {**GIVEN, **FOREIGN}.items():
        caplog.clear()
        if not messages(functools.partial(call, "https://127.0.0.1:9"), caplog):
            silent.append(name)
    assert len(silent) < len({**GIVEN, **FOREIGN}) / 4, silent


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a:hidden@h/x and https://b:hidden@i", "https://h/x and https://i"),
        ("cannot connect to 'redis://:hidden@h:1/0': refused", "cannot connect to 'redis://h:1/0': refused"),
        ("http://h/http://a:hidden@i/x", "http://h/http://i/x"),
        ("http://a:hidden@h/http://b:hidden@i", "http://h/http://i"),
        ("mail ada@example.org about https://h/x", "mail ada@example.org about https://h/x"),
        ("https://h/?mail=a@b", "https://h/?mail=a@b"),
        ("no URL at all: a@b", "no URL at all: a@b"),
    ],
)
def test_urls_within_a_text_lose_user_and_password_and_nothing_else_changes(text: str, shown: str) -> None:
    assert hidden_in_text(text) == shown
    assert str(ConfigurationError(text)) == shown
