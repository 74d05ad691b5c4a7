"""The key and the payload of a call."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.batch import batch
from lambda_kit.idempotency import (
    AlreadyInProgress,
    MemoryStore,
    MissingIdempotencyKey,
    PayloadMismatch,
    idempotent,
)
from lambda_kit.testing import events, invoke, make_context
from tests.idempotency.stores import counting


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

    with pytest.raises(MissingIdempotencyKey, match="the key was not found or could not be read"):
        idempotent(store, key=key)(charge)(event, None)
    assert runs == []
    unprotected = idempotent(store, key=key, missing_key="run")(charge)
    assert [unprotected(event, None) for _ in range(2)] == ["done", "done"]
    assert facts == ["unprotected"] * 2


@pytest.mark.parametrize(
    ("key", "event", "said"),
    [
        ("order.id", {"id": 1, "body": {}}, "idempotent(key='order.id') around NAME: ... the event has 'id', 'body'"),
        ("order.id", {}, "the event has no fields"),
        ("a", {f"f{i}": 1 for i in range(12)}, "'f8', 'f9', ..."),
        ("a", {f"f{i}": 1 for i in range(10)}, "'f8', 'f9'. "),
        ("a", {"n" * 5000: 1, "x-a": 1, "ada@example.com": 1, 7: 1}, "the event has …, 'x-a', …, …. "),
        ("event.id", {"id": "a"}, "so the key must not begin with its parameter, 'event'"),
        (nothing, {"id": "a"}, "idempotent(key=nothing) around NAME: ..."),
    ],
)
def test_a_missing_key_is_told_with_the_expression_and_what_was_there(
    store: MemoryStore, key: Any, event: Any, said: str
) -> None:
    def charge(event: Any, context: object) -> None: ...

    with pytest.raises(MissingIdempotencyKey) as raised:
        idempotent(store, key=key)(charge)(event, None)
    wanted = said.replace("NAME", f"{__name__}.{charge.__qualname__}").split("...")
    assert all(part.strip() in str(raised.value) for part in wanted)


def test_a_record_of_a_batch_whose_key_begins_with_its_parameter_is_told_how_to_write_it(store: MemoryStore) -> None:
    @handler(Logger())
    @batch
    @idempotent(store, key="record.messageId")
    def ship(record: Any) -> None: ...

    (line,) = invoke(ship, events.sqs(["a"])).logs
    assert "the event has 'messageId', 'receiptHandle'" in line["exception"]["message"]
    assert "must not begin with its parameter, 'record'" in line["exception"]["message"]


@pytest.mark.parametrize(("key", "level"), [("order_id", "WARN"), (nothing, "INFO")])
def test_calls_that_run_unprotected_are_told_once(store: MemoryStore, key: Any, level: str) -> None:
    @handler(Logger())
    @idempotent(store, key=key, missing_key="run")
    def charge(event: Any, context: object) -> None: ...

    (line,) = invoke(charge, {"id": 1}).logs
    assert line["level"] == level
    assert line["message"].startswith(
        "a call runs unprotected, and so will others like it, because of missing_key='run': "
    )
    assert "the event has 'id'" in line["message"]
    assert invoke(charge, {"id": 1}).logs == ()


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
    assert len(store.records) == 5


def test_nested_functions_on_one_store_do_not_mix(store: MemoryStore) -> None:
    @idempotent(store, key="id")
    def inner(event: Any, context: object) -> str:
        return "inner"

    @idempotent(store, key="id")
    def outer(event: Any, context: object) -> list[str]:
        return ["outer", inner(event, context)]

    assert [outer({"id": 1}, None) for _ in range(2)] == [["outer", "inner"]] * 2
    assert inner({"id": 1}, None) == "inner"


def test_a_key_for_every_event_of_the_same_shape_is_found_by_jmespath_with_json_inside(store: MemoryStore) -> None:
    charge, runs = counting(store, key="[parse_json(body).order.id, headers.tenant]")
    event = {"body": '{"order": {"id": 7}}', "headers": {"tenant": "t"}}
    charge(event)
    charge({**event, "body": '{ "order": {"id": 7, "x": 1}}'})
    assert len(runs) == 1
    legacy, _ = counting(store, key="powertools_json(body).order.id", namespace="legacy")
    legacy(event)
