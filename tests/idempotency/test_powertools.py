"""One table for the kit and for Powertools: each replays what the other has completed, and nothing runs twice."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, idempotent
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import (
    AlreadyInProgress,
    DynamoDBStore,
    MemoryStore,
    PayloadMismatch,
    PowertoolsKeys,
    ResultNotStored,
    free_key,
    key_of,
)
from lambda_kit.testing import make_context
from tests.effort import skip_in_the_middle
from tests.idempotency.test_stores import TABLE, make_table
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Aws

skip_in_the_middle()

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venvs" / "peer" / "bin" / "python"
PROGRAM = Path(__file__).parent / "functions" / "peer.py"
FUNCTION = "shop-function"

needs_peer = pytest.mark.skipif(not PYTHON.exists(), reason="Powertools is not installed: make .venvs/peer/.installed")


class Peer:
    """A function under Powertools, in a process of its own."""

    def __init__(self, effects: Path, options: dict[str, Any]) -> None:
        self.effects = effects
        command = [str(PYTHON), "-W", "ignore", str(PROGRAM), TABLE, str(effects), json.dumps(options)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def begin(self, event: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(event) + "\n")
        self._child.stdin.flush()

    def answer(self) -> Any:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        return line.strip() if line == "running\n" else json.loads(line)

    def go_on(self) -> None:
        self.begin({})

    def __call__(self, event: dict[str, Any]) -> Any:
        self.begin(event)
        return self.answer()

    def stop(self) -> None:
        self._child.kill()
        self._child.communicate()


class Shop:
    """The same function on both sides, on one table."""

    def __init__(self, peer: Peer, options: dict[str, Any], keys: Any) -> None:
        self.effects = effects = peer.effects
        self.peer = peer
        config = options.get("config", {})
        argument = options.get("argument")
        found = config.get("event_key_jmespath") or "@"
        given: dict[str, Any] = {"key": found if argument is None else f"{argument}.{found}", "cache": 0}
        if "payload_validation_jmespath" in config:
            given["payload"] = config["payload_validation_jmespath"]
            if argument is not None:
                given["payload"] = f"{argument}.{given['payload']}"
        self.while_running: Callable[[], None] = lambda: None

        def run(event: dict[str, Any]) -> Any:
            if event.get("fail"):
                raise ValueError("declined")
            self.while_running()
            with effects.open("a") as file:
                file.write(f"kit {json.dumps(event['id'])}\n")
            return event.get("result", f"by the kit: {event['id']}")

        def charge(event: dict[str, Any], context: object) -> Any:
            return run(event)

        def bill(*, order: dict[str, Any]) -> Any:
            return run(order)

        fn: Any = charge if argument is None else bill
        fn.__module__, fn.__qualname__ = "shop", "charge"
        protected: Any = idempotent(DynamoDBStore(TABLE), powertools=keys, **given)(fn)
        self.argument = argument
        self.protected: Any = protected if argument else handler(protected)

    def kit(self, event: dict[str, Any]) -> dict[str, Any]:
        try:
            if self.argument:
                return {"result": self.protected(order=event)}
            return {"result": self.protected(event, make_context(timeout=30.0))}
        except Exception as error:
            return {"error": type(error).__name__}

    def runs(self) -> Counter[str]:
        """Return how often each key has had its effect, on both sides together."""
        lines = self.effects.read_text().splitlines() if self.effects.exists() else []
        return Counter(line.split(" ", 1)[1] for line in lines)


KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "handler": ({"config": {"event_key_jmespath": "id"}}, True),
    "handler with several parts": ({"config": {"event_key_jmespath": "[id, user.name]"}}, True),
    "handler, whole event": ({}, True),
    "handler with a prefix": (
        {"config": {"event_key_jmespath": "id"}, "key_prefix": "orders"},
        PowertoolsKeys(key_prefix="orders"),
    ),
    "handler with sha256": (
        {"config": {"event_key_jmespath": "id", "hash_function": "sha256"}},
        PowertoolsKeys(hash_function="sha256"),
    ),
    "function": ({"config": {"event_key_jmespath": "id"}, "argument": "order"}, True),
    "payload": ({"config": {"event_key_jmespath": "id", "payload_validation_jmespath": "amount"}}, True),
}


@pytest.fixture(scope="module")
def peers() -> Iterator[dict[str, Peer]]:
    """The processes that run, by the kind of function: each takes a while to start, and keeps nothing between tests."""
    running: dict[str, Peer] = {}
    yield running
    for peer in running.values():
        peer.stop()


@pytest.fixture
def shop(
    request: pytest.FixtureRequest,
    aws: Aws,
    peers: dict[str, Peer],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    kind = getattr(request, "param", "handler")
    options, keys = KINDS[kind]
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", FUNCTION)
    make_table(aws)
    if kind not in peers:
        peers[kind] = Peer(tmp_path_factory.mktemp("peer") / "effects", options)
    peers[kind].effects.write_text("")
    return Shop(peers[kind], options, keys)


RESULTS: list[Any] = ["text", 0, False, {"a": [1, None, 2.5, "é"]}, [], "", {"b": '"$type":'}, {}]


@needs_peer
@pytest.mark.parametrize("shop", KINDS, indirect=True)
def test_what_one_has_completed_the_other_replays(shop: Shop) -> None:
    for n, result in enumerate(RESULTS):
        event = {"id": {"order": n, "é": "ü"}, "user": {"name": "x"}, "amount": 5, "result": result}
        first, second = (shop.peer, shop.kit) if n % 2 else (shop.kit, shop.peer)
        assert first(event) == {"result": result}
        # Powertools replays a falsy result as null.
        assert second(event) == {"result": result if second == shop.kit or result else None}
        assert first(event) == {"result": result if first == shop.kit or result else None}
    assert set(shop.runs().values()) == {1}
    assert len(shop.runs()) == len(RESULTS)


@needs_peer
@pytest.mark.parametrize(
    "result",
    [{"$type": "x"}, {"$lambda_kit": 1}, {"a": {"$type": "Decimal", "value": "x"}}],
    ids=["type", "mark", "inner type"],
)
def test_a_result_of_powertools_is_plain_json_whatever_its_members_are_called(shop: Shop, result: Any) -> None:
    assert shop.peer({"id": 1, "result": result}) == {"result": result}
    assert shop.kit({"id": 1}) == {"result": result}


@needs_peer
def test_a_null_result_is_replayed_too(shop: Shop) -> None:
    for first, second, id_ in ((shop.peer, shop.kit, 1), (shop.kit, shop.peer, 2)):
        event = {"id": id_, "result": None}
        assert first(event) == second(event) == {"result": None}
    assert set(shop.runs().values()) == {1}


@needs_peer
@pytest.mark.parametrize("shop", ["payload"], indirect=True)
def test_another_payload_is_refused_by_both(shop: Shop) -> None:
    assert shop.peer({"id": 1, "amount": 5}) == {"result": "by the peer: 1"}
    assert shop.kit({"id": 1, "amount": 6}) == {"error": PayloadMismatch.__name__}
    assert shop.kit({"id": 2, "amount": {"b": 1, "a": 2}}) == {"result": "by the kit: 2"}
    assert shop.peer({"id": 2, "amount": {"a": 2, "b": 1}}) == {"result": "by the kit: 2"}
    assert shop.peer({"id": 2, "amount": 6}) == {"error": "IdempotencyValidationError"}


@needs_peer
def test_while_one_runs_the_other_is_refused(shop: Shop) -> None:
    shop.peer.begin({"id": 1, "wait": True})
    assert shop.peer.answer() == "running"
    assert shop.kit({"id": 1}) == {"error": AlreadyInProgress.__name__}
    shop.peer.go_on()
    assert shop.peer.answer() == {"result": "by the peer: 1"}
    assert shop.kit({"id": 1}) == {"result": "by the peer: 1"}

    refused: list[Any] = []
    shop.while_running = lambda: refused.append(shop.peer({"id": 2}))
    assert shop.kit({"id": 2}) == {"result": "by the kit: 2"}
    assert refused == [{"error": "IdempotencyAlreadyInProgressError"}]
    assert set(shop.runs().values()) == {1}


@needs_peer
def test_what_has_failed_at_one_runs_at_the_other(shop: Shop) -> None:
    for first, second, id_ in ((shop.peer, shop.kit, 1), (shop.kit, shop.peer, 2)):
        assert first({"id": id_, "fail": True}) == {"error": "ValueError"}
        assert second({"id": id_}) == {"result": f"by the {'kit' if second == shop.kit else 'peer'}: {id_}"}


@needs_peer
def test_calls_that_both_get_at_the_same_time_run_once(shop: Shop) -> None:
    chance = random.Random(7)
    events = [{"id": f"order {n % 40}"} for n in range(200)]
    chance.shuffle(events)
    shares = [events[:100], events[100:]]

    def work(side: Callable[[dict[str, Any]], Any], share: list[dict[str, Any]]) -> None:
        for event in share:
            answer = side(event)
            while "error" in answer:
                assert "InProgress" in answer["error"]
                answer = side(event)
            assert answer["result"].endswith(str(event["id"]))

    threads = [threading.Thread(target=work, args=given) for given in zip((shop.peer, shop.kit), shares, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(shop.runs()) == 40
    assert set(shop.runs().values()) == {1}


@needs_peer
def test_a_result_that_powertools_could_not_read_is_an_error_there_and_no_second_run(shop: Shop) -> None:
    large = "".join(random.Random(1).choices("0123456789abcdef", k=600_000))
    shop.kit({"id": 1, "result": "x" * 500_000})
    shop.kit({"id": 2, "result": large})
    shop.kit({"id": 3, "result": object()})
    shop.kit({"id": 4, "result": {"total": Decimal("1.50")}})
    shop.kit({"id": 5, "result": {"$type": "x"}})
    for id_ in (1, 2, 3, 4, 5):
        assert "error" in shop.peer({"id": id_})
    assert shop.kit({"id": 1}) == {"result": "x" * 500_000}
    assert shop.kit({"id": 3}) == {"error": ResultNotStored.__name__}
    assert shop.kit({"id": 4}) == {"result": {"total": Decimal("1.50")}}
    assert shop.kit({"id": 5}) == {"result": {"$type": "x"}}
    assert set(shop.runs().values()) == {1}


@needs_peer
def test_the_key_of_powertools_is_computed_and_freed(shop: Shop, aws: Aws) -> None:
    shop.peer({"id": "o-1"})
    (item,) = aws.boto3("dynamodb").scan(TableName=TABLE)["Items"]
    assert item["id"]["S"] == key_of(shop.protected, {"id": "o-1"}, None)
    assert item["id"]["S"].startswith(f"{FUNCTION}.shop.charge#")
    assert free_key(shop.protected, {"id": "o-1"}, None)
    assert shop.kit({"id": "o-1"}) == {"result": "by the kit: o-1"}


def test_tenants_keep_keys_of_their_own(store: MemoryStore) -> None:
    @handler(idempotent(store, key="id", powertools=True))
    def charge(event: Any, context: Any) -> str:
        return str(context.tenant_id)

    results = [charge({"id": 1}, make_context(tenant_id=tenant)) for tenant in ("a", "b", "a")]
    assert results == ["a", "b", "a"]


def test_a_function_that_has_moved_keeps_its_old_name(store: MemoryStore) -> None:
    @idempotent(store, key="id", powertools=PowertoolsKeys(function="shop.charge"))
    def elsewhere(id: int) -> None: ...

    assert key_of(elsewhere, 1).startswith("test-func.shop.charge#")


@pytest.mark.parametrize("value", [Decimal("1.50"), (1, 2), {"a": {"b"}}], ids=["decimal", "tuple", "set"])
def test_values_that_json_lacks_are_hashed_as_powertools_does_or_are_no_key(store: MemoryStore, value: Any) -> None:
    @idempotent(store, key="id", powertools=True, missing_key="run")
    def charge(id: Any) -> None: ...

    charge(value)
    assert len(store.records) == (0 if isinstance(value, dict) else 1)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: PowertoolsKeys(hash_function="md6"), "did you mean 'md5'"),
        (lambda: PowertoolsKeys(hash_function="shake_128"), "hashlib has no such function"),
        (lambda: PowertoolsKeys(key_prefix=""), "pass a text"),
        (lambda: idempotent(MemoryStore(), key="id", powertools=wrong("yes")), "pass True, False or PowertoolsKeys"),
    ],
    ids=["function", "shake", "prefix", "option"],
)
def test_keys_that_cannot_be_are_refused(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        make()


def wrong(value: Any) -> Any:
    """Hide the type from type checkers, which would not let it pass."""
    return value
