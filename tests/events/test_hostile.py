"""Whatever JSON an event is, its view raises no other errors than the kit's own, and neither does its `repr`."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_kit import events
from lambda_kit.errors import EventError
from lambda_kit.events import source_of
from lambda_kit.events._source import VIEWS
from tests.effort import skip_in_the_middle
from tests.events import kinds

skip_in_the_middle()

Path = tuple[str | int, ...]


def nested(depth: int, one: Any) -> Any:
    value: Any = {"S": "x"}
    for _ in range(depth):
        value = one(value)
    return value


def in_a_map(inner: Any) -> Any:
    return {"M": {"a": inner}}


def in_a_list_of_dynamodb(inner: Any) -> Any:
    return {"L": [inner]}


def in_a_list(inner: Any) -> Any:
    return [inner]


def packed(value: bytes) -> str:
    return base64.b64encode(gzip.compress(value)).decode()


HOSTILE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    "ü\ud800\x00",
    "%zz%ff+",
    "9" * 5_000,
    "-1",
    "arn:aws:s3",
    "2026-99-99T00:00:00Z",
    "/w==",
    "=a=",
    "NaN",
    "null",
    "[]",
    '{"a": [',
    "[" * 100_000,
    '{"Records": [null]}',
    '{"Type": "Notification", "TopicArn": 5, "Message": null}',
    packed(b"x"),
    packed(b"[]"),
    packed(b'{"logEvents": [null, 5, {}], "logGroup": 5}'),
    packed(b"[" * 100_000),
    [],
    [None],
    [[]],
    [{}],
    ["x", 5, None],
    {},
    {"a": None},
    {"": {"": {}}},
    {"bytes": ["x"]},
    {"bytes": [999, -999]},
    {"S": 5},
    {"N": "x"},
    {"N": "sNaN"},
    {"NS": ["sNaN", "1"]},
    {"SS": [[]]},
    {"B": "?"},
    {"M": {"a": {"M": None}}},
    nested(200, in_a_map),
    nested(200, in_a_list_of_dynamodb),
    nested(200, in_a_list),
]


def paths_of(value: Any, path: Path = ()) -> list[Path]:
    """Return the paths of all values in a sample."""
    found: list[Path] = [path]
    is_a = kinds.is_a
    inside: Any = value.items() if is_a(value, dict) else enumerate(value) if is_a(value, list) else ()
    for key, one in inside:
        found += paths_of(one, (*path, key))
    return found


def changed(sample: Any, path: Path, index: int) -> Any:
    """Return a sample with a hostile value at a path, which an earlier change may have removed."""
    if not path:
        return json.loads(TEXTS[index])
    holder = sample
    for key in path[:-1]:
        try:
            holder = holder[key]
        except (LookupError, TypeError):
            return sample
    try:
        if index == GONE:
            del holder[path[-1]]
        else:
            holder[path[-1]] = json.loads(TEXTS[index])
    except (LookupError, TypeError):
        pass
    return sample


TEXTS = [json.dumps(value) for value in HOSTILE]  # a value is made anew for each use, because a mutation may change it
GONE = len(TEXTS)  # the value is removed
PROFILE = settings.get_profile(settings.get_current_profile_name())
EXAMPLES = 2 * PROFILE.max_examples  # for each of some 95 samples: 11,000 cases in the profile `full`


@pytest.mark.parametrize("name", kinds.SAMPLES)
@settings(PROFILE, max_examples=EXAMPLES)
@given(data=st.data())
def test_a_mutated_sample_raises_errors_of_the_kit_alone(name: str, data: st.DataObject) -> None:
    sample = kinds.SAMPLES[name]
    view = kinds.view_of(str(source_of(sample)))
    places = PATHS[name]
    mutations = data.draw(st.lists(st.tuples(st.sampled_from(places), st.integers(0, GONE)), min_size=1, max_size=4))
    raw = copy.deepcopy(sample)
    for path, index in mutations:
        if path or index != GONE:
            raw = changed(raw, path, index)
    assert source_of(raw) in (None, *VIEWS)
    for _ in kinds.read(view(raw)):
        pass  # it raises what is not of the kit


PATHS = {name: paths_of(sample) for name, sample in kinds.SAMPLES.items()}


@pytest.mark.parametrize("name", [name for name in events.__all__ if hasattr(getattr(events, name), "raw")])
def test_any_value_in_the_place_of_an_event_or_a_record(name: str) -> None:
    view: Any = getattr(events, name)
    for value in map(json.loads, TEXTS):
        wrapped: list[Any] = [value, [value], {"Records": value}, {"Records": [value]}, {"records": value}]
        for raw in wrapped:
            assert source_of(raw) in (None, *VIEWS)
            for _ in kinds.read(view(raw)):
                pass  # it raises what is not of the kit


# Sizes


def test_log_events_that_expand_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_MAX_EXPANSION", "1000")
    large = json.dumps({"logEvents": [], "logGroup": "x" * 10_000}).encode()
    event = events.CloudWatchLogsEvent({"awslogs": {"data": packed(large)}})
    for _ in range(2):
        with pytest.raises(
            EventError, match="expands to more than 1000 bytes; LAMBDA_KIT_MAX_EXPANSION sets the bound"
        ):
            _ = event.data
    record = events.KinesisRecord({"kinesis": {"data": packed(large)}})
    with pytest.raises(EventError, match="expands to more than 1000 bytes"):
        _ = record.logs


def test_a_long_key_or_id_is_cut_in_messages() -> None:
    raw = {"x" * 10_000: 1, "requestContext": {"connectionId": "y" * 10_000}}
    event: Any = events.WebSocketEvent(raw)
    with pytest.raises(EventError) as caught:
        _ = event.route_key
    assert len(str(caught.value)) < 300
    assert len(repr(event)) < 200
    assert len(repr(events.SqsRecord({"messageId": "z" * 10_000}))) < 200
