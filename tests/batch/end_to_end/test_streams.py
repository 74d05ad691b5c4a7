"""Streams under a poller that goes on from the checkpoint: nothing is lost, and order holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.batch.poller import StreamPoller, from_dynamodb, from_kinesis, number_of
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.local import Environment
    from tests.batch.end_to_end.stage import Trace
    from tests.conftest import Aws

    Batches = Iterator[list[dict[str, Any]]]

skip_in_the_middle(but_not_under_the_kit=True)

NAMES = [f"r{i}" for i in range(8)]


def records(**special: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what eight records ask for; for some of them, what is special."""
    return [{"name": name, **special.get(name, {})} for name in NAMES]


def kinesis(aws: Aws, asked: list[dict[str, Any]], size: int) -> Batches:
    """Put records into a stream, and read it."""
    client = aws.boto3("kinesis")
    client.create_stream(StreamName="orders", ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName="orders", WaiterConfig={"Delay": 1})
    for one in asked:
        client.put_record(StreamName="orders", Data=json.dumps(one).encode(), PartitionKey=one["name"])
    return from_kinesis(client, "orders", size=size)


def dynamodb(aws: Aws, asked: list[dict[str, Any]], size: int) -> Batches:
    """Put items into a table, and read its stream."""
    client = aws.boto3("dynamodb")
    table = client.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for one in asked:
        item = {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in one.items()}
        client.put_item(TableName="orders", Item=item)
    return from_dynamodb(aws.boto3("dynamodbstreams"), table["LatestStreamArn"], size=size)


both = pytest.mark.parametrize("stream", [kinesis, dynamodb], ids=["kinesis", "dynamodb"])


@both
@pytest.mark.parametrize("size", [100, 3], ids=["one batch", "three batches"])
def test_what_stands_before_a_failure_runs_once_and_the_rest_follows_in_order(
    aws: Aws, run: Callable[..., Environment], trace: Trace, stream: Callable[..., Batches], size: int
) -> None:
    asked = records(r4={"fails": 2})
    outcomes = StreamPoller(stream(aws, asked, size), run("in_order").invoke).run()
    assert trace.names("begun") == ["r0", "r1", "r2", "r3", "r4", "r4", "r4", "r5", "r6", "r7"]
    assert trace.names("done") == NAMES
    assert [outcome.status for outcome in outcomes] == ["success"] * (3 if size == 100 else 5)


@both
def test_where_the_rest_goes_on_after_a_failure_idempotency_keeps_it_from_running_again(
    aws: Aws, run: Callable[..., Environment], trace: Trace, stream: Callable[..., Batches]
) -> None:
    asked = records(r2={"fails": 1}, r4={"fails": 2})
    outcomes = StreamPoller(stream(aws, asked, 100), run("go_on_after_a_failure").invoke).run()
    assert len(outcomes) == 3
    assert trace.names("done") == ["r0", "r1", "r3", "r5", "r6", "r7", "r2", "r4"]
    assert trace.names("begun") == [*NAMES, "r2", "r4", "r4"]


@both
def test_a_record_that_never_succeeds_is_discarded_alone_where_batches_are_split(
    aws: Aws, run: Callable[..., Environment], trace: Trace, stream: Callable[..., Batches]
) -> None:
    numbers: list[str] = []

    def read() -> Batches:
        for batch in stream(aws, records(r4={"fails": 1000}), 100):
            numbers.extend(map(number_of, batch))
            yield batch

    poller = StreamPoller(read(), run("in_order").invoke, retries=3, bisect=True)
    poller.run()
    assert poller.discarded == [numbers[4]]
    assert trace.names("done") == [name for name in NAMES if name != "r4"]
    assert set(trace.names("begun")[5:-3]) == {"r4"}


def test_without_splitting_the_poison_takes_what_follows_it_in_its_batch_along_and_nothing_before_it(
    aws: Aws, run: Callable[..., Environment], trace: Trace
) -> None:
    poller = StreamPoller(kinesis(aws, records(r4={"fails": 1000}), 6), run("in_order").invoke, retries=2)
    poller.run()
    assert len(poller.discarded) == 2
    assert trace.names("done") == ["r0", "r1", "r2", "r3", "r6", "r7"]
    assert trace.names("begun").count("r4") == 3


def test_a_batch_in_which_nothing_succeeded_can_be_an_error_and_comes_again_as_a_whole(
    aws: Aws, run: Callable[..., Environment], trace: Trace
) -> None:
    asked = records(r0={"fails": 2})
    outcomes = StreamPoller(kinesis(aws, asked, 100), run("raise_if_none_succeeds").invoke).run()
    assert [outcome.status for outcome in outcomes] == ["error", "error", "success"]
    assert [outcome.error.type for outcome in outcomes if outcome.error is not None] == ["BatchFailed"] * 2
    assert trace.names("begun") == ["r0", "r0", *NAMES]
    assert trace.names("done") == NAMES


def test_a_crash_loses_nothing(aws: Aws, run: Callable[..., Environment], trace: Trace) -> None:
    asked = records(r3={"crashes": 1})
    outcomes = StreamPoller(kinesis(aws, asked, 100), run("in_order").invoke).run()
    assert [outcome.status for outcome in outcomes] == ["crash", "success"]
    assert trace.names("done") == ["r0", "r1", "r2", *NAMES]


def test_a_record_that_hangs_is_interrupted_before_the_deadline_and_what_is_done_does_not_run_again(
    aws: Aws, run: Callable[..., Environment], trace: Trace
) -> None:
    asked = records(r3={"hangs": 1})
    outcomes = StreamPoller(kinesis(aws, asked, 100), run("in_order", timeout=3.0).invoke).run()
    assert [outcome.status for outcome in outcomes] == ["success"] * 2
    assert trace.names("begun") == ["r0", "r1", "r2", "r3", *NAMES[3:]]
    assert trace.names("done") == NAMES
