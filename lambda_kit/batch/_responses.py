"""The responses to all services but Firehose: they name the records that did not succeed, so that these are retried.

Pure functions of the event and of the state of its records.
<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>,
<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
<https://docs.aws.amazon.com/lambda/latest/dg/services-s3-batch.html>
"""

from __future__ import annotations

import json

from lambda_kit.batch._progress import DEAD_LETTERED, PENDING, SUCCEEDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.batch._progress import Progress
    from lambda_kit.batch._source import Source

_MAX_RESULT = 1_024  # characters of the result of a task in the completion report of S3 Batch Operations


def failed_items(source: Source, _event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the response that names each record to retry once; the whole batch if one of them has no id."""
    found: list[Any] = []
    seen: set[Any] = set()
    for index in progress.to_retry():
        id = source.id_of(progress.records[index])  # noqa: A001  # the services' word
        if id is None:
            return _whole_batch()
        key = str(id)
        if key not in seen:
            seen.add(key)
            found.append({"itemIdentifier": id})
    return {"batchItemFailures": found}


def checkpoint(source: Source, _event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the response that names the lowest sequence number to retry: Lambda goes on from there."""
    numbers = [source.id_of(progress.records[index]) for index in progress.to_retry()]
    if not all(number is not None and number.isascii() and number.isdecimal() for number in numbers):
        return _whole_batch()
    return {"batchItemFailures": [{"itemIdentifier": min(numbers, key=_in_order)}] if numbers else []}


def _in_order(number: str) -> tuple[int, str]:
    """Return a key that orders texts of digits as numbers; `int` refuses those with thousands of digits."""
    digits = number.lstrip("0")
    return len(digits), digits


def _whole_batch() -> dict[str, Any]:
    """Return the response with an empty id, upon which Lambda retries the whole batch."""
    return {"batchItemFailures": [{"itemIdentifier": ""}]}


def task_results(source: Source, event: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return the response to S3 Batch Operations: temporary failures are tried again, permanent ones are not."""
    found: list[dict[str, Any]] = []
    for index, raw in enumerate(progress.records):
        id = source.id_of(raw)  # noqa: A001
        if id is None:
            continue  # S3 treats it as `treatMissingKeysAs` says
        state, value = progress.states[index], progress.values[index]
        code = {SUCCEEDED: "Succeeded", DEAD_LETTERED: "PermanentFailure"}.get(state, "TemporaryFailure")
        if state == PENDING:
            text = ""
        elif state == SUCCEEDED:
            text = _result_string(value)
        else:
            text = f"{type(value).__name__}: {_text_of(value)}"
        found.append({"taskId": id, "resultCode": code, "resultString": text[:_MAX_RESULT]})
    return {
        "invocationSchemaVersion": event.get("invocationSchemaVersion"),
        "treatMissingKeysAs": "TemporaryFailure",
        "invocationId": event.get("invocationId"),
        "results": found,
    }


def _result_string(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(value, default=str)
    except Exception:  # the record has succeeded, whatever its result looks like
        return _text_of(value)


def _text_of(value: Any) -> str:
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__} without text>"
