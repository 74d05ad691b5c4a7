"""The builders of events give what AWS sends: of the right source, in the published shape, with ids that differ."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.events import source_of
from lambda_kit.events._source import VIEWS
from lambda_kit.testing import events
from tests.effort import skip_in_the_middle
from tests.events.kinds import SAMPLES, is_a, read, view_of

PAYLOADS = Path(__file__).parents[1] / "events" / "payloads"

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

skip_in_the_middle()

wrong: Any = events
TRIGGERS: Any = (
    *("rest_api", "http_api_1", "http_api_2", "function_url"),
    *("alb", "alb_multi_value", "lattice_1", "lattice_2"),
)
BUILDERS: dict[str, tuple[str, Callable[..., Any]]] = {
    "sqs": ("sqs", lambda: events.sqs([{"id": 1}, "text"], attributes={"tenant": "a", "n": 1, "raw": b"x"})),
    "sqs-fifo": ("sqs", lambda: events.sqs([{}], queue="orders.fifo", group="g")),
    "sns": ("sns", lambda: events.sns({"id": 1}, attributes={"tenant": "a"}, subject="hello")),
    "s3": ("s3", lambda: events.s3("a b/ü.png", "c.png")),
    "s3-removed": ("s3", lambda: events.s3("a", event_name="ObjectRemoved:Delete")),
    "s3_event_bridge": ("s3_event_bridge", lambda: events.s3_event_bridge("a b.png")),
    "event_bridge": ("event_bridge", lambda: events.event_bridge({"id": 1})),
    "schedule": ("schedule", events.schedule),
    "dynamodb-insert": ("dynamodb", lambda: events.dynamodb(new={"id": 1, "a": "b"})),
    "dynamodb-modify": ("dynamodb", lambda: events.dynamodb({"id": 1}, {"id": 1, "a": [1]})),
    "dynamodb-remove": ("dynamodb", lambda: events.dynamodb({"id": 1}, expired=True)),
    "kinesis": ("kinesis", lambda: events.kinesis([{"id": 1}, b"x", "text"])),
    "kafka": ("kafka", lambda: events.kafka([{"id": 1}, None], key="k", headers={"h": b"v"})),
    "kafka-self-managed": ("kafka", lambda: events.kafka(["a"], self_managed=True)),
    "firehose": ("firehose", lambda: events.firehose([{"id": 1}])),
    "s3_batch": ("s3_batch", lambda: events.s3_batch("a b.png", arguments={"size": "large"})),
    "cloudwatch_logs": ("cloudwatch_logs", lambda: events.cloudwatch_logs(["ERROR x", {"level": "INFO"}])),
    "custom_resource-create": ("custom_resource", lambda: events.custom_resource(properties={"Name": "a"})),
    "custom_resource-update": ("custom_resource", lambda: events.custom_resource("Update", {"a": 1})),
    "secrets_rotation": ("secrets_rotation", events.secrets_rotation),
    "websocket-connect": ("websocket", lambda: events.websocket("$connect", params={"room": "a"})),
    "websocket-message": ("websocket", lambda: events.websocket("send", {"text": "hi"})),
    "websocket-disconnect": ("websocket", lambda: events.websocket("$disconnect")),
    "mq-active": ("active_mq", lambda: events.mq([{"id": 1}, b"x"], properties={"tenant": "a"})),
    "mq-rabbit": ("rabbit_mq", lambda: events.mq(["a"], broker="rabbit", properties={"tenant": "a"})),
    "destination-failure": ("destination", lambda: events.destination({"id": 1}, error=ValueError("x"))),
    "destination-success": ("destination", lambda: events.destination({"id": 1}, {"ok": True})),
    "authorizer-token": ("token_authorizer", lambda: events.authorizer(kind="token")),
    "authorizer-rest": ("request_authorizer", lambda: events.authorizer("GET", "/a?b=1", kind="rest_api")),
    "authorizer-http": ("request_authorizer", lambda: events.authorizer("GET", "/a?b=1", headers={"Cookie": "s=1"})),
    **{
        f"cognito-{source}": (source, partial(events.cognito, cast("Any", source.removeprefix("cognito_"))))
        for source in VIEWS
        if source.startswith("cognito_")
    },
    **{
        f"http-{trigger}": (
            "http",
            partial(events.http, "POST", "/orders?a=1", json={"id": 1}, trigger=trigger),
        )
        for trigger in TRIGGERS
    },
    **{f"of-{source}": (source, partial(events.of, source)) for source in VIEWS},
}
# Objects whose keys are names of users.
OPEN = {
    *("messageAttributes", "MessageAttributes", "headers", "multiValueHeaders", "userArguments", "Keys", "NewImage"),
    *("OldImage", "detail", "queryStringParameters", "multiValueQueryStringParameters", "ResourceProperties"),
    *("userAttributes", "properties", "requestPayload", "responsePayload"),
    *("OldResourceProperties", "pathParameters", "records", "query_string_parameters"),
}
# Keys that are in AWS's documentation and in no published event.
DOCUMENTED = {
    "sqs-fifo": {
        f".Records[].attributes.{name}" for name in ("MessageGroupId", "SequenceNumber", "MessageDeduplicationId")
    },
    "dynamodb-remove": {f".Records[].userIdentity{name}" for name in ("", ".type", ".principalId")},
    "custom_resource-update": {".OldResourceProperties", ".PhysicalResourceId"},
    "secrets_rotation": {".RotationToken"},
    "authorizer-rest": {".multiValueQueryStringParameters"},  # in the types of AWS's library for Go
}
# Keys of all published events that not every event has.
OPTIONAL = {".replay-name", ".Records[].dynamodb.NewImage", ".responseContext.functionError"}
# Keys of all published events that are those of HTTP APIs alone.
ELSEWHERE = {"authorizer-rest": {".version", ".identitySource"}}
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def paths(value: Any, at: str = "", name: str = "") -> Iterator[str]:
    """Yield the path of each key of an event, those of users' names excepted."""
    if is_a(value, dict) and name not in OPEN:
        for key, one in value.items():
            yield f"{at}.{key}"
            yield from paths(one, f"{at}.{key}", key)
    elif is_a(value, list):
        for one in value:
            yield from paths(one, f"{at}[]", "" if name == "records" else name)
    elif is_a(value, dict) and name == "records":  # of Kafka: by partition
        for one in value.values():
            yield from paths(one, f"{at}.*", "")


