"""Firehose: the results of a function for its records, and the response with the transformed data.

<https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-status-model.html>
"""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.batch._progress import FAILED, SUCCEEDED
from lambda_kit.errors import BatchError, EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambda_kit.batch._progress import Progress
    from lambda_kit.batch._source import Source

_MAX_RESPONSE = 6 * 1024 * 1024 - 64 * 1024  # bytes of records; Lambda allows 6 MB for all of the response


class Transformed:
    """The new data of a record of Firehose.

    Args:
        data: the new data: bytes; text, which is encoded as UTF-8; or a dict or a list, which is encoded as JSON with a
            newline at the end.
        partition_keys: the keys for dynamic partitioning, see
            <https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-partitioning-keys.html>.

    Attributes:
        data: the bytes.
        partition_keys: the keys; None for none.

    Raises:
        BatchError: the data is of another type, or cannot be encoded as JSON; or a partition key is not text.
    """

    __slots__ = ("data", "partition_keys")

    def __init__(
        self,
        data: bytes | str | dict[str, Any] | list[Any],
        *,
        partition_keys: Mapping[str, str] | None = None,
    ) -> None:
        self.data = _encoded(data)
        self.partition_keys = None if partition_keys is None else dict(partition_keys)
        given: Any = self.partition_keys or {}
        for pair in given.items():
            if not all(isinstance(one, str) for one in pair):
                raise BatchError(f"Transformed(partition_keys=...): {pair[0]!r} and its value have to be text")

    def __repr__(self) -> str:
        return f"<Transformed: {len(self.data)} bytes>"


class _Dropped:
    __slots__ = ()

    def __repr__(self) -> str:
        return "DROPPED"


DROPPED = _Dropped()
"""The value that a function returns for a record of Firehose that is to be dropped."""


def check_result(value: Any) -> Any:
    """Return the result of a function as `Transformed` or `DROPPED`.

    Raises:
        BatchError: it is None, or of a type that has no meaning for Firehose.
    """
    return value if value is DROPPED or type_of(value) is Transformed else Transformed(value)


def _encoded(data: Any) -> bytes:
    cls: Any = type_of(data)
    if issubclass(cls, bytes | bytearray | memoryview):
        return bytes(data)
    try:
        if issubclass(cls, str):
            return bytes(data.encode())
        if issubclass(cls, dict | list):
            return json.dumps(data, ensure_ascii=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise BatchError(f"the data for Firehose cannot be encoded: {error}") from error
    what = "None" if data is None else f"a value of type {cls.__name__}"
    raise BatchError(
        f"the function returned {what} for a record of Firehose; return the new data as bytes, text, a dict or a list, "
        "a Transformed, or DROPPED"
    )


def respond(source: Source, progress: Progress) -> dict[str, Any]:
    """Return the response to Firehose, with a result for each record.

    A record whose data does not fit into a response of Lambda becomes a failure, also in `progress`.

    Raises:
        EventError: a record has no id, so that there can be no result for it.
    """
    found: list[dict[str, Any]] = []
    size = 0
    for index, raw in enumerate(progress.records):
        id = source.id_of(raw)  # noqa: A001
        if id is None:
            raise EventError(f"record {index} of the event of firehose has no recordId, so that it cannot be answered")
        entry: dict[str, Any] = {"recordId": id, "result": "ProcessingFailed"}
        value = progress.values[index]
        if progress.states[index] == SUCCEEDED:
            if value is DROPPED:
                entry["result"] = "Dropped"
            else:
                complete = _entry(value, entry, raw)
                length = len(json.dumps(complete))
                if size + length > _MAX_RESPONSE:
                    progress.states[index] = FAILED
                    progress.values[index] = BatchError(
                        "the transformed data of the batch is more than the 6 MB that a response may have; lower the "
                        "buffer size of the Lambda processor"
                    )
                else:
                    entry = complete
        size += len(json.dumps(entry)) + 2
        found.append(entry)
    return {"records": found}


def _entry(value: Transformed, entry: dict[str, Any], raw: Any) -> dict[str, Any]:
    from binascii import b2a_base64

    name = "kafkaRecordValue" if "kafkaRecordValue" in raw else "data"
    found = {**entry, "result": "Ok", name: b2a_base64(value.data, newline=False).decode()}
    if value.partition_keys is not None:
        found["metadata"] = {"partitionKeys": value.partition_keys}
    return found
