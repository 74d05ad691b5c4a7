"""The fake extension answers as AWS documents the real one."""

from __future__ import annotations

import json
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from lambda_kit.aws._http import Pool, Response, TransportError
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeExtension, reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

PARAMETER = "/systemsmanager/parameters/get"
SECRET = "/secretsmanager/get"


@pytest.fixture
def extension() -> Iterator[FakeExtension]:
    with FakeExtension(parameters={"/a b": "one"}, secrets={"s/1": "hidden"}, token="t") as extension:
        yield extension
        reset()


def ask(extension: FakeExtension, path: str, token: str | None = "t", *, method: str = "GET", **query: Any) -> Response:
    headers = {} if token is None else {"x-aws-parameters-secrets-token": token}
    pool = Pool(f"http://127.0.0.1:{extension.port}", read_timeout=0.5)
    try:
        return pool.request(method, f"{path}?{urlencode(query)}", headers.items())
    finally:
        pool.close()


def test_a_parameter_comes_as_ssm_returns_it(extension: FakeExtension) -> None:
    for path in (PARAMETER, f"{PARAMETER}/"):
        answer = ask(extension, path, name="/a b")
        found = json.loads(answer.body)["Parameter"]
        assert answer.status == 200
        assert {name: found[name] for name in ("Name", "Type", "Value", "Version", "DataType")} == {
            "Name": "/a b",
            "Type": "String",
            "Value": "one",
            "Version": 1,
            "DataType": "text",
        }
    asked = [(one.method, one.path, one.query) for one in extension.requests]
    assert asked == [("GET", PARAMETER, {"name": "/a b"})] * 2
    assert extension.requests[0].headers["x-aws-parameters-secrets-token"] == "t"


def test_versions_and_labels_are_found_and_of_both_the_first_counts(extension: FakeExtension) -> None:
    assert extension.put("/a b", "two", labels=["blue"]) == 2
    extension.put("/a b", "three")

    def value(**query: Any) -> str:
        return str(json.loads(ask(extension, PARAMETER, name="/a b", **query).body)["Parameter"]["Value"])

    assert (value(), value(version=1), value(label="blue")) == ("three", "one", "two")
    assert value(version=1, label="blue") == "one"
    assert value(label="blue", version=1) == "two"
    wrong: list[dict[str, Any]] = [{"version": 4}, {"version": "x"}, {"version": "²"}, {"label": "green"}]
    for query in wrong:
        answer = ask(extension, PARAMETER, name="/a b", **query)
        assert (answer.status, json.loads(answer.body)["code"]) == (400, "ParameterVersionNotFound")


def test_parameters_and_secrets_are_found_by_their_arns_too(extension: FakeExtension) -> None:
    parameter = json.loads(ask(extension, PARAMETER, name="/a b").body)
    secret = json.loads(ask(extension, SECRET, secretId="s/1").body)
    assert json.loads(ask(extension, PARAMETER, name=parameter["Parameter"]["ARN"]).body) == parameter
    assert json.loads(ask(extension, SECRET, secretId=secret["ARN"]).body) == secret
    extension.fail("/a b", "AccessDeniedException")
    assert ask(extension, PARAMETER, name=parameter["Parameter"]["ARN"]).status == 400


def test_a_secure_string_is_only_decrypted_if_that_is_asked_for(extension: FakeExtension) -> None:
    extension.put("/s", "hidden", type="SecureString")
    plain = ask(extension, PARAMETER, name="/s", withDecryption="true")
    cipher = ask(extension, PARAMETER, name="/s")
    assert json.loads(plain.body)["Parameter"]["Value"] == "hidden"
    assert b"hidden" not in cipher.body


def test_a_secret_has_versions_and_stages_which_move(extension: FakeExtension) -> None:
    first = json.loads(ask(extension, SECRET, secretId="s/1").body)
    assert (first["SecretString"], first["VersionStages"]) == ("hidden", ["AWSCURRENT"])
    second = extension.put_secret("s/1", b"\x00\xff")
    assert json.loads(ask(extension, SECRET, secretId="s/1").body)["SecretBinary"] == "AP8="
    previous = json.loads(ask(extension, SECRET, secretId="s/1", versionStage="AWSPREVIOUS").body)
    assert previous["SecretString"] == "hidden"
    by_id = json.loads(ask(extension, SECRET, secretId="s/1", versionId=second).body)
    assert by_id["VersionStages"] == ["AWSCURRENT"]
    both = ask(extension, SECRET, secretId="s/1", versionId=second, versionStage="AWSPREVIOUS")
    assert (both.status, json.loads(both.body)["code"]) == (400, "InvalidRequestException")


