"""The claim check over S3 and SQS on this machine: a large payload, a duplicate, and an object that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from claim_check import load, prices, submit

from lambda_kit.testing import events
from tests.conftest import _ministack, aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import Invoke
    from tests.conftest import Aws

__all__ = ["_ministack", "aws"]  # fixtures
BUCKET = "claims"
LARGE = {f"article-{number:06}": number for number in range(80_000)}  # 2 MB as JSON, and a message takes 1 MiB


class Services:
    """The bucket and the queue, as the test sees them."""

    def __init__(self, found: Aws) -> None:
        self.s3, self.sqs = found.boto3("s3"), found.boto3("sqs")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.queue: str = self.sqs.create_queue(QueueName="claims")["QueueUrl"]

    def messages(self) -> list[str]:
        """Receive the messages that wait."""
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [message["Body"] for message in found]

    def keys(self) -> list[str]:
        """Return the keys of the objects that are there."""
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.fixture
def services(aws: Aws, idempotency_store: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    made = Services(aws)
    monkeypatch.setenv("CLAIMS_BUCKET", BUCKET)
    monkeypatch.setenv("CLAIMS_QUEUE", made.queue)
    yield made
    prices.clear()


def test_a_payload_that_no_message_takes_arrives_whole(services: Services, lambda_invoke: Invoke) -> None:
    claim = lambda_invoke(submit, {"shop": "graz", "prices": LARGE}).unwrap()
    (body,) = services.messages()
    assert len(body) < 400
    assert lambda_invoke(load, events.sqs([body])).unwrap() == {"batchItemFailures": []}
    assert prices == LARGE
    assert services.keys() == [claim["key"]]  # nothing is deleted: the message may come again


def test_a_message_that_comes_twice_is_loaded_once_also_within_one_batch(
    services: Services, lambda_invoke: Invoke
) -> None:
    for shop in ("graz", "linz"):
        lambda_invoke(submit, {"shop": shop, "prices": {shop: 1}})
    graz, linz = sorted(services.messages())
    lines = lambda_invoke(load, events.sqs([graz, linz, graz])).logs
    again = lambda_invoke(load, events.sqs([linz]))
    assert again.unwrap() == {"batchItemFailures": []}
    loaded = [line["key"].split("/")[1] for logs in (lines, again.logs) for line in logs if line["message"] == "loaded"]
    assert sorted(loaded) == ["graz", "linz"]


def test_the_same_content_has_the_same_claim_and_other_content_has_another(
    services: Services, lambda_invoke: Invoke
) -> None:
    claims: list[Any] = [
        lambda_invoke(submit, {"shop": "graz", "prices": made}).unwrap() for made in ({"a": 1}, {"a": 1}, {"a": 2})
    ]
    assert claims[0] == claims[1] != claims[2]
    assert len(services.keys()) == 2


def test_a_claim_whose_object_is_missing_or_changed_fails_alone_and_succeeds_later(
    services: Services, lambda_invoke: Invoke
) -> None:
    made = [lambda_invoke(submit, {"shop": shop, "prices": {shop: 7}}).unwrap() for shop in ("graz", "linz", "wien")]
    bodies = sorted(services.messages())
    contents = {one["key"]: services.s3.get_object(Bucket=BUCKET, Key=one["key"])["Body"].read() for one in made}
    services.s3.delete_object(Bucket=BUCKET, Key=made[0]["key"])
    services.s3.put_object(Bucket=BUCKET, Key=made[1]["key"], Body=b"{}")
    event = events.sqs(bodies)
    failed = lambda_invoke(load, event).unwrap()["batchItemFailures"]
    assert {one["itemIdentifier"] for one in failed} == {one["messageId"] for one in event["Records"][:2]}
    assert prices == {"wien": 7}
    for key, content in contents.items():
        services.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    assert lambda_invoke(load, event).unwrap() == {"batchItemFailures": []}
    assert prices == {"graz": 7, "linz": 7, "wien": 7}
