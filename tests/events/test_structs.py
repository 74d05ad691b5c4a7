"""Structs of msgspec as models: the same calls, the same errors."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from lambda_kit.batch import process_batch
from lambda_kit.errors import ConfigurationError, ParseError
from lambda_kit.events import SqsRecord, parse
from tests.batch import builders

msgspec: Any = pytest.importorskip("msgspec")


class Size(enum.Enum):
    SMALL = "small"


fields: Any = [("number", int), ("size", Size, Size.SMALL), ("lines", list[dict[str, int]], [])]
Order: Any = msgspec.defstruct("Order", fields)


def _refuse(order: Any) -> None:
    if order.number == 777:
        raise ValueError(f"{order.number} is refused")


Checked: Any = msgspec.defstruct("Checked", [("number", int)], namespace={"__post_init__": _refuse})


def read(event: Any, model: Any = Order) -> Any:
    def received(order: Any, context: Any) -> Any:
        return order

    return parse(model, at="body")(received)(event, None)


def test_a_struct_is_read_from_json_and_from_values() -> None:
    assert read({"body": '{"number": 5}'}) == read({"body": {"number": 5}}) == Order(number=5)
    assert read({"body": '[{"number": 5}]'}, list[Order]) == [Order(number=5)]
    assert SqsRecord[Order]({"body": '{"number": 5}'}).parsed.number == 5
    assert process_batch(builders.sqs(count=2), lambda order: order.number, model=Order).results == [0, 1]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"number": "hunter2"}', "the event does not fit Order: body.number: Expected `int`, got `str`"),
        ('{"number": 1, "size": "hunter2"}', "body.size: Invalid enum value"),
        ('{"number": 1, "lines": [{}, {"a": "hunter2"}]}', "body.lines.1: Expected `int`, got `str`"),
        ("hunter2", "body: Invalid JSON: JSON is malformed"),
        ('"\ud800"', "body: Invalid JSON: it is not valid Unicode"),
    ],
    ids=["type", "enum", "path", "text", "surrogate"],
)
def test_what_does_not_fit_is_told_without_its_value(body: str, told: str) -> None:
    with pytest.raises(ParseError) as caught:
        read({"body": body})
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_message_of_the_struct_itself_hides_the_value() -> None:
    with pytest.raises(ParseError, match="body: … is refused"):
        read({"body": '{"number": 777}'}, Checked)


def test_a_struct_that_msgspec_cannot_read_is_refused() -> None:
    two: Any = list[Order] | list[int]
    with pytest.raises(ConfigurationError, match="msgspec cannot validate this type"):
        parse(two)
