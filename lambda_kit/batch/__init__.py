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

from lambda_kit.batch._layer import batch, process_batch, process_batch_async
from lambda_kit.batch._report import BatchReport, RecordFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._dead_letter import DeadLetter, Sink, dead_letter
    from lambda_kit.batch._sinks import DynamoDBSink, FileSink, S3Sink, SqsSink
    from lambda_kit.batch._transformed import DROPPED, Transformed
else:
    _MODULES = {  # what is not needed by all loads when it is first used
        "DROPPED": "_transformed",
        "Backoff": "_backoff",
        "DeadLetter": "_dead_letter",
        "DynamoDBSink": "_sinks",
        "FileSink": "_sinks",
        "S3Sink": "_sinks",
        "Sink": "_dead_letter",
        "SqsSink": "_sinks",
        "Transformed": "_transformed",
        "dead_letter": "_dead_letter",
    }

    def __getattr__(name):
        if (module := _MODULES.get(name)) is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
        return value

    def __dir__():
        return sorted({*globals(), *_MODULES})


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
