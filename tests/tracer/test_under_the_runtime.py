"""What the daemon gets from a function under the runtime client that AWS ships."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.testing import FakeXRayDaemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Aws

if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

from lambda_kit.local import Environment

FUNCTIONS = Path(__file__).parent / "functions"


@pytest.fixture
def daemon() -> Iterator[FakeXRayDaemon]:
    with FakeXRayDaemon() as daemon:
        yield daemon


def function(daemon: FakeXRayDaemon, env: dict[str, str] | None = None, timeout: float = 20) -> Environment:
    address = {"AWS_XRAY_DAEMON_ADDRESS": daemon.environ["AWS_XRAY_DAEMON_ADDRESS"]}
    return Environment("shop.place", cwd=FUNCTIONS, timeout=timeout, env={**address, **(env or {})})


def test_each_invocation_has_its_own_tree_cold_and_warm(daemon: FakeXRayDaemon) -> None:
    traces: list[str] = []
    with function(daemon) as environment:
        for order in ("o-1", "o-2"):
            outcome = environment.invoke({"order": order}, trace_id=daemon.next_invocation())
            traces.append(daemon.trace_id)
            (line,) = [line for line in outcome.output.splitlines() if "placing order" in line]
            assert f'"xrayTraceId":"{daemon.trace_id}"' in line
            assert outcome.payload["headers"]["X-Amzn-Trace-Id"].startswith(f"Root={daemon.trace_id};Parent=")
    for trace_id, order, cold in zip(traces, ("o-1", "o-2"), (True, False), strict=True):
        (tree,) = daemon.tree(trace_id)
        assert tree.names() == ("place", ("charge", "card"))
        assert tree.annotations == {"ColdStart": cold, "Service": "shop"}
        card = tree.find("card")
        assert (card.namespace, card.annotations) == ("remote", {"order": order})
        assert card.metadata == {"shop": {"request": {"card": "4111", "password": "[redacted]"}}}
        assert tree.start <= card.start <= (card.end or 0) <= (tree.end or 0)


def test_an_error_is_told_where_it_was_raised_and_passed(daemon: FakeXRayDaemon) -> None:
    with function(daemon) as environment:
        outcome = environment.invoke({"order": "o-1", "fail": True}, trace_id=daemon.next_invocation())
    assert outcome.error is not None
    assert outcome.error.type == "ValueError"
    (tree,) = daemon.tree()
    stock = tree.find("stock")
    assert (tree.fault, stock.fault, tree.names()) == (True, True, ("place", "stock"))
    assert [(one.type, one.message) for one in stock.exceptions] == [("ValueError", "no such order")]
    assert stock.exceptions[0].stack[0][2] == "place"
    assert tree.exceptions[0].id == stock.exceptions[0].id


def test_an_invocation_that_runs_out_of_time_is_told(daemon: FakeXRayDaemon) -> None:
    with function(daemon, timeout=2.0) as environment:
        outcome = environment.invoke({"order": "o-1", "sleep": 60}, trace_id=daemon.next_invocation())
    assert outcome.error is not None
    assert outcome.error.type == "TimeLimitReached"
    (tree,) = daemon.tree()
    assert (tree.fault, tree.find("stock").fault) == (True, True)
    assert tree.exceptions[0].type == "lambda_kit.errors.TimeLimitReached"


def test_a_call_of_boto3_and_a_parameter_stand_under_the_handler(daemon: FakeXRayDaemon, aws: Aws) -> None:
    client: Any = aws.boto3("dynamodb")
    client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    environ = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "LAMBDA_KIT_PARAMETERS_SOURCE": "aws",
    }
    with function(daemon, environ) as environment:
        outcome = environment.invoke(
            {"order": "o-1", "table": "orders", "price": True}, trace_id=daemon.next_invocation()
        )
    assert outcome.status == "success"
    assert client.get_item(TableName="orders", Key={"id": {"S": "o-1"}})["Item"] == {"id": {"S": "o-1"}}
    (tree,) = daemon.tree()
    assert tree.names() == ("place", "dynamodb", "parameter /shop/price", ("charge", "card"))
    call = tree.find("dynamodb")
    assert call.namespace == "aws"
    assert (call.aws["operation"], call.aws["region"], call.aws["table_name"]) == ("PutItem", "eu-west-1", "orders")
    assert call.http["response"]["status"] == 200
    assert call.aws["request_id"]
    price = tree.find("parameter /shop/price")
    assert (price.annotations, price.fault) == ({"source": "ssm", "found": False}, False)


def test_what_is_not_sampled_or_has_no_trace_is_not_sent(daemon: FakeXRayDaemon) -> None:
    with function(daemon) as environment:
        unsampled = environment.invoke({"order": "o-1"}, trace_id=daemon.next_invocation(sampled=False))
        malformed = environment.invoke({"order": "o-2"}, trace_id="Root=1-5759e988-bd862e3fe1be46a994272793")
    assert daemon.datagrams == []
    assert unsampled.payload["headers"] == {"X-Amzn-Trace-Id": daemon.environ["_X_AMZN_TRACE_ID"]}
    assert (malformed.payload["charge"], malformed.payload["headers"]) == ("ch-o-2", {})
