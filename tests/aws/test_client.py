"""The lean client against scripted servers: retries, deadlines, credentials, errors, threads, forks."""

from __future__ import annotations

import contextvars
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit
import lambda_kit.testing
from lambda_kit import handler
from lambda_kit.aws import AwsClient, _client, connect
from lambda_kit.errors import (
    AccessDenied,
    AwsError,
    ConditionalCheckFailed,
    ConfigurationError,
    NoAnswer,
    NoCredentials,
    NotFound,
    Throttled,
)
from lambda_kit.testing import make_context
from tests.aws.servers import Server, reply
from tests.patience import PATIENCE
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Server]

GET: tuple[str, dict[str, Any]] = ("GetParameter", {"Name": "/a"})
FOUND = reply(b'{"Parameter": {"Name": "/a", "Value": "1", "LastModifiedDate": 1.7e9}}')
VALUE = {"Parameter": {"Name": "/a", "Value": "1", "LastModifiedDate": 1.7e9}}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where no configuration file is
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-1")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    lambda_kit.testing.reset()  # clients that were made with other settings


class Pauses(list[float]):
    """Stands in for `time.sleep`."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fails(code: str, message: str = "no", status: int = 400, **headers: str) -> bytes:
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message}).encode()
    return reply(body, status, x_amzn_RequestId="id-1", **headers)


def client_of(server: Server, service: str = "ssm", **options: Any) -> AwsClient:
    options.setdefault("sleep", Pauses())
    return AwsClient(service, endpoint_url=server.url, **options)


def during(seconds: float, call: Callable[[], Any]) -> Any:
    """Run `call` in an invocation that has so much time left."""

    @handler
    def function(event: Any, context: Any) -> Any:
        return call()

    return function({}, make_context(seconds))


# What is sent, and what comes back


def test_a_call_is_one_signed_request_over_a_kept_connection(serve: Serve) -> None:
    server = serve(FOUND)
    client = client_of(server)
    assert [client.call(*GET), client.call(*GET)] == [VALUE, VALUE]
    assert server.connections == 1
    received = server.requests[0]
    assert (received.method, received.target, received.body) == ("POST", "/", b'{"Name": "/a"}')
    assert received.headers["x-amz-target"] == "AmazonSSM.GetParameter"
    assert received.headers["content-type"] == "application/x-amz-json-1.1"
    assert received.headers["x-amz-security-token"] == "token-1"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"].startswith("lambda_kit/")
    assert "/eu-west-1/ssm/aws4_request" in received.headers["authorization"]
    assert "user-agent" not in received.headers["authorization"]


def test_an_endpoint_may_have_a_path(serve: Serve) -> None:
    server = serve(reply(b"{}", 201), reply(b"config", next_poll_configuration_token="t"))
    client = AwsClient("appconfigdata", endpoint_url=f"{server.url}/base/")
    client.call("StartConfigurationSession", {"ApplicationIdentifier": "a"})
    found = client.call("GetLatestConfiguration", {"ConfigurationToken": "a/b="})
    assert found == {"Configuration": b"config", "NextPollConfigurationToken": "t"}
    assert [one.target for one in server.requests] == [
        "/base/configurationsessions",
        "/base/configuration?configuration_token=a%2Fb%3D",
    ]


def test_the_trace_goes_along_so_that_lambda_can_see_circles(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(FOUND)
    client = client_of(server)
    for header in ("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0", "x\r\ny: z", ""):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
        client.call(*GET)
    found = [one.headers.get("x-amzn-trace-id") for one in server.requests]
    assert found == ["Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0", None, None]


def test_a_call_has_the_trace_of_its_own_invocation(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(FOUND)
    client = client_of(server)

    def call_twice() -> None:
        client.call(*GET)
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=2")  # another invocation has begun in this process
        client.call(*GET)

    for _ in range(2):
        monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1")
        during(PATIENCE, call_twice)
    assert [one.headers.get("x-amzn-trace-id") for one in server.requests] == ["Root=1"] * 4


@pytest.mark.parametrize(
    ("service", "operation", "hint"),
    [
        ("ssm", "GetParamter", "did you mean 'GetParameter'"),
        ("sqs", "PurgeQueue", "does not call 'PurgeQueue'"),
    ],
)
def test_an_operation_that_the_kit_does_not_call_is_refused(
    serve: Serve, service: str, operation: str, hint: str
) -> None:
    server = serve(FOUND)
    with pytest.raises(ConfigurationError, match=hint):
        client_of(server, service).call(operation, {})
    assert server.requests == []


@pytest.mark.parametrize("attempts", [0, -1])
def test_no_attempts_at_all_are_refused(attempts: int) -> None:
    with pytest.raises(ConfigurationError, match=f"max_attempts is {attempts}"):
        AwsClient("ssm", max_attempts=attempts)


@pytest.mark.parametrize("seconds", [0, -1.0, float("inf"), float("nan"), "1"])
@pytest.mark.parametrize("option", ["connect_timeout", "read_timeout"])
def test_a_time_out_is_a_number_above_0(option: str, seconds: Any) -> None:
    options = {option: seconds}
    with pytest.raises(ConfigurationError, match=f"{option} is "):
        AwsClient("ssm", **options)


def test_settings_that_need_botocore_are_refused_where_no_other_client_can_be_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    with pytest.raises(ConfigurationError, match=r"AWS_RETRY_MODE is adaptive; use connect\('ssm'\)"):
        AwsClient("ssm")
    monkeypatch.delenv("AWS_RETRY_MODE")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    with pytest.raises(ConfigurationError, match=r"use connect\('ssm'\)"):
        AwsClient("ssm")


def test_an_endpoint_that_is_passed_comes_before_those_of_the_environment_and_of_files(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serve(FOUND)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:2\n")
    assert client_of(server).call(*GET) == VALUE


def test_a_variable_may_be_deleted_while_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(_: None) -> None:
        assert _client.with_endpoint("http://127.0.0.1:1", os.environ)["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"

    def delete(_: None) -> None:
        del os.environ["LAST"]

    def check(_: None, __: str) -> None: ...

    assert visit_each_step(call, delete, prepare=lambda: monkeypatch.setenv("LAST", "x"), check=check)


# Errors


@pytest.mark.parametrize(
    ("service", "answer", "kind", "code"),
    [
        ("ssm", fails("AccessDeniedException"), AccessDenied, "AccessDeniedException"),
        ("ssm", fails("ParameterNotFound"), NotFound, "ParameterNotFound"),
        ("ssm", fails("ParameterVersionNotFound"), NotFound, "ParameterVersionNotFound"),
        ("secretsmanager", fails("ResourceNotFoundException"), NotFound, "ResourceNotFoundException"),
        (
            "sqs",
            fails("QueueDoesNotExist", x_amzn_query_error="AWS.SimpleQueueService.NonExistentQueue;Sender"),
            NotFound,
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        ("ssm", fails("ValidationException"), AwsError, "ValidationException"),
        ("ssm", fails("ThrottlingException"), Throttled, "ThrottlingException"),
        ("ssm", reply(b"", 429), Throttled, "429"),
        (
            "dynamodb",
            fails("ProvisionedThroughputExceededException"),
            Throttled,
            "ProvisionedThroughputExceededException",
        ),
        ("ssm", fails("InternalServerError", status=500), AwsError, "InternalServerError"),
        ("ssm", reply(b"<html>", 502), AwsError, "502"),
    ],
)
def test_an_error_of_aws_is_one_of_the_kit(
    serve: Serve, service: str, answer: bytes, kind: type[AwsError], code: str
) -> None:
    server = serve(answer)
    operation = {"ssm": "GetParameter", "secretsmanager": "GetSecretValue", "sqs": "SendMessage"}.get(
        service, "GetItem"
    )
    with pytest.raises(AwsError) as caught:
        client_of(server, service, max_attempts=1).call(operation, {})
    error = caught.value
    assert (type(error), error.code, error.service, error.operation) == (kind, code, service, operation)


def test_an_error_says_what_aws_says_and_carries_its_data(serve: Serve) -> None:
    server = serve(fails("AccessDeniedException", "User x is not authorized to perform: ssm:GetParameter"))
    with pytest.raises(AccessDenied) as caught:
        client_of(server).call(*GET)
    error = caught.value
    assert str(error) == (
        "ssm GetParameter failed with AccessDeniedException: "
        "User x is not authorized to perform: ssm:GetParameter (request id id-1)"
    )
    assert (error.status, error.request_id, error.attempts) == (400, "id-1", 1)


def test_a_condition_that_does_not_hold_brings_the_item(serve: Serve) -> None:
    body = b'{"__type": "x#ConditionalCheckFailedException", "message": "no", "Item": {"id": {"B": "AQI="}}}'
    server = serve(reply(body, 400))
    with pytest.raises(ConditionalCheckFailed) as caught:
        client_of(server, "dynamodb").call("PutItem", {})
    assert caught.value.item == {"id": {"B": b"\x01\x02"}}
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", [b"<html>top secret</html>", b'["top secret"]', b'{"Parameter": {"LastModifiedDate": "top secret"}}']
)
def test_a_success_that_is_not_the_services_is_an_error_that_does_not_quote_it(serve: Serve, body: bytes) -> None:
    server = serve(reply(body))
    with pytest.raises(AwsError, match="cannot be read") as caught:
        client_of(server).call(*GET)
    assert "top secret" not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.status, caught.value.__context__) == (200, None)


@pytest.mark.parametrize("answer", [fails("ValidationException", "Value 'hunter2' at 'value'"), reply(b"hunter2", 400)])
def test_no_error_has_the_secret_that_was_sent_or_the_body_that_came(serve: Serve, answer: bytes) -> None:
    server = serve(answer)
    params = {"Name": "/a", "Value": "hunter2"}
    with pytest.raises(AwsError) as caught:
        client_of(server).call("PutParameter", params)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


# Retries


@pytest.mark.parametrize(
    "first",
    [
        fails("ThrottlingException"),
        fails("InternalServerError", status=500),
        reply(b"", 503),
        reply(b"", 429),
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_what_may_pass_is_tried_again(serve: Serve, first: bytes) -> None:
    server = serve(first, FOUND)
    pauses = Pauses()
    assert client_of(server, sleep=pauses).call(*GET) == VALUE
    assert (len(server.requests), len(pauses)) == (2, 1)


def test_each_attempt_is_signed_anew_and_has_the_same_body(serve: Serve) -> None:
    server = serve(reply(b"", 500), reply(b"", 500), reply(b"{}"))
    client_of(server, "secretsmanager").call("PutSecretValue", {"SecretId": "s", "SecretBinary": b"\x00"})
    assert len({one.body for one in server.requests}) == 1
    sent = json.loads(server.requests[0].body)
    assert sent["SecretBinary"] == "AA=="
    assert len(sent["ClientRequestToken"]) == 36


@pytest.mark.parametrize(("service", "operation", "most"), [("ssm", "GetParameter", 3), ("dynamodb", "GetItem", 4)])
def test_an_end_is_put_to_attempts(serve: Serve, service: str, operation: str, most: int) -> None:
    server = serve(fails("ThrottlingException"))
    pauses = Pauses()
    with pytest.raises(Throttled, match=f"{most} attempts") as caught:
        client_of(server, service, sleep=pauses).call(operation, {})
    assert (len(server.requests), caught.value.attempts) == (most, most)
    assert all(0 <= pause <= 2**number for number, pause in enumerate(pauses))


def test_the_environment_and_the_argument_say_how_often(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(reply(b"", 500))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    for asked, most in ((None, 5), (2, 2)):
        server.requests.clear()
        with pytest.raises(AwsError):
            client_of(server, max_attempts=asked).call(*GET)
        assert len(server.requests) == most


def test_what_would_fail_again_is_not_tried_again(serve: Serve) -> None:
    server = serve(fails("ParameterNotFound"))
    with pytest.raises(NotFound):
        client_of(server).call(*GET)
    assert len(server.requests) == 1


def test_a_pause_is_as_long_as_the_server_asks(serve: Serve) -> None:
    server = serve(fails("ThrottlingException", x_amz_retry_after="4000"), FOUND)
    pauses = Pauses()
    client_of(server, sleep=pauses).call(*GET)
    assert 4.0 <= pauses[0] <= 5.0


def test_the_budget_of_a_client_ends_its_retries_and_successes_fill_it_again(serve: Serve) -> None:
    server = serve(reply(b"", 500))
    client = client_of(server)
    sent: list[int] = []
    for _ in range(20):
        server.requests.clear()
        with pytest.raises(AwsError):
            client.call(*GET)
        sent.append(len(server.requests))
    assert sent == [3] * 17 + [2, 1, 1]  # 35 repetitions at 14 tokens
    assert client._quota.left == 10
    server.script[:] = [FOUND]
    for _ in range(4):
        client.call(*GET)
    assert client._quota.left == 14


def test_a_lost_reply_is_asked_for_again_and_the_error_knows_that_something_was_sent(serve: Serve) -> None:
    server = serve()
    server.script += [server.drop, FOUND]
    assert client_of(server).call(*GET) == VALUE
    server.script[:] = [server.drop]
    with pytest.raises(NoAnswer, match="closed before there was an answer") as caught:
        client_of(server).call(*GET)
    assert (caught.value.sent, caught.value.attempts) == (True, 3)
    assert caught.value.__cause__ is not None


def test_a_server_that_is_not_there_got_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(NoAnswer, match="no connection to") as caught:
        AwsClient("ssm", endpoint_url=url, sleep=Pauses()).call(*GET)
    assert (caught.value.sent, caught.value.attempts, caught.value.code) == (False, 3, "NoAnswer")


def test_a_write_on_a_stale_connection_counts_as_an_attempt(serve: Serve) -> None:
    server = serve(reply(b"{}"))
    server.script += [server.drop, reply(b"", 400)]
    client = client_of(server, "sqs")
    client.call("SendMessage", {})
    with pytest.raises(AwsError) as caught:
        client.call("SendMessage", {})
    assert caught.value.attempts == 2


def test_a_reply_of_dynamodb_with_the_wrong_checksum_is_asked_for_again(serve: Serve) -> None:
    body = b'{"Item": {"id": {"S": "1"}}}'
    wrong, right = reply(body, x_amz_crc32="1"), reply(body, x_amz_crc32=str(zlib.crc32(body)))
    server = serve(wrong, right)
    assert client_of(server, "dynamodb").call("GetItem", {}) == {"Item": {"id": {"S": "1"}}}
    assert len(server.requests) == 2
    server.script[:] = [wrong]
    with pytest.raises(AwsError, match="checksum"):
        client_of(server, "dynamodb").call("GetItem", {})
    assert len(server.requests) == 6


# Time


def test_a_server_that_hangs_is_waited_for_no_longer_than_the_invocation_lasts(serve: Serve) -> None:
    server = serve()
    server.script.append(server.hang)
    client = client_of(server, read_timeout=PATIENCE, sleep=time.sleep)
    # The second message is for a machine that is so busy that the time is over before the wait begins.
    with pytest.raises(NoAnswer, match=r"left of the invocation|no time left for an answer") as caught:
        during(0.4, lambda: client.call(*GET))
    assert (caught.value.sent, caught.value.attempts) == (True, 1)
    assert len(server.requests) == 1


def test_nothing_is_sent_when_no_time_is_left(serve: Serve) -> None:
    server = serve(FOUND)
    with pytest.raises(NoAnswer, match="no time left in the invocation") as caught:
        during(0.05, lambda: client_of(server).call(*GET))
    assert (caught.value.sent, caught.value.attempts, server.connections) == (False, 0, 0)


def test_a_pause_that_would_not_fit_is_not_begun(serve: Serve) -> None:
    server = serve(fails("ThrottlingException", x_amz_retry_after="4000"))
    pauses = Pauses()
    with pytest.raises(Throttled) as caught:
        during(3.0, lambda: client_of(server, sleep=pauses).call(*GET))
    assert (pauses, len(server.requests)) == ([], 1)
    assert caught.value.__notes__ == ["It was not tried again, because there was no time left in the invocation."]


def test_outside_an_invocation_and_with_time_enough_nothing_changes(serve: Serve) -> None:
    server = serve(reply(b"", 500), FOUND)
    assert during(PATIENCE, lambda: client_of(server).call(*GET)) == VALUE
    assert client_of(server).call(*GET) == VALUE


def test_a_thread_that_outlives_its_invocation_sends_nothing_more(serve: Serve) -> None:
    server = serve(fails("ThrottlingException"))
    paused, over = threading.Event(), threading.Event()
    found: list[BaseException] = []

    def sleep(seconds: float) -> None:
        paused.set()
        over.wait(PATIENCE)

    client = client_of(server, sleep=sleep)

    def call() -> None:
        try:
            client.call(*GET)
        except NoAnswer as error:
            found.append(error)

    thread = threading.Thread(target=lambda: context.run(call))
    context = contextvars.Context()

    def start() -> None:
        nonlocal context
        context = contextvars.copy_context()
        thread.start()
        paused.wait(PATIENCE)

    during(PATIENCE, start)
    over.set()
    thread.join()
    assert len(server.requests) == 1
    assert "the invocation has ended" in str(found[0])


# Credentials


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_credentials_that_were_refused_are_fetched_anew_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def expire(connection: socket.socket) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token-2")
        connection.sendall(fails(code))

    server = serve(expire, FOUND)
    pauses = Pauses()
    assert client_of(server, max_attempts=1, sleep=pauses).call(*GET) == VALUE
    assert [one.headers["x-amz-security-token"] for one in server.requests] == ["token-1", "token-2"]
    assert pauses == []
    server.script[:] = [expire]
    with pytest.raises(AwsError, match=code):
        client_of(server).call(*GET)


def test_credentials_that_cannot_be_had_anew_are_refused_once(serve: Serve) -> None:
    server = serve(fails("ExpiredTokenException"))
    with pytest.raises(AwsError, match="ExpiredTokenException"):
        client_of(server).call(*GET)
    assert len(server.requests) == 1


def test_without_credentials_nothing_is_sent(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(FOUND)

    class Nothing:
        def get(self) -> Any:
            raise NoCredentials("none", service="credentials", operation="fetch")

    with pytest.raises(NoCredentials):
        client_of(server, credentials=Nothing()).call(*GET)
    assert server.requests == []


# Sharing


def test_threads_share_a_client_and_none_waits_for_another(serve: Serve) -> None:
    together = threading.Barrier(8)

    def meet(connection: socket.socket) -> None:
        together.wait(PATIENCE)  # all eight requests are under way at once
        connection.sendall(FOUND)

    server = serve(meet)
    client = client_of(server, read_timeout=PATIENCE)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(client.call(*GET))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [VALUE] * 8


def test_a_service_has_one_client_for_as_long_as_the_settings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    first = connect("ssm")
    assert connect("ssm") is first
    assert isinstance(first, AwsClient)
    assert connect("sqs") is not first
    assert connect("ssm", region="us-east-1") is not first
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    other = connect("ssm")
    assert isinstance(other, AwsClient)
    assert other.endpoint_url == "http://127.0.0.1:1"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert connect("ssm") is first


def test_threads_that_connect_at_once_get_the_same_client() -> None:
    start = threading.Barrier(8)
    found: list[Any] = []

    def ask() -> None:
        start.wait(PATIENCE)
        found.append(connect("secretsmanager"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(set(map(id, found))) == 1


def test_tests_get_clients_of_their_own() -> None:
    first = connect("ssm")
    lambda_kit.testing.reset()
    assert connect("ssm") is not first


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'dynamodb'"):
        connect("dynamo")


def test_a_forked_child_makes_its_own_client_and_can_retry(serve: Serve) -> None:
    server = serve(FOUND, reply(b"", 500), FOUND)
    script = (
        "import os, sys, threading\n"
        "from lambda_kit.aws import connect\n"
        "first = connect('ssm')\n"
        "first.call('GetParameter', {})\n"
        "other = threading.Thread(target=first._quota._lock.acquire)\n"  # a thread that holds it at the fork
        "other.start(); other.join()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    assert connect('ssm') is not first\n"
        "    first.call('GetParameter', {})\n"
        "    os._exit(0)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=PATIENCE, env={**os.environ, "AWS_ENDPOINT_URL": server.url}
    )
    assert [one.connection for one in server.requests] == [1, 2, 2]


def test_importing_the_client_loads_nothing_that_calls_need() -> None:
    heavy = {
        "socket",
        "ssl",
        "hashlib",
        "hmac",
        "http.client",
        "urllib.parse",
        "random",
        "base64",
        "datetime",
        "email",
        "typing",
        "dataclasses",
        "logging",
        "uuid",
        "select",
        "botocore",
    }
    script = (
        f"import sys; before = set(sys.modules); import lambda_kit.aws; print({heavy!r} & (set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=Path(lambda_kit.__file__).parents[1],
    )
    assert done.stdout == "set()\n"


def test_chances_lie_between_0_and_1() -> None:
    chances = [_client._chance() for _ in range(1000)]
    assert 0 <= min(chances) < 0.1
    assert 0.9 < max(chances) < 1
