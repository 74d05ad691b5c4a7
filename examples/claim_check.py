"""Claim check: a price list that is too large for a message goes into S3, and its key goes through SQS.

The key has the hash of the content, so that what a key stands for never changes: a message that comes twice, or late,
fetches the same bytes. Nothing is deleted here, because a message may come again. A lifecycle rule of the bucket
removes objects that are older than the retention of the queue and of its dead-letter queue together.

Both handlers need a bucket and a queue: examples/test_claim_check.py runs them over services on this machine.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (boto3 has no types of its own: the package boto3-stubs has them)
from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from lambda_kit import Logger, handler, idempotent, init, provide
from lambda_kit.batch import batch
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="claim-check")
prices: dict[str, int] = {}  # stands for a table


class Claim(BaseModel):
    """The message: where the content is, and how to know it again."""

    bucket: str
    key: str
    sha256: str


def store() -> Store:
    """Return the store of the price lists that were read: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


@init.resource
def s3() -> Any:
    """Make the client of S3."""
    import boto3  # noqa: PLC0415  # loaded when a client is first needed

    return boto3.client("s3")


@init.resource
def sqs() -> Any:
    """Make the client of SQS."""
    import boto3  # noqa: PLC0415  # loaded when a client is first needed

    return boto3.client("sqs")


@handler(log, provide(s3=s3, sqs=sqs))
def submit(event: dict[str, Any], context: LambdaContext, *, s3: Any, sqs: Any) -> dict[str, Any]:
    """Store a price list, then send its claim: an object without a message is garbage, the reverse is a failure."""
    content = json.dumps(event["prices"], sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()
    claim = Claim(bucket=os.environ["CLAIMS_BUCKET"], key=f"prices/{event['shop']}/{digest}.json", sha256=digest)
    s3.put_object(Bucket=claim.bucket, Key=claim.key, Body=content, ContentType="application/json")
    sqs.send_message(QueueUrl=os.environ["CLAIMS_QUEUE"], MessageBody=claim.model_dump_json())
    log.info("stored", key=claim.key, bytes=len(content))
    return claim.model_dump()


@handler(log, provide(s3=s3))
@batch(source="sqs", model=Claim, idempotency=idempotent(store(), key="[bucket, key]"))
def load(claim: Claim, *, s3: Any) -> int:
    """Fetch a price list by its claim, and take its prices over: once for each content."""
    content: bytes = s3.get_object(Bucket=claim.bucket, Key=claim.key)["Body"].read()
    if hashlib.sha256(content).hexdigest() != claim.sha256:
        raise ValueError(f"{claim.key} is not what was sent")
    found: dict[str, int] = json.loads(content)
    prices.update(found)
    log.info("loaded", key=claim.key, prices=len(found))
    return len(found)
