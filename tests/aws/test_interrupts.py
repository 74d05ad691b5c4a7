"""Interrupts at every step of a call to AWS: the next call works, also on other threads."""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit.testing
from lambda_kit.aws import AwsClient, connect
from lambda_kit.aws._app_config import Session
from lambda_kit.aws._credentials import CredentialChain
from lambda_kit.aws._http import Pool
from lambda_kit.aws._retries import Quota
from lambda_kit.errors import TimeLimitInterrupt
from tests.aws.servers import CERTIFICATES, reply
from tests.patience import PATIENCE
from tests.stepping import Outcome, interrupt_each_step

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from tests.aws.servers import Server

    Serve = Callable[..., Server]

GET: tuple[str, dict[str, Any]] = ("GetParameter", {"Name": "/a"})
FOUND = reply(b'{"Parameter": {"Name": "/a", "Value": "1"}}')
VALUE = {"Parameter": {"Name": "/a", "Value": "1"}}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    lambda_kit.testing.reset()


def in_thread(call: Callable[[], Any]) -> Any:
    """Return the value of a call on another thread, which a lock that was left locked would stop."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found, "the call failed, or it hangs"
    return found[0]


def passes_on(outcome: Outcome) -> None:
    """The call ended by the interrupt, and by nothing that it was turned into."""
    assert outcome.error is None or isinstance(outcome.error, TimeLimitInterrupt), outcome.error


@pytest.mark.parametrize("certificate", [None, "localhost"], ids=["plain", "tls"])
@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_a_call(serve: Serve, certificate: str | None, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(CERTIFICATES / "ca.pem"))
    server = serve(FOUND, certificate=certificate)
    client = AwsClient("ssm", endpoint_url=server.url)

    def prepare() -> None:
        client._pool.close()
        if kept:
            client.call(*GET)

    def check(_: None, outcome: Outcome) -> None:
        passes_on(outcome)
        assert client.call(*GET) == VALUE
        assert in_thread(lambda: client.call(*GET)) == VALUE

    assert interrupt_each_step(lambda _: client.call(*GET), prepare=prepare, check=check) > 10


@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_a_call_at_each_bytecode(serve: Serve, kept: bool) -> None:
    server = serve(FOUND)
    client = AwsClient("ssm", endpoint_url=server.url)

    def prepare() -> None:
        client._pool.close()
        if kept:
            client.call(*GET)

    def check(_: None, outcome: Outcome) -> None:
        passes_on(outcome)
        assert client.call(*GET) == VALUE
        assert in_thread(lambda: client.call(*GET)) == VALUE

    steps = interrupt_each_step(lambda _: client.call(*GET), prepare=prepare, check=check, steps="bytecodes")
    assert steps > 100


def test_a_call_that_is_tried_again(serve: Serve) -> None:
    throttled = reply(json.dumps({"__type": "ThrottlingException", "message": "slow down"}).encode(), 400)
    server = serve()

    def prepare() -> AwsClient:
        server.script[:] = [throttled, FOUND]
        return AwsClient("ssm", endpoint_url=server.url, sleep=lambda _: None)

    def check(client: AwsClient, outcome: Outcome) -> None:
        passes_on(outcome)
        server.script[:] = [throttled, FOUND]
        assert in_thread(lambda: client.call(*GET)) == VALUE

    assert interrupt_each_step(lambda client: client.call(*GET), prepare=prepare, check=check) > 10


def test_the_budget_of_retries() -> None:
    def call(quota: Quota) -> None:
        quota.spend(5)
        quota.succeeded(5)

    def check(quota: Quota, outcome: Outcome) -> None:
        assert in_thread(lambda: quota.spend(5)) is True
        assert quota.left in (490, 495)

    interrupt_each_step(call, prepare=Quota, check=check)


def test_a_client_that_is_made(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(FOUND)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)

    def check(_: None, outcome: Outcome) -> None:
        passes_on(outcome)
        assert in_thread(lambda: connect("ssm").call(*GET)) == VALUE
        assert connect("ssm") is connect("ssm")

    interrupt_each_step(lambda _: connect("ssm"), prepare=lambda_kit.testing.reset, check=check)


def test_a_poll_of_appconfig() -> None:
    class Service:
        """AppConfig: a token is good for one poll, and content comes once."""

        def __init__(self) -> None:
            self.now = 0.0
            self.content = b"one"
            self.tokens: dict[str, bytes | None] = {}
            self.count = 0
            self.session = Session(("a", "b", "c"), 15, self.call, lambda: self.now)

        def token(self, seen: bytes | None) -> str:
            self.count += 1
            self.tokens[str(self.count)] = seen
            return str(self.count)

        def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
            from lambda_kit.errors import AwsError

            if operation == "StartConfigurationSession":
                return {"InitialConfigurationToken": self.token(None)}
            if params["ConfigurationToken"] not in self.tokens:
                raise AwsError("used", service="appconfigdata", operation=operation, code="BadRequestException")
            seen = self.tokens.pop(params["ConfigurationToken"])
            content = b"" if seen == self.content else self.content
            return {"Configuration": content, "NextPollConfigurationToken": self.token(self.content)}

    def prepare() -> Service:
        service = Service()
        service.session.latest()
        service.now += 100
        service.content = b"two"
        return service

    def check(service: Service, outcome: Outcome) -> None:
        passes_on(outcome)
        service.now += 100
        assert in_thread(service.session.latest).content == b"two"

    assert interrupt_each_step(lambda service: service.session.latest(), prepare=prepare, check=check) > 10


def test_credentials_of_a_container() -> None:
    body = json.dumps({"AccessKeyId": "AKID", "SecretAccessKey": "s", "Token": "t"}).encode()
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/creds"}
    prepare = functools.partial(CredentialChain, environ, fetch=lambda url, headers: (200, body))

    def check(chain: CredentialChain, outcome: Outcome) -> None:
        passes_on(outcome)
        assert in_thread(chain.get).access_key == "AKID"

    assert interrupt_each_step(lambda chain: chain.get(), prepare=prepare, check=check) > 5


def test_no_response_is_taken_for_that_of_another_request(serve: Serve) -> None:
    bodies = iter(range(1_000_000))

    def echo(connection: socket.socket) -> None:
        connection.sendall(reply(server.requests[-1].target.encode()))

    server: Server = serve(echo)
    pool = Pool(server.url)

    def check(_: None, outcome: Outcome) -> None:
        target = f"/{next(bodies)}"
        assert pool.request("GET", target).body == target.encode()

    interrupt_each_step(lambda _: pool.request("GET", f"/first-{next(bodies)}"), prepare=lambda: None, check=check)
