"""What tells calls apart: the name of the function, its arguments, the parts of a key."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from lambda_kit import handler, layer, provide
from lambda_kit.errors import ConfigurationError
from lambda_kit.events import EventBridgeEvent, as_event, parse, validated
from lambda_kit.idempotency import MemoryStore, MissingIdempotencyKey, PayloadMismatch, idempotent
from lambda_kit.idempotency._identity import Identity
from lambda_kit.testing import invoke, make_context
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from collections.abc import Callable


def charge_order(order_id: str, amount: int = 0) -> str:
    return order_id


class Order(NamedTuple):
    order_id: str


class Charging:
    def __call__(self, order_id: str) -> str:
        return order_id

    def charge(self, order_id: str) -> str:
        return order_id


def name_of(fn: Any) -> str:
    return Identity(fn, "order_id", None, None).function


# Names


def test_a_partial_has_the_name_of_its_function_and_an_object_that_of_its_class() -> None:
    here = __name__
    assert name_of(functools.partial(charge_order, amount=5)) == f"{here}.charge_order"
    assert name_of(functools.partial(functools.partial(charge_order, "secret"), amount=5)) == f"{here}.charge_order"
    assert name_of(Charging()) == f"{here}.Charging"
    assert name_of(Charging().charge) == f"{here}.Charging.charge"
    assert name_of(functools.partial(Charging())) == f"{here}.Charging"


def test_the_keys_of_partials_and_objects_are_the_same_in_every_process() -> None:
    for make in (lambda: functools.partial(charge_order, amount=5), Charging):
        keys = {Identity(make(), "order_id", None, None).key_of({"order_id": "o-1"}) for _ in range(3)}
        assert len(keys) == 1


def made(kind: str, store: MemoryStore, **options: Any) -> Callable[[str], str]:
    @idempotent(store, key="order_id", **options)
    def charge(order_id: str) -> str:
        return kind

    return charge


def test_a_second_function_that_the_same_code_has_made_is_refused_on_one_store(store: MemoryStore) -> None:
    first = made("cards", store)
    with pytest.raises(ConfigurationError, match=r"a second function .*made.<locals>.charge .*; pass namespace="):
        made("vouchers", store)
    assert first("o-1") == "cards"
    assert made("vouchers", store, namespace="vouchers")("o-1") == "vouchers"
    assert made("vouchers", MemoryStore())("o-1") == "vouchers"


def test_one_that_is_gone_counts_because_its_records_stay(store: MemoryStore) -> None:
    assert made("cards", store)("o-1") == "cards"
    with pytest.raises(ConfigurationError, match="a second function"):
        made("vouchers", store)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (functools.partial(charge_order, amount=1), functools.partial(charge_order, amount=2)),
        (Charging(), Charging()),
        (Charging().charge, Charging().charge),
    ],
)
def test_partials_objects_and_their_methods_are_refused_a_second_time(
    store: MemoryStore, first: Any, second: Any
) -> None:
    protect = idempotent(store, key="order_id")
    assert protect(first)("o-1") == protect(first)("o-1") == "o-1"
    with pytest.raises(ConfigurationError, match="a second function"):
        protect(second)
    assert idempotent(store, key="order_id", namespace="second")(second)("o-1") == "o-1"


def test_two_definitions_of_one_name_are_told_apart_or_refused(store: MemoryStore) -> None:
    def first() -> Any:
        def charge(order_id: str) -> str:
            return "first"

        return charge

    def second() -> Any:
        def charge(order_id: str) -> str:
            return "second"

        return charge

    one, other = first(), second()
    other.__qualname__ = one.__qualname__  # as that of `_`, of which a module may have many
    protect = idempotent(store, key="order_id")
    protect(one)
    with pytest.raises(ConfigurationError, match="a second function"):
        protect(other)


def test_a_module_that_is_loaded_again_may_have_other_functions_of_the_same_names(store: MemoryStore) -> None:
    source = "def make(kind):\n    def charge(order_id):\n        return kind\n    return charge\n"
    protect = idempotent(store, key="order_id")
    for n, spec in enumerate((object(), object())):
        scope: dict[str, Any] = {"__name__": "shop", "__spec__": spec}
        exec(compile("\n" * n + source, "shop.py", "exec"), scope)
        protect(scope["make"]("cards"))
        with pytest.raises(ConfigurationError, match="a second function"):
            protect(scope["make"]("vouchers"))


def test_a_function_without_a_closure_may_be_made_again(store: MemoryStore) -> None:
    def make() -> Any:
        @idempotent(store, key="order_id")
        def charge(order_id: str) -> str:
            return order_id

        return charge

    first, again = make(), make()
    assert first("o-1") == again("o-1") == "o-1"


# Arguments


def test_a_decorator_that_passes_everything_on_is_seen_through(store: MemoryStore) -> None:
    def logged(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            return fn(*args, **kwargs)

        return run

    charge = idempotent(store, key="[order_id, amount]")(logged(charge_order))
    assert charge("o-1", 5) == "o-1"
    assert charge(amount=5, order_id="o-1") == "o-1"
    assert len(store.records) == 1


def test_a_decorator_with_parameters_of_its_own_is_asked_for_them(store: MemoryStore) -> None:
    seen: list[Any] = []

    def connected(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(order_id: str) -> Any:
            return fn("connection", order_id)

        return run

    @connected
    def charge(connection: str, order_id: str) -> int:
        seen.append((connection, order_id))
        return len(seen)

    protected = idempotent(store, key="order_id")(charge)
    assert [protected("o-1"), protected("o-1"), protected("o-2")] == [1, 1, 2]
    assert seen == [("connection", "o-1"), ("connection", "o-2")]


def test_a_decorator_that_adds_an_argument_unseen_is_told(store: MemoryStore) -> None:
    def connected(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any, **kwargs: Any) -> Any:
            return fn("connection", *args, **kwargs)

        return run

    @idempotent(store, key="order_id")
    @connected
    def charge(connection: str, order_id: str) -> str:
        return order_id

    with pytest.raises(TypeError) as caught:
        charge("o-1")
    assert "let it set __signature__, or put idempotent() under it" in caught.value.__notes__[0]


def test_a_decorator_whose_first_parameters_are_others_is_asked_for_them(store: MemoryStore) -> None:
    def connected(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(order_id: str, **kwargs: Any) -> Any:
            return fn("connection", order_id, **kwargs)

        return run

    @idempotent(store, key="order_id")
    @connected
    def charge(connection: str, order_id: str = "", *, note: str = "") -> str:
        return order_id

    assert [charge("o-1"), charge("o-2"), charge("o-1")] == ["o-1", "o-2", "o-1"]
    assert len(store.records) == 2


def test_self_may_stand_in_a_decorator_that_passes_the_rest_on(store: MemoryStore) -> None:
    def logged(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            return fn(self, *args, **kwargs)

        return run

    class Shop:
        @idempotent(store, key="order_id")
        @logged
        def charge(self, order_id: str) -> str:
            return order_id

    assert [Shop().charge("o-1"), Shop().charge(order_id="o-2")] == ["o-1", "o-2"]


def test_what_a_decorator_adds_by_keyword_need_not_be_given(store: MemoryStore) -> None:
    def resource() -> str:
        return "connection"

    @idempotent(store, key="order_id")
    @provide(connection=resource)
    def charge(order_id: str, *, connection: str) -> str:
        return order_id + connection

    given: Any = charge
    assert given("o-1") == "o-1connection"


def test_arguments_of_a_partial_and_further_keywords_are_found(store: MemoryStore) -> None:
    @functools.wraps(charge_order)
    def free(**fields: Any) -> str:
        return str(fields["order"])

    del free.__wrapped__
    bound = idempotent(store, key="[order_id, amount]")(functools.partial(charge_order, "o-1"))
    assert bound(5) == "o-1"
    other: Any = idempotent(store, key="order", namespace="free")(free)
    assert other(order="o-2") == "o-2"


def test_an_event_that_a_layer_has_made_an_object_is_looked_into(store: MemoryStore) -> None:
    @layer
    def typed(event: Any, context: object) -> Any:
        yield Order(event["order_id"])

    @handler(typed, idempotent(store, key="order_id"))
    def handle(message: Any, runtime: object) -> Any:
        return message.order_id

    assert invoke(handle, {"order_id": "o-1"}).unwrap() == "o-1"


def test_a_function_whose_parameter_the_key_names_is_no_handler_whatever_it_is_given(store: MemoryStore) -> None:
    @idempotent(store, key="order.id")
    def charge(order: dict[str, str], ctx: object) -> str:
        return order["id"]

    @handler
    def handle(event: dict[str, str], context: object) -> list[str]:
        return [charge(event, context), charge(order=event, ctx=context)]

    assert invoke(handle, {"id": "o-1"}, context=make_context()).unwrap() == ["o-1", "o-1"]
    assert len(store.records) == 1


def test_what_cannot_be_a_key_runs_unprotected_if_that_is_asked_for(store: MemoryStore) -> None:
    @idempotent(store, key="order_id", missing_key="run")
    def charge(order_id: Any) -> str:
        return "done"

    assert charge(object()) == "done"
    endless: list[Any] = []
    endless.append(endless)
    assert charge(endless) == "done"
    assert store.records == {}


def test_a_signature_that_is_given_counts(store: MemoryStore) -> None:
    import inspect

    def run(*args: Any) -> Any:
        return args

    given: Any = run
    given.__signature__ = inspect.Signature([inspect.Parameter("order_id", inspect.Parameter.POSITIONAL_OR_KEYWORD)])
    protected = idempotent(store, key="order_id")(given)
    assert protected("o-1") == ("o-1",)
    with pytest.raises(TypeError):
        protected("o-1", "o-2")


@pytest.mark.parametrize(
    "names", [("event", "context"), ("_event", "_context"), ("evt", "ctx"), ("event", "_"), ("evt", "lambda_context")]
)
def test_the_event_of_a_handler_is_known_by_the_names_of_its_parameters(names: tuple[str, str]) -> None:
    scope: dict[str, Any] = {}
    exec(f"def handle({names[0]}, {names[1]}): return {names[0]}", scope)
    identity = Identity(scope["handle"], "order_id", None, "n")
    event = {"order_id": "o-1"}
    assert identity.subject((event, None), {}) is event


def test_the_event_of_a_handler_with_other_names_is_known_while_it_runs(store: MemoryStore) -> None:
    @handler(idempotent(store, key="order_id"))
    def handle(message: dict[str, str], runtime: object) -> str:
        return message["order_id"]

    assert invoke(handle, {"order_id": "o-1"}).unwrap() == "o-1"


def test_a_function_that_is_given_the_context_last_is_no_handler(store: MemoryStore) -> None:
    @idempotent(store, key="order.id")
    def charge(order: dict[str, str], context: object) -> str:
        return order["id"]

    @handler
    def handle(event: list[dict[str, str]], context: object) -> list[str]:
        return [charge(order, context) for order in event]

    assert invoke(handle, [{"id": "o-1"}, {"id": "o-2"}], context=make_context()).unwrap() == ["o-1", "o-2"]
    assert len(store.records) == 2


def test_a_handler_below_a_layer_that_replaces_the_event_is_given_the_new_one(store: MemoryStore) -> None:
    @layer
    def unpack(event: Any, context: object) -> Any:
        yield event["body"]

    @handler(unpack, idempotent(store, key="order_id"))
    def handle(event: dict[str, str], context: object) -> str:
        return event["order_id"]

    assert invoke(handle, {"body": {"order_id": "o-1"}}).unwrap() == "o-1"


def test_tuples_can_be_looked_into_and_what_contains_itself_is_no_key(store: MemoryStore) -> None:
    runs: list[Any] = []

    @idempotent(store, key="orders[0].id")
    def charge(orders: Any) -> int:
        runs.append(orders)
        return len(runs)

    assert [charge(({"id": "o-1"},)), charge([{"id": "o-1"}])] == [1, 1]
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(MissingIdempotencyKey):
        charge(endless)


# Parts


def nested(event: dict[str, Any]) -> Any:
    return [event["user"], {"order": event.get("order", {}).get("id")}]


def flat(event: dict[str, Any]) -> Any:
    return event["user"], event.get("order", {}).get("id")


@pytest.mark.parametrize(
    "key",
    [
        "[user, order.id]",
        "{user: user, order: order.id}",
        "[user, {order: order.id}]",
        "[[user, [order.id]]]",
        "@ | [user, order.id]",
        "[user, order.[id]]",
        "[user, to_string([order.id])]",
        "join('-', [user, to_string(order.id)])",
        "[user, [order][*].id]",
        "[order, order][?@].id",
        "none || [user, order.id]",
        "[order][].[id, @]",
        nested,
        flat,
    ],
)
@pytest.mark.parametrize("order", [None, {}, {"id": None}, {"id": ""}])
def test_a_part_that_is_missing_at_any_depth_makes_no_key(key: Any, order: Any) -> None:
    identity = Identity(charge_order, key, None, "n")
    event = {"user": "u-1"} if order is None else {"user": "u-1", "order": order}
    assert identity.key_of(event) is None
    assert identity.key_of({"user": "u-1", "order": {"id": "o-1"}}) is not None


@pytest.mark.parametrize("key", ["order", "[user, order]", "{order: order}", "order.lines", "[order.lines, user]"])
def test_what_stands_in_the_data_may_have_members_that_are_null(key: str) -> None:
    identity = Identity(charge_order, key, None, "n")
    event = {"user": "u-1", "order": {"id": "o-1", "note": None, "lines": [{"sku": "", "n": 0}, None]}}
    other = {"user": "u-1", "order": {"id": "o-1", "note": None, "lines": [{"sku": "x", "n": 0}, None]}}
    assert None is not identity.key_of(event) != identity.key_of(other)


@layer
def passes_on(event: Any, context: Any) -> Any:
    yield


LAYERS: dict[str, Any] = {
    "none": None,
    "layer": passes_on,
    "provide": provide(table=dict),
    "parse": parse(dict[str, Any]),
    "as_event": as_event(EventBridgeEvent),
    "validated": validated(inbound={"type": "object"}),
}


@pytest.mark.parametrize("stacked", [False, True], ids=["listed", "stacked"])
@pytest.mark.parametrize("inner", LAYERS)
@pytest.mark.parametrize("outer", ["none", "layer", "provide"])
def test_under_a_handler_the_key_is_a_field_of_the_event_also_if_an_argument_is_called_so(
    inner: str, outer: str, stacked: bool
) -> None:
    runs: list[Any] = []

    def place(order: Any, context: Any, **_: Any) -> int:
        runs.append(order)
        return len(runs)

    protected = idempotent(MemoryStore(), key="order", payload="source")
    layers = [one for one in (LAYERS[outer], protected, LAYERS[inner]) if one is not None]
    handle: Any = place
    if stacked:
        for one in reversed(layers):
            handle = one(handle)
    made: Any = handler
    handle = made(handle) if stacked else made(*layers)(handle)
    bus = {"order": 1, "detail": {"id": 1}, "detail-type": "Placed", "id": "1", "region": "eu-west-1", "source": "shop"}
    results: list[Any] = [invoke(handle, bus | {"source": one, "id": one}) for one in ("shop", "shop", "till")]
    first, again, other = results
    assert (first.value, again.value) == (1, 1)
    assert isinstance(other.error, PayloadMismatch)
    assert len(runs) == 1


def test_under_a_handler_in_a_class_the_key_is_a_field_of_the_event() -> None:
    class Shop:
        @handler(idempotent(MemoryStore(), key="order"))
        def place(self, order: Any, context: Any) -> Any:
            return order["line"]

    place: Any = Shop().place
    assert [place({"order": 1, "line": line}, make_context()) for line in (1, 2)] == [1, 1]


def _order_of(arguments: Any) -> Any:
    return arguments["order"]


@pytest.mark.parametrize("key", ["order", "order.id", _order_of])
def test_arguments_to_which_another_thread_adds_meanwhile_have_a_key(key: Any) -> None:
    def ship(order: dict[str, Any]) -> None: ...

    identity = Identity(ship, key, None, None)
    keys: list[str | None] = []

    def add(order: dict[str, Any]) -> None:
        order["c"] = {"y": 3}

    def check(_: Any, places: str) -> None:
        assert keys[-1] is not None

    visit_each_step(
        lambda order: keys.append(identity.key_of(identity.subject((order,), {}))),
        add,
        prepare=lambda: {"id": {"a": 1}, "b": {"x": 2}},
        check=check,
    )
