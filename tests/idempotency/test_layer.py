"""What a call does in each of its outcomes."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Tracer, handler, time_limit
from lambda_kit.errors import AwsError, ConfigurationError, NoAnswer, TimeLimitReached
from lambda_kit.idempotency import (
    AlreadyInProgress,
    Claim,
    FailedEarlier,
    LeaseLost,
    MemoryStore,
    MissingIdempotencyKey,
    PayloadMismatch,
    Record,
    ResultNotStored,
    ResultTooLarge,
    StoreUnavailable,
    idempotent,
)
from lambda_kit.idempotency import _drive as drive
from lambda_kit.idempotency import _layer as layer
from lambda_kit.testing import FakeClock, invoke, make_context, reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    R = TypeVar("R")


class Broken(MemoryStore):
    """A store whose steps fail: before they are made, or after, as when the reply is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: dict[str, list[str]] = {"claim": [], "complete": [], "release": []}
        self.calls: list[str] = []

    def _step(self, name: str, call: Callable[[], R]) -> R:
        self.calls.append(name)
        how = self.failing[name].pop(0) if self.failing[name] else ""
        if how == "before":
            raise ConnectionError("lost before")
        result = call()
        if how == "after":
            raise ConnectionError("lost after")
        return result

    def claim(self, claim: Claim, /) -> Record | None:
        return self._step("claim", lambda: super(Broken, self).claim(claim))

    def complete(self, record: Record, /) -> bool:
        return self._step("complete", lambda: super(Broken, self).complete(record))

    def release(self, key: str, owner: str, /) -> bool:
        return self._step("release", lambda: super(Broken, self).release(key, owner))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The wall clock of the layer, which can be set; pauses let it go on."""
    clock = [1_000_000.0]

    class Clock:
        @staticmethod
        def time() -> float:
            return clock[0]

        @staticmethod
        def sleep(seconds: float) -> None:
            clock[0] += seconds

    monkeypatch.setattr(layer, "time", Clock)
    monkeypatch.setattr(drive, "time", Clock)
    return clock


def counting(store: Any, **options: Any) -> tuple[Any, list[Any]]:
    runs: list[Any] = []

    given: dict[str, Any] = {"key": "id", **options}

    @idempotent(store, **given)
    def charge(event: Any, context: object = None) -> Any:
        runs.append(event)
        return event.get("result")

    return charge, runs


@pytest.mark.parametrize("result", [None, 0, False, "", [], {}, 0.0, {"a": [1, None]}, "text"])
@pytest.mark.parametrize("cache", [0, 256])
def test_a_second_call_gets_what_the_first_one_returned_and_does_not_run(
    store: MemoryStore, result: Any, cache: int, facts: list[str]
) -> None:
    charge, runs = counting(store, cache=cache)
    first = charge({"id": 1, "result": result}, None)
    again = charge({"id": 1, "result": "another"}, None)
    assert (first, again, len(runs)) == (result, result, 1)
    assert type(again) is type(result)
    assert facts == ["claimed", "completed", "replayed"]


def test_what_a_caller_does_to_a_replayed_result_changes_no_other(store: MemoryStore) -> None:
    charge, _ = counting(store)
    for _ in range(3):
        result = charge({"id": 1, "result": {"items": []}})
        assert result == {"items": []}
        result["items"].append(1)


def test_a_new_key_costs_two_writes_and_a_replay_one_and_a_cached_one_none() -> None:
    store = Broken()
    charge, _ = counting(store, namespace="shop")
    uncached, _ = counting(store, cache=0, namespace="shop")
    charge({"id": 1})
    assert store.calls == ["claim", "complete"]
    charge({"id": 1})
    assert store.calls == ["claim", "complete"]
    uncached({"id": 1})
    assert store.calls == ["claim", "complete", "claim"]


def test_a_run_that_raises_gives_the_key_back_and_its_error_is_unchanged(store: MemoryStore, facts: list[str]) -> None:
    error = ValueError("declined")
    runs: list[int] = []

    @idempotent(store, key="id")
    def charge(event: Any, context: object) -> str:
        runs.append(1)
        if len(runs) == 1:
            raise error
        return "done"

    with pytest.raises(ValueError, match="declined") as caught:
        charge({"id": 1}, None)
    assert caught.value is error
    assert error.__context__ is None
    assert error.__cause__ is None
    assert charge({"id": 1}, None) == "done"
    assert facts == ["claimed", "released", "claimed", "completed"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration, StopAsyncIteration])
def test_whatever_ends_the_run_gives_the_key_back(store: MemoryStore, stop: type[BaseException]) -> None:
    @idempotent(store, key="id")
    def charge(event: Any, context: object) -> str:
        if event.get("stop"):
            raise stop
        return "done"

    with pytest.raises(stop):
        charge({"id": 1, "stop": True}, None)
    assert charge({"id": 1}, None) == "done"


def test_the_time_limit_gives_the_key_back(store: MemoryStore) -> None:
    @handler(idempotent(store, key="id"), time_limit(margin=1.0))
    def charge(event: Any, context: object) -> str:
        if event.get("slow"):
            threading.Event().wait(PATIENCE)
        return "done"

    result = invoke(charge, {"id": 1, "slow": True}, context=make_context(timeout=1.021, clock=FakeClock()))
    assert isinstance(result.error, TimeLimitReached)
    assert invoke(charge, {"id": 1}).value == "done"


def test_while_one_runs_others_are_refused_with_key_and_time_left(store: MemoryStore, now: list[float]) -> None:
    caught: list[AlreadyInProgress] = []

    @idempotent(store, key="id", lease=30.0)
    def charge(event: Any, context: object) -> str:
        now[0] += 10
        with pytest.raises(AlreadyInProgress) as refused:
            charge(event, context)
        caught.append(refused.value)
        return "done"

    assert charge({"id": 1}, None) == "done"
    (error,) = caught
    assert error.remaining == 20.0
    assert error.key.startswith("local.tests.idempotency.test_layer.")
    assert f"key {error.key} is in progress, for 20.0 s" in str(error)


def test_who_waits_gets_the_result_of_the_one_that_runs(store: MemoryStore, facts: list[str]) -> None:
    running, waiting = threading.Event(), threading.Event()
    results: list[Any] = []

    @idempotent(store, key="event.id", on_in_progress="wait")
    def charge(event: Any) -> str:
        running.set()
        assert waiting.wait(PATIENCE)
        return "done"

    first = threading.Thread(target=lambda: results.append(charge({"id": 1})))
    first.start()
    assert running.wait(PATIENCE)
    second = threading.Thread(target=lambda: results.append(charge({"id": 1})))
    second.start()
    while "waited" not in facts:
        pass
    waiting.set()
    first.join()
    second.join()
    assert results == ["done", "done"]
    assert sorted(facts) == ["claimed", "completed", "replayed", "waited"]


def _blocked(store: MemoryStore, charge: Any, event: Any, *, since: float, lease: float) -> None:
    """Let another worker, which is never heard of again, hold the key that the event has."""
    store._records = {}
    charge(event)
    (key,) = store._records
    store._records = {key: Claim(key, "dead", now=since, lease=lease, ttl=3600.0, payload=None).record()}


def test_who_waits_runs_when_the_lease_of_a_dead_worker_ends(store: MemoryStore, now: list[float]) -> None:
    charge, runs = counting(store, on_in_progress="wait", cache=0)
    _blocked(store, charge, {"id": 1}, since=now[0], lease=5.0)
    runs.clear()
    began = now[0]
    charge({"id": 1})
    assert len(runs) == 1
    assert 5.0 <= now[0] - began < 6.5


def test_who_waits_gives_up_before_the_invocation_ends(store: MemoryStore, now: list[float]) -> None:
    charge, runs = counting(store, on_in_progress="wait", cache=0)
    _blocked(store, charge, {"id": 1}, since=now[0], lease=60.0)
    runs.clear()
    end = now[0] + 3.0

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return round(max(0.0, end - now[0]) * 1000)

    context: Any = Context()
    with pytest.raises(AlreadyInProgress):
        handler(charge)({"id": 1}, context)
    assert runs == []
    assert 2.7 < 3.0 - (end - now[0]) < 3.0


def nothing(event: object) -> None:
    return None


@pytest.mark.parametrize(
    ("key", "event"),
    [
        ("id", {}),
        ("id", {"id": None}),
        ("id", {"id": ""}),
        ("id", None),
        ("order.id", {"order": "text"}),
        ("[user, id]", {"id": 1}),
        ("{u: user, i: id}", {"id": 1}),
        ("items[*].id", {"items": []}),
        ("parse_json(body).id", {"body": "no json"}),
        ("parse_json(body).id", {"body": 5}),
        ("parse_base64_gzip(body)", {"body": "AAAA"}),
        (nothing, {}),
    ],
)
def test_a_call_without_a_key_is_refused_or_runs_unprotected(
    store: MemoryStore, key: Any, event: Any, facts: list[str]
) -> None:
    runs: list[Any] = []

    def charge(event: Any, context: object) -> str:
        runs.append(event)
        return "done"

    with pytest.raises(MissingIdempotencyKey, match="nothing that can be read was found there"):
        idempotent(store, key=key)(charge)(event, None)
    assert runs == []
    unprotected = idempotent(store, key=key, missing_key="run")(charge)
    assert [unprotected(event, None) for _ in range(2)] == ["done", "done"]
    assert facts == ["unprotected"] * 2


@pytest.mark.parametrize("id_", [0, False, 0.0, "0", ["a"], {"a": 1}])
def test_falsy_and_nested_values_are_keys_and_differ(store: MemoryStore, id_: Any) -> None:
    charge, runs = counting(store, cache=0)
    charge({"id": id_})
    charge({"id": id_})
    charge({"id": "another"})
    assert len(runs) == 2


def test_keys_that_look_alike_are_not_the_same(store: MemoryStore) -> None:
    charge, runs = counting(store)
    for id_ in (1, "1", True, 1.0, "true", ["1"], {"1": 1}, "[1]"):
        charge({"id": id_})
    assert len(runs) == 8


def test_the_order_of_a_key_s_members_makes_no_difference(store: MemoryStore) -> None:
    charge, runs = counting(store)
    charge({"id": {"a": 1, "b": [2, {"c": 3, "d": 4}]}})
    charge({"id": {"b": [2, {"d": 4, "c": 3}], "a": 1}})
    assert len(runs) == 1


def test_another_payload_under_the_same_key_is_refused_whatever_the_state(store: MemoryStore) -> None:
    for cache in (0, 16):
        charge, runs = counting(store, payload="amount", cache=cache, namespace=f"cache {cache}")
        charge({"id": 1, "amount": 5})
        charge({"id": 1, "amount": 5, "other": 1})
        for _ in range(2):
            with pytest.raises(PayloadMismatch, match="with another payload"):
                charge({"id": 1, "amount": 6})
        assert len(runs) == 1

    @idempotent(store, key="order", payload="amount")
    def nested(order: int, amount: int) -> None:
        with pytest.raises(PayloadMismatch):
            nested(order, amount + 1)
        with pytest.raises(AlreadyInProgress):
            nested(order, amount)

    nested(2, amount=1)


def test_what_cannot_be_reached_is_not_run_unless_told(facts: list[str], caplog: pytest.LogCaptureFixture) -> None:
    store = Broken()
    store.failing["claim"] = ["before"] * 2
    charge, runs = counting(store)
    with pytest.raises(StoreUnavailable, match="ConnectionError: lost before; the function was not run") as caught:
        charge({"id": 1})
    assert (runs, caught.value.ran) == ([], False)
    assert isinstance(caught.value.__cause__, ConnectionError)
    trusting, runs = counting(store, on_claim_error="run", namespace="n")
    assert trusting({"id": 1, "result": 5}) == 5
    assert len(runs) == 1
    assert "it runs unprotected" in caplog.text
    assert facts == ["unprotected"]


def test_a_claim_whose_reply_was_lost_is_given_back_where_the_error_says_so() -> None:
    store = Broken()

    class Lost(ConnectionError):
        sent = True

    charge, _ = counting(store)
    real = store.claim

    def claim(claim: Claim) -> Record | None:
        real(claim)
        raise Lost

    store.claim = claim  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    store.claim = real  # type: ignore[method-assign]
    assert charge({"id": 1, "result": 1}) == 1


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_save_that_fails_is_tried_again_and_the_function_is_not(how: str, now: list[float]) -> None:
    store = Broken()
    store.failing["complete"] = [how] * 3
    charge, runs = counting(store, cache=0)
    assert charge({"id": 1, "result": 5}) == 5
    assert charge({"id": 1}) == 5
    assert len(runs) == 1


def test_a_save_that_keeps_failing_is_an_error_with_the_result_and_the_function_is_not_run_again(
    now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    for policy in ("raise", "log"):
        store = Broken()
        store.failing["complete"] = ["before"] * 10
        charge, runs = counting(store, on_save_error=policy, lease=30.0)
        if policy == "raise":
            with pytest.raises(StoreUnavailable, match="the function has run, and its result could not be stored") as e:
                charge({"id": 1, "result": 5})
            assert (e.value.ran, e.value.result) == (True, 5)
            assert isinstance(e.value.__cause__, ConnectionError)
        else:
            assert charge({"id": 1, "result": 5}) == 5
            assert "its result could not be stored" in caplog.text
        assert store.calls.count("complete") == 4
        with pytest.raises(AlreadyInProgress):
            charge({"id": 1})
        assert len(runs) == 1


@pytest.mark.parametrize("policy", ["raise", "log"])
def test_a_late_worker_neither_overwrites_its_successor_nor_deletes_it_and_learns_so(
    store: MemoryStore, now: list[float], policy: Any, facts: list[str]
) -> None:
    runs: list[int] = []

    def run(event: Any, context: object = None) -> Any:
        runs.append(1)
        if len(runs) == 1:
            now[0] += 6.0
            assert late({"id": 1}) == "second"
            if event.get("fail"):
                raise ValueError("late")
            return "first"
        return "second"

    late = idempotent(store, key="id", lease=5.0, on_save_error=policy, cache=0)(run)
    if policy == "raise":
        with pytest.raises(LeaseLost, match="another call has claimed it") as caught:
            late({"id": 1})
        assert caught.value.result == "first"
    else:
        assert late({"id": 1}) == "first"
    assert late({"id": 1}) == "second"
    assert facts == ["claimed", "claimed", "completed", "lost", "replayed"]
    runs.clear()
    now[0] += 4000
    with pytest.raises(ValueError, match="late"):
        late({"id": 1, "fail": True})
    assert late({"id": 1}) == "second"


def test_the_lease_covers_what_is_left_of_the_invocation(store: MemoryStore, now: list[float]) -> None:
    seen: list[float] = []

    def run(event: Any, context: object) -> None:
        (record,) = store._records.values()
        assert record.leased_until is not None
        seen.append(record.leased_until - now[0])

    clock = FakeClock()
    handler(idempotent(store, key="id"))(run)({"id": 1}, make_context(timeout=12.0, clock=clock))
    store._records.clear()
    handler(idempotent(store, key="id", lease=3.5))(run)({"id": 1}, make_context(timeout=12.0, clock=clock))
    store._records.clear()
    idempotent(store, key="id")(run)({"id": 1}, None)
    assert seen == [pytest.approx(13.0), 3.5, 300.0]


def test_a_record_ends_with_its_time_to_live(store: MemoryStore, now: list[float]) -> None:
    for cache in (0, 8):
        charge, runs = counting(store, ttl=60.0, cache=cache, namespace=f"cache {cache}")
        charge({"id": 1})
        now[0] += 59.0
        charge({"id": 1})
        assert len(runs) == 1
        now[0] += 2.0
        charge({"id": 1})
        assert len(runs) == 2


def test_tenants_functions_and_namespaces_do_not_share_keys(store: MemoryStore) -> None:
    first, runs = counting(store)
    decorate: Any = handler()
    for tenant in ("a", "b", None, "a"):
        decorate(first)({"id": 1}, make_context(tenant_id=tenant))
    assert len(runs) == 3

    @idempotent(store, key="id")
    def other(event: Any, context: object) -> str:
        return "other"

    assert other({"id": 1}, None) == "other"
    again, _ = counting(store, namespace="n")
    assert again({"id": 1, "result": "own"}) == "own"
    assert len(store._records) == 5


def test_nested_functions_on_one_store_do_not_mix(store: MemoryStore) -> None:
    @idempotent(store, key="id")
    def inner(event: Any, context: object) -> str:
        return "inner"

    @idempotent(store, key="id")
    def outer(event: Any, context: object) -> list[str]:
        return ["outer", inner(event, context)]

    assert [outer({"id": 1}, None) for _ in range(2)] == [["outer", "inner"]] * 2
    assert inner({"id": 1}, None) == "inner"


def test_two_configurations_on_one_store_keep_their_own_options(store: MemoryStore, now: list[float]) -> None:
    runs: list[Any] = []

    def charge(event: Any, context: object) -> Any:
        runs.append(event)
        return event["id"]

    short = idempotent(store, key="id", ttl=10.0, namespace="short")(charge)
    long = idempotent(store, key="other", ttl=1000.0, namespace="long")(charge)
    event = {"id": 1, "other": 2}
    short(event, None)
    long(event, None)
    now[0] += 20
    long(event, None)
    assert len(runs) == 2
    short(event, None)
    assert len(runs) == 3


class OutOfStock(Exception):
    def __init__(self, item: str, left: int) -> None:
        super().__init__(item, left)
        self.item = item
        self.left = left


class Vanished(OutOfStock):
    pass


@pytest.mark.parametrize("cache", [0, 8])
def test_chosen_exceptions_are_results(store: MemoryStore, cache: int) -> None:
    runs: list[int] = []

    @idempotent(store, key="id", replay_errors=(OutOfStock,), cache=cache)
    def charge(event: Any, context: object) -> None:
        runs.append(1)
        raise Vanished("tea", 0)

    for _ in range(3):
        with pytest.raises(OutOfStock) as caught:
            charge({"id": 1}, None)
        assert type(caught.value) is Vanished
        assert (caught.value.item, caught.value.left, caught.value.args) == ("tea", 0, ("tea", 0))
    assert len(runs) == 1


def test_an_exception_that_is_no_longer_replayed_is_told(store: MemoryStore) -> None:
    def charge(event: Any, context: object) -> None:
        raise OutOfStock("tea", 0)

    with pytest.raises(OutOfStock):
        idempotent(store, key="id", replay_errors=(OutOfStock,))(charge)({"id": 1}, None)
    with pytest.raises(FailedEarlier, match=r"failed with tests.idempotency.test_layer.OutOfStock"):
        idempotent(store, key="id")(charge)({"id": 1}, None)


def test_what_on_replay_returns_is_the_result(store: MemoryStore) -> None:
    seen: list[tuple[Any, str]] = []

    def note(result: Any, record: Record) -> Any:
        seen.append((result, record.status))
        return {**result, "replayed": True}

    charge, _ = counting(store, on_replay=note)
    assert charge({"id": 1, "result": {"a": 1}}) == {"a": 1}
    assert [charge({"id": 1}) for _ in range(2)] == [{"a": 1, "replayed": True}] * 2
    assert seen == [({"a": 1}, "COMPLETED")] * 2


def test_a_result_that_is_too_large_is_compressed_and_else_told_on_a_replay(caplog: pytest.LogCaptureFixture) -> None:
    import random

    class Small(MemoryStore):
        max_bytes = 1000

    store = Small()
    charge, runs = counting(store, cache=0)
    fits = "x" * 50_000
    assert [charge({"id": 1, "result": fits}) for _ in range(2)] == [fits] * 2
    large = random.Random(1).randbytes(5000).hex()
    assert charge({"id": 2, "result": large}) == large
    assert "its result is too large for the store" in caplog.text
    for _ in range(2):
        with pytest.raises(ResultTooLarge, match="too large for the store"):
            charge({"id": 2})
    assert len(runs) == 2


def test_a_result_that_cannot_be_stored_is_an_error_and_the_function_is_not_run_again(store: MemoryStore) -> None:
    charge, runs = counting(store, cache=0)
    with pytest.raises(ResultNotStored, match=r"a builtins\.object cannot be stored; pass codec="):
        charge({"id": 1, "result": object()})
    with pytest.raises(ResultNotStored, match="its result was not stored"):
        charge({"id": 1})
    assert len(runs) == 1


def test_the_cache_is_bounded_and_forgotten_by_a_reset(store: MemoryStore) -> None:
    charge, runs = counting(store, cache=2)
    for id_ in (1, 2, 1, 3):
        charge({"id": id_, "result": id_})
    store._records.clear()
    assert (charge({"id": 1}), charge({"id": 3})) == (1, 3)
    assert charge({"id": 2}) is None
    assert len(runs) == 4
    store._records.clear()
    reset()
    charge({"id": 3})
    assert len(runs) == 5


def test_a_key_for_every_event_of_the_same_shape_is_found_by_jmespath_with_json_inside(store: MemoryStore) -> None:
    charge, runs = counting(store, key="[parse_json(body).order.id, headers.tenant]")
    event = {"body": '{"order": {"id": 7}}', "headers": {"tenant": "t"}}
    charge(event)
    charge({**event, "body": '{ "order": {"id": 7, "x": 1}}'})
    assert len(runs) == 1
    legacy, _ = counting(store, key="powertools_json(body).order.id", namespace="legacy")
    legacy(event)


class TestFunctions:
    def test_the_arguments_of_a_function_are_found_by_name_however_they_are_passed(self, store: MemoryStore) -> None:
        runs: list[Any] = []

        @idempotent(store, key="[order.id, currency]")
        def charge(order: dict[str, Any], amount: int, *, currency: str = "EUR") -> int:
            runs.append(order)
            return amount

        assert charge({"id": 1}, 5) == 5
        assert charge(order={"id": 1}, amount=6) == 5
        assert charge({"id": 1}, 7, currency="EUR") == 5
        assert charge({"id": 1}, amount=8, currency="USD") == 8
        assert len(runs) == 2

    def test_methods_and_callable_keys_work(self, store: MemoryStore) -> None:
        class Shop:
            def __init__(self, name: str) -> None:
                self.name = name

            @idempotent(store, key=lambda arguments: arguments["order"])
            def charge(self, order: int) -> str:
                return self.name

            @handler(idempotent(store, key="id"))
            def place(self, event: Any, context: object) -> str:
                return self.name

        assert (Shop("a").charge(1), Shop("b").charge(order=1)) == ("a", "a")
        assert (Shop("a").place({"id": 1}, None), Shop("b").place({"id": 1}, None)) == ("a", "a")

    def test_models_and_dataclasses_are_looked_into(self, store: MemoryStore) -> None:
        import dataclasses

        import pydantic

        class Model(pydantic.BaseModel):
            id: int

        @dataclasses.dataclass
        class Order:
            inner: Model

        @idempotent(store, key="order.inner.id")
        def charge(order: Order) -> int:
            return order.inner.id + 1

        assert charge(Order(Model(id=1))) == charge(Order(Model(id=1))) == 2
        assert charge(Order(Model(id=5))) == 6

    def test_a_handler_may_call_its_arguments_what_it_likes(self, store: MemoryStore) -> None:
        @handler(idempotent(store, key="id"))
        def place(request: Any, ctx: object) -> int:
            return int(request["id"])

        assert place({"id": 1}, make_context()) == 1
        assert place({"id": 1}, None) == 1

    def test_name_signature_and_kind_stay(self, store: MemoryStore) -> None:
        import inspect

        @idempotent(store, key="a")
        def charge(a: int, *, b: str = "") -> None:
            """Charge."""

        @idempotent(store, key="a")
        async def charge_async(a: int) -> None: ...

        assert (charge.__name__, charge.__doc__, str(inspect.signature(charge))) == (
            "charge",
            "Charge.",
            "(a: 'int', *, b: 'str' = '') -> 'None'",
        )
        assert inspect.iscoroutinefunction(charge_async)

    def test_threads_of_one_invocation_call_it_side_by_side(self, store: MemoryStore) -> None:
        runs: list[int] = []

        @idempotent(store, key="order", on_in_progress="wait")
        def charge(order: int) -> int:
            runs.append(order)
            return order * 2

        @handler
        def place(event: object, context: object) -> list[int]:
            found: list[int] = []
            contexts = [contextvars.copy_context() for _ in range(12)]
            threads = [
                threading.Thread(target=one.run, args=(lambda i=i: found.append(charge(i % 3)),))
                for i, one in enumerate(contexts)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sorted(found)

        assert place({}, make_context(timeout=30)) == [0] * 4 + [2] * 4 + [4] * 4
        assert sorted(runs) == [0, 1, 2]


class TestCoroutines:
    @pytest.fixture(params=[False, True])
    def store(self, request: pytest.FixtureRequest) -> MemoryStore:
        store = Broken()
        store.blocks = request.param
        return store

    def test_a_coroutine_runs_once_and_is_replayed(self, store: MemoryStore) -> None:
        runs: list[int] = []

        @handler(idempotent(store, key="id"))
        async def charge(event: Any, context: object) -> int:
            await asyncio.sleep(0)
            runs.append(1)
            return 5

        assert [charge({"id": 1}, None) for _ in range(3)] == [5, 5, 5]
        assert len(runs) == 1

    def test_tasks_with_one_key_wait_for_the_one_that_runs(self, store: MemoryStore) -> None:
        runs: list[int] = []

        @idempotent(store, key="order", on_in_progress="wait")
        async def charge(order: int) -> int:
            runs.append(order)
            await asyncio.sleep(0.05)
            return order * 2

        async def main() -> list[int]:
            return await asyncio.gather(*(charge(i % 2) for i in range(6)))

        assert asyncio.run(main()) == [0, 2, 0, 2, 0, 2]
        assert sorted(runs) == [0, 1]

    def test_a_task_that_is_cancelled_gives_the_key_back(self, store: MemoryStore, facts: list[str]) -> None:
        async def main() -> str:
            began = asyncio.Event()

            @idempotent(store, key="order")
            async def charge(order: int, slow: bool) -> str:
                began.set()
                await asyncio.sleep(30 if slow else 0)
                return "done"

            task = asyncio.create_task(charge(1, slow=True))
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await charge(1, slow=False)

        assert asyncio.run(main()) == "done"
        assert facts == ["claimed", "released", "claimed", "completed"]

    def test_a_coroutine_that_is_closed_gives_the_key_back(self) -> None:
        store = Broken()

        @idempotent(store, key="order")
        async def charge(order: int) -> None:
            await Forever()

        class Forever:
            def __await__(self) -> Any:
                yield

        waiting = charge(1)
        waiting.send(None)
        waiting.close()
        assert store._records == {}

    def test_an_error_and_a_lost_store_are_told_as_for_functions(self, store: MemoryStore) -> None:
        @idempotent(store, key="order")
        async def charge(order: int) -> None:
            raise ValueError("declined")

        with pytest.raises(ValueError, match="declined"):
            asyncio.run(charge(1))
        assert isinstance(store, Broken)
        store.failing["claim"] = ["before"]
        with pytest.raises(StoreUnavailable):
            asyncio.run(charge(2))


def test_a_cancelled_task_waits_for_the_claim_that_is_under_way_and_gives_it_back() -> None:
    store = Broken()
    store.blocks = True
    asked, answer = threading.Event(), threading.Event()
    real = store.claim

    def slow(claim: Claim) -> Record | None:
        asked.set()
        assert answer.wait(PATIENCE)
        return real(claim)

    store.claim = slow  # type: ignore[method-assign]

    @idempotent(store, key="order")
    async def charge(order: int) -> str:
        return "done"

    async def main() -> None:
        task = asyncio.create_task(charge(1))
        await asyncio.to_thread(asked.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert store._records == {}
    assert store.calls == ["claim", "release"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"key": ""}, "pass a JMESPath expression"),
        ({"key": 5}, "pass a JMESPath expression"),
        ({"key": "a["}, "which is no JMESPath expression"),
        ({"ttl": 0}, "idempotent(ttl=0): pass seconds above 0"),
        ({"ttl": None}, "pass seconds above 0"),
        ({"lease": -1}, "pass seconds above 0"),
        ({"lease": True}, "pass seconds above 0"),
        ({"on_in_progress": "waits"}, "pass 'raise' or 'wait'; did you mean 'wait'?"),
        ({"on_save_error": 1}, "pass 'raise' or 'log'"),
        ({"missing_key": "ignore"}, "pass 'raise' or 'run'"),
        ({"on_claim_error": "log"}, "pass 'raise' or 'run'"),
        ({"replay_errors": [ValueError]}, "pass a tuple of exception classes"),
        ({"replay_errors": (BaseException,)}, "pass a tuple of exception classes"),
        ({"codec": "json"}, "pass an object with encode and decode, or a type"),
        ({"cache": -1}, "pass a number of results"),
        ({"cache": None}, "pass a number of results"),
        ({"namespace": ""}, "pass a text"),
        ({"on_replay": "x"}, "pass a function"),
    ],
)
def test_options_that_cannot_be_are_refused(store: MemoryStore, options: dict[str, Any], told: str) -> None:
    given: Any = {"key": "id", **options}

    def charge(event: object, context: object) -> None: ...

    with pytest.raises(ConfigurationError) as caught:
        idempotent(store, **given)(charge)
    assert told in str(caught.value)


_unnamed: Callable[[Any, object], None] = lambda event, context: None  # noqa: E731


def test_what_cannot_be_protected_is_refused(store: MemoryStore) -> None:
    def generator(event: object, context: object) -> Any:
        yield

    with pytest.raises(ConfigurationError, match="a generator function"):
        idempotent(store, key="id")(generator)
    with pytest.raises(ConfigurationError, match="lambdas have no name"):
        idempotent(store, key="id")(_unnamed)
    not_callable: Any = 5
    no_store: Any = "table"
    with pytest.raises(ConfigurationError, match="which is not callable"):
        idempotent(store, key="id")(not_callable)
    with pytest.raises(ConfigurationError, match="pass a store, which has a method claim"):
        idempotent(no_store, key="id")


def test_nothing_of_key_and_payload_is_told_in_errors_or_logs(
    now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = Broken()
    charge, _ = counting(store, payload="secret", on_save_error="log")
    store.failing["complete"] = ["before"] * 10
    charge({"id": "card 4111", "secret": "hunter2", "result": "r"})
    with pytest.raises(AlreadyInProgress) as caught:
        charge({"id": "card 4111", "secret": "hunter2"})
    told = f"{caught.value}{caplog.text}"
    assert "4111" not in told
    assert "hunter2" not in told


# What a review has found


def test_a_store_without_attributes_of_its_own_has_no_limit_and_is_called_in_a_thread(store: MemoryStore) -> None:
    threads: list[int] = []

    class Bare:
        def claim(self, claim: Claim, /) -> Record | None:
            threads.append(threading.get_ident())
            return store.claim(claim)

        def complete(self, record: Record, /) -> bool:
            return store.complete(record)

        def release(self, key: str, owner: str, /) -> bool:
            return store.release(key, owner)

    @idempotent(Bare(), key="id", cache=0)
    async def charge(id: int) -> str:
        return "x" * 1_000_000

    assert [len(asyncio.run(charge(1))) for _ in range(2)] == [1_000_000] * 2
    assert threading.get_ident() not in threads


def test_a_plain_function_around_a_coroutine_function_that_waits_for_it_is_one(store: MemoryStore) -> None:
    runs: list[int] = []

    def at_once(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            return asyncio.run(fn(*args, **kwargs))

        return run

    @idempotent(store, key="id", cache=0)
    @at_once
    async def charge(id: int) -> int:
        runs.append(id)
        return len(runs)

    assert [charge(1) for _ in range(2)] == [1, 1]


def test_around_the_handler_of_a_coroutine_function_it_is_one_that_the_runtime_can_call(store: MemoryStore) -> None:
    runs: list[int] = []

    @idempotent(store, key="id", cache=0)
    @handler
    async def charge(event: Any, context: object) -> int:
        runs.append(event["id"])
        return len(runs)

    assert [charge({"id": 1}, make_context()) for _ in range(2)] == [1, 1]


def test_a_plain_function_that_passes_a_coroutine_on_is_told_to_be_one(store: MemoryStore) -> None:
    def logged(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            return fn(*args, **kwargs)

        return run

    @idempotent(store, key="id")
    @logged
    async def charge(id: int) -> int:
        raise AssertionError("it must not begin")

    with pytest.raises(ConfigurationError, match="make it `async def`: most often it is a decorator's"):
        asyncio.run(charge(1))
    assert store._records == {}


def test_a_task_that_a_plain_function_returns_is_cancelled(store: MemoryStore) -> None:
    begun: list[int] = []

    async def later() -> None:
        begun.append(1)

    @idempotent(store, key="id")
    def charge(id: int) -> Any:
        return asyncio.ensure_future(later())

    async def main() -> None:
        with pytest.raises(ConfigurationError, match="returned something to await"):
            charge(1)
        await asyncio.sleep(0)

    asyncio.run(main())
    assert (begun, store._records) == ([], {})


def test_a_task_that_has_outlived_its_invocation_has_the_lease_of_one_outside(store: MemoryStore) -> None:
    leases: list[float] = []

    class Spy(MemoryStore):
        def claim(self, claim: Claim, /) -> Record | None:
            leases.append(claim.leased_until - claim.now)
            return super().claim(claim)

    charge = idempotent(Spy(), key="id", cache=0)(lambda_free)
    contexts: list[contextvars.Context] = []

    @handler
    def handle(event: object, context: object) -> None:
        contexts.append(contextvars.copy_context())
        charge(1)

    handle({}, make_context(timeout=12.0, clock=FakeClock()))
    contexts[0].run(charge, 2)
    assert leases == [pytest.approx(13.0), pytest.approx(300.0)]


def lambda_free(id: int) -> int:
    return id


class Unreadable(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        raise TypeError("not to be read")


def test_an_exception_that_cannot_be_read_goes_on_and_is_not_run_again(
    store: MemoryStore, facts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[int] = []

    @idempotent(store, key="id", replay_errors=(Unreadable,), cache=0)
    def charge(id: int) -> None:
        runs.append(id)
        raise Unreadable

    with pytest.raises(Unreadable):
        charge(1)
    with pytest.raises(ResultNotStored):
        charge(1)
    assert runs == [1]
    assert facts == ["claimed", "completed", "replayed"]
    assert "was not stored" in caplog.text


def refusal(status: int | None, *, sent: bool | None = None) -> AwsError:
    kind = AwsError if sent is None else NoAnswer
    error = kind("no", service="dynamodb", operation="PutItem", status=status)
    if isinstance(error, NoAnswer):
        error.sent = bool(sent)
    return error


@pytest.mark.parametrize(
    ("error", "released"),
    [
        (refusal(400), False),
        (refusal(500), True),
        (refusal(None, sent=True), True),
        (refusal(None, sent=False), False),
        (OSError("down"), True),
    ],
)
def test_a_claim_that_may_have_been_made_is_given_back_and_no_other(error: Exception, released: bool) -> None:
    store = Broken()

    def claim(claim: Claim) -> Record | None:
        raise error

    store.claim = claim  # type: ignore[method-assign]
    charge, _ = counting(store)
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    assert store.calls == (["release"] if released else [])


def test_a_function_that_returns_something_to_await_is_refused_and_gives_the_key_back(store: MemoryStore) -> None:
    async def later() -> None:
        raise AssertionError("it must not begin")

    @idempotent(store, key="id")
    def charge(id: int) -> Any:
        return later()

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="make it `async def`"):
            charge(1)
    assert not store._records


def test_who_has_seen_another_call_running_never_runs_beside_it(now: list[float]) -> None:
    store = Broken()
    charge, runs = counting(store, on_in_progress="wait", on_claim_error="run", cache=0)
    other = Claim(key_in(store, charge), "other", now=now[0], lease=60.0, ttl=60.0, payload=None)
    MemoryStore.claim(store, other)
    store.failing["claim"] = ["", "before", "before", "before", "before"]
    with pytest.raises(StoreUnavailable, match="the function was not run"):
        charge({"id": 1})
    assert runs == []


def test_who_waits_gets_over_steps_that_fail(now: list[float]) -> None:
    store = Broken()
    charge, runs = counting(store, on_in_progress="wait", on_claim_error="run", cache=0)
    other = Claim(key_in(store, charge), "other", now=now[0], lease=5.0, ttl=60.0, payload=None)
    MemoryStore.claim(store, other)
    store.failing["claim"] = ["", "before", "before", "", "before", "before"]
    assert charge({"id": 1, "result": "own"}) == "own"
    assert len(runs) == 1
    assert now[0] >= other.leased_until


def key_in(store: Broken, charge: Any) -> str:
    """Return the key of the call with the id 1."""
    charge({"id": 1})
    (key,) = store._records
    store._records.clear()
    store.calls.clear()
    charge.__wrapped__.__closure__[0].cell_contents.clear()
    return key


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_claim_whose_reply_is_lost_blocks_no_other_call(how: str) -> None:
    store = Broken()
    charge, runs = counting(store, cache=0)
    store.failing["claim"] = [how]
    with pytest.raises(StoreUnavailable):
        charge({"id": 1})
    assert store.calls == ["claim", "release"]
    assert charge({"id": 1, "result": 5}) == 5
    assert len(runs) == 1


def test_errors_of_the_kit_are_results_only_where_they_are_named(store: MemoryStore) -> None:
    errors = iter([AlreadyInProgress(key="k", remaining=None), AlreadyInProgress(key="k", remaining=None)])

    def fail(event: Any, context: object = None) -> None:
        raise next(errors)

    everything = idempotent(store, key="id", replay_errors=(Exception,))(fail)
    with pytest.raises(AlreadyInProgress):
        everything({"id": 1})
    assert not store._records
    named = idempotent(store, key="id", replay_errors=(AlreadyInProgress,), namespace="named")(fail)
    with pytest.raises(AlreadyInProgress):
        named({"id": 1})
    assert len(store._records) == 1


class Refused(Exception):
    made = 0

    def __init__(self, order: str, *, reason: str) -> None:
        super().__init__(f"{order}: {reason}")
        Refused.made += 1
        self.order = order
        self.reason = reason
        self.lock = threading.Lock()


class RefusedLater(Refused):
    pass


@pytest.mark.parametrize(
    "error",
    [
        Refused("o-1", reason="no stock"),
        RefusedLater("o-1", reason="no stock"),
        FileNotFoundError(2, "No such file", "a.txt"),
        KeyError("a"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        ValueError(object()),
    ],
)
def test_an_exception_is_made_again_without_its_constructor_and_with_what_can_be_stored(
    store: MemoryStore, error: Exception
) -> None:
    made = Refused.made

    @idempotent(store, key="id", replay_errors=(Exception,), cache=0)
    def charge(id: int) -> None:
        raise error

    raised: list[Exception] = []
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            charge(1)
        raised.append(caught.value)
    again = raised[1]
    assert again is not error
    assert (type(again), str(again)) == (type(error), str(error))
    assert vars(again) == {name: value for name, value in vars(error).items() if name != "lock"}
    assert getattr(again, "filename", None) == getattr(error, "filename", None)
    assert Refused.made == made


def test_an_exception_whose_class_is_not_there_is_of_the_nearest_one_above(store: MemoryStore) -> None:
    def gone() -> Exception:
        class Gone(Refused):
            pass

        return Gone("o-1", reason="no stock")

    @idempotent(store, key="id", replay_errors=(Refused,), cache=0)
    def charge(id: int) -> None:
        raise gone()

    with pytest.raises(Refused):
        charge(1)
    gc.collect()
    with pytest.raises(Refused) as caught:
        charge(1)
    assert type(caught.value) is Refused
    assert (caught.value.order, str(caught.value)) == ("o-1", "o-1: no stock")


def fail_several() -> None:
    raise ExceptionGroup("several", [ValueError("x")])


def fail_validation() -> None:
    import pydantic

    pydantic.TypeAdapter(int).validate_python("x")


@pytest.mark.parametrize("fail", [fail_several, fail_validation])
def test_an_exception_that_cannot_be_made_again_is_told(store: MemoryStore, fail: Callable[[], None]) -> None:
    @idempotent(store, key="id", replay_errors=(Exception,), cache=0)
    def charge(id: int) -> None:
        fail()

    with pytest.raises(Exception, match=r"several|validation error"):
        charge(1)
    with pytest.raises(FailedEarlier, match=r"has failed with .*: .*(several|validation error)") as caught:
        charge(1)
    assert caught.value.error_type.endswith(("ExceptionGroup", "ValidationError"))


def test_a_hook_that_is_a_coroutine_function_is_awaited_or_refused(store: MemoryStore) -> None:
    async def note(value: Any, record: Record) -> Any:
        await asyncio.sleep(0)
        return {"replayed": value}

    @idempotent(store, key="id", on_replay=note)
    async def charge(id: int) -> int:
        return id

    assert [asyncio.run(charge(1)) for _ in range(3)] == [1, {"replayed": 1}, {"replayed": 1}]
    with pytest.raises(ConfigurationError, match=r"is a coroutine function, which .* cannot await"):

        @idempotent(store, key="id", on_replay=note)
        def refund(id: int) -> int:
            return id


def test_a_waiter_that_is_stopped_has_lost_nothing(
    store: MemoryStore, facts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    charge, _ = counting(store, on_in_progress="wait", cache=0)
    charge({"id": 1})
    (record,) = store._records.values()
    store._records.clear()
    store.claim(Claim(record.key, "other", now=time.time(), lease=60.0, ttl=60.0, payload=None))
    facts.clear()

    class Clock:
        time = staticmethod(time.time)

        @staticmethod
        def sleep(seconds: float) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(drive, "time", Clock)
    with pytest.raises(KeyboardInterrupt):
        charge({"id": 1})
    assert facts == ["waited"]
    assert store._records[record.key].owner == "other"


def test_a_task_that_is_cancelled_twice_while_it_claims_gives_the_key_back() -> None:
    entered, go_on = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        blocks = True

        def claim(self, claim: Claim, /) -> Record | None:
            entered.set()
            assert go_on.wait(PATIENCE)
            return super().claim(claim)

    store = Slow()

    @idempotent(store, key="id")
    async def charge(id: int) -> None:
        raise AssertionError("it must not run")

    async def main() -> None:
        task = asyncio.create_task(charge(1))
        assert await asyncio.to_thread(entered.wait, 10)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not store._records


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: idempotent(wrong(MemoryStore), key="id"), r"pass a store, not its class: MemoryStore\(...\)"),
        (
            lambda: idempotent(MemoryStore(), key="id", ttl=1e12),
            r"ttl=1000000000000\.0\): pass seconds above 0",
        ),
        (
            lambda: idempotent(MemoryStore(), key="id", codec=Plain),
            "Plain.: this class is no pydantic model, dataclass",
        ),
        (lambda: idempotent(MemoryStore(), key="id")(wrong(staticmethod(print))), "put it below, right above"),
        (lambda: idempotent(MemoryStore(), key="id")(wrong(classmethod(print))), "above @classmethod"),
        (lambda: idempotent(MemoryStore(), key="id")(functools.partial(generate, 1)), "a generator function"),
    ],
)
def test_what_cannot_be_protected_or_used_is_told(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        make()


class Plain:
    """Is known to nobody."""


def wrong(value: Any) -> Any:
    """Hide the type from type checkers, which would not let it pass."""
    return value


def generate(n: int, id: int) -> Any:
    yield n


def test_the_local_cache_is_bounded_in_bytes_too(store: MemoryStore) -> None:
    charge, _ = counting(store, cache=1_000)
    cache = charge.__closure__[0].cell_contents.__self__._cache
    for i in range(20):
        charge({"id": i, "result": "x" * 100_000})
    assert len(cache._records) == 10
    charge({"id": 100, "result": "x" * 2_000_000})
    assert len(cache._records) == 10
    assert cache._bytes == sum(len(str(record.result)) for record in cache._records.values())


def test_steps_of_the_store_are_spans_where_there_is_a_tracer(store: MemoryStore) -> None:
    tracer = Tracer()
    protect = idempotent(store, key="id", cache=0)

    @handler(tracer, protect)
    def charge(event: Any, context: object) -> int:
        with tracer.span("card"):
            return 1

    (first,), (second,) = (invoke(charge, {"id": 1}).spans for _ in range(2))
    assert first.names() == ("charge", "idempotency claim", "card", "idempotency complete")
    assert first.annotations["idempotency"] == "completed"
    assert second.names() == ("charge", "idempotency claim")
    assert second.annotations["idempotency"] == "replayed"
