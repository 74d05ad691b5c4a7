"""The JSON of the client: that of `simplejson`, as AWS's client uses it, and the rich encoding."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import math
import sys
import uuid
from decimal import Decimal
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.runtime import _json
from lambda_kit.runtime._json_slow import encode as encode_slowly
from tests.stepping import visit_each_step

ENCODE = {ascii_only: _json.make_encode(ascii_only=ascii_only, rich=False) for ascii_only in (False, True)}
RICH = _json.make_encode(ascii_only=False, rich=True)


class Pair(NamedTuple):
    first: Any
    second: Any


text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), text, text.map(str.encode), st.decimals(allow_infinity=False)
)
keys = st.one_of(text, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(keys, inner), st.tuples(inner, inner), st.builds(Pair, inner, inner)
    ),
    max_leaves=20,
)


@pytest.mark.skipif(sys.platform != "linux", reason="awslambdaric has wheels for Linux alone")
@pytest.mark.parametrize("ascii_only", [False, True])
@given(value=values)
def test_a_value_has_the_json_of_the_client_of_aws(value: Any, ascii_only: bool) -> None:
    simplejson: Any = import_module("simplejson")

    def default(value: Any) -> Any:
        return math.nan if value.is_nan() else simplejson.raw_json.RawJSON(str(value))

    options = {"use_decimal": False, "allow_nan": True, "ensure_ascii": ascii_only, "default": default}
    try:
        expected: Any = simplejson.dumps(value, **options).encode()
    except (TypeError, ValueError):
        expected = None
    try:
        assert ENCODE[ascii_only](value) == expected
    except (TypeError, ValueError):
        assert expected is None
    if expected is not None and type(value) is not bytes:
        assert encode_slowly(value, ascii_only=ascii_only, rich=False) == expected


@given(value=values)
def test_what_json_holds_is_read_back(value: Any) -> None:
    try:
        data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError):
        return
    for spaced in (data, b" \n" + data + b"\t\r", "\ufeff".encode() + data):
        assert _json.decode(spaced) == json.loads(data)


@pytest.mark.parametrize("data", [b"", b" ", b"{", b"[1,]", b"1 2", b"NaN", b"-Infinity", b"\xff", b"'a'"])
def test_what_is_no_json_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        _json.decode(data)


@pytest.mark.parametrize(
    ("execution_env", "expected"),
    [
        ("AWS_Lambda_python3.11", True),
        ("AWS_Lambda_python3.12", False),
        ("AWS_Lambda_python3.20", False),
        ("AWS_Lambda_nodejs22.x", True),
        ("", True),
    ],
)
def test_text_is_escaped_where_the_client_of_aws_escapes_it(
    execution_env: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", execution_env)
    assert _json.writes_ascii() is expected


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Order:
    id: uuid.UUID
    at: dt.datetime


class Model(pydantic.BaseModel):
    total: Decimal = pydantic.Field(serialization_alias="sum")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05+00:00"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.time(3, 4), "03:04:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        (PurePosixPath("/a/b"), "/a/b"),
        ({1}, [1]),
        (frozenset[int](), []),
        (
            Order(uuid.UUID(int=0), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
            {"id": str(uuid.UUID(int=0)), "at": "2026-01-01T00:00:00+00:00"},
        ),
        (Model(total=Decimal("1.50")), {"sum": "1.50"}),
        ({"a": [Decimal("1.50")]}, {"a": [1.5]}),
        ({Colour.RED: 1, dt.date(2026, 1, 2): 2}, {"red": 1, "2026-01-02": 2}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_rich_encoding_takes_values_of_more_types(value: Any, expected: Any) -> None:
    assert json.loads(RICH(value)) == expected


@pytest.mark.parametrize("value", [object(), object, 1j, ...], ids=["object", "class", "complex", "ellipsis"])
def test_the_rich_encoding_refuses_what_has_no_json(value: Any) -> None:
    with pytest.raises(TypeError, match="is not JSON serializable"):
        RICH([value])


@given(value=values)
def test_the_rich_encoding_changes_nothing_that_the_plain_one_takes(value: Any) -> None:
    try:
        expected = ENCODE[False](value)
    except (TypeError, ValueError):
        return
    assert RICH(value) == expected


def test_an_object_to_which_another_thread_adds_meanwhile_is_encoded() -> None:
    texts: list[bytes] = []

    def encode(value: dict[str, Any]) -> None:
        texts.append(encode_slowly(value, ascii_only=True, rich=False))

    def add(value: dict[str, Any]) -> None:
        value["c"] = 3

    def check(_: Any, places: str) -> None:
        assert json.loads(texts[-1]) in ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3})

    visit_each_step(encode, add, prepare=lambda: {"a": Decimal(1), "b": Decimal(2)}, check=check)
