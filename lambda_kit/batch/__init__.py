"""Batches: a function for one record handles events with many, and only records that did not succeed are sent again.

```python
from lambda_kit import handler
from lambda_kit.batch import batch


@handler
@batch()
def charge(record):
    print(record.json["order"])
```

These rules hold for every source:

- A record is acknowledged if its function returned, or if it is in the dead letter. Every other record is sent again. A
  record that cannot be read fails alone.
- Shortly before the deadline no further record is started. Records that were not started are reported.
- Records of one FIFO group, partition key, item or Kafka partition keep their order.
- Every failure is logged once, by the identifiers of the record, without its payload.
"""

from __future__ import annotations

from lambda_kit import lazy_exports, refuse_calls
from lambda_kit.batch._batch import AsyncBatchHandler, BatchHandler, batch, process_batch, process_batch_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._dead_letter import DeadLetter, Sink, dead_letter
    from lambda_kit.batch._firehose import DROPPED, Transformed
    from lambda_kit.batch._report import BatchReport, RecordFailure
    from lambda_kit.batch._sinks import DynamoDBSink, FileSink, S3Sink, SqsSink
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "DROPPED": "lambda_kit.batch._firehose",
            "Backoff": "lambda_kit.batch._backoff",
            "BatchReport": "lambda_kit.batch._report",
            "DeadLetter": "lambda_kit.batch._dead_letter",
            "DynamoDBSink": "lambda_kit.batch._sinks",
            "FileSink": "lambda_kit.batch._sinks",
            "RecordFailure": "lambda_kit.batch._report",
            "S3Sink": "lambda_kit.batch._sinks",
            "Sink": "lambda_kit.batch._dead_letter",
            "SqsSink": "lambda_kit.batch._sinks",
            "Transformed": "lambda_kit.batch._firehose",
            "dead_letter": "lambda_kit.batch._dead_letter",
        },
    )


refuse_calls(__name__)


__all__ = [
    "DROPPED",
    "AsyncBatchHandler",
    "Backoff",
    "BatchHandler",
    "BatchReport",
    "DeadLetter",
    "DynamoDBSink",
    "FileSink",
    "RecordFailure",
    "S3Sink",
    "Sink",
    "SqsSink",
    "Transformed",
    "batch",
    "dead_letter",
    "process_batch",
    "process_batch_async",
]