def published(source: str) -> list[Any]:
    """Return the published events of a source."""
    files = [json.loads(path.read_text("utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]
    return [event for event in [*SAMPLES.values(), *files] if source_of(event) == source]


def ids(value: Any, pattern: str) -> set[str]:
    """Return the values of an event that are ids. Those inside names of resources are not."""
    if is_a(value, dict):
        return ids(list(value.values()), pattern)
    if is_a(value, list):
        return {found for one in value for found in ids(one, pattern)}
    return {value} if isinstance(value, str) and re.fullmatch(pattern, value) else set()


@pytest.mark.parametrize("name", BUILDERS)
def test_an_event_is_recognised_and_its_view_reads_all_of_it(name: str) -> None:
    source, build = BUILDERS[name]
    event = build()
    assert source_of(event) == source
    assert list(read(view_of(source)(event)))
    assert json.loads(json.dumps(event)) == event


@pytest.mark.parametrize("name", [name for name in BUILDERS if not name.startswith("of-")])
def test_an_event_has_the_keys_of_published_ones_and_no_others(name: str) -> None:
    source, build = BUILDERS[name]
    shapes: list[set[str]] = [set(paths(event)) for event in published(source)]
    assert shapes
    keys = set(paths(build()))
    assert keys - set().union(*shapes) == DOCUMENTED.get(name, set())
    assert shapes[0].intersection(*shapes) - keys - OPTIONAL == ELSEWHERE.get(name, set())


@pytest.mark.parametrize("name", BUILDERS)
def test_ids_of_two_events_differ(name: str) -> None:
    build = BUILDERS[name][1]
    pattern = _UUID if name.startswith("of-") else rf"{_UUID}|49[0-9]{{10,}}|(?![0-9a-f]{{64}}$)[A-Za-z0-9+/]{{60,}}"
    assert ids(build(), pattern) & ids(build(), pattern) == set()


def test_an_id_that_comes_twice_in_a_sample_comes_twice_in_an_event() -> None:
    sample, event = json.dumps(SAMPLES["cloudformation-hook"]), json.dumps(events.of("cloudformation_hook"))
    assert len(set(re.findall(f'"{_UUID}"', sample))) == len(set(re.findall(f'"{_UUID}"', event)))


def test_sequence_numbers_grow() -> None:
    numbers = [record["kinesis"]["sequenceNumber"] for record in events.kinesis(["a", "b", "c"])["Records"]]
    assert sorted(set(numbers)) == numbers


def test_fields_replace_those_of_each_record_and_objects_are_merged() -> None:
    event = events.sqs(["a", "b"], fields={"awsRegion": "us-east-1", "attributes": {"SenderId": "me"}})
    for record in event["Records"]:
        assert record["awsRegion"] == "us-east-1"
        assert record["attributes"]["SenderId"] == "me"
        assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_time_can_be_set() -> None:
    at = 1_800_000_000.25
    assert events.sqs(["a"], at=at)["Records"][0]["attributes"]["SentTimestamp"] == "1800000000250"
    assert events.event_bridge({}, at=at)["time"] == "2027-01-15T08:00:00Z"
    assert events.kinesis(["a"], at=at)["Records"][0]["kinesis"]["approximateArrivalTimestamp"] == at
    assert events.s3("a", at=at)["Records"][0]["eventTime"] == "2027-01-15T08:00:00.250Z"


def test_values_become_those_of_dynamodb() -> None:
    item = {"id": "a", "n": 1, "d": Decimal("1.5"), "b": b"x", "yes": True, "none": None, "l": [1, "a"], "m": {"a": 1}}
    [record] = events.dynamodb(new={**item, "set": {"b", "a"}, "numbers": {1}})["Records"]
    assert record["eventName"] == "INSERT"
    assert record["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert record["dynamodb"]["NewImage"] == {
        "id": {"S": "a"},
        "n": {"N": "1"},
        "d": {"N": "1.5"},
        "b": {"B": "eA=="},
        "yes": {"BOOL": True},
        "none": {"NULL": True},
        "l": {"L": [{"N": "1"}, {"S": "a"}]},
        "m": {"M": {"a": {"N": "1"}}},
        "set": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1"]},
    }


def test_events_of_a_source_are_joined() -> None:
    event = events.joined(events.dynamodb(new={"id": 1}), events.dynamodb({"id": 1}, {"id": 1, "a": 2}))
    assert [record["eventName"] for record in event["Records"]] == ["INSERT", "MODIFY"]
    kafka = events.joined(events.kafka(["a"]), events.kafka(["b"], first_offset=1), events.kafka(["c"], partition=1))
    assert {name: len(records) for name, records in kafka["records"].items()} == {"orders-0": 2, "orders-1": 1}


def test_the_values_of_a_test_arrive() -> None:
    [record] = events.sqs([{"a": 1}], attributes={"tenant": "t", "n": 2, "raw": b"x"})["Records"]
    assert json.loads(record["body"]) == {"a": 1}
    assert record["messageAttributes"]["n"]["stringValue"] == "2"
    assert record["messageAttributes"]["raw"] == {
        "binaryValue": "eA==",
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "Binary",
    }
    assert events.s3("a b/ü.png")["Records"][0]["s3"]["object"]["key"] == "a+b/%C3%BC.png"
    assert b64decode(events.kinesis(["text"])["Records"][0]["kinesis"]["data"]) == b"text"
    request = events.http("PUT", "/a b", trigger="alb", params={"q": ["1", "2"]}, cookies={"c": "1"}, content=b"\xff")
    assert (request["httpMethod"], request["path"], request["isBase64Encoded"]) == ("PUT", "/a%20b", True)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: wrong.sqs("text"), r"events\.sqs\(\.\.\.\) takes a list of bodies, and got a str; pass \[value\]"),
        (lambda: wrong.kinesis({"a": 1}), "takes a list of data, and got a dict"),
        (lambda: wrong.sqs([1], fields=[]), r"fields=\[\]: pass a dict"),
        (lambda: wrong.of("pipes", fields={"a": 1}), "the event is a list"),
        (lambda: wrong.of("sqss"), "there is no such source; did you mean 'sqs'"),
        (lambda: wrong.of("xyz"), "there is no such source; there are active_mq, "),
        (wrong.dynamodb, "needs old=..., new=... or both"),
        (lambda: wrong.dynamodb(new={"a": 1}), "the item has no key 'id'; name its keys"),
        (lambda: wrong.dynamodb(new={"id": 1, "x": {"y": [object()]}}), r"x\.y\[0\] is of type object: DynamoDB has"),
        (lambda: wrong.dynamodb(new={"id": 1, "x": {1, "a"}}), "x is of type set"),
        (lambda: wrong.sqs(["a"], attributes={"x": True}), r"attributes\['x'\]=True: message attributes are"),
        (wrong.joined, "takes events of one source, and got those of none"),
        (lambda: wrong.joined(events.sqs([1]), events.kinesis([1])), "takes events of one source"),
        (lambda: wrong.joined(events.schedule()), "takes events with records; those of schedule have none"),
        (lambda: wrong.http(trigger="rest"), "there is no trigger 'rest'; there are rest_api, "),
        (lambda: wrong.custom_resource("create"), "pass 'Create', 'Update' or 'Delete'"),
    ],
    ids=range(16),
)
def test_what_cannot_be_built_is_refused(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


def test_what_a_builder_is_told_is_in_the_event() -> None:
    signed_up = events.cognito("pre_sign_up", {"email": "a@b"}, user="bob", fields={"request": {"validationData": {}}})
    assert (signed_up["userName"], signed_up["request"]["userAttributes"]) == ("bob", {"email": "a@b"})
    asked = events.authorizer("PUT", "/a", token="Bearer x", kind="rest_api")
    assert asked["methodArn"].endswith("/PUT/a")
    assert asked["headers"]["Authorization"] == "Bearer x"
    failed = events.destination({"id": 1}, error=ValueError("x"))
    assert failed["responsePayload"]["errorType"] == "ValueError"
    rabbit = events.mq(["a"], broker="rabbit", queue="q", at=1_700_000_000)["rmqMessagesByQueue"]["q::/"][0]
    assert (rabbit["basicProperties"]["timestamp"], rabbit["basicProperties"]["bodySize"]) == (
        "Nov 14, 2023, 10:13:20 PM",
        1,
    )


def test_wrong_arguments_of_these_builders_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no such source; did you mean 'cognito_pre_sign_up'"):
        wrong.cognito("pre_signup")
    with pytest.raises(ConfigurationError, match="its event has no attributes of the user"):
        events.cognito("user_migration", {"email": "a@b"})
    with pytest.raises(ConfigurationError, match="pass 'http_api_2', 'rest_api', 'token'"):
        wrong.authorizer(kind="rest")
    with pytest.raises(ConfigurationError, match="pass 'active' or 'rabbit'"):
        wrong.mq([], broker="kafka")
