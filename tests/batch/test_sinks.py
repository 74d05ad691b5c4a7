"""The sinks for dead letters, on real services."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.batch import DeadLetter, DynamoDBSink, FileSink, S3Sink, SqsSink
from lambda_kit.errors import AwsError, ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Aws


def letter(id: Any = "m-1", event: Any = None) -> DeadLetter:
    return DeadLetter({"id": 7} if event is None else event, ValueError("bad"), source="sqs", id=id)


def own(aws: Aws, service: str, lean: bool) -> Any:
    return None if lean else aws.boto3(service)


@pytest.mark.parametrize("lean", [True, False])
def test_a_queue_gets_a_message_for_each_letter(aws: Aws, lean: bool) -> None:
    queue = aws.boto3("sqs")
    url = queue.create_queue(QueueName="letters")["QueueUrl"]
    SqsSink(url, client=own(aws, "sqs", lean)).send(letter())
    (found,) = queue.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(found["Body"])["event"] == {"id": 7}
    attributes = {name: one["StringValue"] for name, one in found["MessageAttributes"].items()}
    assert attributes == {"source": "sqs", "errorType": "ValueError"}


def test_a_fifo_queue_gets_a_letter_once(aws: Aws) -> None:
    queue = aws.boto3("sqs")
    url = queue.create_queue(QueueName="letters.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sink = SqsSink(url)
    for _ in range(2):
        sink.send(letter("orders-0 with blanks"))
    (found,) = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert found["Attributes"]["MessageGroupId"] == "sqs"


@pytest.mark.parametrize("lean", [True, False])
def test_a_table_gets_an_item_for_each_letter(aws: Aws, lean: bool) -> None:
    table = aws.boto3("dynamodb")
    table.create_table(
        TableName="letters",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sink = DynamoDBSink("letters", ttl=3600.0, client=own(aws, "dynamodb", lean))
    for _ in range(2):
        sink.send(letter())
    (item,) = table.scan(TableName="letters")["Items"]
    assert (item["id"], item["source"], item["error_type"]) == ({"S": "sqs#m-1"}, {"S": "sqs"}, {"S": "ValueError"})
    assert json.loads(item["letter"]["S"])["error"]["message"] == "bad"
    assert int(item["expiration"]["N"]) == int(float(item["time"]["N"]) + 3600)


@pytest.mark.parametrize("lean", [True, False])
def test_a_bucket_gets_an_object_for_each_letter(aws: Aws, lean: bool) -> None:
    bucket = aws.boto3("s3")
    bucket.create_bucket(Bucket="letters", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    sink = S3Sink("letters", "failed/", client=own(aws, "s3", lean))
    for id in ("m-1", "m-1", "a b/ü"):
        sink.send(letter(id))
    first, second = (one["Key"] for one in bucket.list_objects_v2(Bucket="letters")["Contents"])
    keys = sorted([first, second], key=len)
    assert keys[0].startswith("failed/sqs/20")
    assert keys[0].endswith("/m-1.json")
    assert len(keys[1].rpartition("/")[2]) == 64 + len(".json")
    found = bucket.get_object(Bucket="letters", Key=keys[0])
    assert found["ContentType"] == "application/json"
    assert json.loads(found["Body"].read())["event"] == {"id": 7}


def test_a_sink_that_cannot_keep_a_letter_says_so(aws: Aws, tmp_path: Path) -> None:
    for sink in (
        SqsSink("http://127.0.0.1/123456789012/none"),
        DynamoDBSink("none"),
        S3Sink("none"),
    ):
        with pytest.raises(AwsError):
            sink.send(letter())
    with pytest.raises(OSError, match="none"):
        FileSink(tmp_path / "none" / "letters").send(letter())


def test_a_file_gets_a_line_for_each_letter(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "letters.jsonl")
    for event in ({"text": "two\nlines"}, {"text": "ü\u2028"}):
        sink.send(letter(event=event))
    lines = (tmp_path / "letters.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line)["event"]["text"] for line in lines] == ["two\nlines", "ü\u2028"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SqsSink(""),
        lambda: S3Sink(""),
        lambda: DynamoDBSink(""),
        lambda: FileSink(""),
        lambda: DynamoDBSink("letters", partition_key=""),
        lambda: DynamoDBSink("letters", ttl=0.0),
    ],
)
def test_a_sink_without_a_place_is_refused(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_a_sink_shows_where_it_leads(tmp_path: Path) -> None:
    assert repr(SqsSink("http://q")) == "SqsSink('http://q')"
    assert repr(S3Sink("bucket")) == "S3Sink('bucket', 'dead-letters')"
    assert repr(DynamoDBSink("table")) == "DynamoDBSink('table')"
    assert repr(FileSink("letters")) == "FileSink('letters')"
