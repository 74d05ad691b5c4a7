"""Contents as models: by the methods of views, by typed views and by the layer `parse`; errors show no values."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError, EventError, MissingExtra, ParseError
from lambda_kit.events import (
    DynamoDBRecord,
    FirehoseEvent,
    HttpEvent,
    KafkaEvent,
    KinesisEvent,
    S3Event,
    SnsMessage,
    SqsEvent,
    SqsRecord,
    as_event,
    parse,
)
from lambda_kit.testing import invoke
from tests.batch import builders
from tests.events.samples import payload


class Order(pydantic.BaseModel):
    number: int


class Counted(pydantic.BaseModel):
    number: int

    @pydantic.field_validator("number")
    @classmethod
    def _count(cls, number: int) -> int:
        counted.append(number)
        return number


counted: list[int] = []


def run(layer: Any, event: Any) -> Any:
    make: Any = handler
    return make(layer(received_by_handler))(event, None)


def received_by_handler(event: Any, context: Any) -> Any:
    return event


EVENTS = [
    pytest.param(builders.sqs(count=2), SqsEvent, id="sqs"),
    pytest.param(builders.kinesis("a", "b"), KinesisEvent, id="kinesis"),
    pytest.param(builders.kafka(p0=2), KafkaEvent, id="kafka"),
]


@pytest.mark.parametrize(("event", "view"), EVENTS)
def test_an_event_and_its_records_are_parsed_alike_by_methods_typed_views_and_the_layer(event: Any, view: Any) -> None:
    wanted = [Order(number=0), Order(number=1)]
    assert view(event).parse(Order) == wanted
    assert [record.parse(Order) for record in view(event)] == wanted
    assert [record.parsed for record in view[Order](event)] == wanted
    assert run(parse(Order, many=True), event) == wanted
    assert run(parse(Order, many=True), view(event)) == wanted
    assert [record.parsed for record in view(event)] == [{"number": 0}, {"number": 1}]


def test_a_typed_view_is_the_same_class_each_time_and_validates_once() -> None:
    assert SqsRecord[Counted] is SqsRecord[Counted]
    assert SqsEvent[Counted]._record is SqsRecord[Counted]
    record = SqsRecord[Counted]({"messageId": "m", "body": '{"number": 5}'})
    assert isinstance(record, SqsRecord)
    assert repr(record) == "<SqsRecord[Counted] m>"
    counted.clear()
    assert record.parsed is record.parsed
    assert counted == [5]
    unhashable: Any = Annotated[int, []]
    assert SqsRecord[unhashable]({"body": "5"}).parsed == 5


def test_the_body_of_a_request_is_parsed() -> None:
    request: dict[str, Any] = {
        "httpMethod": "POST",
        "path": "/",
        "body": '{"number": 3}',
        "requestContext": {"elb": {}},
    }
    assert HttpEvent[Order](request).parsed == HttpEvent(request).parse(Order) == Order(number=3)
    assert HttpEvent(request).parsed == {"number": 3}
    with pytest.raises(ParseError, match=r"the HttpEvent does not fit Order: body.number"):
        HttpEvent({**request, "body": "{}"}).parse(Order)


def test_as_event_gives_a_typed_view() -> None:
    @as_event(SqsEvent[Order])
    def read(event: SqsEvent[Order], context: Any) -> list[int]:
        return [one.parsed.number for one in event]

    assert read(builders.sqs(count=2), None) == [0, 1]


def test_a_record_is_parsed_from_its_own_part() -> None:
    (change,) = payload("dynamoStreamEvent")["Records"][:1]
    image: Any = DynamoDBRecord(change).new_image
    assert DynamoDBRecord(change).parse(dict[str, Any]) == image
    (record,) = list(S3Event(payload("s3Event")))[:1]
    assert record.parse(dict[str, Any]) == record.raw
    assert SnsMessage({"Message": '{"number": 3}'}).parse(Order) == Order(number=3)
    firehose = FirehoseEvent(builders.firehose({"number": 4}))
    assert firehose.parse(Order) == [Order(number=4)]


@pytest.mark.parametrize(
    ("view", "path"),
    [
        (SqsRecord({"body": '{"number": "hunter2"}'}), "body.number"),
        (SnsMessage({"Message": '{"number": "hunter2"}'}), "Message.number"),
        (
            DynamoDBRecord({"dynamodb": {"OldImage": {"number": {"S": "hunter2"}}}}),
            "dynamodb.OldImage.number",
        ),
        (
            SqsEvent({"Records": [{"body": '{"number": 1}'}, {"body": '{"number": "hunter2"}'}]}),
            "Records.1.body.number",
        ),
        (
            KafkaEvent(
                {
                    "records": {
                        "a-0": [{"value": base64.b64encode(b'{"number": 1}').decode()}],
                        "b-0": [{"value": base64.b64encode(b'{"number": "hunter2"}').decode()}],
                    }
                }
            ),
            "records.b-0.0.value.number",
        ),
    ],
    ids=["sqs", "sns", "dynamodb", "event", "kafka"],
)
def test_the_path_of_a_problem_starts_at_what_was_parsed_and_no_value_is_told(view: Any, path: str) -> None:
    with pytest.raises(ParseError) as caught:
        view.parse(Order)
    assert [one for one, _ in caught.value.problems] == [path]
    assert [".".join(map(str, one["loc"])) for one in caught.value.errors] == [path]
    assert "hunter2" not in f"{caught.value!r} {caught.value.errors} {caught.value.problems}"
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("layer", "event", "value"),
    [
        (parse(Order), {"number": 1}, Order(number=1)),
        (parse(Order, at="detail"), {"detail": {"number": 1}}, Order(number=1)),
        (parse(Order, at="body"), {"body": '{"number": 1}'}, Order(number=1)),
        (parse(Order, at="body"), {"body": "eyJudW1iZXIiOiAxfQ==", "isBase64Encoded": True}, Order(number=1)),
        (
            parse(Order, at="request.body"),
            {"request": {"body": "eyJudW1iZXIiOiAxfQ==", "isBase64Encoded": True}},
            Order(number=1),
        ),
        (parse(Order, at="parse_json(body).orders[0]"), {"body": '{"orders": [{"number": 1}]}'}, Order(number=1)),
        (parse(Order, many="lines"), {"lines": [{"number": 1}, {"number": 2}]}, [Order(number=1), Order(number=2)]),
        (parse(Order, many="lines", at="order"), {"lines": [{"order": '{"number": 1}'}]}, [Order(number=1)]),
        (parse(Order, many="@"), [{"number": 1}], [Order(number=1)]),
        (
            parse(Order, many=True, at="detail"),
            builders.sqs(builders.message("m", {"detail": {"number": 1}})),
            [Order(number=1)],
        ),
        (parse(Order, many=True), {"Records": []}, []),
        (parse(Order | None, at="detail"), {}, None),
    ],
    ids=[
        "whole",
        "object",
        "text",
        "base64",
        "inner base64",
        "expression",
        "list",
        "part of elements",
        "bare list",
        "part of records",
        "no records",
        "optional",
    ],
)
def test_the_layer_finds_what_to_parse(layer: Any, event: Any, value: Any) -> None:
    before = json.dumps(event)
    assert run(layer, event) == value
    assert json.dumps(event) == before


@pytest.mark.parametrize(
    ("layer", "event", "told"),
    [
        (parse(Order), {"number": "hunter2"}, "the event does not fit Order: number: Input should be a valid integer"),
        (parse(Order, at="detail"), {"x": "hunter2"}, "the event does not fit Order: detail: it is missing, or null"),
        (parse(Order, at="detail"), {"detail": {"number": "hunter2"}}, "detail.number: Input should be"),
        (parse(Order, at="body"), {"body": "hunter2"}, "body: Invalid JSON"),
        (
            parse(Order, at="body"),
            {"body": "hunter2", "isBase64Encoded": True},
            "'body' of the event does not hold valid base64",
        ),
        (parse(Order, at="body"), {"body": '"\ud800"'}, "body: Input should be a valid string"),
        (parse(Order, many="lines"), {"lines": [{"number": 1}, {"number": "hunter2"}]}, "lines.1.number: Input"),
        (
            parse(Order, many="lines"),
            {"lines": {"a": "hunter2"}},
            "needs a list at 'lines' of the event: it is of",
        ),
        (parse(Order, many="lines"), {}, "needs a list at 'lines' of the event: it is missing"),
        (
            parse(Order, many=True),
            {"detail": "hunter2"},
            "needs an event with records, and was given one",
        ),
        (
            parse(Order, many=True, at="detail"),
            builders.sqs(builders.message("m", {"detail": {"number": "hunter2"}})),
            "Records.0.body.detail.number: Input",
        ),
        (parse(Order, many=True), builders.sqs(builders.message("m", "hunter2")), "Records.0.body: Invalid JSON"),
        (parse(Order, many=True), {"Records": [{"eventSource": "aws:sqs"}]}, "Records.0: the SqsRecord has no 'body'"),
        (
            parse(Order, many=True, at="a"),
            builders.sqs(builders.message("m", "no JSON")),
            "Records.0: the SqsRecord does not hold JSON",
        ),
    ],
    ids=[
        "whole",
        "missing",
        "object",
        "text",
        "base64",
        "surrogate",
        "list",
        "no list",
        "no such list",
        "no records",
        "part of records",
        "record",
        "record without a body",
        "record without JSON",
    ],
)
def test_what_does_not_fit_is_told_with_its_path_and_without_its_value(layer: Any, event: Any, told: str) -> None:
    with pytest.raises(EventError) as caught:
        run(layer, event)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value).replace("'hunter2'", "") or told.startswith(
        "Records.0: the SqsRecord has"
    )
    assert caught.value.__context__ is caught.value.__cause__ is None


class Strict(pydantic.BaseModel):
    kind: Literal["a", "b"] = "a"
    card: str = ""
    amounts: list[int] = []

    @pydantic.field_validator("card")
    @classmethod
    def _card(cls, card: str) -> str:
        if card:
            raise ValueError(f"the card {card} ({card!r}) is not valid")
        return card

    @pydantic.model_validator(mode="after")
    def _sum(self) -> Strict:
        if sum(self.amounts) > 1000:
            raise ValueError(f"the amounts {self.amounts} of a {self.kind} are too high")
        return self


class A(pydantic.BaseModel):
    kind: Literal["a"]


class B(pydantic.BaseModel):
    kind: Literal["b"]


Tagged = Annotated[A | B, pydantic.Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("model", "value", "told"),
    [
        (Strict, {"card": "4111 1111"}, "card: Value error, the card … ('…') is not valid"),
        (Strict, {"card": "\n\"secret'"}, "is not valid"),
        (Strict, {"amounts": [123456, 234567]}, "the amounts […, …] of a a are too high"),
        (Tagged, {"kind": "hunter2"}, "Input tag '…' found using 'kind' does not match any of the expected tags"),
    ],
    ids=["text", "escapes", "numbers", "tag"],
)
def test_what_a_validator_quotes_of_a_value_is_hidden(model: Any, value: Any, told: str) -> None:
    with pytest.raises(ParseError) as caught:
        run(parse(model, at="detail"), {"detail": value})
    assert told in str(caught.value)
    for quoted in ("4111", "secret", "123456", "234567", "hunter2"):
        assert quoted not in f"{caught.value} {caught.value.errors}"


@given(st.text(min_size=3, max_size=12), st.sampled_from(["card", "kind"]))
def test_no_text_is_told_whatever_it_is(text: str, field: str) -> None:
    marked = f"Zq{text}qZ"
    with pytest.raises(ParseError) as caught:
        run(parse(Strict, at="detail"), {"detail": {field: marked}})
    assert marked not in f"{caught.value} {caught.value.problems}"


def test_a_large_value_hides_the_whole_message_of_its_validator() -> None:
    with pytest.raises(ParseError, match=r"does not fit Strict: [$]: Value error") as caught:
        run(parse(Strict), {"amounts": [1_234] * 2_000})
    assert "1234" not in str(caught.value)


def test_handlers_of_each_kind_get_the_value() -> None:
    @handler
    @parse(Order, at="detail")
    async def later(order: Order, context: Any) -> int:
        return order.number

    decorate: Any = parse(Order, at="detail")

    class Shop:
        @handler  # pyright: ignore[reportUntypedFunctionDecorator]
        @decorate  # type: ignore[untyped-decorator]
        def place(self, order: Order, context: Any) -> int:
            return order.number

    event = {"detail": {"number": 7}}
    assert later(event, None) == Shop().place(event, None) == 7
    assert invoke(later, event).value == 7


@dataclasses.dataclass
class Line:
    sku: str


def test_a_model_is_whatever_pydantic_validates() -> None:
    assert run(parse(Line, at="detail"), {"detail": {"sku": "tea"}}) == Line("tea")
    assert run(parse(list[Line]), [{"sku": "tea"}]) == [Line("tea")]


def test_a_wrong_declaration_is_told_when_the_layer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd:
        pass

    with pytest.raises(ConfigurationError, match=r"parse\(Odd\): pydantic cannot validate Odd"):
        parse(Odd)
    with pytest.raises(ConfigurationError, match="many=5; pass True, False, or a JMESPath expression"):
        parse(Order, many=5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(ConfigurationError, match="at is '!!', which is no JMESPath expression"):
        parse(Order, at="!!")
    with pytest.raises(ConfigurationError, match="put @handler on top"):
        parse(Order)(handler(received_by_handler))
    monkeypatch.setitem(__import__("sys").modules, "pydantic", None)
    with pytest.raises(MissingExtra, match=r"parse\(.*\) needs pydantic, which is not installed"):
        parse(tuple[Order, str])
