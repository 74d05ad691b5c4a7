"""Calls of AWS that are spans: by boto3 and by the lean client, against services and scripted servers on loopback."""

from __future__ import annotations

import contextvars
import json
import socket
import subprocess
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit.testing
from lambda_kit.aws import AwsClient, connect
from lambda_kit.aws._services import operations_of
from lambda_kit.errors import AwsError, ConfigurationError, NoAnswer
from lambda_kit.tracer import Tracer
from lambda_kit.tracer import _instrument_aws as instrument_aws
from tests.aws.servers import Server, reply
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE
from tests.services import REGION, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.testing import FakeXRayDaemon
    from tests.conftest import Aws
    from tests.services import Faults

skip_in_the_middle()

boto3: Any = import_module("boto3")
botocore_session: Any = import_module("botocore.session")
Config: Any = import_module("botocore.config").Config
exceptions: Any = import_module("botocore.exceptions")
Stubber: Any = import_module("botocore.stub").Stubber

HEADER = "x-amzn-trace-id"
TABLE: dict[str, Any] = {
    "TableName": "orders",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
KEY = {"id": {"S": "o-1"}}
FOUND = reply(b'{"Item": {"id": {"S": "o-1"}}}', x_amzn_RequestId="r-1")
ENDPOINT_PREFIXES = {"runtime.sagemaker": "sagemaker-runtime", "states": "stepfunctions"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and a region, without services."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture
def serve(settings: None) -> Iterator[Callable[..., Server]]:
    """Start servers, which stop after the test."""
    servers: list[Server] = []

    def start(*script: Any) -> Server:
        servers.append(Server(*script))
        return servers[-1]

    yield start
    lambda_kit.testing.reset()  # closes what is open
    for one in servers:
        one.stop()


def dynamodb(url: str | None = None, attempts: int = 1) -> Any:
    """Return a client of boto3 that hardly waits."""
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, max_pool_connections=20)
    return boto3.client("dynamodb", endpoint_url=url, config=config)


def get_by_boto3(tracer: Tracer, url: str | None = None, attempts: int = 1) -> Any:
    """Get an item."""
    return tracer.instrument(dynamodb(url, attempts)).get_item(TableName="orders", Key=KEY)


def get_by_lean(tracer: Tracer, url: str | None = None, attempts: int = 1) -> Any:
    """Get an item."""
    client = AwsClient("dynamodb", endpoint_url=url, max_attempts=attempts)
    return tracer.instrument(client).call("GetItem", {"TableName": "orders", "Key": KEY})


def get_by_lean_face(tracer: Tracer, url: str | None = None, attempts: int = 1) -> Any:
    """Get an item by a client of boto3 behind the face of the lean one."""
    client = connect("dynamodb", dynamodb(url, attempts))
    return tracer.instrument(client).call("GetItem", {"TableName": "orders", "Key": KEY})


GETS = [get_by_boto3, get_by_lean, get_by_lean_face]
gets = pytest.mark.parametrize("get", GETS)


# What a span tells


@gets
def test_a_call_is_a_span_with_what_is_known_of_it(get: Any, aws: Aws, xray_daemon: FakeXRayDaemon) -> None:
    aws.boto3("dynamodb").create_table(**TABLE)
    tracer = Tracer()
    with tracer.span("handler"):
        get(tracer)
    [handler] = xray_daemon.tree()
    [span] = handler.children
    assert (span.name, span.namespace, span.error, span.fault, span.throttle) == (
        "dynamodb",
        "aws",
        False,
        False,
        False,
    )
    request_id = span.aws.pop("request_id")
    span.aws.pop("id_2", None)
    assert len(request_id) > 8
    assert span.aws == {"operation": "GetItem", "region": REGION, "table_name": "orders", "retries": 0}
    assert span.http["response"]["status"] == 200
    assert span.http["response"]["content_length"] >= 2


def test_spans_tell_the_names_of_queues_objects_parameters_and_secrets_and_nothing_that_is_in_them(
    aws: Aws, xray_daemon: FakeXRayDaemon
) -> None:
    tracer = Tracer()
    sqs, s3, ssm = (tracer.instrument(boto3.client(name)) for name in ("sqs", "s3", "ssm"))
    url: str = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hidden")
    s3.create_bucket(Bucket="bills", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="bills", Key="2026/1", Body=b"hidden")
    assert s3.get_object(Bucket="bills", Key="2026/1")["Body"].read() == b"hidden"
    ssm.put_parameter(Name="/a", Value="hidden", Type="String")
    assert ssm.get_parameters(Names=["/a"])["Parameters"][0]["Value"] == "hidden"
    secrets = tracer.instrument(connect("secretsmanager"))
    secrets.call("CreateSecret", {"Name": "card", "SecretString": "hidden"})
    assert secrets.call("GetSecretValue", {"SecretId": "card"})["SecretString"] == "hidden"
    told = [(span.name, span.aws["operation"]) for span in xray_daemon.tree()]
    assert told == [
        ("sqs", "CreateQueue"),
        ("sqs", "SendMessage"),
        ("s3", "CreateBucket"),
        ("s3", "PutObject"),
        ("s3", "GetObject"),
        ("ssm", "PutParameter"),
        ("ssm", "GetParameters"),
        ("secretsmanager", "CreateSecret"),
        ("secretsmanager", "GetSecretValue"),
    ]
    fields = ("queue_name", "queue_url", "bucket_name", "key", "name", "names", "secret_id")
    assert [{name: span.aws[name] for name in fields if name in span.aws} for span in xray_daemon.tree()] == [
        {"queue_name": "orders"},
        {"queue_url": url},
        {"bucket_name": "bills"},
        {"bucket_name": "bills", "key": "2026/1"},
        {"bucket_name": "bills", "key": "2026/1"},
        {"name": "/a"},
        {"names": ["/a"]},
        {},
        {"secret_id": "card"},
    ]
    assert not any(b"hidden" in datagram for datagram in xray_daemon.datagrams)


def test_a_batch_tells_the_names_of_its_tables_alone() -> None:
    params = {"RequestItems": {"orders": {"Keys": [{"id": {"S": "hidden"}}]}, "bills": {}}, "Key": "hidden"}
    assert instrument_aws.resources_of("dynamodb", params) == {"table_names": ["orders", "bills"]}


@pytest.mark.parametrize("value", [None, 1, b"orders", {"nested": 1}.items()])
def test_what_cannot_be_a_name_is_left_out(value: Any) -> None:
    assert instrument_aws.resources_of("dynamodb", {"TableName": value}) == {}


@pytest.mark.parametrize("prefix", instrument_aws._RESOURCES)
def test_the_parameters_that_name_resources_are_those_of_the_services(prefix: str) -> None:
    loader = botocore_session.get_session()
    model = loader.get_service_model(ENDPOINT_PREFIXES.get(prefix, prefix))
    known: set[str] = set()
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        known |= set(shape.members) if shape else set()
    assert set(instrument_aws._RESOURCES[prefix]) <= known


@pytest.mark.parametrize("service", ["ssm", "secretsmanager", "appconfigdata", "dynamodb", "sqs"])
def test_the_lean_client_names_services_as_botocore_does(service: str) -> None:
    assert operations_of(service)
    assert botocore_session.get_session().get_service_model(service).endpoint_prefix == service


def test_the_client_of_a_resource_is_what_is_instrumented(aws: Aws, xray_daemon: FakeXRayDaemon) -> None:
    aws.boto3("dynamodb").create_table(**TABLE)
    tracer = Tracer()
    resource = boto3.resource("dynamodb")
    assert tracer.instrument(resource) is resource
    table = resource.Table("orders")
    table.put_item(Item={"id": "o-1"})
    assert table.get_item(Key={"id": "o-1"})["Item"] == {"id": "o-1"}
    assert [(span.aws["operation"], span.aws["table_name"]) for span in xray_daemon.tree()] == [
        ("PutItem", "orders"),
        ("GetItem", "orders"),
    ]


def test_each_page_and_each_look_of_a_waiter_is_a_span(aws: Aws, xray_daemon: FakeXRayDaemon) -> None:
    client = Tracer().instrument(aws.boto3("dynamodb"))
    for name in ("aaa", "bbb", "ccc"):
        client.create_table(**{**TABLE, "TableName": name})
    pages = client.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 2})
    assert [page["TableNames"] for page in pages] == [["aaa", "bbb"], ["ccc"]]
    client.get_waiter("table_exists").wait(TableName="aaa")
    told = [span.aws["operation"] for span in xray_daemon.tree()]
    assert told == ["CreateTable"] * 3 + ["ListTables"] * 2 + ["DescribeTable"]


