"""The sinks for dead letters, on real services."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
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
def test_a_table_gets_an_item_for_each_letter(aws: Aws, lean: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 1_795_986_973.9996)  # whoever rounds names the next second
        sent = letter()
    table = aws.boto3("dynamodb")
    table.create_table(
        TableName="letters",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    sink = DynamoDBSink("letters", ttl=3600.0, client=own(aws, "dynamodb", lean))
    for _ in range(2):
        sink.send(sent)
    (item,) = table.scan(TableName="letters")["Items"]
    assert (item["id"], item["source"], item["error_type"]) == ({"S": "sqs#m-1"}, {"S": "sqs"}, {"S": "ValueError"})
    assert json.loads(item["letter"]["S"])["error"]["message"] == "bad"
    assert item["time"] == {"N": "1795986974"}
    assert item["expiration"] == {"N": str(1_795_986_974 + 3600)}
    assert json.loads(item["letter"]["S"])["time"] == "2026-11-29T21:16:14Z"


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
    lines = (tmp_path / "letters.jsonl").read_text("utf-8").splitlines()
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


def message(id: str, body: str) -> dict[str, Any]:
    return {"messageId": id, "body": body, "eventSource": "aws:sqs"}


def test_a_letter_of_cyrillic_text_fits_wherever_its_record_did(aws: Aws) -> None:
    queue = aws.boto3("sqs")
    url = queue.create_queue(QueueName="letters")["QueueUrl"]
    body = "ж" * 200_000  # 400 kB; three times as many, were it escaped
    SqsSink(url).send(letter(event=message("m-1", body)))
    (found,) = queue.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(found["Body"])["event"]["body"] == body
    assert len(found["Body"].encode()) < 402_000


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\ufffe\uffff", "\x00\x7f\x85", "\u2028"])
def test_characters_that_a_message_cannot_hold_are_escaped(aws: Aws, text: str) -> None:
    queue = aws.boto3("sqs")
    url = queue.create_queue(QueueName="letters")["QueueUrl"]
    SqsSink(url).send(letter(event={"text": text}))
    (found,) = queue.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(found["Body"])["event"]["text"] == text


LARGE: list[Any] = [
    message("m-1", "ж" * 600_000),
    message("m-1", '"' * 700_000),
    {"messageId": "m-1", "parts": ["x" * 100] * 20_000},
    {"messageId": "m-1", "parts": {f"part {i}": {"N": str(i)} for i in range(100_000)}},
    {"messageId": "m-1", "tree": [[["x" * 200] * 20] * 20] * 20},
]


@pytest.mark.parametrize("event", LARGE, ids=["text", "quotes", "list", "object", "tree"])
def test_a_letter_that_can_never_fit_is_cut_and_keeps_what_identifies_it(
    aws: Aws, event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    queue = aws.boto3("sqs")
    url = queue.create_queue(QueueName="letters")["QueueUrl"]
    SqsSink(url).send(letter(event=event))
    (found,) = queue.receive_message(QueueUrl=url)["Messages"]
    assert len(found["Body"].encode()) <= 1_048_576
    kept = json.loads(found["Body"])
    assert (kept["id"], kept["truncated"], kept["wholeAt"]) == ("m-1", True, None)
    assert (kept["event"]["messageId"], kept["error"]["type"]) == ("m-1", "ValueError")
    assert kept["size"] > 1_040_000
    (line,) = caplog.records
    assert line.levelname == "ERROR"
    assert "do not fit into a message of SQS, and was cut; pass overflow=S3Sink(...)" in line.getMessage()


def test_a_letter_that_can_never_fit_goes_whole_to_the_overflow(
    aws: Aws, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue, bucket = aws.boto3("sqs"), aws.boto3("s3")
    url = queue.create_queue(QueueName="letters")["QueueUrl"]
    bucket.create_bucket(Bucket="letters", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    SqsSink(url, overflow=S3Sink("letters")).send(letter(event=LARGE[0]))
    (found,) = queue.receive_message(QueueUrl=url)["Messages"]
    place = json.loads(found["Body"])["wholeAt"]
    assert place.startswith("s3://letters/dead-letters/sqs/")
    whole = bucket.get_object(Bucket="letters", Key=place.removeprefix("s3://letters/"))["Body"].read()
    assert json.loads(whole)["event"] == LARGE[0]
    assert caplog.records == []


def test_an_item_holds_a_letter_that_was_cut(aws: Aws, tmp_path: Path) -> None:
    table = aws.boto3("dynamodb")
    table.create_table(
        TableName="letters",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    DynamoDBSink("letters", overflow=FileSink(tmp_path / "whole")).send(letter(event=message("m-1", "ж" * 300_000)))
    (item,) = table.scan(TableName="letters")["Items"]
    assert len(item["letter"]["S"].encode()) < 409_600
    assert json.loads(item["letter"]["S"])["wholeAt"] == "the overflow"
    assert json.loads((tmp_path / "whole").read_text("utf-8"))["event"]["body"] == "ж" * 300_000


async def _keep_async(letter: DeadLetter) -> None: ...


@pytest.mark.parametrize("overflow", [5, "queue", S3Sink, _keep_async])
def test_an_overflow_that_is_no_sink_is_refused(overflow: Any) -> None:
    with pytest.raises(ConfigurationError, match="overflow"):
        SqsSink("http://q", overflow=overflow)
    with pytest.raises(ConfigurationError, match="overflow"):
        DynamoDBSink("letters", overflow=overflow)


def test_threads_write_whole_lines_into_one_file(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "letters")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sink.send, [letter(id=f"m-{i}", event={"text": "ü" * 50_000}) for i in range(40)]))
    lines = (tmp_path / "letters").read_text("utf-8").splitlines()
    assert {json.loads(line)["id"] for line in lines} == {f"m-{i}" for i in range(40)}
