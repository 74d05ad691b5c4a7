"""Options and functions that are refused."""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
import redis

from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import DynamoDBStore, MemoryStore, idempotent

if TYPE_CHECKING:
    from collections.abc import Callable


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
    no_store: Any = 7
    with pytest.raises(ConfigurationError, match="which is not callable"):
        idempotent(store, key="id")(not_callable)
    with pytest.raises(ConfigurationError, match="pass a store, which has a method claim"):
        idempotent(no_store, key="id")


def test_what_a_store_is_made_of_is_refused_with_the_store() -> None:
    dynamodb: Any = import_module("boto3").resource("dynamodb", region_name="eu-west-1")
    kinds: list[tuple[Any, str]] = [
        ("records", "DynamoDBStore('records')"),
        ("/tmp/records.db", "SQLiteStore('/tmp/records.db')"),
        ("redis://:hunter2@example:6379", "RedisStore(client), with a client of redis or valkey"),
        (dynamodb.Table("records"), "DynamoDBStore(the name of the table, client=...)"),
        (dynamodb.meta.client, "DynamoDBStore(the name of the table, client=...)"),
        (redis.Redis(), "RedisStore(client)"),
    ]
    for given, hint in kinds:
        with pytest.raises(ConfigurationError) as caught:
            idempotent(given, key="id")
        assert str(caught.value).endswith(f"): pass a store: {hint}")
        assert "hunter2" not in str(caught.value)
    for given in (dynamodb.Table("records"), dynamodb.meta.client):
        with pytest.raises(ConfigurationError, match="pass the name of the table; a client goes into client="):
            DynamoDBStore(given)


class Plain:
    """Is known to nobody."""


def wrong(value: Any) -> Any:
    """Hide the type from type checkers, which would not let it pass."""
    return value


def generate(n: int, id: int) -> Any:
    yield n


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
