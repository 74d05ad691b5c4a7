"""The response to each service, for every state of its records."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lambda_kit.batch import DROPPED, Transformed
from lambda_kit.batch._progress import DEAD_LETTERED, FAILED, PENDING, SUCCEEDED, Progress
from lambda_kit.batch._sources import SOURCES
from lambda_kit.errors import BatchError, EventError
from tests.batch import builders

ERROR = ValueError("bad")


def respond(source: str, event: dict[str, Any], *fates: tuple[int, Any]) -> dict[str, Any]:
    name = {"firehose": "records", "s3_batch": "tasks"}.get(source, "Records")
    records = event[name] if source != "kafka" else [one for some in event["records"].values() for one in some]
    progress = Progress(records)
    progress.fill()
    for index, (state, value) in enumerate(fates):
        progress.states[index], progress.values[index] = state, value
    found = SOURCES[source].respond(SOURCES[source], event, progress)
    assert isinstance(found, dict)
    return found


def test_a_queue_is_told_of_what_failed_and_of_what_was_not_begun() -> None:
    event = builders.sqs(count=4)
    found = respond("sqs", event, (SUCCEEDED, None), (FAILED, ERROR), (DEAD_LETTERED, ERROR), (PENDING, None))
    assert found == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}
    assert respond("sqs", event, *[(SUCCEEDED, None)] * 4) == {"batchItemFailures": []}


def test_an_id_that_comes_twice_is_told_once() -> None:
    event = builders.sqs(builders.message("m"), builders.message("m"), builders.message("n"))
    assert builders.reported(respond("sqs", event, *[(FAILED, ERROR)] * 3)) == ["m", "n"]
    assert builders.reported(respond("sqs", event, (SUCCEEDED, 1), (FAILED, ERROR), (SUCCEEDED, 1))) == ["m"]


@pytest.mark.parametrize("broken", [{}, {"messageId": ""}, {"messageId": None}, {"messageId": 5}, None, "text", []])
def test_the_whole_batch_comes_again_if_a_message_that_failed_has_no_id(broken: Any) -> None:
    event = {"Records": [builders.message("m"), broken]}
    assert builders.reported(respond("sqs", event, (SUCCEEDED, 1), (FAILED, ERROR))) == [""]
    assert builders.reported(respond("sqs", event, (FAILED, ERROR), (SUCCEEDED, 1))) == ["m"]


@pytest.mark.parametrize("source", ["kinesis", "dynamodb"])
def test_a_stream_is_told_the_lowest_sequence_number(source: str) -> None:
    event = getattr(builders, source)("a", "b", "c", "d")
    assert respond(source, event, *[(SUCCEEDED, 1)] * 4) == {"batchItemFailures": []}
    fates = [(SUCCEEDED, 1), (FAILED, ERROR), (SUCCEEDED, 1), (PENDING, None)]
    assert builders.reported(respond(source, event, *fates)) == ["101"]
    event["Records"].reverse()
    assert builders.reported(respond(source, event, *fates)) == ["100"]


def test_sequence_numbers_are_compared_as_numbers() -> None:
    event = builders.kinesis("a", "b")
    for record, number in zip(event["Records"], ("99999999999999999999", "100000000000000000000"), strict=True):
        record["kinesis"]["sequenceNumber"] = number
    assert builders.reported(respond("kinesis", event, (FAILED, ERROR), (FAILED, ERROR))) == ["99999999999999999999"]


@pytest.mark.parametrize("broken", [None, "", "abc", "١٢", 5])
def test_the_whole_batch_comes_again_if_a_sequence_number_cannot_be_read(broken: Any) -> None:
    event = builders.kinesis("a", "b")
    event["Records"][1]["kinesis"]["sequenceNumber"] = broken
    assert builders.reported(respond("kinesis", event, (FAILED, ERROR), (FAILED, ERROR))) == [""]
    del event["Records"][1]["kinesis"]
    assert builders.reported(respond("kinesis", event, (SUCCEEDED, 1), (PENDING, None))) == [""]
    assert builders.reported(respond("kinesis", event, (FAILED, ERROR), (SUCCEEDED, 1))) == ["100"]


def test_kafka_is_told_partition_and_offset() -> None:
    event = builders.kafka(p0=2, p1=2)
    found = respond("kafka", event, (SUCCEEDED, 1), (FAILED, ERROR), (FAILED, ERROR), (PENDING, None))
    assert builders.reported(found) == [
        {"partition": "orders-0", "offset": 16},
        {"partition": "orders-1", "offset": 15},
        {"partition": "orders-1", "offset": 16},
    ]
    event["records"]["orders-1"][0]["offset"] = None
    assert builders.reported(
        respond("kafka", event, (SUCCEEDED, 1), (SUCCEEDED, 1), (FAILED, ERROR), (SUCCEEDED, 1))
    ) == [""]


@pytest.mark.parametrize(
    ("name", "value", "is_valid"),
    [
        ("partition", 0, True),
        ("partition", -1, False),
        ("partition", 2**63 - 1, True),
        ("partition", 2**63, False),
        ("partition", True, False),
        ("offset", 0, True),
        ("offset", -1, False),
        ("offset", 2**63 - 1, True),
        ("offset", 2**63, False),
        ("offset", "15", False),
        ("topic", None, False),
    ],
)
def test_a_record_of_kafka_has_an_id_if_its_place_is_one_that_kafka_has(name: str, value: Any, is_valid: bool) -> None:
    event = builders.kafka(p3=1)
    (record,) = event["records"]["orders-3"]
    record[name] = value
    expected: Any = {"partition": f"orders-{record['partition']}", "offset": record["offset"]} if is_valid else ""
    assert builders.reported(respond("kafka", event, (FAILED, ERROR))) == [expected]


def test_firehose_gets_a_result_for_each_record() -> None:
    event = builders.firehose("a", "b", "c", "d", "e")
    found = respond(
        "firehose",
        event,
        (SUCCEEDED, Transformed(b"\x00new")),
        (SUCCEEDED, DROPPED),
        (FAILED, ERROR),
        (PENDING, None),
        (DEAD_LETTERED, ERROR),
    )
    assert found == {
        "records": [
            {"recordId": "r0", "result": "Ok", "data": base64.b64encode(b"\x00new").decode()},
            {"recordId": "r1", "result": "Dropped"},
            {"recordId": "r2", "result": "ProcessingFailed"},
            {"recordId": "r3", "result": "ProcessingFailed"},
            {"recordId": "r4", "result": "ProcessingFailed"},
        ]
    }


def test_firehose_over_kafka_gets_its_data_by_its_own_name() -> None:
    event = builders.firehose("a")
    event["records"][0]["kafkaRecordValue"] = event["records"][0].pop("data")
    assert respond("firehose", event, (SUCCEEDED, Transformed("new")))["records"] == [
        {"recordId": "r0", "result": "Ok", "kafkaRecordValue": base64.b64encode(b"new").decode()}
    ]


def test_partition_keys_stand_in_the_metadata() -> None:
    (record,) = respond(
        "firehose", builders.firehose("a"), (SUCCEEDED, Transformed("x", partition_keys={"room": "a"}))
    )["records"]
    assert record["metadata"] == {"partitionKeys": {"room": "a"}}


@pytest.mark.parametrize("keys", [{"room": 7}, {7: "room"}])
def test_partition_keys_that_are_no_text_are_refused(keys: Any) -> None:
    with pytest.raises(BatchError, match=r"Transformed\(partition_keys=\.\.\.\): .* and its value have to be text"):
        Transformed("x", partition_keys=keys)


def test_what_does_not_fit_into_a_response_has_failed() -> None:
    event = builders.firehose("a", "b", "c")
    progress = Progress(event["records"])
    progress.fill()
    large = Transformed(b"x" * 3_000_000)
    for index, value in enumerate([large, large, Transformed(b"small")]):
        progress.states[index], progress.values[index] = SUCCEEDED, value
    found = SOURCES["firehose"].respond(SOURCES["firehose"], event, progress)
    assert [one["result"] for one in found["records"]] == ["Ok", "ProcessingFailed", "Ok"]
    assert progress.states[1] == FAILED
    with pytest.raises(BatchError, match=r"more than the 6 MB .* lower the buffer size of the Lambda processor$"):
        raise progress.values[1]


@pytest.mark.parametrize(("more", "result"), [(0, "Ok"), (1, "ProcessingFailed")])
def test_records_fit_into_a_response_to_the_byte(more: int, result: str) -> None:
    event = builders.firehose("a", "b", "c", "d")
    entries = respond("firehose", event, (SUCCEEDED, DROPPED), (FAILED, ERROR), *[(SUCCEEDED, Transformed(b""))] * 2)
    left = 6 * 1024 * 1024 - 64 * 1024 - len(json.dumps(entries["records"])) + len("[]")
    event["records"][0]["recordId"] += "x" * (left % 4 + more)  # base64 grows by four characters
    large = Transformed(bytes(left // 4 * 3))
    fates = [(SUCCEEDED, DROPPED), (FAILED, ERROR), (SUCCEEDED, Transformed(b"")), (SUCCEEDED, large)]
    found = respond("firehose", event, *fates)
    assert [one["result"] for one in found["records"]] == ["Dropped", "ProcessingFailed", "Ok", result]


def test_firehose_cannot_be_answered_for_a_record_without_an_id() -> None:
    event = builders.firehose("a")
    del event["records"][0]["recordId"]
    with pytest.raises(EventError, match="record 0 of the event of firehose has no recordId"):
        respond("firehose", event, (SUCCEEDED, DROPPED))


def test_s3_batch_gets_a_result_for_each_task() -> None:
    event = builders.s3_batch(*"abcdefg")
    without_id = event["tasks"].pop()
    del without_id["taskId"]
    event["tasks"].insert(0, without_id)
    found = respond(
        "s3_batch",
        event,
        (SUCCEEDED, None),
        (SUCCEEDED, None),
        (SUCCEEDED, "resized"),
        (SUCCEEDED, {"size": 5}),
        (FAILED, ERROR),
        (DEAD_LETTERED, ERROR),
        (PENDING, None),
    )
    assert found == {
        "invocationSchemaVersion": "1.0",
        "invocationId": "i-1",
        "treatMissingKeysAs": "TemporaryFailure",
        "results": [
            {"taskId": "t0", "resultCode": "Succeeded", "resultString": ""},
            {"taskId": "t1", "resultCode": "Succeeded", "resultString": "resized"},
            {"taskId": "t2", "resultCode": "Succeeded", "resultString": '{"size": 5}'},
            {"taskId": "t3", "resultCode": "TemporaryFailure", "resultString": "ValueError: bad"},
            {"taskId": "t4", "resultCode": "PermanentFailure", "resultString": "ValueError: bad"},
            {"taskId": "t5", "resultCode": "TemporaryFailure", "resultString": ""},
        ],
    }


class WithoutText:
    def __str__(self) -> str:
        raise ValueError


def test_a_result_that_json_and_text_cannot_hold_is_a_success_all_the_same() -> None:
    circle: list[Any] = []
    circle.append(circle)
    found = respond("s3_batch", builders.s3_batch("a", "b"), (SUCCEEDED, circle), (SUCCEEDED, WithoutText()))
    assert [one["resultCode"] for one in found["results"]] == ["Succeeded", "Succeeded"]
    assert [one["resultString"] for one in found["results"]] == ["[[...]]", "<WithoutText without text>"]


def test_what_a_task_tells_is_cut() -> None:
    found = respond("s3_batch", builders.s3_batch("a"), (SUCCEEDED, "x" * 5_000))
    assert len(found["results"][0]["resultString"]) == 1_024


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        (b"\x00", b"\x00"),
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        ("ü", "ü".encode()),
        ({"a": "ü"}, '{"a": "ü"}\n'.encode()),
        ([1], b"[1]\n"),
    ],
)
def test_data_for_firehose_is_encoded_by_its_type(data: Any, encoded: bytes) -> None:
    assert Transformed(data).data == encoded


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "returned None for a record of Firehose; return the new data"),
        (5, "returned a value of type int"),
        ({"a": {1}}, "cannot be encoded"),
        ({1}, "returned a value of type set"),
        ("\ud800", "cannot be encoded"),
    ],
)
def test_data_that_firehose_cannot_take_is_refused(data: Any, told: str) -> None:
    with pytest.raises(BatchError, match=told):
        Transformed(data)


def test_nothing_of_the_data_is_shown() -> None:
    assert repr(Transformed("secret")) == "<Transformed: 6 bytes>"
    assert repr(DROPPED) == "DROPPED"
