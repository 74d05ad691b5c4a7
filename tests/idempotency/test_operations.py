"""Operations with a name, their keys computed and freed, replays in the log, and protection switched off."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler, idempotent
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import (
    Claim,
    DynamoDBStore,
    LeaseLost,
    MemoryStore,
    MissingIdempotencyKey,
    Record,
    RedisStore,
    SQLiteStore,
    free_key,
    key_of,
)
from lambda_kit.testing import FakeClock, invoke, make_context
from tests.idempotency.redises import fake_redis
from tests.idempotency.test_stores import TABLE, make_table
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lambda_kit.idempotency import Store
    from tests.conftest import Aws


# Names


def test_functions_with_one_name_are_one_operation(store: MemoryStore) -> None:
    @idempotent(store, key="order", name="charge")
    def charge(order: str) -> str:
        return "first"

    @idempotent(store, key="id", name="charge")
    def charge_again(event: dict[str, str], context: object) -> str:
        return "second"

    assert charge("o-1") == charge_again({"id": "o-1"}, None) == "first"
    assert [key.partition("#")[0] for key in store.records] == ["local.charge"]


def test_a_function_with_a_name_may_move_to_another_module(store: MemoryStore) -> None:
    def charge(order: str) -> str:
        return charge.__module__

    first = idempotent(store, key="order", name="charge", cache=0)(charge)("o-1")
    charge.__module__, charge.__qualname__ = "elsewhere", "Shop.charge"
    assert idempotent(store, key="order", name="charge", cache=0)(charge)("o-1") == first


_unnamed: Callable[[str], str] = lambda order: order  # noqa: E731


def test_a_lambda_with_a_name_is_taken(store: MemoryStore) -> None:
    charge = idempotent(store, key="order", name="charge")(_unnamed)
    assert charge("o-1") == "o-1"


@pytest.mark.parametrize("name", ["", 5])
def test_a_name_is_a_text(store: MemoryStore, name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"idempotent\(name=.*: pass a text"):
        idempotent(store, key="id", name=name)


# Keys


def test_the_key_of_a_call_is_that_of_its_record(store: MemoryStore) -> None:
    runs: list[str] = []

    @handler(idempotent(store, key="id"))
    def handle(event: dict[str, str], context: object) -> None:
        runs.append(event["id"])

    @idempotent(store, key="order")
    def charge(order: str, *, note: str = "") -> None: ...

    @idempotent(store, key="order")
    async def charge_async(order: str) -> None: ...

    class Shop:
        @idempotent(store, key="order")
        def charge(self, order: str) -> None: ...

    handle({"id": "1"}, None)
    charge("2", note="x")
    asyncio.run(charge_async("3"))
    Shop().charge(order="4")
    keys = [
        key_of(handle, {"id": "1"}, None),
        key_of(charge, order="2"),
        key_of(charge_async, "3"),
        key_of(Shop().charge, "4"),
    ]
    assert list(store.records) == keys
    assert runs == ["1"]


def test_arguments_without_a_key_are_told(store: MemoryStore) -> None:
    @idempotent(store, key="order.id")
    def charge(order: dict[str, str]) -> None: ...

    for function in (key_of, free_key):
        with pytest.raises(MissingIdempotencyKey):
            function(charge, {})


def test_a_function_that_is_not_protected_has_no_keys() -> None:
    with pytest.raises(ConfigurationError, match=r"builtins\.print is not under idempotent"):
        key_of(print, 1)


@pytest.fixture(params=["memory", "sqlite", "redis", "dynamodb", "dynamodb with boto3"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        made = SQLiteStore(tmp_path / "records.db")
        yield made
        made.close()
    elif request.param == "redis":
        yield RedisStore(fake_redis())
    else:
        aws: Aws = request.getfixturevalue("aws")
        make_table(aws)
        yield DynamoDBStore(TABLE, client=aws.boto3("dynamodb") if "boto3" in request.param else None)


@pytest.mark.parametrize("cache", [0, 16])
def test_a_key_that_is_freed_runs_again(any_store: Store, cache: int) -> None:
    runs: list[str] = []

    @idempotent(any_store, key="order", cache=cache)
    def charge(order: str) -> int:
        runs.append(order)
        return len(runs)

    assert [charge("o-1"), charge("o-1"), charge("o-2")] == [1, 1, 2]
    assert free_key(charge, "o-1")
    assert not free_key(charge, "o-1")
    assert [charge("o-1"), charge("o-2")] == [3, 2]


class Freed:
    """A function whose key is freed while it is called: it has a result in the store, and perhaps in its cache."""

    def __init__(self, *, is_cached: bool) -> None:
        self.store = MemoryStore()
        self.runs = 0

        def charge(order: str) -> int:
            self.runs += 1
            return self.runs

        options: dict[str, Any] = {"key": "order", "name": "charge", "log_replays": False}
        idempotent(self.store, **options)(charge)("o-1")
        self.charge: Any = idempotent(self.store, **options)(charge)
        if is_cached:
            self.charge("o-1")

    def has_locked(self) -> bool:
        """Tell whether the visited call holds a lock, so that another thread would have to wait."""
        locks: list[Any] = [self.charge.__idempotent__._cache._lock, self.store._lock]
        return any(one._is_owned() for one in locks)

    def call(self) -> None:
        if not self.has_locked():
            with contextlib.suppress(LeaseLost):  # it was freed during the run
                self.charge("o-1")

    def free(self) -> None:
        if not self.has_locked():
            free_key(self.charge, "o-1")

    def check(self, places: str) -> None:
        runs = self.runs + (not self.store.records)
        self.call()
        assert self.runs == runs


@pytest.mark.parametrize("is_cached", [False, True])
def test_a_result_that_is_freed_while_a_call_replays_it_is_not_replayed_later(is_cached: bool) -> None:
    make = functools.partial(Freed, is_cached=is_cached)
    visit_each_step(Freed.call, Freed.free, prepare=make, check=Freed.check)
    visit_each_step(Freed.free, Freed.call, prepare=make, check=Freed.check)
    visit_each_step(Freed.free, Freed.call, Freed.call, prepare=make, check=Freed.check)


def test_a_call_whose_key_is_freed_while_it_runs_learns_so(store: MemoryStore) -> None:
    @idempotent(store, key="order")
    def charge(order: str) -> None:
        assert free_key(charge, order)

    with pytest.raises(LeaseLost):
        charge("o-1")


def test_a_store_that_cannot_delete_is_told() -> None:
    class Own:
        def claim(self, claim: Claim, /) -> Record | None:
            return None

        def complete(self, record: Record, /) -> bool:
            return True

        def release(self, key: str, owner: str, /) -> bool:
            return True

    @idempotent(Own(), key="order")
    def charge(order: str) -> None: ...

    with pytest.raises(ConfigurationError, match="has no method delete, which free_key"):
        free_key(charge, "o-1")


def test_a_function_under_several_protections_has_to_be_named(store: MemoryStore) -> None:
    def charge(order: str) -> None: ...

    first = idempotent(store, key="order", name="first")(charge)
    second = idempotent(store, key="order", name="second")(charge)
    assert (key_of(first, "o-1")[:12], key_of(second, "o-1")[:13]) == ("local.first#", "local.second#")
    with pytest.raises(ConfigurationError, match="is under several idempotent"):
        key_of(charge, "o-1")


# Replays


@pytest.mark.parametrize("cache", [0, 16])
def test_a_replay_writes_one_line_with_key_and_age(
    store: MemoryStore, clock: FakeClock, cache: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lambda_kit")

    @idempotent(store, key="order", ttl=100.0, clock=clock, cache=cache)
    def charge(order: str) -> str:
        return "done"

    charge("o-1")
    assert caplog.records == []
    clock.advance(12.5)
    charge("o-1")
    (record,) = caplog.records
    key = key_of(charge, "o-1")
    assert (record.levelname, record.getMessage()) == ("INFO", f"replayed the result of {key}, stored 12.5 s ago")
    assert (vars(record)["idempotencyKey"], vars(record)["age"]) == (key, 12.5)


def test_the_line_has_the_fields_of_the_logger_in_the_pipeline(store: MemoryStore) -> None:
    @handler(Logger(), idempotent(store, key="id"))
    def charge(event: dict[str, str], context: object) -> str:
        return "done"

    assert invoke(charge, {"id": "o-1"}).logs == ()
    line, *_ = invoke(charge, {"id": "o-1"}, context=make_context(request_id="r-2")).logs
    assert (line["level"], line["requestId"]) == ("INFO", "r-2")
    assert line["idempotencyKey"] == key_of(charge, {"id": "o-1"}, None)


def test_the_line_can_be_switched_off(store: MemoryStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lambda_kit")

    @idempotent(store, key="order", log_replays=False)
    def charge(order: str) -> str:
        return "done"

    charge("o-1")
    charge("o-1")
    assert caplog.records == []


# Options of Powertools, and switching off


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"persistence_store": 1, "config": 2}, "pass the store first"),
        ({"event_key_jmespath": "id"}, "use key="),
        ({"expires_after_seconds": 5}, "use ttl="),
        ({"use_local_cache": True}, "use cache="),
        ({"payload_validation_jmespath": "a"}, "use payload="),
        ({"key_prefix": "a"}, "use name="),
        ({"tll": 5}, "did you mean 'ttl'"),
        ({"on_progress": "wait"}, "did you mean 'on_in_progress'"),
        ({"zzz": 5}, "there is no such option"),
    ],
    ids=str,
)
def test_options_of_powertools_and_misspelt_ones_are_refused_with_ours(options: dict[str, Any], told: str) -> None:
    given: Any = idempotent
    for arguments in ((), (MemoryStore(),)):
        with pytest.raises(ConfigurationError, match=rf"idempotent\({next(iter(options))}=\.\.\.\)") as caught:
            given(*arguments, **options)
        assert told in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"table_name": "t"}, "pass the name of the table first"),
        ({"key_attr": "id"}, "use partition_key="),
        ({"boto3_client": 1}, "use client="),
        ({"sort_keys": "a"}, "did you mean 'sort_key'"),
    ],
    ids=str,
)
def test_options_of_the_powertools_table_are_refused_with_ours(options: dict[str, Any], told: str) -> None:
    given: Any = DynamoDBStore
    for arguments in ((), ("t",)):
        with pytest.raises(ConfigurationError) as caught:
            given(*arguments, **options)
        assert told in str(caught.value)


@pytest.mark.parametrize("arguments", [(), (MemoryStore(),), (print,)], ids=["none", "store", "function"])
def test_a_store_and_a_key_have_to_be_passed(arguments: Any) -> None:
    given: Any = idempotent
    with pytest.raises(ConfigurationError, match="pass a"):
        given(*arguments)(print)


@pytest.mark.parametrize("variable", ["LAMBDA_KIT_IDEMPOTENCY_DISABLED", "POWERTOOLS_IDEMPOTENCY_DISABLED"])
def test_protection_can_be_switched_off_for_tests(
    store: MemoryStore, variable: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[str] = []

    @idempotent(store, key="order")
    def charge(order: str) -> None:
        runs.append(order)

    @idempotent(store, key="order")
    async def charge_async(order: str) -> None:
        runs.append(order)

    monkeypatch.setenv(variable, "true")
    for _ in range(2):
        charge("o-1")
        asyncio.run(charge_async("o-1"))
    assert len(runs) == 4
    assert store.records == {}
    monkeypatch.setenv(variable, "0")
    charge("o-1")
    charge("o-1")
    assert len(runs) == 5
    monkeypatch.setenv(variable, "maybe")
    with pytest.raises(ConfigurationError, match=f"{variable} is 'maybe'"):
        charge("o-1")


def test_on_lambda_protection_is_switched_off_by_force_alone(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[str] = []

    @idempotent(store, key="order")
    def charge(order: str) -> None:
        runs.append(order)

    monkeypatch.setattr("lambda_kit.idempotency._protected._warned", False)
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.setenv("LAMBDA_KIT_IDEMPOTENCY_DISABLED", "true")
    for _ in range(3):
        charge("o-1")
    assert len(runs) == 1
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "LAMBDA_KIT_IDEMPOTENCY_DISABLED is true, which is for tests"
    ]
    monkeypatch.setenv("LAMBDA_KIT_IDEMPOTENCY_DISABLED", "Force")
    charge("o-1")
    assert len(runs) == 2
