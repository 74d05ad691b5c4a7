"""Connections of WebSocket APIs: requests, replies and errors as those of botocore, against servers of our own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit.testing
from lambda_kit.aws import AwsClient, connect
from lambda_kit.errors import AwsError, ConnectionGone, Throttled
from tests.aws import botocores
from tests.aws.servers import Server, reply
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Server]

SERVICE = "apigatewaymanagementapi"
ID = "L0SM9cOFvHcCIhw="
KNOWN = json.dumps(
    {
        "connectedAt": "2026-11-28T10:00:00Z",
        "identity": {"sourceIp": "192.0.2.1", "userAgent": "a"},
        "lastActiveAt": "2026-11-28T10:00:01.5Z",
    }
).encode()
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("PostToConnection", {"ConnectionId": ID, "Data": b"\x00 text"}),
    ("PostToConnection", {"ConnectionId": "a/b c~?", "Data": b""}),
    ("DeleteConnection", {"ConnectionId": ID}),
    ("GetConnection", {"ConnectionId": ID}),
]


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where no configuration file is
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    lambda_kit.testing.reset()  # clients that were made with other settings


def client_of(server: Server, **options: Any) -> AwsClient:
    return AwsClient(SERVICE, endpoint_url=f"{server.url}/prod", read_timeout=PATIENCE, **options)


def boto_client(server: Server) -> Any:
    config = botocores.config.Config(retries={"total_max_attempts": 1}, connect_timeout=PATIENCE, read_timeout=PATIENCE)
    session = botocores.session.get_session()
    return session.create_client(SERVICE, region_name="eu-west-1", endpoint_url=f"{server.url}/prod", config=config)


def signed_text(headers: dict[str, str]) -> tuple[str, str]:
    """Return the scope of a signature, and the names of the headers that it holds."""
    scope, names, _ = headers["authorization"].split(", ")
    return scope.partition("/")[2].partition("/")[2], names


@pytest.mark.parametrize(("operation", "params"), CALLS, ids=str)
def test_a_request_is_the_one_that_botocore_sends_and_the_reply_is_the_same(
    serve: Serve, operation: str, params: dict[str, Any]
) -> None:
    server = serve(reply(KNOWN if operation == "GetConnection" else b""))
    ours = client_of(server).call(operation, params)
    theirs = connect(SERVICE, boto_client(server)).call(operation, params)
    assert ours == theirs
    one, other = server.requests
    assert (one.method, one.target, one.body) == (other.method, other.target, other.body)
    assert one.headers.get("content-type") == other.headers.get("content-type")
    assert signed_text(one.headers)[0] == signed_text(other.headers)[0] == "eu-west-1/execute-api/aws4_request"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (reply(b'{"message": null}', 410, x_amzn_ErrorType="GoneException"), ConnectionGone, "GoneException"),
        (reply(b"", 410, x_amzn_ErrorType="GoneException:http://internal/"), ConnectionGone, "GoneException"),
        (reply(b"", 410), ConnectionGone, "410"),
        (
            reply(b'{"message": "Forbidden"}', 403, x_amzn_ErrorType="ForbiddenException"),
            AwsError,
            "ForbiddenException",
        ),
        (reply(b"{}", 413, x_amzn_ErrorType="PayloadTooLargeException"), AwsError, "PayloadTooLargeException"),
        (reply(b"{}", 429, x_amzn_ErrorType="LimitExceededException"), Throttled, "LimitExceededException"),
    ],
    ids=lambda one: str(one) if isinstance(one, str) else "",
)
def test_a_failure_is_an_error_of_the_kit(serve: Serve, answer: bytes, kind: type[AwsError], code: str) -> None:
    server = serve(answer)
    for caller in (client_of(server, max_attempts=1), connect(SERVICE, boto_client(server))):
        with pytest.raises(AwsError) as caught:
            caller.call(*CALLS[0])
        assert (type(caught.value), caught.value.code) == (kind, code)


def test_an_endpoint_that_is_passed_has_a_client_of_its_own(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = serve(reply(b"")), serve(reply(b""))
    monkeypatch.setenv("AWS_ENDPOINT_URL", one.url)
    connect(SERVICE, endpoint=f"{other.url}/prod").call(*CALLS[0])
    connect(SERVICE).call(*CALLS[0])
    assert [request.target for request in other.requests] == ["/prod/@connections/L0SM9cOFvHcCIhw%3D"]
    assert [request.target for request in one.requests] == ["/@connections/L0SM9cOFvHcCIhw%3D"]
    assert connect(SERVICE, endpoint=other.url) is connect(SERVICE, endpoint=other.url)


def test_botocore_gets_the_endpoint_where_a_setting_needs_it(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(reply(b""))
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    connect(SERVICE, endpoint=f"{server.url}/prod").call(*CALLS[0])
    assert [request.target for request in server.requests] == ["/prod/@connections/L0SM9cOFvHcCIhw%3D"]
