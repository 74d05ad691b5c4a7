"""The event source mapping of the stream, as Lambda has it: in order, and again from the first record that failed.

<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from lambda_kit.local import Outcome

_PAUSE = 0.05  # seconds between two looks at an empty shard
_MOST = 10  # records of a batch


class StreamPoller:
    """Delivers the records of a stream with one shard to a function, on a thread, until the block ends.

    Args:
        streams: a client of DynamoDB streams.
        arn: the stream.
        invoke: invokes the function with an event.

    Attributes:
        deliveries: how many records were delivered, those included that were delivered again.
        seen: the numbers of the records.
    """

    def __init__(self, streams: Any, arn: str, invoke: Callable[[Any], Outcome]) -> None:
        self._streams = streams
        self._arn = arn
        self._invoke = invoke
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self.deliveries = 0
        self.seen: set[str] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        (shard,) = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        iterator = self._streams.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while not self._stop.is_set():
            page = self._streams.get_records(ShardIterator=iterator, Limit=_MOST)
            iterator = page["NextShardIterator"]
            # The filter of the template: only orders that are new.
            records = [record_of(one, self._arn) for one in page["Records"] if one["eventName"] == "INSERT"]
            while records and not self._stop.is_set():
                records = self._deliver(records)
            self._stop.wait(_PAUSE)

    def _deliver(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Deliver records; return those that are to be delivered again."""
        self.deliveries += len(records)
        self.seen.update(number_of(one) for one in records)
        outcome = self._invoke({"Records": records})
        if outcome.error is not None:
            self._stop.wait(_PAUSE)
            return records
        failed = [one["itemIdentifier"] for one in outcome.payload["batchItemFailures"]]
        if not failed:
            return []
        first = min(map(int, failed))
        return [one for one in records if int(number_of(one)) >= first]


def record_of(record: dict[str, Any], arn: str) -> dict[str, Any]:
    """Return the record of an event for what `GetRecords` returns."""
    change = {**record["dynamodb"]}
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": change, "eventSourceARN": arn}


def number_of(record: dict[str, Any]) -> str:
    """Return the sequence number of a record."""
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
