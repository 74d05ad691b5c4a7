"""One contract for every store, each against what it keeps records in."""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

import fakeredis
import pytest
from redis.cluster import ClusterPipeline

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import ConfigurationError, NoAnswer
from lambda_kit.idempotency import Claim, DynamoDBStore, MemoryStore, Record, RedisStore, SQLiteStore, idempotent
from lambda_kit.testing import StoreContract, reset
from tests.idempotency.redises import RedisServer, fake_redis
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Aws
    from tests.services import Faults

TABLE = "records"


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestSQLiteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SQLiteStore]:
        store = SQLiteStore(tmp_path / "records.db")
        yield store
        store.close()


def test_the_file_of_sqlite_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    def run(name: str) -> int:
        @idempotent(SQLiteStore(tmp_path / name), key="event.id")
        def pay(event: dict[str, str]) -> str:
            return event["id"]

        assert pay({"id": "a"}) == "a"
        return (tmp_path / name).stat().st_mode & 0o777

    before = os.umask(0)
    try:
        assert run("new.db") == 0o600
        (tmp_path / "known.db").touch(0o640)
        assert run("known.db") == 0o640
    finally:
        os.umask(before)


@pytest.mark.parametrize("decode", [False, True])
class TestRedisStore(StoreContract):
    @pytest.fixture
    def store(self, decode: bool) -> RedisStore:
        return RedisStore(fake_redis(decode_responses=decode))


@pytest.fixture(scope="module")
def _redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.stop()


class TestRedisStoreOnAServer(StoreContract):
    @pytest.fixture
    def store(self, _redis_server: RedisServer) -> Iterator[RedisStore]:
        client = _redis_server.client()
        yield RedisStore(client)
        client.close()


def make_table(aws: Aws, *, partition_key: str = "id", sort_key: str | None = None) -> None:
    keys = {"HASH": partition_key, **({"RANGE": sort_key} if sort_key else {})}
    aws.boto3("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for kind, name in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys.values()],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "boto3"])
class TestDynamoDBStore(StoreContract):
    @pytest.fixture
    def store(self, aws: Aws, lean: bool) -> DynamoDBStore:
        make_table(aws)
        return DynamoDBStore(TABLE, client=None if lean else aws.boto3("dynamodb"))


class TestDynamoDBStoreWithOtherNames(StoreContract):
    @pytest.fixture
    def store(self, aws: Aws) -> DynamoDBStore:
        make_table(aws, partition_key="pk", sort_key="sk")
        return DynamoDBStore(
            TABLE,
            partition_key="pk",
            sort_key="sk",
            static_partition_key="shop",
            status="s",
            expires="ttl",
            leased_until="lease",
            result="r",
            payload="p",
            owner="o",
        )


def test_an_item_has_the_attributes_that_powertools_has_and_the_owner(aws: Aws) -> None:
    # aws-lambda-powertools 3.37.0, utilities/idempotency/persistence/dynamodb.py: `id`, `status`, `expiration` in
    # seconds, `in_progress_expiration` in milliseconds, `data`, `validation`.
    make_table(aws)
    store = DynamoDBStore(TABLE)
    client = aws.boto3("dynamodb")
    claim = Claim("k#1", "me", now=1_795_420_800.5, lease=10.0, ttl=60.0, payload="p")
    assert store.claim(claim) is None
    assert client.get_item(TableName=TABLE, Key={"id": {"S": "k#1"}})["Item"] == {
        "id": {"S": "k#1"},
        "status": {"S": "INPROGRESS"},
        "expiration": {"N": "1795420861"},
        "in_progress_expiration": {"N": "1795420810500"},
        "validation": {"S": "p"},
        "owner": {"S": "me"},
    }
    record = claim.record()
    record.status, record.leased_until, record.result = "COMPLETED", None, '{"a":1}'
    assert store.complete(record)
    item = client.get_item(TableName=TABLE, Key={"id": {"S": "k#1"}})["Item"]
    assert (item["status"], item["data"]) == ({"S": "COMPLETED"}, {"S": '{"a":1}'})
    assert "in_progress_expiration" not in item


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({"status": {"S": "INPROGRESS"}}, ("INPROGRESS", None, None)),
        (
            {"status": {"S": "INPROGRESS"}, "in_progress_expiration": {"N": "9999999999999"}},
            ("INPROGRESS", 9999999999.999, None),
        ),
        ({"status": {"S": "COMPLETED"}, "data": {"S": "null"}}, ("COMPLETED", None, "null")),
    ],
)
def test_items_that_powertools_has_written_are_understood(aws: Aws, attributes: Any, shown: Any) -> None:
    make_table(aws)
    item = {"id": {"S": "k"}, "expiration": {"N": "9999999999"}, "validation": {"S": ""}, **attributes}
    aws.boto3("dynamodb").put_item(TableName=TABLE, Item=item)
    there = DynamoDBStore(TABLE).claim(Claim("k", "me", now=time.time(), lease=1.0, ttl=1.0, payload="p"))
    assert there is not None
    assert (there.status, there.leased_until, there.result) == shown
    assert (there.owner, there.payload) == (None, None)


SHARED = """
import sys
import time

from lambda_kit.idempotency import Claim, SQLiteStore

store = SQLiteStore(sys.argv[1], timeout=float(sys.argv[3]))
print(sum(store.claim(Claim(str(i), sys.argv[2], now=time.time(), lease=60.0, ttl=60.0, payload=None)) is None
          for i in range(200)))
"""


