"""The responses of services, but for Firehose: what was not done is reported, so that the service retries it.

Pure functions of the event and of what became of its records.
<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>,
<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
<https://docs.aws.amazon.com/lambda/latest/dg/services-s3-batch.html>
"""

from __future__ import annotations

import json

from lambda_kit.batch._report import BURIED, DONE, PENDING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.batch._report import Progress
    from lambda_kit.batch._sources import Source

_MAX_RESULT = 1_024  # characters of what a task of S3 Batch Operations tells in the completion report


def failed_items(source: Source, _event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the response that names each record that was not done, once; all of them if one of these has no id."""
    found: list[Any] = []
    seen: set[Any] = set()
    for index in progress.not_done():
        id = source.id_of(progress.records[index])  # noqa: A001  # the services' word
        if id is None:
            return _everything()
        key = str(id)
        if key not in seen:
            seen.add(key)
            found.append({"itemIdentifier": id})
    return {"batchItemFailures": found}


def checkpoint(source: Source, _event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the response that names the lowest sequence number of what was not done: Lambda goes on from there."""
    lowest: str | None = None
    for index in progress.not_done():
        number = source.id_of(progress.records[index])
        if number is None or not (number.isascii() and number.isdecimal()):
            return _everything()
        if lowest is None or int(number) < int(lowest):
            lowest = number
    return {"batchItemFailures": [] if lowest is None else [{"itemIdentifier": lowest}]}


def _everything() -> dict[str, Any]:
    """Return the response with the id that no record has, upon which Lambda retries the whole batch."""
    return {"batchItemFailures": [{"itemIdentifier": ""}]}


def task_results(source: Source, event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the response to S3 Batch Operations: what failed for now is tried again, what failed for good is not."""
    found: list[dict[str, Any]] = []
    for index, raw in enumerate(progress.records):
        id = source.id_of(raw)  # noqa: A001
        if id is None:
            continue  # it is treated as the missing keys are
        state, value = progress.states[index], progress.values[index]
        code = {DONE: "Succeeded", BURIED: "PermanentFailure"}.get(state, "TemporaryFailure")
        told = "" if state == PENDING else _told(value) if state == DONE else f"{type(value).__name__}: {value}"
        found.append({"taskId": id, "resultCode": code, "resultString": told[:_MAX_RESULT]})
    return {
        "invocationSchemaVersion": event.get("invocationSchemaVersion"),
        "treatMissingKeysAs": "TemporaryFailure",
        "invocationId": event.get("invocationId"),
        "results": found,
    }


def _told(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
