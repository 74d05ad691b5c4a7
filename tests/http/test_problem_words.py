"""No answer to a wrong request shows a value of the request, a name of a class, or words of a user's validator."""

from __future__ import annotations

import enum
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    Json,
    create_model,
    field_validator,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from lambda_kit import HttpApp
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import Cookie, Form, Header, InvalidRequest
from tests.http.clients import every_trigger, problem

MARK = "zq7Secret"
NUMBER = 918273645
CLASSES = (
    "SecretColor",
    "SecretPair",
    "SecretDict",
    "SecretKind",
    "SecretStrict",
    "Path",
    "IPv4",
    "builtins",
    "pydantic",
)


class SecretColor(enum.Enum):
    RED = "red"


class SecretPair(NamedTuple):
    x: int
    y: int


class SecretDict(TypedDict):
    x: int


class SecretKind(BaseModel):
    kind: Literal["a"]


class OtherKind(BaseModel):
    kind: Literal["b"]


class SecretStrict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int


class Own(BaseModel):
    value: Any = None
    assertion: Any = None
    custom: Any = None
    known: Any = None

    @field_validator("value")
    @classmethod
    def _value(cls, found: Any) -> Any:
        raise ValueError(f"no {found}, it is bad")

    @field_validator("assertion")
    @classmethod
    def _assertion(cls, found: Any) -> Any:
        raise AssertionError(f"no {found}")

    @field_validator("custom")
    @classmethod
    def _custom(cls, found: Any) -> Any:
        raise PydanticCustomError("own_kind", "no {found}", {"found": str(found)})

    @field_validator("known")
    @classmethod
    def _known(cls, found: Any) -> Any:
        raise PydanticCustomError("greater_than", "no {gt}", {"gt": str(found)})


TYPES: list[Any] = [
    int,
    float,
    bool,
    str,
    bytes,
    Base64Bytes,
    ByteSize,
    Decimal,
    UUID,
    date,
    datetime,
    time,
    timedelta,
    AwareDatetime,
    AnyUrl,
    IPv4Address,
    Path,
    SecretColor,
    SecretPair,
    SecretDict,
    SecretStrict,
    Own,
    Json[int],
    Literal["a", 1],
    list[int],
    set[int],
    frozenset[UUID],
    tuple[int, str],
    dict[int, date],
    int | UUID,
    Annotated[SecretKind | OtherKind, Field(discriminator="kind")],
    Annotated[int, Field(gt=5, multiple_of=7)],
    Annotated[str, Field(max_length=2, pattern="^a")],
    Annotated[Decimal, Field(max_digits=2, decimal_places=1)],
    Annotated[list[int], Field(max_length=1)],
]
_create: Any = create_model
Everything: Any = _create("Everything", **{f"f{at}": (kind, ...) for at, kind in enumerate(TYPES)})

MARKED = st.sampled_from(
    [
        MARK,
        f"{MARK}:5",
        f"http://{MARK} x",
        f"2026-01-{MARK}",
        f"12:00:{MARK}",
        f"P{MARK}D",
        f"00000000-0000-0000-0000-{MARK}",
        f'{{"{MARK}":',
        f"\x00{MARK}",
        NUMBER,
        -NUMBER,
        NUMBER + 0.5,
        f"{NUMBER}",
        f"{NUMBER}.{NUMBER}",
        [MARK],
        [MARK, NUMBER],
        {"kind": MARK},
        {"x": MARK, "value": MARK, "assertion": MARK, "custom": MARK, "known": MARK},
        {"value": NUMBER},
        None,
        True,
    ]
)


def check(text: str) -> None:
    for one in (MARK, str(NUMBER), *CLASSES):
        assert one not in text


@given(st.lists(MARKED, min_size=len(TYPES), max_size=len(TYPES)))
def test_no_value_and_no_class_is_in_the_answer_to_a_wrong_body(values: list[Any]) -> None:
    app = HttpApp()

    def route(body: Any) -> None:
        raise AssertionError

    route.__annotations__["body"] = Everything
    app.post("/")(route)
    sent = {f"f{at}": value for at, value in enumerate(values)}
    answer = app.test_client().post("/", content=json.dumps(sent))
    assert answer.status == 422
    check(answer.text)
    for one in problem(answer)["errors"]:
        assert one.keys() == {"detail", "in", "pointer"}
        assert one["detail"] != ""


PLACES: list[Any] = [
    *(int, float, bool, Decimal, UUID, date, datetime, time, SecretColor, Literal["a"]),
    *(Annotated[int, Field(gt=5)], Annotated[str, Field(pattern="^a$")]),
]


