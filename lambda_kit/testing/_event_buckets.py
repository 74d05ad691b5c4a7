"""Builders of events about objects in S3: notifications, EventBridge, and batch operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from lambda_kit.testing._event_bridge import event_bridge
from lambda_kit.testing._event_parts import ACCOUNT, REGION, iso, merged, new_hex, new_id, new_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_kit.testing._event_parts import Event, Fields


def s3(
    *keys: str,
    bucket: str = "uploads",
    event_name: str = "ObjectCreated:Put",
    size: int = 1024,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the notification of a bucket of S3.

    Args:
        *keys: the keys of the objects, as they are; the event has them encoded, as S3 does.
        bucket: the name of the bucket.
        event_name: what happened, such as `"ObjectRemoved:Delete"`.
        size: the size of each object in bytes. Events of removals have none.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of each record; default: none.
    """
    records: list[Any] = []
    for key in keys:
        found: dict[str, Any] = {"key": quote_plus(key, safe="/-_.*")}
        if not event_name.startswith(("ObjectRemoved", "LifecycleExpiration")):
            found |= {"size": size, "eTag": new_hex(32)}
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": iso(at, "milliseconds"),
            "eventName": event_name,
            "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
            "requestParameters": {"sourceIPAddress": "192.0.2.1"},
            "responseElements": {"x-amz-request-id": new_hex(16).upper(), "x-amz-id-2": new_token()},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": new_id(),
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                    "arn": f"arn:aws:s3:::{bucket}",
                },
                "object": {**found, "sequencer": new_hex(18).upper()},
            },
        }
        records.append(merged(record, fields))
    return {"Records": records}


def s3_event_bridge(
    key: str,
    *,
    bucket: str = "uploads",
    detail_type: str = "Object Created",
    size: int = 1024,
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event of a bucket that S3 sends through EventBridge.

    Args:
        key: the key of the object; EventBridge has it as it is.
        bucket: the name of the bucket.
        detail_type: what happened, such as `"Object Deleted"`.
        size: the size of the object in bytes.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": size, "etag": new_hex(32), "sequencer": new_hex(18).upper()},
        "request-id": new_hex(16).upper(),
        "requester": ACCOUNT,
        "source-ip-address": "192.0.2.1",
        "reason": "DeleteObject" if "Deleted" in detail_type else "PutObject",
    }
    resources = [f"arn:aws:s3:::{bucket}"]
    return event_bridge(detail, detail_type=detail_type, source="aws.s3", resources=resources, at=at, fields=fields)


def s3_batch(
    *keys: str, bucket: str = "uploads", arguments: Mapping[str, str] | None = None, fields: Fields = None
) -> Event:
    """Return the event of a job of S3 Batch Operations, of schema 2.0.

    Args:
        *keys: the keys of the objects, as they are.
        bucket: the name of the bucket.
        arguments: the user arguments of the job; default: none.
        fields: replaces fields of each task; default: none.
    """
    tasks: list[Any] = []
    for key in keys:
        task = {"taskId": new_token(), "s3Key": key, "s3VersionId": None, "s3Bucket": bucket}
        tasks.append(merged(task, fields))
    job: Event = {"id": new_id(), "userArguments": dict(arguments or {})}
    return {"invocationSchemaVersion": "2.0", "invocationId": new_token(), "job": job, "tasks": tasks}
