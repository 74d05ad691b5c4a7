"""Structs of msgspec as bodies and answers."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import HttpApp
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
