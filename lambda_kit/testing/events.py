"""Builders of events for tests: what each source sends, with ids that differ and the values that the test needs.

```python
from lambda_kit.events import SqsEvent, source_of
from lambda_kit.testing import events

event = events.sqs([{"order": 1}, "not JSON"], queue="orders")
assert source_of(event) == "sqs"
assert [record.body for record in SqsEvent(event)] == ['{"order": 1}', "not JSON"]
```

Each builder returns a new dict, which the test may change. Options that all of them have:

- `at`: the time of the event in seconds since the epoch; default: now.
- `fields`: replaces fields, in each record where there are records. Objects are merged, all else is replaced.

`of` builds the event of any source from a sample; `joined` makes one event of several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import source_of
from lambda_kit.testing._event_bridge import event_bridge, schedule
from lambda_kit.testing._event_brokers import mq
from lambda_kit.testing._event_buckets import s3, s3_batch, s3_event_bridge
from lambda_kit.testing._event_messages import sns, sqs
from lambda_kit.testing._event_operations import custom_resource, secrets_rotation
from lambda_kit.testing._event_requests import http, websocket
from lambda_kit.testing._event_samples import of
from lambda_kit.testing._event_streams import cloudwatch_logs, dynamodb, firehose, kafka, kinesis
from lambda_kit.testing._event_triggers import authorizer, cognito, destination

if TYPE_CHECKING:
    from lambda_kit.testing._event_parts import Event

__all__ = [
    "authorizer",
    "cloudwatch_logs",
    "cognito",
    "custom_resource",
    "destination",
    "dynamodb",
    "event_bridge",
    "firehose",
    "http",
    "joined",
    "kafka",
    "kinesis",
    "mq",
    "of",
    "s3",
    "s3_batch",
    "s3_event_bridge",
    "schedule",
    "secrets_rotation",
    "sns",
    "sqs",
    "websocket",
]


def joined(*events: Event) -> Event:
    """Return one event with the records of several events of the same source.

    ```python
    from lambda_kit.testing import events

    event = events.joined(events.dynamodb(new={"id": 1}), events.dynamodb(old={"id": 2}))
    assert [record["eventName"] for record in event["Records"]] == ["INSERT", "REMOVE"]
    ```

    Raises:
        ConfigurationError: there is no event, or they are not of one source that sends records.
    """
    sources = {source_of(event) for event in events}
    if len(sources) != 1:
        raise ConfigurationError(f"events.joined(...) takes events of one source, and got those of {sources or 'none'}")
    result: Event = dict(events[0])
    for name in ("Records", "records", "tasks"):
        first = result.get(name)
        if type_of(first) is list:
            result[name] = [one for event in events for one in event[name]]
            return result
        if type_of(first) is dict:  # Kafka has a list for each partition
            lists: dict[str, list[Any]] = {}
            for event in events:
                for partition, items in event[name].items():
                    lists.setdefault(partition, []).extend(items)
            result[name] = lists
            return result
    raise ConfigurationError(f"events.joined(...) takes events with records; those of {sources.pop()} have none")