@pytest.mark.parametrize("token", [None, "", "another"])
def test_without_the_token_nothing_is_told(extension: FakeExtension, token: str | None) -> None:
    answer = ask(extension, PARAMETER, token, name="/a b")
    assert answer.status == 401
    assert b"one" not in answer.body


def test_it_can_be_not_ready_for_some_requests(extension: FakeExtension) -> None:
    extension.not_ready(2)
    answers = [ask(extension, PARAMETER, name="/a b") for _ in range(3)]
    assert [answer.status for answer in answers] == [400, 400, 200]
    assert answers[0].body == b"not ready to serve traffic, please wait"


def test_what_the_services_refuse_comes_with_code_and_message(extension: FakeExtension) -> None:
    extension.fail("/a b", "AccessDeniedException", "no ssm:GetParameter")
    answer = ask(extension, PARAMETER, name="/a b")
    assert (answer.status, json.loads(answer.body)) == (
        400,
        {"code": "AccessDeniedException", "message": "no ssm:GetParameter"},
    )
    extension.recover()
    assert ask(extension, PARAMETER, name="/a b").status == 200
    assert json.loads(ask(extension, PARAMETER, name="/none").body)["code"] == "ParameterNotFound"
    assert json.loads(ask(extension, SECRET, secretId="none").body)["code"] == "ResourceNotFoundException"
    assert ask(extension, PARAMETER).status == 400
    assert ask(extension, "/ping").status == 404
    assert ask(extension, PARAMETER, method="POST", name="/a b").status == 405
    assert extension.requests[-1].method == "POST"


def test_it_can_be_slow_hang_break_off_crash_and_be_gone(extension: FakeExtension) -> None:
    extension.slow(0.05)
    assert ask(extension, PARAMETER, name="/a b").status == 200
    extension.crash()
    assert ask(extension, PARAMETER, name="/a b").status == 500
    extension.break_off()
    with pytest.raises(TransportError, match="closed after"):
        ask(extension, PARAMETER, name="/a b")
    extension.hang()
    with pytest.raises(TransportError) as caught:
        ask(extension, PARAMETER, name="/a b")
    assert caught.value.timed_out
    extension.stop()
    with pytest.raises(TransportError) as caught:
        ask(extension, PARAMETER, name="/a b")
    assert not caught.value.sent
    assert len(extension.requests) == 4


def test_connections_are_kept_until_it_is_stopped_which_leaves_nothing_running() -> None:
    def send(connection: HTTPConnection) -> None:
        connection.request("GET", f"{PARAMETER}?name=/a", headers={"x-aws-parameters-secrets-token": "t"})

    before = set(threading.enumerate())
    with FakeExtension(parameters={"/a": "one"}, token="t") as extension:
        idle, waiting = (HTTPConnection("127.0.0.1", extension.port, timeout=PATIENCE) for _ in range(2))
        for connection in (idle, waiting):
            send(connection)
            assert connection.getresponse().read()
        connected = idle.sock
        send(idle)
        assert idle.getresponse().read()
        assert idle.sock is connected
        extension.hang()
        send(waiting)
    assert set(threading.enumerate()) == before
    assert connected.recv(1) == b""  # closed by the server
    with pytest.raises(ConnectionError):
        waiting.getresponse()
    for connection in (idle, waiting):
        connection.close()


def test_a_type_that_does_not_exist_is_refused(extension: FakeExtension) -> None:
    with pytest.raises(ConfigurationError, match="pass one of String, SecureString, StringList"):
        extension.put("/x", "1", type="secure")


def test_the_environment_leads_to_it(extension: FakeExtension) -> None:
    assert extension.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] == str(extension.port)
    assert extension.environ["AWS_SESSION_TOKEN"] == "t"