def test_a_stub_answers_as_aws_would(settings: None, xray_daemon: FakeXRayDaemon) -> None:
    client = Tracer().instrument(dynamodb())
    with Stubber(client) as stub:
        stub.add_response("list_tables", {"TableNames": []})
        stub.add_client_error("list_tables", "ThrottlingException", http_status_code=400)
        client.list_tables()
        with pytest.raises(exceptions.ClientError):
            client.list_tables()
    [good, bad] = xray_daemon.tree()
    assert [one.aws["operation"] for one in (good, bad)] == ["ListTables", "ListTables"]
    assert [one.http["response"]["status"] for one in (good, bad)] == [200, 400]
    assert (good.throttle, bad.throttle) == (False, True)


# How a call fails


@gets
def test_what_aws_refuses_is_an_error_of_the_caller(get: Any, aws: Aws, xray_daemon: FakeXRayDaemon) -> None:
    with pytest.raises((AwsError, exceptions.ClientError)):
        get(Tracer(), attempts=3)
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.throttle) == (True, False, False)
    assert span.http["response"]["status"] == 400
    assert (span.aws["retries"], span.aws["table_name"], "request_id" in span.aws) == (0, "orders", True)
    [exception] = span.exceptions
    assert exception.type.endswith(("ResourceNotFoundException", "NotFound"))
    assert "GetItem" in exception.message


