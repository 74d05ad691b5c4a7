"""Records that cannot be read are one typed error without their values, and the function does not run."""

from __future__ import annotations

import json
import sqlite3
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.idempotency import (
    AlreadyInProgress,
    Claim,
    DynamoDBStore,
    FailedEarlier,
    MemoryStore,
    PayloadMismatch,
    Record,
    RedisStore,
    ResultNotStored,
    SQLiteStore,
    StoreUnavailable,
    UnreadableRecord,
    idempotent,
)
from tests.idempotency.redises import fake_redis
from tests.idempotency.test_stores import TABLE, make_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Aws

SECRET = "hunter2"
FAR = 9_999_999_999


class Order(pydantic.BaseModel):
    id: int
    currency: str


def protect(store: Any, codec: Any = None, replay_errors: tuple[type[Exception], ...] = ()) -> Any:
    @idempotent(store, key="id", namespace="n", cache=0, codec=codec, replay_errors=replay_errors, on_claim_error="run")
    def charge(id: int) -> Any:
        raise AssertionError("it must not run")

    return charge


def key_of_one() -> str:
    """Return the key of the call with the id 1."""
    seen: list[str] = []

    class Spy(MemoryStore):
        def claim(self, claim: Claim, /) -> Record | None:
            seen.append(claim.key)
            return Record(claim.key, "COMPLETED", owner=None, expires=FAR, result="1")

    protect(Spy())(1)
    return seen[0]


KEY = key_of_one()


def replay(result: Any, codec: Any = None, replay_errors: tuple[type[Exception], ...] = ()) -> Any:
    store = MemoryStore()
    store.claim(Claim(KEY, "o", now=0.0, lease=FAR, ttl=FAR, payload=None))
    store.complete(Record(KEY, "COMPLETED", owner="o", expires=FAR, result=result))
    return protect(store, codec, replay_errors)(1)


@pytest.mark.parametrize(
    ("result", "codec"),
    [
        (f'{{"password": "{SECRET}"', None),
        ("", None),
        (f'{{"$type": "{SECRET}", "value": 1}}', None),
        (f'{{"$type": "Decimal", "value": "{SECRET}"}}', None),
        ('{"$type": "datetime"}', None),
        ('{"$type": "set", "items": [[1]]}', None),
        ('{"$type": {"a": 1}}', None),
        ("[" * 200_000, None),
        ('{"$lambda_kit":"error"}', None),
        ('{"$lambda_kit":"error","value":{"classes":[]}}', None),
        (SECRET.encode(), None),
        (zlib.compress(b"{}" * 1000)[:-5], None),
        (zlib.compress(b"\xff\xfe"), None),
        (zlib.compress(b" " * (65 * 1024 * 1024)), None),
        (f'{{"id": "{SECRET}", "currency": "EUR"}}', Order),
        ('{"id": 1}', Order),
        ("5", Order),
    ],
    ids=str,
)
def test_a_result_that_cannot_be_read_is_one_error_with_the_key_and_without_the_value(result: Any, codec: Any) -> None:
    with pytest.raises(UnreadableRecord) as caught:
        replay(result, codec)
    assert caught.value.key == KEY
    assert KEY in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is not None


class Declined(Exception):
    pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$type", "$lambda_kit", "value", "items", "classes", "args", "state", "message"]),
            inner | st.sampled_from(["Decimal", "UUID", "set", "dict", "tuple", "error", "result", "bytes", "time"]),
            max_size=4,
        )
    ),
    max_leaves=10,
)
texts = json_values.map(json.dumps)


def cut(given: tuple[str, int]) -> str:
    return given[0][: given[1]]


stored = (
    texts
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | texts.map(lambda text: zlib.compress(text.encode()))
    | st.tuples(texts, st.integers(0, 30)).map(cut)
    | st.sampled_from(['{"$lambda_kit":"error","value":']).flatmap(
        lambda head: texts.map(lambda text: head + text + "}")
    )
)


@given(stored, st.sampled_from([None, Order, int, list[Decimal]]), st.booleans())
def test_whatever_is_stored_is_a_result_or_an_error_of_the_kit(result: Any, codec: Any, errors: bool) -> None:
    try:
        replay(result, codec, (Declined, ValueError) if errors else ())
    except (UnreadableRecord, ResultNotStored, FailedEarlier, Declined):
        pass
    except ValueError:
        assert errors


# Items of other code

attributes = st.sampled_from(
    [
        {"S": ""},
        {"S": SECRET},
        {"S": "COMPLETED"},
        {"S": "INPROGRESS"},
        {"N": "0"},
        {"N": str(FAR)},
        {"N": str(FAR * 1000)},
        {"NULL": True},
        {"BOOL": False},
        {"M": {"a": {"S": SECRET}}},
        {"L": []},
        {"SS": ["a"]},
        {"B": b"\x00"},
    ]
)
NAMES = ["status", "expiration", "in_progress_expiration", "data", "validation", "owner"]
KNOWN = (UnreadableRecord, AlreadyInProgress, ResultNotStored, PayloadMismatch)


