"""Typed views of events: read-only, over the raw dict, without copying it; nothing is decoded before it is asked for.

```python
from lambda_kit.events import SqsEvent

event = SqsEvent({"Records": [{"messageId": "m-1", "body": '{"order": 7}', "eventSource": "aws:sqs"}]})
for record in event:
    assert (record.id, record.json) == ("m-1", {"order": 7})
```

Each name loads its module when it is first used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.events._dynamodb import DynamoDBRecord, DynamoDBStreamEvent
    from lambda_kit.events._firehose import FirehoseEvent, FirehoseRecord
    from lambda_kit.events._kafka import KafkaEvent, KafkaRecord
    from lambda_kit.events._kinesis import KinesisEvent, KinesisRecord
    from lambda_kit.events._layer import as_event
    from lambda_kit.events._s3 import S3Event, S3Record
    from lambda_kit.events._s3_batch import S3BatchEvent, S3BatchTask
    from lambda_kit.events._sns import SnsMessage
    from lambda_kit.events._source import source_of
    from lambda_kit.events._sqs import SqsEvent, SqsRecord
    from lambda_kit.events._view import Records
else:
    _MODULES = {
        "DynamoDBRecord": "_dynamodb",
        "DynamoDBStreamEvent": "_dynamodb",
        "FirehoseEvent": "_firehose",
        "FirehoseRecord": "_firehose",
        "KafkaEvent": "_kafka",
        "KafkaRecord": "_kafka",
        "KinesisEvent": "_kinesis",
        "KinesisRecord": "_kinesis",
        "Records": "_view",
        "S3BatchEvent": "_s3_batch",
        "S3BatchTask": "_s3_batch",
        "S3Event": "_s3",
        "S3Record": "_s3",
        "SnsMessage": "_sns",
        "SqsEvent": "_sqs",
        "SqsRecord": "_sqs",
        "as_event": "_layer",
        "source_of": "_source",
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
    "DynamoDBRecord",
    "DynamoDBStreamEvent",
    "FirehoseEvent",
    "FirehoseRecord",
    "KafkaEvent",
    "KafkaRecord",
    "KinesisEvent",
    "KinesisRecord",
    "Records",
    "S3BatchEvent",
    "S3BatchTask",
    "S3Event",
    "S3Record",
    "SnsMessage",
    "SqsEvent",
    "SqsRecord",
    "as_event",
    "source_of",
]
