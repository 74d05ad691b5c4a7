"""A thumbnail for each image in a bucket: once for each key and version, although S3 may notify twice.

lambda-kit invoke thumbnails.shrink --event thumbnails.json --env IDEMPOTENCY_FILE=thumbnails.db

Dicts stand for the two buckets, by key and version. Images are PGM, because that needs no library.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, idempotent, init
from lambda_kit.events import S3Event, as_event
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="thumbnails")
thumbnails: dict[str, bytes] = {}  # another bucket: in the same one, each thumbnail would be an image that is uploaded


@init.resource
def uploads() -> dict[tuple[str, str], bytes]:
    """Open the bucket of images."""
    return {("cats/grey cat.pgm", "v1"): b"P5 4 2 255\n\x00\x10\x20\x30\x40\x50\x60\x70"}


def store() -> Store:
    """Return the store of the images that are done: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


def half_of(image: bytes) -> bytes:
    """Return every second pixel of every second line."""
    head, _, pixels = image.partition(b"\n")
    kind, *numbers = head.split()
    if kind != b"P5":
        raise ValueError("the object is no image in the format PGM")
    width, height, depth = map(int, numbers)
    small = b"".join(pixels[line * width : (line + 1) * width : 2] for line in range(0, height, 2))
    return b"P5 %d %d %d\n" % ((width + 1) // 2, (height + 1) // 2, depth) + small


# The key has what makes the content: an object that is uploaded again is another version.
@idempotent(store(), key="[bucket, key, version]", ttl=86_400.0)
def make_thumbnail(bucket: str, key: str, version: str) -> str:
    """Make the thumbnail of one version of an image."""
    name = f"{key}@{version}"
    thumbnails[name] = half_of(uploads()[key, version])  # reads that version, not the newest one
    log.info("thumbnail made", key=key, version=version)
    return name


@handler(log, as_event(S3Event))
def shrink(event: S3Event[Any], context: LambdaContext) -> list[str]:
    """Make the thumbnails of the images that were uploaded. If one fails, S3's invocation is tried again."""
    made: list[str] = []
    for record in event.records:
        version = record.version_id or record.etag  # without versioning, the entity tag tells contents apart
        made.append(make_thumbnail(record.bucket, record.key, version or ""))
    return made