@given(st.dictionaries(st.sampled_from(NAMES), attributes))
def test_whatever_item_is_in_the_table_no_raw_error_comes_out(item: dict[str, Any]) -> None:
    store = DynamoDBStore(TABLE)

    class Caller:
        def call(self, operation: str, params: dict[str, Any], /) -> dict[str, Any]:
            from lambda_kit.errors import ConditionalCheckFailed

            error = ConditionalCheckFailed("no", service="dynamodb", operation=operation)
            error.item = {"id": {"S": KEY}, **item}
            raise error

    store._caller = Caller()
    expired = item.get("expiration") == {"N": "0"}
    lapsed = item.get("in_progress_expiration") in ({"N": "0"}, {"N": str(FAR)})  # in milliseconds
    try:
        value = protect(store)(1)
    except KNOWN:
        return
    except AssertionError:  # it ran: the store says that it refused, and shows a record that the call may run over
        assert expired or lapsed
        return
    assert item["status"] == {"S": "COMPLETED"}
    assert value is not None or item["data"]


def test_a_corrupt_item_of_a_real_table_is_told(aws: Aws) -> None:
    make_table(aws)
    put: Callable[..., Any] = aws.boto3("dynamodb").put_item
    put(TableName=TABLE, Item={"id": {"S": KEY}, "status": {"S": "COMPLETED"}, "expiration": {"S": SECRET}})
    with pytest.raises(UnreadableRecord, match="cannot be read; the function was not run") as caught:
        protect(DynamoDBStore(TABLE))(1)
    assert SECRET not in str(caught.value)


def outcome_of(call: Callable[[], Any]) -> str:
    """Return the result of a call, or the name of its error; the error must not have the value."""
    try:
        return str(call())
    except AssertionError:
        return "it ran"
    except KNOWN as error:
        return f"{type(error).__name__} with the value" if SECRET in str(error) else type(error).__name__


CORRUPT = ("UnreadableRecord", "AlreadyInProgress", "PayloadMismatch")


@pytest.mark.parametrize("column", ["status", "owner", "expires", "leased_until", "payload", "result"])
@pytest.mark.parametrize("value", [b"\xff", SECRET, 1.5], ids=["bytes", "text", "number"])
def test_whatever_row_is_in_the_file_no_raw_error_comes_out(tmp_path: Path, column: str, value: object) -> None:
    path = tmp_path / "records.db"
    store = SQLiteStore(path)
    store.claim(Claim(KEY, "o", now=0.0, lease=FAR, ttl=FAR, payload=None))
    store.complete(Record(KEY, "COMPLETED", owner="o", expires=FAR, payload="p", result='"done"'))
    other = sqlite3.connect(path)
    other.execute(f"UPDATE idempotency SET {column} = ?", (value,))
    other.commit()
    other.close()
    outcome = outcome_of(lambda: protect(store)(1))
    store.close()
    assert outcome in (*CORRUPT, "done", "1.5", *(["it ran"] if (column, value) == ("expires", 1.5) else []))


@pytest.mark.parametrize("field", ["status", "owner", "expires", "lease", "payload", "result", "packed"])
@pytest.mark.parametrize("value", [b"\xff", SECRET, "5", "nan", ""], ids=["bytes", "text", "number", "nan", "empty"])
def test_whatever_hash_is_in_redis_no_raw_error_comes_out(field: str, value: Any) -> None:
    server = fake_redis()
    store = RedisStore(server)
    store.claim(Claim(KEY, "o", now=0.0, lease=FAR, ttl=FAR, payload=None))
    server.persist(f"idempotency:{KEY}")
    server.hset(f"idempotency:{KEY}", field, value)
    ended = field in ("expires", "lease") and value == "5"
    assert outcome_of(lambda: protect(store)(1)) in (("it ran",) if ended else CORRUPT)


def test_another_kind_of_value_in_redis_is_told() -> None:
    server = fake_redis()
    server.set(f"idempotency:{KEY}", SECRET)
    with pytest.raises(UnreadableRecord):
        protect(RedisStore(server))(1)


def test_a_call_that_waits_is_told_too() -> None:
    answers: list[Any] = [
        Record(KEY, "INPROGRESS", owner="another", expires=FAR, leased_until=FAR),
        UnreadableRecord("no", key=KEY),
    ]

    class Odd(MemoryStore):
        def claim(self, claim: Claim, /) -> Record | None:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            found: Record = answer
            return found

    @idempotent(Odd(), key="id", on_in_progress="wait", sleep=lambda seconds: None)
    def charge(id: int) -> None: ...

    with pytest.raises(UnreadableRecord):
        charge(1)
    assert answers == []


def test_a_store_that_fails_is_still_another_error() -> None:
    class Down(MemoryStore):
        def claim(self, claim: Claim, /) -> Record | None:
            raise OSError("down")

    @idempotent(Down(), key="id")
    def charge(id: int) -> None: ...

    with pytest.raises(StoreUnavailable):
        charge(1)
