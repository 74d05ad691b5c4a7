"""An SQS queue as the event source of a function on this machine: polled, delivered, deleted, as Lambda does it.

<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lambda_kit._kernel import type_of
from lambda_kit.aws import AwsClient, connect
from lambda_kit.errors import AwsError, ConfigurationError, LambdaKitError
from lambda_kit.local._exchange import PAYLOAD_LIMIT
from lambda_kit.local._request import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from lambda_kit.aws import Caller
    from lambda_kit.local._outcome import FunctionError, Outcome

MOST_RECEIVED = 10  # messages of one call
_LARGEST_BATCH = 10_000
_LONGEST_WINDOW = 300
_WAIT = 2  # seconds that a call waits for messages
_LONGEST_PAUSE = 30.0  # seconds after a batch that failed
_ENVELOPE = 14  # bytes around the records: {"Records":[]}


@dataclass(frozen=True, slots=True)
class SqsQueue:
    """A queue whose messages are delivered to a function.

    Args:
        url: the URL of the queue.
        batch_size: the largest number of messages in an event, 1 to 10,000; default 10. More than 10 need a window.
        window: seconds for which messages are gathered, 0 to 300; default 0, for no longer than one call takes.
        report_failures: read the function's response for the messages that failed, as an event source mapping with
            `ReportBatchItemFailures` does; default True. Otherwise a batch succeeds or fails as a whole.

    Raises:
        ConfigurationError: an argument is wrong.
    """

    url: str
    batch_size: int = 10
    window: float = 0.0
    report_failures: bool = True

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.count("/") < 2:
            raise ConfigurationError(
                f"{self.url!r} is no URL of a queue; it is such as https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
            )
        if not 1 <= self.batch_size <= _LARGEST_BATCH:
            raise ConfigurationError(f"batch_size is {self.batch_size}; it is 1 to {_LARGEST_BATCH}")
        if not 0 <= self.window <= _LONGEST_WINDOW:
            raise ConfigurationError(
                f"window is {self.window:g}; it is a number of seconds from 0 to {_LONGEST_WINDOW}"
            )
        if self.batch_size > MOST_RECEIVED and self.window < 1:
            raise ConfigurationError(
                f"batch_size is {self.batch_size} and window {self.window:g}; more than {MOST_RECEIVED} messages need "
                "a window of at least 1 second"
            )

    @property
    def name(self) -> str:
        """The name of the queue."""
        return self.url.rstrip("/").rpartition("/")[2]


@dataclass(slots=True)
class ServedBatch:
    """Messages of a queue that were delivered, or an error of the queue.

    Attributes:
        queue: the name of the queue.
        messages: the number of messages.
        failed: how many of them stay in the queue.
        duration_ms: from the moment the messages were received until the answer of the function.
        init_ms: the duration of the initialization if it was a cold start; else None.
        error: the error of the function, or None.
        problem: the reason why a response was taken for a failure, or what the queue refused; else None.
    """

    queue: str
    messages: int = 0
    failed: int = 0
    duration_ms: float = 0.0
    init_ms: float | None = None
    error: FunctionError | None = None
    problem: str | None = None


class SqsMapping:
    """Polls a queue on threads, and delivers its messages until it is closed; as a context manager it closes itself.

    Args:
        queue: the queue.
        timeout: seconds that the function may take.
        pollers: the number of batches that are delivered at a time; one for a FIFO queue, whose order is kept.
        invoke: invokes the function with an event.
        on_batch: called with each batch, on any thread; default None, which tells nobody.

    Raises:
        ConfigurationError: the queue does not exist, or Lambda would refuse it for this function.
    """

    def __init__(
        self,
        queue: SqsQueue,
        timeout: float,
        pollers: int,
        invoke: Callable[[Any], Outcome],
        on_batch: Callable[[ServedBatch], None] | None = None,
    ) -> None:
        self._queue = queue
        self._invoke = invoke
        self._told = on_batch
        self._stop = threading.Event()
        self._client = _client(queue.url)
        names = ["QueueArn", "VisibilityTimeout", "FifoQueue"]
        try:
            asked = self._client.call("GetQueueAttributes", {"QueueUrl": queue.url, "AttributeNames": names})
        except AwsError as error:
            raise ConfigurationError(f"the queue {queue.url} cannot be read: {error}") from None
        attributes: dict[str, str] = asked.get("Attributes", {})
        self._arn = attributes.get("QueueArn", f"arn:aws:sqs:us-east-1:123456789012:{queue.name}")
        hidden = float(attributes.get("VisibilityTimeout", "30"))
        if hidden < timeout:
            raise ConfigurationError(
                f"the visibility timeout of {queue.name} is {hidden:g} seconds, less than the function's timeout of "
                f"{timeout:g}: Lambda refuses that, because messages would be delivered twice"
            )
        fifo = attributes.get("FifoQueue") == "true" or queue.name.endswith(".fifo")
        if fifo and (queue.batch_size > MOST_RECEIVED or queue.window):
            raise ConfigurationError(f"{queue.name} is a FIFO queue; it has batches of at most 10, and no window")
        count = 1 if fifo else pollers
        self._threads = [
            threading.Thread(target=self._poll, name=f"lambda-kit-{queue.name}", daemon=True) for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.join()

    def close(self) -> None:
        """Stop polling; what a call has received and not delivered becomes visible again."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the calls that wait for messages."""
        for thread in self._threads:
            thread.join()

    def _poll(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                messages = self._receive()
                if messages:
                    results = [self._deliver(batch) for batch in self._batches(messages)]
                    failures = failures + 1 if not any(results) else 0
            except AwsError as error:
                failures += 1
                self._on_batch(ServedBatch(self._queue.name, problem=str(error)))
            self._stop.wait(pause_after(failures))

    def _on_batch(self, batch: ServedBatch) -> None:
        if self._told is not None:
            self._told(batch)

    def _receive(self) -> list[dict[str, Any]]:
        """Return the messages of the next batch; an empty list if there are none."""
        queue = self._queue
        found: list[dict[str, Any]] = []
        ends = time.monotonic() + queue.window
        while not self._stop.is_set():
            left = ends - time.monotonic() if found else float(_WAIT)
            reply = self._client.call(
                "ReceiveMessage",
                {
                    "QueueUrl": queue.url,
                    "MaxNumberOfMessages": min(MOST_RECEIVED, queue.batch_size - len(found)),
                    "WaitTimeSeconds": max(0, min(_WAIT, round(left))),
                    "MessageSystemAttributeNames": ["All"],
                    "MessageAttributeNames": ["All"],
                },
            )
            received: list[dict[str, Any]] = reply.get("Messages") or []
            if received and not found:
                ends = time.monotonic() + queue.window
            found += received
            if not found or len(found) >= queue.batch_size or time.monotonic() >= ends:
                break
        return found

    def _batches(self, messages: list[dict[str, Any]]) -> Iterable[list[tuple[dict[str, Any], dict[str, Any]]]]:
        """Yield messages with their records, as many as an event may have bytes."""
        batch: list[tuple[dict[str, Any], dict[str, Any]]] = []
        size = _ENVELOPE
        for message in messages:
            record = record_of(message, self._arn)
            length = len(encoded(record)) + 1
            if batch and size + length > PAYLOAD_LIMIT:
                yield batch
                batch, size = [], _ENVELOPE
            batch.append((message, record))
            size += length
        yield batch

    def _deliver(self, batch: list[tuple[dict[str, Any], dict[str, Any]]]) -> bool:
        """Deliver a batch and delete what succeeded; return True if something did."""
        if self._stop.is_set():
            self._release([message for message, _ in batch])
            return False
        started = time.perf_counter()
        try:
            outcome = self._invoke({"Records": [record for _, record in batch]})
        except LambdaKitError:
            if not self._stop.is_set():
                raise
            self._release([message for message, _ in batch])
            return False
        ids = [message["MessageId"] for message, _ in batch]
        served = ServedBatch(self._queue.name, len(batch), init_ms=outcome.init_ms, error=outcome.error)
        served.duration_ms = (time.perf_counter() - started) * 1000
        failed: set[str] = set(ids)
        if outcome.error is None:
            failed = set()
            if self._queue.report_failures:
                failed, served.problem = failed_of(outcome.payload, ids)
        served.failed = len(failed)
        self._delete([message for message, _ in batch if message["MessageId"] not in failed])
        self._on_batch(served)
        return len(failed) < len(batch)

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        for entries in _entries(messages):
            self._client.call("DeleteMessageBatch", {"QueueUrl": self._queue.url, "Entries": entries})

    def _release(self, messages: list[dict[str, Any]]) -> None:
        for entries in _entries(messages, VisibilityTimeout=0):
            self._client.call("ChangeMessageVisibilityBatch", {"QueueUrl": self._queue.url, "Entries": entries})


def _entries(messages: list[dict[str, Any]], **fields: Any) -> Iterable[list[dict[str, Any]]]:
    """Yield entries for calls of ten messages."""
    for start in range(0, len(messages), MOST_RECEIVED):
        some = messages[start : start + MOST_RECEIVED]
        yield [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], **fields}
            for number, message in enumerate(some)
        ]


