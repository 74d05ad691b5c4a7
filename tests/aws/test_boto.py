"""A boto3 client in the place of the lean one: the same replies, the same errors."""

from __future__ import annotations

import io
import json
import logging
import socket
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import lambda_kit.testing
from lambda_kit.aws import AwsClient, connect
from lambda_kit.aws._boto import BotoCaller, instead
from lambda_kit.errors import (
    AccessDenied,
    AwsError,
    ConditionalCheckFailed,
    ConfigurationError,
    MissingExtra,
    NoAnswer,
    NoCredentials,
    NotFound,
    Throttled,
)
from tests.aws import botocores
from tests.aws.servers import Server, reply
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Server]

skip_in_the_middle()

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "wJalrXUtnFEMI"}


def boto_client(service: str, url: str, **options: Any) -> Any:
    once = botocores.config.Config(retries={"total_max_attempts": 1}, connect_timeout=PATIENCE, read_timeout=PATIENCE)
    options = {**KEYS, "config": once, **options}
    return botocores.session.get_session().create_client(service, region_name="eu-west-1", endpoint_url=url, **options)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where no configuration file is
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    lambda_kit.testing.reset()  # clients that were made with other settings


@pytest.mark.parametrize(
    ("service", "operation", "params", "answer"),
    [
        (
            "ssm",
            "GetParameter",
            {"Name": "/a"},
            reply(b'{"Parameter": {"Name": "/a", "Value": "1", "Version": 2, "LastModifiedDate": 1700000000.5}}'),
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "s"},
            reply(b'{"Name": "s", "SecretBinary": "AAEC", "CreatedDate": 1700000000, "VersionStages": ["AWSCURRENT"]}'),
        ),
        (
            "appconfigdata",
            "GetLatestConfiguration",
            {"ConfigurationToken": "t"},
            reply(b"\x00text", next_poll_configuration_token="u", next_poll_interval_in_seconds="60"),
        ),
        (
            "dynamodb",
            "GetItem",
            {"TableName": "t", "Key": {"id": {"B": b"\x00"}}},
            reply(b'{"Item": {"id": {"B": "AA=="}, "n": {"N": "1"}, "l": {"L": [{"BS": ["AQ=="]}]}}}'),
        ),
        ("sqs", "DeleteMessage", {"QueueUrl": "https://elsewhere/q", "ReceiptHandle": "r"}, reply(b"{}")),
    ],
)
def test_both_clients_return_the_same(
    serve: Serve, service: str, operation: str, params: dict[str, Any], answer: bytes
) -> None:
    server = serve(answer)
    theirs = connect(service, boto_client(service, server.url)).call(operation, params)
    ours = AwsClient(service, endpoint_url=server.url).call(operation, params)
    assert ours == theirs
    first, second = server.requests
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDeniedException", AccessDenied),
        ("ResourceNotFoundException", NotFound),
        ("ThrottlingException", Throttled),
        ("ConditionalCheckFailedException", ConditionalCheckFailed),
        ("ValidationException", AwsError),
    ],
)
def test_both_clients_raise_the_same(serve: Serve, code: str, kind: type[AwsError]) -> None:
    body = json.dumps({"__type": f"x#{code}", "message": "Because.", "Item": {"id": {"B": "AA=="}}}).encode()
    server = serve(reply(body, 400, x_amzn_RequestId="id-1"))
    params = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    found: list[AwsError] = []
    for caller in (
        connect("dynamodb", boto_client("dynamodb", server.url)),
        AwsClient("dynamodb", endpoint_url=server.url, max_attempts=1),
    ):
        with pytest.raises(AwsError) as caught:
            caller.call("DeleteItem", params)
        found.append(caught.value)
    theirs, ours = found
    assert type(theirs) is type(ours) is kind
    assert (str(theirs), vars(theirs)) == (str(ours), vars(ours))
    assert type(theirs.__cause__).__name__ == code or isinstance(theirs.__cause__, botocores.exceptions.ClientError)


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "boto3"])
@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "told"),
    [
        (
            "dynamodb",
            "GetItem",
            {"TableName": "orders", "Key": {"id": {"S": "1"}}},
            "ResourceNotFoundException",
            "Requested resource not found: the table 'orders' in eu-west-1",
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "https://sqs/1/dead", "MessageBody": "x"},
            "QueueDoesNotExist",
            "the queue 'https://sqs/1/dead' in eu-west-1",
        ),
    ],
    ids=["table", "queue"],
)
def test_what_does_not_exist_is_named_with_its_region(
    serve: Serve, lean: bool, service: str, operation: str, params: dict[str, Any], code: str, told: str
) -> None:
    body = json.dumps({"__type": f"x#{code}", "message": "Requested resource not found"}).encode()
    server = serve(reply(body, 400))
    client = AwsClient(service, endpoint_url=server.url) if lean else connect(service, boto_client(service, server.url))
    with pytest.raises(NotFound) as info:
        client.call(operation, params)
    assert told in info.value.reason


def test_the_item_of_a_failed_condition_is_attached(serve: Serve) -> None:
    body = b'{"__type": "x#ConditionalCheckFailedException", "message": "no", "Item": {"id": {"B": "AA=="}}}'
    server = serve(reply(body, 400))
    with pytest.raises(ConditionalCheckFailed) as caught:
        connect("dynamodb", boto_client("dynamodb", server.url)).call(
            "PutItem", {"TableName": "t", "Item": {"id": {"S": "1"}}}
        )
    assert caught.value.item == {"id": {"B": b"\x00"}}


