"""Batches: a function for one record, and the response from which its service knows what to send again.

```python
from lambda_kit import handler
from lambda_kit.batch import batch


@handler
@batch()
def charge(record):
    print(record.json["order"])
```

The rules, the same for every source:

- A record is acknowledged if its function returned, or if it is in the dead letter; whatever else happens, it is sent
  again. A record that cannot be read fails alone.
- Before the deadline no further record is begun; what was not begun is reported.
- Records of one FIFO group, partition key or partition keep their order.
- Every failure is logged once, by the identifiers of the record, without its payload.
"""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.batch._layer import batch, process_batch, process_batch_async
from lambda_kit.batch._report import BatchReport, RecordFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._dead_letter import DeadLetter, Sink, dead_letter
    from lambda_kit.batch._sinks import DynamoDBSink, FileSink, S3Sink, SqsSink
    from lambda_kit.batch._transformed import DROPPED, Transformed
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "DROPPED": "lambda_kit.batch._transformed",
            "Backoff": "lambda_kit.batch._backoff",
            "DeadLetter": "lambda_kit.batch._dead_letter",
            "DynamoDBSink": "lambda_kit.batch._sinks",
            "FileSink": "lambda_kit.batch._sinks",
            "S3Sink": "lambda_kit.batch._sinks",
            "Sink": "lambda_kit.batch._dead_letter",
            "SqsSink": "lambda_kit.batch._sinks",
            "Transformed": "lambda_kit.batch._transformed",
            "dead_letter": "lambda_kit.batch._dead_letter",
        },
    )


__all__ = [
    "DROPPED",
    "Backoff",
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
