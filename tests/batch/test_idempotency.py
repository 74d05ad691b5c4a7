"""Each record runs once by its key, also if a batch holds it twice or it comes again."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from lambda_kit import handler, idempotent
from lambda_kit.batch import batch, process_batch, process_batch_async
from lambda_kit.errors import AlreadyInProgress, ConfigurationError, MissingIdempotencyKey
from lambda_kit.idempotency import MemoryStore, RedisStore, SQLiteStore, free_key
from lambda_kit.idempotency._cache import Cache
from lambda_kit.idempotency._identity import Identity
from lambda_kit.idempotency._protected import Protected, protections
from lambda_kit.testing import invoke
from tests.batch import builders
from tests.batch.builders import reported
from tests.idempotency.redises import fake_redis

if TYPE_CHECKING:
    from collections.abc import Iterator
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

    with contextlib.closing(SQLiteStore(tmp_path / "store")) as store:
        report = process_batch(event, charge, model=Order, idempotency=idempotent(store, key="id"), concurrency=6)
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


# One call of `process_batch` for each event of a process


ran: list[str] = []


def note(record: Any) -> str:
    ran.append(record.id)
    return f"n-{len(ran)}"


async def note_async(record: Any) -> str:
    await asyncio.sleep(0)
    return note(record)


@functools.wraps(note)
def decorated(record: Any) -> str:
    return note(record)


class Notes:
    def note(self, record: Any) -> str:
        return note(record)

    def __call__(self, record: Any) -> str:
        return note(record)


notes = Notes()


def process(event: Any, fn: Any, protect: Any) -> list[Any]:
    """Process an event with a function of either kind, and return the results."""
    if getattr(fn, "func", fn) is note_async:
        report = asyncio.run(process_batch_async(event, fn, idempotency=protect))
    else:
        report = process_batch(event, fn, idempotency=protect)
    assert report.failures == []
    return report.results


@pytest.fixture(params=["memory", "sqlite", "redis"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "redis":
        yield RedisStore(fake_redis())
    else:
        with contextlib.closing(SQLiteStore(tmp_path / "store")) as store:
            yield store


@pytest.mark.parametrize("fn", [note, note_async, decorated, notes, "method", functools.partial(note)])
@pytest.mark.parametrize("made", ["once", "for each event"])
@pytest.mark.parametrize("options", [{}, {"name": "note"}])
def test_a_function_processes_one_event_after_the_other_on_one_store(
    any_store: Any, fn: Any, made: str, options: Any
) -> None:
    ran.clear()
    protect = idempotent(any_store, key="messageId", **options)
    for count in (2, 2, 3):
        if made == "for each event":
            protect = idempotent(any_store, key="messageId", **options)
        one = notes.note if fn == "method" else fn  # an object of its own each time
        assert process(builders.sqs(count=count), one, protect) == ["n-1", "n-2", "n-3"][:count]
    assert ran == ["m0", "m1", "m2"]


@pytest.mark.parametrize("fn", [note, note_async])
def test_an_event_that_comes_again_needs_no_request_for_the_results_of_the_one_before(fn: Any) -> None:
    claims: list[str] = []

    class Watched(MemoryStore):
        def claim(self, claim: Any, /) -> Any:
            claims.append(claim.key)
            return super().claim(claim)

    protect = idempotent(Watched(), key="messageId")
    results = [process(builders.sqs(count=3), fn, protect) for _ in range(4)]
    assert results == results[:1] * 4
    assert len(claims) == 3


def living(*kinds: type) -> list[int]:
    gc.collect()
    found = gc.get_objects()
    return [sum(type(one) is kind for one in found) for kind in kinds]


@pytest.mark.parametrize("made", ["once", "for each event"])
@pytest.mark.parametrize("is_local", [False, True])
@pytest.mark.parametrize("fn", [note, note_async])
def test_nothing_is_kept_of_each_event(fn: Any, made: str, is_local: bool) -> None:
    store, event = MemoryStore(), builders.sqs(count=1)
    options: dict[str, Any] = {"key": "messageId", "log_replays": False, "name": "note"}
    protect = idempotent(store, **options)

    def run(times: int) -> list[int]:
        for _ in range(times):
            layer = idempotent(store, **options) if made == "for each event" else protect
            process(event, functools.partial(fn) if is_local else fn, layer)
        objects = living(Protected, Cache, Identity)
        return [*objects, len(protections), sum(map(len, list(protections.values())))]

    times = 1000 if fn is note else 50
    before = run(2)
    assert run(times) == before


def test_a_second_function_of_the_same_name_is_refused_on_one_store() -> None:
    def make(kind: str) -> Any:
        def other(record: Any) -> str:
            return kind

        return other

    store, event = MemoryStore(), builders.sqs(count=1)
    first = make("first")
    for protect in (idempotent(store, key="messageId"), idempotent(store, key="messageId")):
        assert process(event, first, protect) == ["first"]
        with pytest.raises(ConfigurationError, match=r"a second function .*make.<locals>.other"):
            process(event, make("second"), protect)
    assert process(event, make("second"), idempotent(store, key="messageId", namespace="x")) == ["second"]


def test_the_key_of_a_record_is_freed_by_the_function() -> None:
    ran.clear()

    @batch(source="sqs", idempotency=idempotent(MemoryStore(), key="messageId"))
    def charge(record: Any) -> str:
        return note(record)

    event = builders.sqs(count=1)
    seen: list[Any] = []
    process_batch(event, seen.append)
    for _ in range(2):
        assert invoke(handler(charge), event).error is None
    assert ran == ["m0"]
    assert free_key(charge.record_function, seen[0])
    assert invoke(handler(charge), event).error is None
    assert ran == ["m0", "m0"]