@gets
def test_with_capture_error_off_nothing_is_told_of_an_exception(
    get: Any, aws: Aws, xray_daemon: FakeXRayDaemon
) -> None:
    with pytest.raises((AwsError, exceptions.ClientError)):
        get(Tracer(capture_error=False))
    [span] = xray_daemon.tree()
    assert (span.error, span.exceptions) == (True, [])


@gets
@pytest.mark.parametrize(
    ("code", "status"),
    [("ProvisionedThroughputExceededException", 400), ("SlowDown", 503), ("TooManyRequestsException", 429)],
)
def test_what_is_throttled_to_the_end_is_marked_so_with_the_status_that_came(
    get: Any, code: str, status: int, faults: Faults, xray_daemon: FakeXRayDaemon
) -> None:
    faults.add(operation="GetItem", error={"code": code, "status": status})
    with pytest.raises((AwsError, exceptions.ClientError)):
        get(Tracer(), attempts=2)
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.throttle) == (True, False, True)
    assert (span.http["response"]["status"], span.aws["retries"]) == (status, 1)


@gets
def test_attempts_that_failed_are_counted_in_the_span_of_the_call_that_succeeded(
    get: Any, faults: Faults, aws: Aws, xray_daemon: FakeXRayDaemon
) -> None:
    aws.boto3("dynamodb").create_table(**TABLE)
    faults.add(operation="GetItem", times=2, error={"code": "InternalServerError", "status": 500})
    get(Tracer(), attempts=3)
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.throttle, span.exceptions) == (False, False, False, [])
    assert (span.aws["retries"], span.http["response"]["status"]) == (2, 200)


@gets
def test_a_failure_of_the_service_is_a_fault(get: Any, faults: Faults, xray_daemon: FakeXRayDaemon) -> None:
    faults.add(operation="GetItem", error={"code": "InternalServerError", "status": 500})
    with pytest.raises((AwsError, exceptions.ClientError)):
        get(Tracer())
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.throttle) == (False, True, False)


@gets
def test_where_nothing_answers_the_exception_is_that_of_the_span_around_too(
    get: Any, settings: None, xray_daemon: FakeXRayDaemon
) -> None:
    tracer = Tracer()
    with (
        pytest.raises((NoAnswer, exceptions.EndpointConnectionError)),
        tracer.span("handler"),
    ):
        get(tracer, f"http://127.0.0.1:{free_port()}", attempts=2)
    [handler] = xray_daemon.tree()
    [span] = handler.children
    assert (span.fault, span.http, span.aws["retries"], "request_id" in span.aws) == (True, {}, 1, False)
    assert span.exceptions[0].type.endswith(("EndpointConnectionError", "NoAnswer"))
    if get is not get_by_lean_face:  # which raises an error of its own
        assert handler.exceptions[0].id == span.exceptions[0].id


