"""Types as transforms: validated, or refused, and never called with the text where that gives a wrong value."""

from __future__ import annotations

import enum
import json
import sys
import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import Field
from typing_extensions import TypedDict

from lambda_kit import parameters
from lambda_kit.errors import ConfigurationError, MissingExtra, TransformError
from lambda_kit.parameters import Parameter


@dataclass
class Point:
    x: int
    names: list[str]


class Pair(NamedTuple):
    left: int
    right: str


class Limits(TypedDict):
    least: int


class Colour(enum.Enum):
    RED = "red"


VALUES: dict[str, tuple[Any, str, Any]] = {
    "bool": (bool, "false", False),
    "bool 1": (bool, "1", True),
    "bool On": (bool, " On\n", True),
    "int": (int, "5", 5),
    "float": (float, "0.5", 0.5),
    "str": (str, "text", "text"),
    "Decimal": (Decimal, "0.10", Decimal("0.10")),
    "UUID": (uuid.UUID, str(uuid.UUID(int=1)), uuid.UUID(int=1)),
    "Enum": (Colour, "red", Colour.RED),
    "list": (list, "[1, 2]", [1, 2]),
    "dict": (dict, '{"a": 1}', {"a": 1}),
    "tuple": (tuple, "[1]", (1,)),
    "set": (set, "[1, 1]", {1}),
    "list[int]": (list[int], '[1, "2"]', [1, 2]),
    "dict[str, int]": (dict[str, int], '{"a": "1"}', {"a": 1}),
    "int | None": (int | None, "null", None),
    "Literal": (Literal["a", "b"], '"a"', "a"),
    "Literal as it is": (Literal["on", "off"], "on", "on"),
    "Literal that looks like JSON": (Literal["false", "1"], "1", "1"),
    "str | None": (str | None, "text", "text"),
    "date | None": (date | None, "2026-11-29", date(2026, 11, 29)),
    "Annotated": (Annotated[int, Field(ge=5)], "5", 5),
    "dataclass": (Point, '{"x": "1", "names": []}', Point(1, [])),
    "list of dataclass": (list[Point], '[{"x": 1, "names": ["a"]}]', [Point(1, ["a"])]),
    "NamedTuple": (Pair, '[1, "a"]', Pair(1, "a")),
    "TypedDict": (Limits, '{"least": 1}', {"least": 1}),
    "function": (json.loads, "[1]", [1]),
}
WRONG: dict[str, tuple[Any, str]] = {
    "bool": (bool, "perhaps"),
    "bool empty": (bool, " "),
    "list": (list, "abc"),
    "dict": (dict, "[]"),
    "list[int]": (list[int], '["hunter2"]'),
    "list[int] no json": (list[int], "1,2"),
    "Annotated": (Annotated[int, Field(ge=5)], "4"),
    "dataclass": (Point, '{"x": "hunter2", "names": []}'),
    "TypedDict": (Limits, "{}"),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_type_is_the_type_of_the_value(store: Any, case: str) -> None:
    transform, text, value = VALUES[case]
    store.put("/a", text)
    store.put_secret("b", text)
    read: Any = parameters  # whose types depend on the transform
    found: Any = read.get("/a", transform=transform)
    assert (type(found), found) == (type(value), value)
    assert read.get("/a", transform=transform) == value
    assert read.secret("b", transform=transform).get_secret_value() == value
    assert read.get_many(["/a"], transform=transform) == {"/a": value}
    assert read.Parameter("/a", transform=transform)() == value


@pytest.mark.parametrize("case", WRONG)
def test_a_text_that_is_not_of_the_type_is_an_error_that_does_not_quote_it(store: Any, case: str) -> None:
    transform, text = WRONG[case]
    store.put("/a", text)
    with pytest.raises(TransformError, match=r"the parameter /a could not be read .* does not fit") as info:
        parameters.get("/a", transform=transform)
    assert "hunter2" not in str(info.value)
    assert info.value.transform


def test_the_error_names_the_type_and_the_place(store: Any) -> None:
    store.put("/a", '[{"x": "no", "names": []}]')
    with pytest.raises(TransformError, match=r"list\[tests.parameters.test_types.Point\]: 0.x \(int_parsing\)") as info:
        parameters.get("/a", transform=list[Point])
    assert info.value.transform == "list[tests.parameters.test_types.Point]"


def test_a_dataclass_is_the_callers_own(store: Any) -> None:
    store.put("/a", '{"x": 1, "names": ["a"]}')
    parameters.get("/a", transform=Point).names.append("b")
    assert parameters.get("/a", transform=Point) == Point(1, ["a"])


@pytest.mark.parametrize("transform", [bytes, bytearray, memoryview])
def test_a_type_of_bytes_is_refused_with_what_to_use(transform: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"get\('/a'\): .* for base64 pass transform='binary'"):
        parameters.get("/a", transform=transform)


class Strange:
    """No type for pydantic, within a generic one."""


@pytest.mark.parametrize("declare", [parameters.get, Parameter])
def test_a_type_that_pydantic_cannot_validate_is_refused_where_it_is_declared(declare: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"pydantic cannot validate"):
        declare("/a", transform=list[Strange])


@pytest.mark.parametrize("declare", [parameters.get, Parameter])
def test_without_pydantic_a_type_that_needs_it_is_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch, declare: Any
) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(
        MissingExtra, match=r'needs pydantic, which is not installed: pip install "lambda-kit-sdk\['
    ) as info:
        declare("/a", transform=dict[str, int])
    assert isinstance(info.value, ImportError)
    assert isinstance(info.value, ConfigurationError)


def test_bool_needs_no_pydantic(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    store.put("/a", "off")
    assert parameters.get("/a", transform=bool) is False
