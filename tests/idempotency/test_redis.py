"""A Redis server that does not answer keeps no call beyond its invocation."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from lambda_kit import handler
from lambda_kit.idempotency import Claim, MemoryStore, Record, RedisStore, StoreUnavailable, idempotent
from lambda_kit.testing import make_context
from tests.idempotency.redises import fake_redis
from tests.services import free_port
from tests.threads import refuse_threads

if TYPE_CHECKING:
    from collections.abc import Iterator


def once() -> Retry:
    """Make a client try once.

    Otherwise it draws its waits with `random`, on a thread that may outlive the test: Hypothesis refuses a test during
    which other code uses that module.
    """
    return Retry(NoBackoff(), 0)


@pytest.fixture
def silent() -> Iterator[redis.Redis]:
    """A client of a server that accepts connections, and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    client = redis.Redis(port=server.getsockname()[1], socket_timeout=None, retry=once())
    yield client
    server.close()
    client.close()


def test_a_claim_that_is_not_answered_ends_before_the_invocation(silent: redis.Redis) -> None:
    @handler(idempotent(RedisStore(silent), key="id"))
    def charge(event: Any, context: object) -> None:
        raise AssertionError("it must not run")

    context = make_context(timeout=0.5)
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"Redis did not answer within the 0\.[34]\d* s") as caught:
        charge({"id": 1}, context)
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert time.monotonic() - began < 5.0
    with pytest.raises(StoreUnavailable, match="there is no time left in the invocation to ask Redis"):
        charge({"id": 1}, make_context(timeout=0.0))


def test_a_completion_that_is_not_answered_ends_with_the_lease(silent: redis.Redis) -> None:
    memory, remote = MemoryStore(), RedisStore(silent)

    class Broken(MemoryStore):
        def claim(self, claim: Claim, /) -> Record | None:
            return memory.claim(claim)

        def complete(self, record: Record, /) -> bool:
            return remote.complete(record)

    @handler(idempotent(Broken(), key="id", lease=0.5))
    def charge(event: Any, context: object) -> str:
        return "done"

    with pytest.raises(StoreUnavailable, match="the function has run") as caught:
        charge({"id": 1}, make_context(timeout=1.0))
    assert caught.value.result == "done"


def test_errors_and_answers_of_the_server_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    client = fake_redis()
    store = RedisStore(client)
    runs: list[int] = []

    @handler(idempotent(store, key="id", cache=0))
    def charge(event: Any, context: object) -> int:
        runs.append(1)
        return len(runs)

    assert [charge({"id": 1}, make_context()) for _ in range(2)] == [1, 1]
    monkeypatch.setattr(client, "eval", redis.Redis(port=free_port(), retry=once()).eval)
    with pytest.raises(StoreUnavailable, match="ConnectionError"):
        charge({"id": 1}, make_context())


def test_a_call_for_which_no_thread_can_be_started_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = refuse_threads(monkeypatch, "lambda_kit.idempotency._redis")

    @handler(idempotent(RedisStore(fake_redis()), key="id"))
    def charge(event: Any, context: object) -> None:
        raise AssertionError("it must not run")

    with pytest.raises(StoreUnavailable, match="can't start new thread"):
        charge({"id": 1}, make_context(timeout=60.0))
    assert waits == []
