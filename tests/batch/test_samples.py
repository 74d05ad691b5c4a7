"""Every sample payload of the sources of batches goes through."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit.batch import process_batch
from tests.events.samples import payload


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("sqsEvent", ["059f36b4-87a3-44ab-83d2-661975830a7d", "2e1424d4-f796-459a-8184-9c92662be6da"]),
        ("snsSqsEvent", ["79406a00-bf15-46ca-978c-22c3613fcb30"]),
        ("s3SqsEvent", ["ca3e7a89-c358-40e5-8aa0-5da01403c267"]),
        ("sqsDlqTriggerEvent", ["db37cc61-1bb0-4e77-b6f3-7cf87f44a72a"]),
        ("kinesisStreamEvent", ["49590338271490256608559692538361571095921575989136588898"]),
        ("dynamoStreamEvent", ["111"]),
        ("kafkaEventMsk", [{"partition": "mytopic-0", "offset": 15}]),
    ],
)
def test_a_queue_or_a_stream(name: str, reported: list[Any]) -> None:
    assert process_batch(payload(name), lambda record: record.id).response == {"batchItemFailures": []}

    def fail(record: Any) -> None:
        raise ValueError

    response = process_batch(payload(name), fail).response
    assert response == {"batchItemFailures": [{"itemIdentifier": one} for one in reported]}


def test_firehose() -> None:
    event = payload("kinesisFirehosePutEvent")
    assert process_batch(event, lambda record: record.data).response["records"] == [
        {"recordId": one["recordId"], "result": "Ok", "data": one["data"]} for one in event["records"]
    ]


def test_s3_batch() -> None:
    response = process_batch(payload("s3BatchOperationEventSchemaV1"), lambda task: task.bucket).response
    assert response["results"] == [
        {"taskId": "dGFza2lkZ29lc2hlcmUK", "resultCode": "Succeeded", "resultString": "powertools-dataset"}
    ]