def test_an_answer_to_an_earlier_attempt_is_not_told_where_the_last_one_had_none(
    serve: Callable[..., Server], xray_daemon: FakeXRayDaemon
) -> None:
    def drop(connection: Any) -> None:
        connection.shutdown(socket.SHUT_RDWR)

    server = serve(reply(b"{}", status=500, x_amzn_RequestId="r-1"), drop)
    with pytest.raises(NoAnswer):
        get_by_lean(Tracer(), server.url, attempts=2)
    [span] = xray_daemon.tree()
    assert (span.aws["retries"], "request_id" in span.aws, span.http, span.fault) == (1, False, {}, True)


def test_parameters_that_boto3_refuses_are_no_call(settings: None, xray_daemon: FakeXRayDaemon) -> None:
    client = Tracer().instrument(dynamodb())
    with pytest.raises(exceptions.ParamValidationError):
        client.get_item(TableName="orders")
    assert xray_daemon.tree() == []


def test_what_fails_before_the_request_leaves_no_span_behind(settings: None, xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()
    client = tracer.instrument(dynamodb())

    def refuse(**_: Any) -> None:
        raise RuntimeError("no")

    client.meta.events.register("before-call", refuse)
    with pytest.raises(RuntimeError, match="no"):
        client.list_tables()
    assert not tracer.current().recording
    with tracer.span("next"):
        pass
    assert [span.names() for span in xray_daemon.tree()] == ["next"]


def test_an_object_that_has_not_changed_is_no_failure(
    serve: Callable[..., Server], xray_daemon: FakeXRayDaemon
) -> None:
    server = serve(reply(status=304, x_amz_id_2="extended"))
    client = Tracer().instrument(boto3.client("s3", endpoint_url=server.url))
    with pytest.raises(exceptions.ClientError):
        client.get_object(Bucket="bills", Key="1", IfNoneMatch="etag")
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.exceptions) == (False, False, [])
    assert (span.http["response"]["status"], span.aws["id_2"]) == (304, "extended")


# The header


@gets
def test_the_header_has_the_span_as_parent_and_keeps_what_lambda_needs_to_find_circles(
    get: Any, serve: Callable[..., Server], xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")  # with it, botocore sends the header of the environment
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"{xray_daemon.next_invocation()};Lineage=1:a87bd80c:0")
    server = serve(FOUND)
    get(Tracer(w3c=True), server.url)
    [span] = xray_daemon.tree()
    [request] = server.requests
    assert request.headers[HEADER] == (f"Root={xray_daemon.trace_id};Parent={span.id};Sampled=1;Lineage=1:a87bd80c:0")
    assert "traceparent" not in request.headers


