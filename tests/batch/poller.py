"""Pollers that read a queue or a stream, invoke a function, and go on as Lambda does.

They are for what the mappings of the services on this machine leave out: the groups of FIFO queues, and the checkpoints
of streams.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.services import REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lambda_kit.local import Outcome

    Invoke = Callable[[dict[str, Any]], Outcome]
    Record = dict[str, Any]


def reported(outcome: Outcome, ids: Iterable[str]) -> list[str] | None:
    """Return the identifiers that a response reports; None if Lambda takes it for a failure of the whole batch.

    That is an error of the function, and an identifier that is empty, or that of no record in the batch.
    """
    if outcome.status != "success":
        return None
    found = [one["itemIdentifier"] for one in outcome.payload["batchItemFailures"]]
    return found if set(found) <= set(ids) else None


class SqsPoller:
    """Delivers the messages of a queue: what is not reported is deleted, and the rest left to its visibility time-out.

    <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>

    Args:
        sqs: a client of SQS.
        queue_url: the URL of the queue.
        invoke: invokes the function with an event.
    """

    def __init__(self, sqs: Any, queue_url: str, invoke: Invoke) -> None:
        self._sqs = sqs
        self._url = queue_url
        self._invoke = invoke
        found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        self._arn: str = found["Attributes"]["QueueArn"]

    def is_empty(self) -> bool:
        """Tell whether no message is left, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return not any(int(found["Attributes"][name]) for name in names)

    def poll(self, *, wait: int = 0) -> Outcome | None:
        """Deliver ten messages at the most; return None if there were none within `wait` seconds."""
        messages = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, MessageSystemAttributeNames=["All"]
        ).get("Messages", [])
        if not messages:
            return None
        outcome = self._invoke({"Records": [self._record(one) for one in messages]})
        ids = {one["MessageId"] for one in messages}
        failed = reported(outcome, ids)
        for one in messages:
            if failed is not None and one["MessageId"] not in failed:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=one["ReceiptHandle"])
        return outcome

    def drain(self, *, rounds: int = 20) -> None:
        """Deliver until the queue is empty, or that many batches have been delivered."""
        for _ in range(rounds):
            if self.is_empty():
                return
            self.poll(wait=5)

    def _record(self, message: dict[str, Any]) -> Record:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": REGION,
        }


class StreamPoller:
    """Delivers the records of a shard in order, and goes on from the lowest sequence number that is reported.

    <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>

    Args:
        batches: the records of the shard, as events have them.
        invoke: invokes the function with an event.
        retries: how often a batch, or what is left of it, is delivered again before it is discarded.
        bisect: whether a batch that does not get on is split in two, which is no retry.

    Attributes:
        discarded: the sequence numbers of records that were given up.
    """

    def __init__(
        self, batches: Iterable[list[Record]], invoke: Invoke, *, retries: int = 5, bisect: bool = False
    ) -> None:
        self._batches = batches
        self._invoke = invoke
        self._retries = retries
        self._bisect = bisect
        self.discarded: list[str] = []

    def run(self) -> list[Outcome]:
        """Deliver all that is in the shard; return what each invocation came to."""
        outcomes: list[Outcome] = []
        for batch in self._batches:
            waiting = [(batch, self._retries)]
            while waiting:
                records, retries = waiting.pop(0)
                outcomes.append(self._invoke({"Records": records}))
                left = _left(records, outcomes[-1])
                if not left:
                    continue
                if self._bisect and len(left) == len(records) > 1:
                    half = len(left) // 2
                    waiting[:0] = [(left[:half], retries), (left[half:], retries)]
                elif retries:
                    waiting.insert(0, (left, retries - 1))
                else:
                    self.discarded += map(number_of, left)
        return outcomes


def _left(records: list[Record], outcome: Outcome) -> list[Record]:
    """Return the records that are delivered again."""
    failed = reported(outcome, map(number_of, records))
    if failed is None:
        return records
    checkpoint = min(map(int, failed), default=None)
    return [] if checkpoint is None else [one for one in records if int(number_of(one)) >= checkpoint]


def number_of(record: Record) -> str:
    """Return the sequence number of a record."""
    number: str = record["kinesis"]["sequenceNumber"] if "kinesis" in record else record["dynamodb"]["SequenceNumber"]
    return number


def from_kinesis(kinesis: Any, stream: str, *, size: int = 100) -> Iterator[list[Record]]:
    """Read the only shard of a stream from its beginning until nothing is left, `size` records at a time."""
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    (shard,) = kinesis.list_shards(StreamName=stream)["Shards"]
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while (page := kinesis.get_records(ShardIterator=iterator, Limit=size))["Records"]:
        iterator = page["NextShardIterator"]
        yield [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": one["PartitionKey"],
                    "sequenceNumber": one["SequenceNumber"],
                    "data": base64.b64encode(one["Data"]).decode(),
                    "approximateArrivalTimestamp": one["ApproximateArrivalTimestamp"].timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard['ShardId']}:{one['SequenceNumber']}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::000000000000:role/shop",
                "awsRegion": REGION,
                "eventSourceARN": arn,
            }
            for one in page["Records"]
        ]


def from_dynamodb(streams: Any, arn: str, *, size: int = 100) -> Iterator[list[Record]]:
    """Read the only shard of a table's stream from its beginning until nothing is left, `size` records at a time."""
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    while (page := streams.get_records(ShardIterator=iterator, Limit=size))["Records"]:
        iterator = page["NextShardIterator"]
        yield [
            {
                **one,
                "dynamodb": {
                    **one["dynamodb"],
                    "ApproximateCreationDateTime": one["dynamodb"]["ApproximateCreationDateTime"].timestamp(),
                },
                "eventSourceARN": arn,
            }
            for one in page["Records"]
        ]
