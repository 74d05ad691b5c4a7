"""JSON in records: the decoder is orjson where the function has loaded it, and nobody sees a difference."""

from __future__ import annotations

import json
import sys
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_kit.errors import EventError
from lambda_kit.events import KinesisRecord, SqsRecord

NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([10**17, 10**18, 10**18 - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]),
    st.floats(),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
# Text that is almost JSON: values, separators, and what one decoder or the other may accept.
PARTS = st.sampled_from(
    [
        *'{}[],:" \n\t\r\\01-.eE',
        "null",
        "true",
        "NaN",
        "Infinity",
        '"a"',
        "1e999",
        '"\\ud800"',
        '"\\u00e9"',
        "\ufeff",
        "\x0b",
        "é",
    ]
)


def outcome(text: str) -> str:
    """Return the value, with its types, or the error."""
    try:
        return repr(SqsRecord({"messageId": "m", "body": text}).json)
    except EventError as error:
        return str(error)


def both(text: str) -> tuple[str, str]:
    """Return what comes of a text without orjson, and with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(sys.modules, "orjson", raising=False)
        plain = outcome(text)
        patch.setitem(sys.modules, "orjson", orjson)
        return plain, outcome(text)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
@example({"id": 12345678901234567890123}, True, None)
@example({"id": "1234567890123456789012"}, False, None)
def test_a_value_is_the_same_with_and_without_orjson(value: Any, ascii_only: bool, indent: int | None) -> None:
    plain, quick = both(json.dumps(value, ensure_ascii=ascii_only, indent=indent))
    assert plain == quick


@given(st.lists(PARTS, max_size=12).map("".join))
def test_what_is_accepted_and_the_errors_are_the_same_with_and_without_orjson(text: str) -> None:
    plain, quick = both(text)
    assert plain == quick


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 900 + "]" * 900, '"' + "x" * 100_000 + '"'], ids=len)
def test_deep_and_long_texts_are_the_same_with_and_without_orjson(text: str) -> None:
    plain, quick = both(text)
    assert plain == quick


@pytest.mark.parametrize("loaded", [True, False], ids=["loaded", "not loaded"])
def test_orjson_decodes_where_the_function_has_loaded_it(loaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []

    class Counted:
        @staticmethod
        def loads(data: bytes) -> Any:
            calls.append(data)
            return orjson.loads(data)

    monkeypatch.delitem(sys.modules, "orjson", raising=False)
    if loaded:
        monkeypatch.setitem(sys.modules, "orjson", Counted)
    assert SqsRecord({"messageId": "m", "body": '{"a": 1}'}).json == {"a": 1}
    assert KinesisRecord({"kinesis": {"data": "eyJhIjogMX0="}}).json == {"a": 1}
    assert calls == [b'{"a": 1}'] * (2 if loaded else 0)
    assert ("orjson" in sys.modules) is loaded