@gets
def test_where_the_invocation_is_not_sampled_the_header_says_so_and_nothing_else_happens(
    get: Any, serve: Callable[..., Server], xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = xray_daemon.next_invocation(sampled=False)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    server = serve(FOUND)
    get(Tracer(), server.url)
    assert [request.headers[HEADER] for request in server.requests] == [header]
    assert xray_daemon.datagrams == []


@gets
def test_where_there_is_no_trace_there_is_no_header(get: Any, serve: Callable[..., Server]) -> None:
    server = serve(FOUND)
    get(Tracer(), server.url)
    [request] = server.requests
    assert HEADER not in request.headers


@gets
def test_all_attempts_of_a_call_send_the_same_header(
    get: Any, serve: Callable[..., Server], xray_daemon: FakeXRayDaemon
) -> None:
    server = serve(reply(b"{}", status=500), FOUND)
    get(Tracer(), server.url, attempts=2)
    [span] = xray_daemon.tree()
    assert [request.headers[HEADER].split(";")[1] for request in server.requests] == [f"Parent={span.id}"] * 2


# Threads


@pytest.mark.parametrize("kind", ["boto3", "lean"])
def test_calls_of_many_threads_on_one_client_stand_each_under_the_span_of_its_thread(
    kind: str, serve: Callable[..., Server], xray_daemon: FakeXRayDaemon
) -> None:
    together = threading.Barrier(8)

    def answer(connection: Any) -> None:
        together.wait(PATIENCE)  # so all calls are under way at once
        connection.sendall(FOUND)

    server = serve(answer)
    tracer = Tracer()
    client: Any = tracer.instrument(
        dynamodb(server.url) if kind == "boto3" else AwsClient("dynamodb", None, server.url)
    )

    def work(number: int) -> None:
        params = {"TableName": f"t{number}", "Key": KEY}
        with tracer.span(f"thread {number}"):
            client.get_item(**params) if kind == "boto3" else client.call("GetItem", params)

    with tracer.span("handler"):
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    [handler] = xray_daemon.tree()
    sent = {json.loads(one.body)["TableName"]: one.headers[HEADER].split(";")[1] for one in server.requests}
    assert len(handler.children) == len(sent) == 8
    for node in handler.children:
        [call] = node.children
        assert call.aws["table_name"] == f"t{node.name.removeprefix('thread ')}"
        assert sent[call.aws["table_name"]] == f"Parent={call.id}"


# Instrumenting


@pytest.mark.parametrize("kind", ["boto3", "resource", "lean", "face"])
def test_instrumenting_twice_changes_nothing_and_by_two_tracers_is_refused(
    kind: str, serve: Callable[..., Server], xray_daemon: FakeXRayDaemon
) -> None:
    server = serve(FOUND)
    boto = dynamodb(server.url)
    makers: dict[str, Callable[[], Any]] = {
        "boto3": lambda: boto,
        "resource": lambda: boto3.resource("dynamodb", endpoint_url=server.url),
        "lean": lambda: AwsClient("dynamodb", None, server.url),
        "face": lambda: connect("dynamodb", boto),
    }
    client = makers[kind]()
    tracer = Tracer()
    assert tracer.instrument(tracer.instrument(client)) is client
    with pytest.raises(ConfigurationError, match="by another tracer already"):
        Tracer().instrument(client)
    if kind == "resource":
        client.Table("orders").get_item(Key={"id": "o-1"})
    elif kind == "boto3":
        client.get_item(TableName="orders", Key=KEY)
    else:
        client.call("GetItem", {"TableName": "orders", "Key": KEY})
    assert [span.names() for span in xray_daemon.tree()] == ["dynamodb"]


# Beside aws-xray-sdk

SCENARIO = """
import json
import boto3

def play(instrument):
    dynamodb, sqs, s3 = (instrument(boto3.client(name)) for name in ("dynamodb", "sqs", "s3"))
    dynamodb.get_item(TableName="orders", Key={"id": {"S": "o-1"}})
    try:
        dynamodb.get_item(TableName="missing", Key={"id": {"S": "o-1"}})
    except dynamodb.exceptions.ResourceNotFoundException:
        pass
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    s3.put_object(Bucket="bills", Key="2026/1", Body=b"b")
"""
BY_THE_SDK = """
from aws_xray_sdk.core import patch, xray_recorder
patch(["botocore"])
with xray_recorder.in_segment("f", sampling=1) as segment:
    play(lambda client: client)
    print(json.dumps([json.loads(one.serialize()) for one in segment.subsegments]))
    segment.sampled = False  # nothing is sent
"""


def test_aws_xray_sdk_tells_the_same_of_the_same_calls(aws: Aws, xray_daemon: FakeXRayDaemon) -> None:
    aws.boto3("dynamodb").create_table(**TABLE)
    aws.boto3("s3").create_bucket(Bucket="bills", CreateBucketConfiguration={"LocationConstraint": REGION})
    ran = subprocess.run(
        [sys.executable, "-c", SCENARIO + BY_THE_SDK], check=True, capture_output=True, text=True, timeout=PATIENCE
    )
    of_sdk: list[dict[str, Any]] = json.loads(ran.stdout)
    names: dict[str, Any] = {}
    exec(compile(SCENARIO, "scenario", "exec"), names)
    names["play"](Tracer().instrument)
    spans = xray_daemon.tree()
    assert [(span.name, span.namespace) for span in spans] == [(one["name"], one["namespace"]) for one in of_sdk]
    for span, one in zip(spans, of_sdk, strict=True):
        ids = {"request_id", "id_2"}
        assert ids & set(one["aws"]) <= set(span.aws)
        shared = set(one["aws"]) - ids - {"message_id"}  # which is in the reply
        assert {name: span.aws.get(name) for name in shared} == {name: one["aws"][name] for name in shared}
        assert span.http["response"]["status"] == one["http"]["response"]["status"]
        assert span.error == one.get("error", False)
