"""Five parameters, declared above an import that takes long, with `eager=True`."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import Parameter, handler

hosts = [Parameter(f"/app/db/host{i}", eager=True) for i in range(5)]

import boto3  # noqa: E402  # what the requests go on beside


@handler
def handle(event: object, context: object) -> dict[str, float]:
    assert all(host().endswith(".example.com") for host in hosts)
    assert boto3.__version__
    return usage()


initialized()