def test_processes_share_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "records.db")
    command = [sys.executable, "-c", SHARED, path]
    children = [
        subprocess.Popen([*command, str(i), str(PATIENCE)], stdout=subprocess.PIPE, text=True) for i in range(4)
    ]
    assert sum(int(child.communicate(timeout=PATIENCE)[0]) for child in children) == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the runner of the tests has a thread
def test_a_forked_child_opens_the_file_anew(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "records.db")

    def claim(key: str, owner: str) -> bool:
        return store.claim(Claim(key, owner, now=time.time(), lease=60.0, ttl=60.0, payload=None)) is None

    assert claim("a", "parent")
    child = os.fork()
    if child == 0:
        os._exit(0 if not claim("a", "child") and claim("b", "child") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not claim("b", "parent")
    store.close()


def test_a_store_that_nobody_has_any_more_closes_its_file(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "records.db")
    store.claim(Claim("a", "x", now=0.0, lease=1.0, ttl=1.0, payload=None))
    connection: Any = store._connection
    del store
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_expired_records_of_a_file_can_be_deleted(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "records.db")
    store.claim(Claim("a", "x", now=1000.0, lease=1.0, ttl=1.0, payload=None))
    store.claim(Claim("b", "x", now=2000.0, lease=1.0, ttl=1.0, payload=None))
    assert (store.purge(1500.0), store.purge(1500.0)) == (1, 0)
    store.close()


def test_a_file_that_another_process_is_writing_is_used_again_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    store = SQLiteStore(path, timeout=0.01)
    other = sqlite3.connect(path, isolation_level=None)
    first, second = (Claim(key, "o", now=0.0, lease=9.0, ttl=9.0, payload=None) for key in "ab")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):  # as it opens the file
        store.claim(first)
    other.execute("ROLLBACK")
    assert store.claim(first) is None
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError):
        store.claim(second)
    other.execute("ROLLBACK")
    other.execute("BEGIN")
    other.execute("SELECT * FROM idempotency").fetchone()  # who reads does not let a writer commit
    with pytest.raises(sqlite3.OperationalError):
        store.claim(second)
    other.execute("COMMIT")
    assert store.claim(second) is None
    assert store.release("b", "o")
    other.close()
    store.close()


def test_a_record_stays_on_the_server_beyond_its_expiry_for_clocks_that_are_late() -> None:
    server = fake_redis()
    store = RedisStore(server)
    now = time.time()
    store.claim(Claim("a", "o", now=now, lease=5.0, ttl=5.0, payload=None))
    assert 60 < server.ttl("idempotency:a") <= 66
    store.complete(Record("a", "COMPLETED", owner="o", expires=int(now) + 100, result="1"))
    assert 155 < server.ttl("idempotency:a") <= 161


@pytest.mark.parametrize("again", [reset, lifecycle._restored], ids=["reset", "restore"])
def test_the_endpoint_is_that_of_the_environment_after_a_reset_and_a_restore(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, again: Callable[[], None]
) -> None:
    store = DynamoDBStore(TABLE)
    claim = Claim("a", "o", now=time.time(), lease=5.0, ttl=5.0, payload=None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(NoAnswer):
        store.claim(claim)
    again()
    make_table(aws)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    assert store.claim(claim) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_has_a_lock_of_its_own_on_the_memory() -> None:
    store = MemoryStore()
    claim = Claim("a", "o", now=0.0, lease=5.0, ttl=5.0, payload=None)
    with store._lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that other tests have left
        child = os.fork()
        if child == 0:
            os._exit(0 if store.claim(claim) is None else 1)
    assert os.waitpid(child, 0)[1] == 0


def pipeline_of(client: Any) -> Any:
    return client.pipeline()


@pytest.mark.parametrize(
    "make",
    [
        lambda: SQLiteStore(":memory:"),
        lambda: SQLiteStore(""),
        lambda: DynamoDBStore(""),
        lambda: DynamoDBStore("t", status="id"),
        lambda: RedisStore("redis://localhost"),
        lambda: RedisStore(fakeredis.FakeAsyncRedis()),
        lambda: RedisStore(pipeline_of(fakeredis.FakeRedis())),
        lambda: RedisStore(ClusterPipeline.__new__(ClusterPipeline)),
        lambda: MemoryStore(max_records=0),
        lambda: MemoryStore(max_records=True),
    ],
)
def test_arguments_that_cannot_be_are_refused(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_a_new_key_is_two_requests_a_replay_one_and_a_cached_one_none(aws: Aws, faults: Faults) -> None:
    make_table(aws, partition_key="pk", sort_key="sk")
    store = DynamoDBStore(TABLE, partition_key="pk", sort_key="sk")

    def charge(order: int) -> int:
        return order * 10

    cached = idempotent(store, key="order")(charge)
    uncached = idempotent(store, key="order", cache=0)(charge)
    before = faults.requests()
    made: list[int] = []
    for call, order in ((cached, 1), (cached, 2), (uncached, 1), (cached, 1), (cached, 2)):
        assert call(order) == order * 10  # with a sort key, all records share a partition key, and do not mix
        made.append(faults.requests() - before)
    assert made == [2, 4, 5, 5, 5]