def test_repetitions_of_boto3_are_counted(serve: Serve) -> None:
    server = serve(reply(b"", 500))
    twice = botocores.config.Config(retries={"total_max_attempts": 2})
    with pytest.raises(AwsError, match="2 attempts") as caught:
        connect("ssm", boto_client("ssm", server.url, config=twice)).call("GetParameter", {"Name": "/a"})
    assert (caught.value.status, caught.value.attempts) == (500, 2)


def test_no_connection_and_a_lost_reply_are_told_apart(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(NoAnswer) as nobody:
        connect("ssm", boto_client("ssm", url)).call("GetParameter", {"Name": "/a"})
    server = serve()
    server.script.append(server.drop)
    with pytest.raises(NoAnswer) as lost:
        connect("ssm", boto_client("ssm", server.url)).call("GetParameter", {"Name": "/a"})
    assert (nobody.value.sent, lost.value.sent) == (False, True)
    assert nobody.value.code == "EndpointConnectionError"


def test_credentials_that_are_missing_are_told(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = serve(reply())
    client = boto_client("ssm", server.url, aws_access_key_id=None, aws_secret_access_key=None)
    with pytest.raises(NoCredentials, match="Unable to locate credentials"):
        connect("ssm", client).call("GetParameter", {"Name": "/a"})
    assert server.requests == []


def test_parameters_that_boto3_refuses_are_not_quoted(serve: Serve) -> None:
    server = serve(reply())
    params = {"Name": "/a", "Value": ["hunter2"], "Type": "String"}
    with pytest.raises(AwsError, match="boto3 refused the parameters") as caught:
        connect("ssm", boto_client("ssm", server.url)).call("PutParameter", params)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.code, server.requests) == ("ParamValidationError", [])


def test_words_of_aws_that_repeat_a_secret_lose_it(serve: Serve) -> None:
    server = serve(reply(b'{"__type": "ValidationException", "message": "Value \'hunter2\' is too short"}', 400))
    params = {"Name": "/a", "Value": "hunter2", "Type": "String"}
    with pytest.raises(AwsError) as caught:
        connect("ssm", boto_client("ssm", server.url)).call("PutParameter", params)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_an_exception_that_is_not_botocores_stays_what_it_is(serve: Serve) -> None:
    server = serve(reply())
    client = boto_client("ssm", server.url)

    def refuse(**_: Any) -> None:
        raise ZeroDivisionError

    client.meta.events.register("before-call.ssm.GetParameter", refuse)
    with pytest.raises(ZeroDivisionError):
        connect("ssm", client).call("GetParameter", {"Name": "/a"})


def test_another_error_of_botocore_is_told_in_its_words() -> None:
    client = boto_client("ssm", "http://127.0.0.1:1")

    def refuse(**_: Any) -> None:
        raise botocores.exceptions.NoRegionError

    client.meta.events.register("before-call.ssm.GetParameter", refuse)
    with pytest.raises(AwsError, match="failed with NoRegionError: You must specify a region") as caught:
        connect("ssm", client).call("GetParameter", {"Name": "/a"})
    assert type(caught.value) is AwsError


class Stub:
    """What a client looks like from outside."""

    class meta:
        class service_model:
            service_name = "ssm"

        method_to_api_mapping: ClassVar = {"get_parameter": "GetParameter"}

    def get_parameter(self, **params: Any) -> dict[str, Any]:
        return {
            "ResponseMetadata": {},
            "Parameter": {"At": [datetime(2030, 1, 1, tzinfo=UTC)]},
            "Stream": io.BytesIO(b"s"),
            "Given": params,
        }


def test_times_are_seconds_streams_are_read_and_metadata_is_left_out() -> None:
    assert connect("ssm", Stub()).call("GetParameter", {"Name": "/a"}) == {
        "Parameter": {"At": [datetime(2030, 1, 1, tzinfo=UTC).timestamp()]},
        "Stream": b"s",
        "Given": {"Name": "/a"},
    }


def test_an_operation_that_there_is_not_gets_the_closest_name() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'GetParameter'"):
        connect("ssm", Stub()).call("GetParamter", {})


@pytest.mark.parametrize("client", [object(), "ssm", {}, io.BytesIO()], ids=lambda one: type(one).__name__)
def test_what_is_no_client_is_refused(client: object) -> None:
    with pytest.raises(ConfigurationError, match=f"client is of type {type(client).__name__}; pass a boto3 client"):
        connect("ssm", client)


def test_a_client_of_another_service_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="client is one of ssm, but one of sqs is needed"):
        connect("sqs", Stub())


# botocore in the place of the lean client


def test_settings_that_only_botocore_knows_lead_to_it_and_are_told_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(reply(b'{"Parameter": {"Name": "/a", "Value": "1"}}'))
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    with caplog.at_level(logging.INFO, "lambda_kit"):
        caller = connect("ssm")
        assert connect("ssm") is caller
    assert isinstance(caller, BotoCaller)
    config = caller._client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 5.0)
    assert caller.call("GetParameter", {"Name": "/a"}) == {"Parameter": {"Name": "/a", "Value": "1"}}
    assert [one.getMessage() for one in caplog.records] == [
        "lambda_kit: botocore is used for calls to ssm: AWS_RETRY_MODE is adaptive"
    ]


def test_a_proxy_leads_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    assert isinstance(connect("ssm"), BotoCaller)


def test_settings_that_botocore_refuses_too_are_an_error_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(
        ConfigurationError, match=r"cannot make a client of ssm \(a reason\): You must specify a region"
    ):
        instead("ssm", None, "a reason")


def test_where_botocore_is_needed_and_missing_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(MissingExtra, match=r"HTTPS_PROXY is set.* needs botocore") as info:
        instead("ssm", None, "HTTPS_PROXY is set")
    assert (info.value.extra, str(info.value).endswith('pip install "lambda-kit-sdk[aws]"')) == ("aws", True)
