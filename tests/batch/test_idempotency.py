"""Each record runs once by its key, also if a batch holds it twice or it comes again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from lambda_kit import handler, idempotent
from lambda_kit.batch import batch, process_batch, process_batch_async
from lambda_kit.errors import AlreadyInProgress, MissingIdempotencyKey
from lambda_kit.idempotency import MemoryStore, SQLiteStore
from lambda_kit.testing import invoke
from tests.batch import builders
from tests.batch.builders import reported

if TYPE_CHECKING:
    from pathlib import Path


class Order(pydantic.BaseModel):
    id: str


def _json_id(record: Any) -> Any:
    return record.json["id"]


def _id(order: Any) -> Any:
    return order.id


def twice() -> dict[str, Any]:
    one, other = {"id": "o-1"}, {"id": "o-2"}
    return builders.sqs(*(builders.message(f"m{i}", body) for i, body in enumerate([one, other, one])))


@pytest.mark.parametrize(
    ("key", "model"),
    [
        ("parse_json(body).id", None),
        ("id", Order),
        (_json_id, None),
        (_id, Order),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
def test_a_duplicate_in_a_batch_runs_once(key: Any, model: Any, is_async: bool) -> None:
    charged: list[str] = []
    protected = idempotent(MemoryStore(), key=key)

    def charge(record: Any) -> str:
        charged.append(record.id if model else record.json["id"])
        return f"c-{len(charged)}"

    async def charge_async(record: Any) -> str:
        await asyncio.sleep(0)
        return charge(record)

    if is_async:
        report = asyncio.run(process_batch_async(twice(), charge_async, model=model, idempotency=protected))
    else:
        report = process_batch(twice(), charge, model=model, idempotency=protected)
    assert charged == ["o-1", "o-2"]
    assert report.results == ["c-1", "c-2", "c-1"]


def test_what_came_before_is_not_run_again() -> None:
    charged: list[str] = []

    @handler
    @batch(source="sqs", idempotency=idempotent(MemoryStore(), key="messageId"))
    def charge(record: Any) -> None:
        charged.append(record.id)
        if record.id == "m1" and charged.count("m1") == 1:
            raise ConnectionError

    assert reported(invoke(charge, builders.sqs(count=3)).value) == ["m1"]
    assert reported(invoke(charge, builders.sqs(count=3)).value) == []
    assert charged == ["m0", "m1", "m2", "m1"]


def test_duplicates_that_run_at_the_same_time_charge_once(tmp_path: Path) -> None:
    charged: list[str] = []
    event = builders.sqs(*(builders.message(f"m{i}", {"id": f"o-{i % 3}"}) for i in range(12)))

    def charge(order: Order) -> None:
        charged.append(order.id)

    protected = idempotent(SQLiteStore(tmp_path / "store"), key="id")
    report = process_batch(event, charge, model=Order, idempotency=protected, concurrency=6)
    assert sorted(charged) == ["o-0", "o-1", "o-2"]
    assert all(isinstance(one.error, AlreadyInProgress) for one in report.failures)
    assert len(report.results) + len(report.failures) == 12


def test_a_record_without_a_key_fails_alone() -> None:
    event = builders.sqs(builders.message("m0", {"id": "o-1"}), builders.message("m1", {}))
    report = process_batch(
        event, lambda record: 1, idempotency=idempotent(MemoryStore(), key="parse_json(body).id", namespace="x")
    )
    assert reported(report.response) == ["m1"]
    assert isinstance(report.failures[0].error, MissingIdempotencyKey)


def test_the_function_gets_what_it_asks_for_all_the_same() -> None:
    seen: list[Any] = []

    @handler
    @batch(source="sqs", model=Order, idempotency=idempotent(MemoryStore(), key="id"))
    def charge(order: Order, record: Any, context: Any, *, currency: str = "EUR") -> None:
        seen.append((order.id, record.id, context.aws_request_id, currency))

    result = invoke(charge, builders.sqs(builders.message("m0", {"id": "o-1"})))
    assert result.error is None
    assert [one[:2] + one[3:] for one in seen] == [("o-1", "m0", "EUR")]


def test_the_view_of_a_record_can_be_searched_under_idempotent_itself() -> None:
    charged: list[str] = []

    @idempotent(MemoryStore(), key="record.messageId")
    def charge(record: Any) -> None:
        charged.append(record.id)

    for _ in range(2):
        assert process_batch(builders.sqs(count=2), charge).failures == []
    assert charged == ["m0", "m1"]
