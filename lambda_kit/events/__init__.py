"""Typed, read-only views of events. They do not copy the raw dict, and decode a value when it is asked for.

```python
from lambda_kit.events import SqsEvent

event = SqsEvent({"Records": [{"messageId": "m-1", "body": '{"order": 7}', "eventSource": "aws:sqs"}]})
for record in event:
    assert (record.id, record.json) == ("m-1", {"order": 7})
```

Each name below loads its module when it is first used.
"""

from __future__ import annotations

from lambda_kit import lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.events._dynamodb import DynamoDBRecord, DynamoDBStreamEvent
    from lambda_kit.events._firehose import FirehoseEvent, FirehoseRecord
    from lambda_kit.events._http import HttpEvent
    from lambda_kit.events._http_trigger import http_trigger_of
    from lambda_kit.events._http_values import HeaderValues, QueryValues
    from lambda_kit.events._kafka import KafkaEvent, KafkaRecord
    from lambda_kit.events._kinesis import KinesisEvent, KinesisRecord
    from lambda_kit.events._layer import as_event
    from lambda_kit.events._parse import parse
    from lambda_kit.events._s3 import S3Event, S3Record
    from lambda_kit.events._s3_batch import S3BatchEvent, S3BatchTask
    from lambda_kit.events._sns import SnsMessage
    from lambda_kit.events._source import source_of
    from lambda_kit.events._sqs import SqsEvent, SqsRecord
    from lambda_kit.events._view import Records
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "DynamoDBRecord": "lambda_kit.events._dynamodb",
            "DynamoDBStreamEvent": "lambda_kit.events._dynamodb",
            "FirehoseEvent": "lambda_kit.events._firehose",
            "FirehoseRecord": "lambda_kit.events._firehose",
            "HeaderValues": "lambda_kit.events._http_values",
            "HttpEvent": "lambda_kit.events._http",
            "KafkaEvent": "lambda_kit.events._kafka",
            "KafkaRecord": "lambda_kit.events._kafka",
            "KinesisEvent": "lambda_kit.events._kinesis",
            "KinesisRecord": "lambda_kit.events._kinesis",
            "QueryValues": "lambda_kit.events._http_values",
            "Records": "lambda_kit.events._view",
            "S3BatchEvent": "lambda_kit.events._s3_batch",
            "S3BatchTask": "lambda_kit.events._s3_batch",
            "S3Event": "lambda_kit.events._s3",
            "S3Record": "lambda_kit.events._s3",
            "SnsMessage": "lambda_kit.events._sns",
            "SqsEvent": "lambda_kit.events._sqs",
            "SqsRecord": "lambda_kit.events._sqs",
            "as_event": "lambda_kit.events._layer",
            "http_trigger_of": "lambda_kit.events._http_trigger",
            "parse": "lambda_kit.events._parse",
            "source_of": "lambda_kit.events._source",
        },
    )


__all__ = [
    "DynamoDBRecord",
    "DynamoDBStreamEvent",
    "FirehoseEvent",
    "FirehoseRecord",
    "HeaderValues",
    "HttpEvent",
    "KafkaEvent",
    "KafkaRecord",
    "KinesisEvent",
    "KinesisRecord",
    "QueryValues",
    "Records",
    "S3BatchEvent",
    "S3BatchTask",
    "S3Event",
    "S3Record",
    "SnsMessage",
    "SqsEvent",
    "SqsRecord",
    "as_event",
    "http_trigger_of",
    "parse",
    "source_of",
]
