"""Sinks for dead letters: a queue, a bucket, a table, a file."""

from __future__ import annotations

import math
import os
import time

from lambda_kit._kernel import log
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.batch._dead_letter import DeadLetter

_MAX_MESSAGE = 1_048_576  # bytes of a message of SQS, with its attributes
_MAX_ITEM = 409_600  # bytes of an item of DynamoDB, with the names of its attributes


class SqsSink:
    """A queue of SQS: each letter is a message, with the letter as JSON in the body.

    The role needs `sqs:SendMessage`. On a FIFO queue the letters of one source are one message group, and a letter that
    is sent twice within five minutes is delivered once.

    Args:
        queue_url: the URL of the queue.
        overflow: the sink for letters of more than 1 MiB, which a message cannot hold, such as `S3Sink(...)`. The
            message is then the letter without what does not fit, and names the place of the whole. Default None: what
            does not fit is lost, and an ERROR says so.
        region: the region of the queue. Default None: the region of the function.
        client: a boto3 client of `sqs`, which is then used for every call. Default None: the kit's own client.
    """

    def __init__(self, queue_url: str, *, overflow: Any = None, region: str | None = None, client: Any = None) -> None:
        self._url = _given("SqsSink", "queue_url", queue_url)
        self._overflow = _overflow("SqsSink", overflow)
        self._region = region
        self._client = client

    def send(self, letter: DeadLetter) -> None:
        """Send a letter.

        Raises:
            AwsError: the letter could not be sent.
        """
        from lambda_kit.aws import connect

        params: dict[str, Any] = {
            "QueueUrl": self._url,
            "MessageBody": _fitting(letter, _MAX_MESSAGE, self._overflow, "a message of SQS"),
            "MessageAttributes": {
                "source": {"DataType": "String", "StringValue": letter.source},
                "errorType": {"DataType": "String", "StringValue": type(letter.error).__name__},
            },
        }
        if self._url.endswith(".fifo"):
            params["MessageGroupId"] = letter.source
            params["MessageDeduplicationId"] = _short(letter.id)
        connect("sqs", self._client, region=self._region).call("SendMessage", params)

    def __repr__(self) -> str:
        from lambda_kit._kernel.urls import without_credentials

        return f"SqsSink({without_credentials(self._url)!r})"


class S3Sink:
    """A bucket: each letter is an object, `PREFIX/SOURCE/2026/11/23/ID.json`.

    The role needs `s3:PutObject`. A letter that is sent twice replaces itself.

    Args:
        bucket: the name of the bucket.
        prefix: the beginning of all keys. Default `"dead-letters"`.
        region: the region of the bucket. Default None: the region of the function.
        client: a boto3 client of `s3`, which is then used for every call. Default None: the kit's own client.
    """

    def __init__(
        self, bucket: str, prefix: str = "dead-letters", *, region: str | None = None, client: Any = None
    ) -> None:
        self._bucket = _given("S3Sink", "bucket", bucket)
        self._prefix = prefix.strip("/")
        self._region = region
        self._client = client

    def send(self, letter: DeadLetter) -> str:
        """Write a letter, and return the URL of the object.

        Raises:
            AwsError: the letter could not be written.
        """
        from lambda_kit.aws import connect

        day = time.strftime("%Y/%m/%d", time.gmtime(letter.time))
        key = "/".join(part for part in (self._prefix, letter.source, day, f"{_short(letter.id)}.json") if part)
        connect("s3", self._client, region=self._region).call(
            "PutObject",
            {
                "Bucket": self._bucket,
                "Key": key,
                "Body": letter.to_json().encode(),
                "ContentType": "application/json",
            },
        )
        return f"s3://{self._bucket}/{key}"

    def __repr__(self) -> str:
        return f"S3Sink({self._bucket!r}, {self._prefix!r})"


