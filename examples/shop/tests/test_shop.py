"""The shop under test: its handlers with all their layers, memory in place of AWS, a real payment service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from shop.demo.memory import World
from storefront import fulfilment, orders
from storefront.handlers import publish

from lambda_kit.testing import events, invoke

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lambda_kit.testing import SpanNode


@pytest.fixture
def world() -> Iterator[World]:
    with World() as made:
        yield made


def placed(world: World, **order: Any) -> str:
    """Place an order, and return its id."""
    found: str = json.loads(world.place(**order).unwrap()["body"])["id"]
    return found


def correlation_ids(spans: Iterable[SpanNode]) -> set[object]:
    """Return the correlation ids of spans and of those below them."""
    found: set[object] = set()
    for span in spans:
        found |= {span.annotations.get("correlation_id")} | correlation_ids(span.children)
    return found


def test_an_order_goes_through_all_functions_under_one_correlation_id(world: World) -> None:
    results = [world.place(), world.read_stream(), world.work()]
    (order_id,) = world.table.items
    assert world.status(order_id) == "paid"
    assert world.payments.charges == {order_id: 1}
    for result in results:
        assert result is not None
        told = [line for line in result.logs if line.get("level") == "INFO"]
        assert told
        assert {line["correlationId"] for line in told} == {"c-ada-1"}
        assert "c-ada-1" in correlation_ids(result.spans)


def test_a_repeated_request_gets_the_same_answer_and_places_nothing(world: World) -> None:
    first, second = world.place().unwrap(), world.place().unwrap()
    assert (first["statusCode"], first["body"]) == (second["statusCode"], second["body"])
    assert len(world.table.items) == 1


def test_a_key_with_another_order_is_refused(world: World) -> None:
    world.place(count=1)
    assert world.place(count=2).unwrap()["statusCode"] == 422


def test_keys_of_two_customers_are_two_orders(world: World) -> None:
    assert placed(world, customer="ada") != placed(world, customer="bob")


def test_a_run_after_one_that_died_before_its_answer_finds_its_order(world: World) -> None:
    order_id = placed(world)
    with World() as after:  # as if the record of idempotency was lost
        after.table.items.update(world.table.items)
        assert placed(after) == order_id
        assert not after.table.added


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"path": "/orders", "json": {"lines": []}, "headers": {"idempotency-key": "1"}}, 422),
        ({"path": "/orders", "json": {"lines": [{"sku": "tea", "count": 1}]}}, 400),
        (
            {
                "path": "/orders",
                "json": {"lines": [{"sku": "gold", "count": 1}]},
                "headers": {"idempotency-key": "1"},
            },
            400,
        ),
        ({"path": "/orders/none/decision", "json": {"approved": True}}, 403),
        ({"path": "/orders/none/decision", "json": {"approved": True}, "scope": "orders:approve"}, 404),
        ({"path": "/orders", "headers": {"authorization": "Bearer x", "idempotency-key": "1"}}, 401),
    ],
    ids=["no lines", "no key", "unknown item", "no scope", "unknown order", "wrong token"],
)
def test_what_is_wrong_is_refused(world: World, call: dict[str, Any], status: int) -> None:
    assert world.call("POST", **call).unwrap()["statusCode"] == status
    assert not world.table.items


def test_an_order_is_shown_to_who_placed_it(world: World) -> None:
    order_id = placed(world)
    assert json.loads(world.call("GET", f"/orders/{order_id}").unwrap()["body"])["total"] == 450
    assert world.call("GET", f"/orders/{order_id}", "bob").unwrap()["statusCode"] == 404


def test_a_message_that_comes_again_charges_once(world: World) -> None:
    order_id = placed(world)
    world.read_stream()
    world.queue.messages *= 3
    result = world.work()
    assert result is not None
    assert result.value == {"batchItemFailures": []}
    assert world.payments.charges == {order_id: 1}
    assert not world.payments.repeated


def test_a_message_that_is_no_order_is_put_aside_and_stops_no_other(world: World) -> None:
    order_id = placed(world)
    world.read_stream()
    world.queue.messages.insert(0, ("no order", "c-0"))
    result = world.work()
    assert result is not None
    assert result.value == {"batchItemFailures": []}
    assert len(world.queue.letters) == 1
    assert world.status(order_id) == "paid"
    assert result.metrics["MessagesPutAside"] == [1]


def test_a_payment_service_that_is_down_keeps_the_message(world: World) -> None:
    placed(world)
    world.read_stream()
    messages = list(world.queue.messages)
    world.payments.__exit__(None, None, None)
    result = world.work()
    assert result is not None
    assert len(result.unwrap()["batchItemFailures"]) == len(messages) == 1
    assert not world.queue.letters


def test_a_declined_card_is_an_answer(world: World) -> None:
    order_id = placed(world, customer="declan")
    world.read_stream()
    result = world.work()
    assert result is not None
    assert result.value == {"batchItemFailures": []}
    assert world.status(order_id) == "declined"
    assert not world.payments.charges


def test_a_charge_with_the_key_from_before_a_rotation_is_made_again(world: World) -> None:
    for customer in ("ada", "bob"):
        placed(world, customer=customer)
        world.read_stream()
        result = world.work()
        assert result is not None
        assert result.value == {"batchItemFailures": []}
        world.rotate()
    assert sum(world.payments.charges.values()) == 2
    assert world.payments.refused == 1


@pytest.mark.parametrize("approved", [True, False, None])
def test_a_large_order_waits_for_a_decision_and_is_refused_without_one(world: World, approved: bool | None) -> None:
    order_id = placed(world, sku="samovar")
    world.read_stream()
    world.work()
    assert world.status(order_id) == "waiting"
    assert not world.payments.charges
    result = world.approve(order_id, approved=approved)
    assert result.value == {"order": order_id, "status": "paid" if approved else "refused"}
    assert [run.status for run in result.runs] == ["PENDING", "SUCCEEDED"]
    assert world.status(order_id) == result.unwrap()["status"]
    assert world.payments.charges == ({order_id: 1} if approved else {})
    assert {line["correlationId"] for line in result.logs if "level" in line} == {"c-ada-1"}


def test_a_decision_goes_to_the_callback_of_the_order(world: World) -> None:
    order_id = placed(world)
    decision: Any = {"path": f"/orders/{order_id}/decision", "scope": "orders:approve", "json": {"approved": True}}
    assert world.call("POST", user="manager", **decision).unwrap()["statusCode"] == 409
    world.table.items[order_id] |= {"status": {"S": "waiting"}, "callback": {"S": "cb-1"}}
    result = world.call("POST", user="manager", **decision)
    assert result.unwrap()["statusCode"] == 202
    assert world.functions.decisions == {"cb-1": {"approved": True, "by": "manager"}}
    assert {line["orderId"] for line in result.logs if line.get("message") == "approval answered"} == {order_id}


def test_without_the_flag_a_large_order_is_charged_at_once(world: World) -> None:
    order_id = placed(world, sku="samovar")
    world.read_stream()
    with fulfilment.flags.override({"approvals": {"default": False}}):
        world.work()
    assert world.status(order_id) == "paid"


def test_an_order_that_is_done_stays_as_it_is(world: World) -> None:
    order_id = placed(world)
    orders.update(order_id, "paid", receipt="r-1")
    orders.update(order_id, "waiting")
    assert world.status(order_id) == "paid"


def test_changes_that_are_no_new_orders_are_passed_over(world: World) -> None:
    event = events.dynamodb(old={"id": "1", "status": "placed"}, new={"id": "1", "status": "paid"})
    assert invoke(publish.announce_orders, event).value == {"batchItemFailures": []}
    assert not world.queue.messages