def _client(url: str) -> Caller:
    """Return a client for the service that has the queue: AWS, or another one where the URL leads elsewhere."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        labels = host.split(".")
        return connect("sqs", region=labels[1] if labels[0] == "sqs" else labels[0])
    return AwsClient("sqs", endpoint_url=f"{parts.scheme}://{parts.netloc}")


def pause_after(failures: int) -> float:
    """Return the seconds to wait before the next call, after so many batches in a row that failed as a whole."""
    return min(_LONGEST_PAUSE, 2.0 ** (min(failures, 10) - 1)) if failures else 0.0


def record_of(message: dict[str, Any], arn: str) -> dict[str, Any]:
    """Return the record of an event for a message."""
    attributes: dict[str, dict[str, Any]] = message.get("MessageAttributes") or {}
    record: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes") or {},
        "messageAttributes": {name: _attribute_of(value) for name, value in attributes.items()},
        "md5OfBody": message.get("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    if message.get("MD5OfMessageAttributes"):
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute_of(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if "StringValue" in value:
        found["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        found["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return found


def failed_of(response: Any, ids: list[str]) -> tuple[set[str], str | None]:
    """Return the messages that a response reports; all of them, and the reason, if the response is not valid.

    <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
    """
    found: Any = response.get("batchItemFailures") if type_of(response) is dict else None
    if found is None:
        return set(), None  # no report
    if type_of(found) is not list:
        return set(ids), "'batchItemFailures' is no list, so the whole batch has failed"
    failed: set[str] = set()
    for one in found:
        name: Any = one.get("itemIdentifier") if type_of(one) is dict else None
        if name not in ids:
            return set(ids), f"{name!r} of 'batchItemFailures' is no id of the batch, so the whole batch has failed"
        failed.add(name)
    return failed, None
