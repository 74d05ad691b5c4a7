"""A function for the tests of `lambda-kit doctor`: it imports more than it uses, and calls AWS."""

from __future__ import annotations

import colorsys
import json
import os
import wave  # it loads a few modules more
from typing import Any

import doctored_helper  # type: ignore[import-not-found]

from lambda_kit import Logger, Tracer, handler, idempotent, init, time_limit
from lambda_kit.idempotency import MemoryStore
from lambda_kit.parameters import get

log = Logger()


@init.resource(eager=True)
def settings() -> dict[str, str]:
    import time

    time.sleep(0.002)
    return dict(os.environ)


@handler(log, Tracer(), time_limit(margin=40.0), idempotent(MemoryStore(), key="id", lease=2.0))
def work(event: dict[str, Any], context: object) -> str:
    if event.get("fail"):
        raise ValueError("as asked")
    if event.get("colour"):
        return json.dumps(colorsys.rgb_to_hsv(0, 0, 0))
    if event.get("boto"):
        from importlib import import_module

        boto3: Any = import_module("boto3")

        boto3.client("sqs").send_message(
            QueueUrl="https://sqs.eu-west-1.amazonaws.com/123456789012/jobs", MessageBody="x"
        )
        boto3.client("s3").generate_presigned_url("get_object", Params={"Bucket": "files", "Key": "a"})
    return str(get("/shop/name"))


def unused() -> Any:
    return wave.open, doctored_helper
