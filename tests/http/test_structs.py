"""Structs of msgspec as bodies and answers."""

from __future__ import annotations

import enum
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp
from lambda_kit.errors import ConfigurationError
from tests.http.clients import every_trigger, problem

msgspec: Any = pytest.importorskip("msgspec")
Parcel: Any = msgspec.defstruct("Parcel", [("name", str), ("sizes", list[int])])


def make() -> HttpApp:
    app = HttpApp()

    def one(parcel: Any) -> Any:
        return parcel

    def many(parcel: Any) -> Any:
        return parcel

    def plain(parcel: Any) -> Any:
        return {"parcel": parcel}

    one.__annotations__.update({"parcel": Parcel, "return": Parcel})
    many.__annotations__.update({"parcel": list[Parcel], "return": list[Parcel]})
    plain.__annotations__.update(parcel=Parcel)
    app.post("/one")(one)
    app.post("/many")(many)
    app.post("/plain")(plain)
    return app


@pytest.mark.parametrize("value", [{"name": "a", "sizes": "1"}, {"name": "a"}, [1], "text"], ids=str)
def test_an_answer_that_does_not_fit_its_struct_is_500(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = HttpApp()

    def route() -> Any:
        return value

    route.__annotations__["return"] = Parcel
    app.get("/")(route)
    answer = app.test_client().get("/")
    assert (answer.status, "sizes" in answer.text) == (500, False)
    assert "cannot be its answer" in caplog.text


def test_an_answer_that_is_made_of_other_values_is_a_struct() -> None:
    app = HttpApp()

    def route() -> Any:
        return {"name": "a", "sizes": (1, 2), "more": 3}

    route.__annotations__["return"] = Parcel | None
    app.get("/")(route)
    assert app.test_client().get("/").json() == {"name": "a", "sizes": [1, 2]}


def test_structs_that_msgspec_cannot_tell_apart_are_answers_and_no_bodies() -> None:
    other: Any = msgspec.defstruct("Other", [("n", int)])
    app = HttpApp()

    def read(kind: str) -> Any:
        return other(1) if kind == "other" else Parcel("a", [])

    def write(parcel: Any) -> None: ...

    read.__annotations__["return"] = Parcel | other
    write.__annotations__["parcel"] = Parcel | other
    app.get("/{kind}")(read)
    assert app.test_client().get("/other").json() == {"n": 1}
    app.post("/")(write)
    with pytest.raises(ConfigurationError, match="a type that msgspec does not take"):
        app.check()


@every_trigger
def test_a_struct_is_read_and_written(trigger: Any) -> None:
    client, value = make().test_client(trigger), {"name": "n", "sizes": [1]}
    assert client.post("/one", json=value).json() == value
    assert client.post("/many", json=[value]).json() == [value]
    assert client.post("/plain", json=value).json() == {"parcel": value}


@every_trigger
@pytest.mark.parametrize(
    ("value", "pointer"),
    [("text", "#"), ({"name": "n", "sizes": [1, "x"]}, "#/sizes/1"), ({"sizes": []}, "#")],
    ids=["shape", "value", "missing"],
)
def test_a_value_that_does_not_fit_is_422_with_its_pointer(trigger: Any, value: Any, pointer: str) -> None:
    answer = make().test_client(trigger).post("/one", json=value)
    assert answer.status == 422
    assert [(one["in"], one["pointer"]) for one in problem(answer)["errors"]] == [("body", pointer)]
    assert "Parcel" not in answer.text


@every_trigger
@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"a": 1} x'], ids=["none", "cut", "deep", "two"])
def test_what_is_not_json_is_400(trigger: Any, body: bytes) -> None:
    assert make().test_client(trigger).post("/one", content=body).status == 400


MARK = "zq7Secret"
NUMBER = 918273645
MARKED = st.sampled_from(
    [
        *(MARK, NUMBER, NUMBER + 0.5, [MARK], [MARK, NUMBER], {MARK: 1}, {"type": MARK}, {"x": 1, MARK: 2}, None, True),
        *({"x": MARK}, {"value": MARK}, f"2026-01-{MARK}", f"P{MARK}D", f"\x00{MARK}", f"{NUMBER}"),
    ]
)


class SecretColor(enum.Enum):
    RED = "red"


def _refuse(struct: Any) -> None:
    raise ValueError(f"no {struct.value} - at `$.there`")


Strict: Any = msgspec.defstruct("SecretStrict", [("x", int)], forbid_unknown_fields=True)
KindA: Any = msgspec.defstruct("SecretKindA", [("x", int, 0)], tag="a")
KindB: Any = msgspec.defstruct("SecretKindB", [("x", int, 0)], tag="b")
Own: Any = msgspec.defstruct("SecretOwn", [("value", Any)], namespace={"__post_init__": _refuse})
TYPES: list[Any] = [
    *(int, float, bool, str, bytes, Decimal, UUID, date, datetime, time, timedelta, SecretColor, Strict, Own),
    *(Literal["a"], list[int], set[UUID], tuple[int, int], dict[int, date], int | None, KindA | KindB),
    *(Annotated[int, msgspec.Meta(gt=5, multiple_of=7)], Annotated[str, msgspec.Meta(max_length=2, pattern="^a")]),
]


def taking(kind: Any, **options: Any) -> Any:
    app = HttpApp(**options)

    def route(body: Any) -> None:
        return None

    route.__annotations__["body"] = kind
    app.post("/")(route)
    return app.test_client()


@given(st.sampled_from(TYPES), MARKED)
def test_no_value_and_no_class_is_in_the_answer_to_a_wrong_struct(kind: Any, value: Any) -> None:
    answer = taking(msgspec.defstruct("SecretStruct", [("f", kind)])).post("/", content=json.dumps({"f": value}))
    if answer.status != 204:
        (one,) = problem(answer)["errors"]
        assert answer.status == 422
        assert one["pointer"].startswith("#/f")
        assert not [text for text in (MARK, str(NUMBER), "Secret", "msgspec") if text in answer.text]


def test_messages_of_validators_of_structs_reach_clients_by_the_option_alone() -> None:
    def told(**options: Any) -> Any:
        (one,) = problem(taking(Own, **options).post("/", json={"value": MARK}))["errors"]
        return one["detail"]

    assert told() == "it is not valid"
    assert told(validator_messages=True).startswith(f"no {MARK}")


@pytest.mark.parametrize(
    ("body", "detail", "pointer"),
    [
        ({"x": "a"}, "Expected `int`, got `str`", "#/x"),
        ({}, "Object missing required field `x`", "#"),
        ({"x": 1, "y": 1}, "it has a field that is not known", "#"),
    ],
    ids=["kind", "missing", "unknown"],
)
def test_messages_of_msgspec_that_are_harmless_are_told(body: Any, detail: str, pointer: str) -> None:
    assert problem(taking(Strict).post("/", json=body))["errors"] == [
        {"detail": detail, "in": "body", "pointer": pointer}
    ]
