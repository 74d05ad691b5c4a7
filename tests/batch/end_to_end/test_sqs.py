"""A queue from end to end: a mapping with a dead-letter queue behind it, back-off, dead letters of the kit's own."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.batch.end_to_end.stage import Recorder, bodies, make_queue, until
from tests.batch.poller import SqsPoller
from tests.effort import skip_in_the_middle
from tests.idempotency.test_stores import make_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.local import Environment
    from tests.batch.end_to_end.stage import Trace
    from tests.conftest import Aws

skip_in_the_middle(but_not_under_the_kit=True)

ORDERS = [f"o-{i}" for i in range(12)]
POISON = ['{"name": "poison", "fails": 1000}', "no JSON", '{"name": null}']
RECEIVES = 3  # maxReceiveCount


def test_orders_are_charged_once_however_often_they_are_sent_and_poison_ends_as_it_was_sent_in_the_dead_letter_queue(
    aws: Aws, deployed: Callable[..., str], trace: Trace
) -> None:
    sqs, functions = aws.boto3("sqs"), aws.boto3("lambda")
    make_table(aws)
    dead_url, dead_arn = make_queue(sqs, "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": RECEIVES})
    # The time-out is long enough for a cold start on a slow machine: what is received twice meanwhile counts twice.
    url, arn = make_queue(sqs, "orders", VisibilityTimeout="3", RedrivePolicy=redrive)
    sent = [json.dumps({"name": name}) for name in ORDERS * 3] + POISON
    random.Random(8).shuffle(sent)
    for body in sent:
        sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes={"from": {"DataType": "String", "StringValue": "the shop"}},
        )
    function = deployed("charge")
    functions.invoke(FunctionName=function, Payload=b'{"Records": []}')
    functions.create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=arn,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
    left = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_empty() -> bool:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=left)["Attributes"]
        return not any(int(found[name]) for name in left)

    until("the end of the queue", is_empty)
    dead = sqs.receive_message(QueueUrl=dead_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    receives: dict[str, list[str]] = {}
    for line in trace.steps():
        step, name, *count = line.split()
        if step == "received":
            receives.setdefault(name, []).extend(count)

    assert sorted(trace.names("done")) == sorted(ORDERS)
    assert trace.steps("poison") == ["begun poison"] * RECEIVES
    assert sorted(trace.names("begun")) == sorted([*ORDERS, *["poison"] * RECEIVES])
    assert sorted(one["Body"] for one in dead) == sorted(POISON)
    assert all(one["MessageAttributes"]["from"]["StringValue"] == "the shop" for one in dead)
    assert [receives[one["MessageId"]] for one in dead] == [["1", "2", "3"]] * len(POISON)
    assert len(receives) == len(sent)


@pytest.fixture
def recorder(aws: Aws) -> Iterator[Recorder]:
    recorder = Recorder(aws.url)
    yield recorder
    recorder.stop()


def test_a_message_that_fails_comes_back_later_each_time(
    aws: Aws, run: Callable[..., Environment], trace: Trace, recorder: Recorder
) -> None:
    sqs = aws.boto3("sqs")
    url, _ = make_queue(sqs, "orders", VisibilityTimeout="600")  # nothing comes back by itself
    for asked in ({"name": "good"}, {"name": "bad", "fails": 2}):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(asked))
    poller = SqsPoller(sqs, url, run("retry_later", AWS_ENDPOINT_URL=recorder.url).invoke)
    poller.drain(rounds=3)
    assert poller.is_empty()
    assert trace.steps() == ["begun good", "done good", *["begun bad"] * 3, "done bad"]
    assert [operation for operation, _, _ in recorder.calls] == ["ChangeMessageVisibilityBatch"] * 2
    assert [[one["VisibilityTimeout"] for one in asked["Entries"]] for _, asked, _ in recorder.calls] == [[1], [2]]
    assert all(len(reply["Successful"]) == 1 for _, _, reply in recorder.calls)


def test_a_message_that_fails_for_good_is_put_aside_and_does_not_come_back(
    aws: Aws, run: Callable[..., Environment], trace: Trace
) -> None:
    sqs = aws.boto3("sqs")
    url, _ = make_queue(sqs, "orders", VisibilityTimeout="1")
    letters, _ = make_queue(sqs, "letters")
    for asked in ({"name": "good"}, {"name": "bad", "impossible": True}, {"name": "late", "fails": 1}):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(asked))
    poller = SqsPoller(sqs, url, run("put_aside", LETTERS=letters).invoke)
    poller.drain(rounds=2)
    assert poller.is_empty()
    assert trace.steps() == ["begun good", "done good", "begun bad", "begun late", "begun late", "done late"]
    (letter,) = bodies(sqs, letters)
    assert letter["source"] == "sqs"
    assert letter["id"] == letter["event"]["messageId"]
    assert json.loads(letter["event"]["body"]) == {"name": "bad", "impossible": True}
    assert (letter["error"]["type"], letter["error"]["message"]) == ("ValueError", "bad is impossible")


def test_what_cannot_be_put_aside_comes_back(aws: Aws, run: Callable[..., Environment], trace: Trace) -> None:
    sqs = aws.boto3("sqs")
    url, _ = make_queue(sqs, "orders", VisibilityTimeout="1")
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"name": "bad", "impossible": True}))
    missing = f"{url.rpartition('/')[0]}/letters"
    poller = SqsPoller(sqs, url, run("put_aside", LETTERS=missing).invoke)
    poller.drain(rounds=1)
    assert not poller.is_empty()
    letters, _ = make_queue(sqs, "letters")
    assert letters == missing
    poller.drain(rounds=1)
    assert poller.is_empty()
    assert trace.steps() == ["begun bad"] * 2
    found: list[Any] = bodies(sqs, letters)
    assert [one["error"]["type"] for one in found] == ["ValueError"]