class DynamoDBSink:
    """A table: each letter is an item, with the letter as JSON in `letter`.

    A letter that is sent twice replaces itself. The attributes `source`, `error_type`, `request_id` and `time`
    (seconds since the epoch) are there to search by. The role needs `dynamodb:PutItem`.

    Args:
        table: the name of the table, or its ARN.
        partition_key: the name of the partition key of the table, a string; its value is the source and the id of the
            letter. Default `"id"`.
        ttl: seconds after which DynamoDB may delete the item; above 0. Default None: never.
        ttl_attribute: the name of the attribute for the time to live. Default `"expiration"`.
        overflow: the sink for letters of more than 400 kB, which an item cannot hold, such as `S3Sink(...)`. The item
            is then the letter without what does not fit, and names the place of the whole. Default None: what does not
            fit is lost, and an ERROR says so.
        region: the region of the table. Default None: the region of the function.
        client: a boto3 client of `dynamodb`, which is then used for every call. Default None: the kit's own client.
    """

    def __init__(
        self,
        table: str,
        *,
        partition_key: str = "id",
        ttl: float | None = None,
        ttl_attribute: str = "expiration",
        overflow: Any = None,
        region: str | None = None,
        client: Any = None,
    ) -> None:
        self._table = _given("DynamoDBSink", "table", table)
        self._key = _given("DynamoDBSink", "partition_key", partition_key)
        if ttl is not None and not ttl > 0:
            raise ConfigurationError(f"DynamoDBSink(ttl={ttl!r}): pass seconds above 0, or None for never")
        self._ttl = ttl
        self._ttl_attribute = ttl_attribute
        self._overflow = _overflow("DynamoDBSink", overflow)
        self._region = region
        self._client = client

    def send(self, letter: DeadLetter) -> None:
        """Write a letter.

        Raises:
            AwsError: the letter could not be written.
        """
        from lambda_kit.aws import connect

        item: dict[str, Any] = {
            self._key: {"S": f"{letter.source}#{letter.id}"},
            "source": {"S": letter.source},
            "error_type": {"S": type(letter.error).__name__},
            "request_id": {"S": letter.request_id},
            "time": {"N": f"{letter.time:.3f}"},
            "letter": {"S": _fitting(letter, _MAX_ITEM, self._overflow, "an item of DynamoDB")},
        }
        if self._ttl is not None:
            item[self._ttl_attribute] = {"N": str(math.ceil(letter.time + self._ttl))}
        connect("dynamodb", self._client, region=self._region).call("PutItem", {"TableName": self._table, "Item": item})

    def __repr__(self) -> str:
        return f"DynamoDBSink({self._table!r})"


class FileSink:
    """A file, for EFS and local work: each letter is appended as a line of JSON, and on the disk when `send` returns.

    Args:
        path: the path of the file, which is created if it does not exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = _given("FileSink", "path", os.fspath(path))

    def send(self, letter: DeadLetter) -> None:
        """Write a letter.

        Raises:
            OSError: the letter could not be written.
        """
        line = f"{letter.to_json()}\n".encode()
        # One write at the end of the file is one step, so that threads need no lock, which an interrupt could leave.
        with open(self._path, "ab", buffering=0) as file:  # noqa: PTH123
            written = file.write(line)
            while written < len(line):
                written += file.write(line[written:])
            os.fsync(file.fileno())

    def __repr__(self) -> str:
        return f"FileSink({self._path!r})"


def _overflow(where: str, sink: Any) -> Callable[[DeadLetter], Any] | None:
    if sink is None:
        return None
    from lambda_kit._kernel import callables
    from lambda_kit.batch._dead_letter import sender

    send = sender(f"{where}(overflow=...)", sink)
    if callables.is_coroutine_function(send):
        raise ConfigurationError(f"{where}(overflow={sink!r}): pass a sink that is not async")
    return send


def _fitting(letter: DeadLetter, size: int, overflow: Callable[[DeadLetter], Any] | None, what: str) -> str:
    """Return the JSON of a letter; if it does not fit, after the whole letter has gone to the overflow."""
    size -= 4 * len(letter.id) + 1_024  # for attributes and keys
    text = letter.to_json()
    length = len(text.encode())
    if length <= size:
        return text
    if overflow is not None:
        place = overflow(letter)
        return letter.to_json_within(size, str(place) if isinstance(place, str) else "the overflow")
    log.error(
        "the dead letter of the record %s has %d bytes, which do not fit into %s, and was cut; pass "
        "overflow=S3Sink(...) to keep it whole",
        letter.id[:300],
        length,
        what,
    )
    return letter.to_json_within(size)


def _given(where: str, name: str, value: str) -> str:
    given: Any = value
    if not isinstance(given, str) or not given:
        raise ConfigurationError(f"{where}({name}={value!r}): pass a text that is not empty")
    return value


def _short(id: str) -> str:  # noqa: A002  # the word of the letter
    """Return an id in a form that keys and deduplication ids allow: at most 128 letters, digits, and `-`, `_`, `.`."""
    if len(id) <= 128 and id.isascii() and all(one.isalnum() or one in "-_." for one in id):
        return id
    from lambda_kit._kernel.hashes import sha256

    return sha256(id.encode()).hexdigest()
