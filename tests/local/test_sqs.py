"""Messages of a queue reach a function as by an event source mapping."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.events import SqsEvent
from lambda_kit.local import FunctionUrl, ServedBatch, SqsQueue, _sqs
from lambda_kit.local._sqs import failed_of, pause_after, record_of
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Aws

FUNCTIONS = Path(__file__).parent / "functions"


class Queue:
    """A queue of the services on this machine."""

    def __init__(self, aws: Aws, name: str = "orders", **attributes: str) -> None:
        self.sqs = aws.boto3("sqs")
        given = {"VisibilityTimeout": str(int(PATIENCE)), **attributes}
        self.url: str = self.sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"]
        host = aws.url.removeprefix("http://")
        self.url = f"http://{host}/{self.url.split('/', 3)[3]}"

    def send(self, *bodies: str, **more: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)


class Told:
    """Batches that were delivered, and what the function printed."""

    def __init__(self) -> None:
        self.batches: list[ServedBatch] = []
        self.bodies: list[list[str]] = []
        self._changed = threading.Condition()

    def on_batch(self, batch: ServedBatch) -> None:
        with self._changed:
            self.batches.append(batch)
            self._changed.notify_all()

    def on_output(self, number: int, text: str) -> None:
        if text.startswith("["):
            try:
                self.bodies.append(json.loads(text))
            except ValueError:  # a line of the log
                return

    def wait(self, until: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(until, PATIENCE), self.batches

    def messages(self) -> int:
        return sum(batch.messages for batch in self.batches)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def serve(told: Told, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FunctionUrl]]:
    monkeypatch.setattr(_sqs, "_WAIT", 1)  # closing waits for a call
    running: list[FunctionUrl] = []

    def start(*queues: SqsQueue, handler: str = "orders.handler", **options: Any) -> FunctionUrl:
        settings: dict[str, Any] = {"cwd": FUNCTIONS, "timeout": 10, "environments": 2, **options}
        running.append(
            FunctionUrl(handler, **settings, queues=queues, on_batch=told.on_batch, on_output=told.on_output)
        )
        return running[-1]

    yield start
    for one in running:
        one.close()


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the runtime client has wheels for Linux alone")


@needs_linux
def test_messages_are_delivered_in_batches_and_deleted_but_for_those_that_failed(
    aws: Aws, serve: Callable[..., FunctionUrl], told: Told
) -> None:
    queue = Queue(aws)
    queue.send(*(f"m-{number}" for number in range(14)), "poison")
    serve(SqsQueue(queue.url), environments=1)
    told.wait(lambda: told.messages() == 15)
    assert sorted(body for bodies in told.bodies for body in bodies) == sorted(
        [*(f"m-{number}" for number in range(14)), "poison"]
    )
    assert max(len(bodies) for bodies in told.bodies) <= 10
    assert sum(batch.failed for batch in told.batches) == 1
    assert told.batches[0].init_ms is not None
    assert queue.left() == 1


@needs_linux
def test_a_batch_that_fails_stays_in_the_queue_and_is_delivered_again(
    aws: Aws, serve: Callable[..., FunctionUrl], told: Told
) -> None:
    queue = Queue(aws, VisibilityTimeout="1")
    queue.send("raise")
    serve(SqsQueue(queue.url), timeout=1)
    told.wait(lambda: len(told.batches) >= 2)
    assert [(batch.messages, batch.failed) for batch in told.batches[:2]] == [(1, 1), (1, 1)]
    assert told.batches[0].error is not None
    assert told.batches[0].error.type == "ValueError"


@needs_linux
def test_without_reports_a_batch_succeeds_as_a_whole(aws: Aws, serve: Callable[..., FunctionUrl], told: Told) -> None:
    queue = Queue(aws)
    queue.send("poison")
    serve(SqsQueue(queue.url, report_failures=False))
    told.wait(lambda: told.messages() == 1)
    assert (told.batches[0].failed, queue.left()) == (0, 0)


@needs_linux
def test_a_report_that_names_no_message_of_the_batch_fails_the_batch(
    aws: Aws, serve: Callable[..., FunctionUrl], told: Told
) -> None:
    queue = Queue(aws)
    queue.send("nonsense")
    serve(SqsQueue(queue.url))
    told.wait(lambda: told.messages() == 1)
    assert told.batches[0].failed == 1
    assert "'none' of 'batchItemFailures' is no id of the batch" in str(told.batches[0].problem)


@needs_linux
def test_a_window_gathers_messages_of_several_calls(aws: Aws, serve: Callable[..., FunctionUrl], told: Told) -> None:
    queue = Queue(aws)
    queue.send(*(f"m-{number}" for number in range(12)))
    serve(SqsQueue(queue.url, batch_size=12, window=20), environments=1)
    told.wait(lambda: told.messages() == 12)
    assert len(told.batches) == 1


@needs_linux
def test_messages_of_a_fifo_queue_keep_their_order(aws: Aws, serve: Callable[..., FunctionUrl], told: Told) -> None:
    queue = Queue(aws, "orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    bodies = [f"m-{number}" for number in range(15)]
    queue.send(*bodies, MessageGroupId="g")
    serve(SqsQueue(queue.url))
    told.wait(lambda: told.messages() == 15)
    assert [body for batch in told.bodies for body in batch] == bodies


@needs_linux
@pytest.mark.parametrize(
    ("attributes", "options", "message"),
    [
        ({"VisibilityTimeout": "5"}, {}, "the visibility timeout of orders is 5 seconds, less than the function's"),
        ({}, {"name": "orders.fifo", "FifoQueue": "true", "window": 1}, "has batches of at most 10, and no window"),
        ({}, {"missing": True}, "cannot be read"),
    ],
    ids=["visibility", "fifo", "missing"],
)
def test_a_queue_that_lambda_would_refuse_is_refused(
    aws: Aws, serve: Callable[..., FunctionUrl], attributes: dict[str, str], options: dict[str, Any], message: str
) -> None:
    name, window = options.pop("name", "orders"), options.pop("window", 0)
    missing = options.pop("missing", False)
    url = Queue(aws, name, **attributes, **options).url
    with pytest.raises(ConfigurationError, match=message):
        serve(SqsQueue(url + ("-not" if missing else ""), window=window))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "orders"}, "'orders' is no URL of a queue"),
        ({"url": "https://sqs.eu-west-1.amazonaws.com"}, "is no URL of a queue"),
        ({"batch_size": 0}, "batch_size is 0; it is 1 to 10000"),
        ({"window": 301}, "window is 301"),
        ({"batch_size": 11}, "more than 10 messages need a window of at least 1 second"),
    ],
    ids=["name", "host", "batch", "window", "large"],
)
def test_wrong_settings_of_a_queue_are_refused(options: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"url": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders", **options}
    with pytest.raises(ConfigurationError, match=message):
        SqsQueue(**arguments)


def test_polling_pauses_longer_after_each_failure() -> None:
    assert [pause_after(failures) for failures in (0, 1, 2, 3, 6, 10_000)] == [0.0, 1.0, 2.0, 4.0, 30.0, 30.0]


def test_a_record_has_what_the_view_of_events_reads() -> None:
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": '{"a": 1}',
        "MD5OfBody": "0",
        "Attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1700000000000"},
        "MessageAttributes": {
            "kind": {"DataType": "String", "StringValue": "new"},
            "data": {"DataType": "Binary", "BinaryValue": b"\xff"},
        },
    }
    record = next(iter(SqsEvent({"Records": [record_of(message, "arn:aws:sqs:eu-west-1:123456789012:orders")]})))
    assert (record.id, record.json, record.receive_count, record.raw["awsRegion"]) == ("m-1", {"a": 1}, 2, "eu-west-1")
    assert record.raw["messageAttributes"]["kind"]["stringValue"] == "new"
    assert record.raw["messageAttributes"]["data"]["binaryValue"] == "/w=="


@pytest.mark.parametrize(
    ("response", "failed"),
    [
        (None, []),
        ("", []),
        ({}, []),
        ("done", []),
        ({"batchItemFailures": None}, []),
        ({"batchItemFailures": []}, []),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, ["a"]),
        ({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "x"}]}, ["a", "b"]),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ["a", "b"]),
        ({"batchItemFailures": [{"id": "a"}]}, ["a", "b"]),
        ({"batchItemFailures": ["a"]}, ["a", "b"]),
        ({"batchItemFailures": "a"}, ["a", "b"]),
        ({"batchItemFailures": [{"itemIdentifier": ["a"]}]}, ["a", "b"]),
    ],
    ids=str,
)
def test_a_response_reports_messages_or_fails_the_batch(response: Any, failed: list[str]) -> None:
    assert failed_of(response, ["a", "b"])[0] == set(failed)