@every_trigger
@pytest.mark.parametrize("kind", PLACES, ids=[str(at) for at in range(len(PLACES))])
def test_no_value_is_in_the_answer_to_a_wrong_parameter(trigger: Any, kind: Any) -> None:
    app = HttpApp()

    def route(path: Any, query: Any, header: Any, cookie: Any, field: Any) -> None:
        raise AssertionError

    marks = {"header": Header(), "cookie": Cookie(), "field": Form()}
    route.__annotations__ = dict.fromkeys(("path", "query"), kind) | {
        name: Annotated[kind, mark] for name, mark in marks.items()
    }
    app.post("/{path}")(route)
    answer = app.test_client(trigger).post(
        f"/{MARK}", params={"query": MARK}, headers={"header": MARK}, cookies={"cookie": MARK}, data={"field": MARK}
    )
    assert (answer.status, len(problem(answer)["errors"])) == (422, 5)
    check(answer.text)


def own_app(**options: Any) -> HttpApp:
    app = HttpApp(**options)

    @app.post("/")
    def route(body: Own) -> None:
        raise AssertionError

    def checked(text: str) -> str:
        raise ValueError(f"no {text}")

    def query(q: Any) -> None:
        raise AssertionError

    from pydantic import AfterValidator

    query.__annotations__["q"] = Annotated[str, AfterValidator(checked)]
    app.get("/")(query)
    return app


def test_words_of_validators_reach_clients_by_an_option_alone() -> None:
    sent = {"value": MARK, "assertion": MARK, "custom": MARK, "known": MARK}
    closed, opened = own_app().test_client(), own_app(validator_messages=True).test_client()
    for answer in (closed.post("/", json=sent), closed.get("/", params={"q": MARK})):
        assert {one["detail"] for one in problem(answer)["errors"]} == {"it is not valid"}
    assert [one["detail"] for one in problem(opened.post("/", json=sent))["errors"]] == [
        f"no {MARK}, it is bad",
        *[f"no {MARK}"] * 3,
    ]
    assert [one["detail"] for one in problem(opened.get("/", params={"q": MARK}))["errors"]] == [f"no {MARK}"]


def test_handlers_of_exceptions_see_words_of_validators_by_the_option_alone() -> None:
    for shown in (False, True):
        app = own_app(validator_messages=shown)

        @app.on_error(InvalidRequest)
        def on_invalid(error: InvalidRequest, request: HttpEvent) -> Any:
            return 400, error.errors

        assert (MARK in app.test_client().post("/", json={"value": MARK}).text) is shown


def test_a_field_of_json_that_is_not_json_is_422_and_not_a_malformed_body() -> None:
    app = HttpApp()

    class WithJson(BaseModel):
        inner: Json[int]

    def route(body: Any) -> None:
        raise AssertionError

    route.__annotations__["body"] = WithJson
    app.post("/")(route)
    answer = app.test_client().post("/", json={"inner": f"{{{MARK}"})
    assert (answer.status, problem(answer)["errors"]) == (
        422,
        [{"detail": "it has to be JSON", "in": "body", "pointer": "#/inner"}],
    )


def test_messages_of_pydantic_that_are_harmless_are_told() -> None:
    app = HttpApp()

    @app.post("/")
    def route(body: SecretStrict) -> None:
        raise AssertionError

    def told(body: Any) -> Any:
        (one,) = problem(app.test_client().post("/", json=body))["errors"]
        return one["detail"], one["pointer"]

    assert told({"x": 1.5})[0].startswith("Input should be a valid integer")
    assert told({"x": 1, "y": 2}) == ("Extra inputs are not permitted", "#/y")
    assert told({}) == ("Field required", "#/x")


def test_pydantic_has_no_message_with_parts_of_the_input_that_is_told() -> None:
    """Each kind of error is made with a marked context; only limits and lists of allowed values may be shown."""
    from pydantic_core import _pydantic_core

    from lambda_kit.http._problems import words

    shown = {
        *("gt", "ge", "lt", "le", "multiple_of", "field_type", "min_length", "max_length", "actual_length", "pattern"),
        *("expected", "encoding", "tz_expected", "discriminator", "expected_schemes", "expected_version"),
        *("max_digits", "decimal_places", "whole_digits", "expected_plural"),
    }
    harmless = {"date_parsing", "date_from_datetime_parsing", "time_parsing", "datetime_parsing"}
    harmless |= {"datetime_from_date_parsing"}  # their `error` is one of a fixed list of sentences
    listed: Any = _pydantic_core
    for one in listed.list_all_errors():
        message = one["message_template_python"]
        names = {part.partition("}")[0] for part in message.split("{")[1:]}
        if names - shown and one["type"] not in harmless:
            told, _ = words({"type": one["type"], "msg": message.replace("{", MARK), "ctx": one["example_context"]})
            assert MARK not in told, one
