"""A batch handler under test: with an event of the queue, and the plain function for one record."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.testing import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def parcels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("PARCELS_DIRECTORY", str(tmp_path))
    yield import_module("parcels")
    del sys.modules["parcels"]


def event() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("parcels.json").read_text("utf-8"))
    return found


def test_each_order_is_sent_once_and_what_cannot_be_sent_is_put_aside(parcels: Any, tmp_path: Path) -> None:
    invoke(parcels.send, event())
    # What ran at the same time as its duplicate was reported: the queue delivers until nothing is reported any more.
    assert invoke(parcels.send, event()).value == {"batchItemFailures": []}
    letters = [json.loads(line) for line in (tmp_path / "aside.jsonl").read_text("utf-8").splitlines()]
    assert {(one["id"], one["error"]["type"]) for one in letters} == {("m-3", "NoCarrier"), ("m-4", "InvalidRecord")}


def test_a_parcel_is_sent_to_its_country(parcels: Any) -> None:
    send = parcels.send.__wrapped__.record_function
    assert send(parcels.Parcel(order="o-9", country="AT", grams=1)) == "o-9"
    with pytest.raises(parcels.NoCarrier):
        send(parcels.Parcel(order="o-9", country="AQ", grams=1))


def test_the_log_says_what_was_sent_and_put_aside(parcels: Any) -> None:
    logs = invoke(parcels.send, event()).logs
    assert [one["order"] for one in logs if one["message"] == "sent"] == ["o-1"]
    assert {one["record"]: one["reason"] for one in logs if one["message"] == "put aside"} == {
        "m-3": "NoCarrier",
        "m-4": "InvalidRecord",
    }
