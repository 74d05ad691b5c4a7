"""The store in memory: what it forgets, and what is deleted by hand."""

from __future__ import annotations

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import Claim, MemoryStore, Record


def claim(store: MemoryStore, key: str, *, at: float, ttl: float = 100.0) -> None:
    request = Claim(key, f"owner of {key}", now=at, lease=1.0, ttl=ttl, payload=None)
    assert store.claim(request) is None


def test_a_memory_that_is_full_forgets_what_has_expired_and_then_the_oldest() -> None:
    store = MemoryStore(max_records=2)
    claim(store, "a", at=0.0)
    claim(store, "b", at=5.0, ttl=10.0)
    claim(store, "c", at=15.0)
    assert list(store.records) == ["a", "c"]
    claim(store, "d", at=16.0)
    assert list(store.records) == ["c", "d"]


def test_a_memory_has_room_for_ten_thousand_records_unless_told() -> None:
    store = MemoryStore()
    for number in range(10_001):
        claim(store, str(number), at=0.0)
    assert list(store.records) == [str(number) for number in range(1, 10_001)]


def test_a_record_is_deleted_by_hand_whatever_its_state() -> None:
    store = MemoryStore()
    claim(store, "a", at=0.0)
    claim(store, "b", at=0.0)
    assert [store.delete("a"), store.delete("a")] == [True, False]
    assert list(store.records) == ["b"]


def test_a_store_that_is_not_full_keeps_what_has_expired_and_the_newest_claim_last() -> None:
    store = MemoryStore(max_records=3)
    for key, at in (("a", 0.0), ("b", 0.0), ("a", 200.0)):
        claim(store, key, at=at)
    assert list(store.records) == ["b", "a"]


def test_a_claim_of_the_same_owner_lengthens_its_lease_and_never_shortens_it() -> None:
    store = MemoryStore()
    leases: list[float | None] = []
    for lease in (10.0, 30.0, 20.0):
        request = Claim("a", "mine", now=0.0, lease=lease, ttl=60.0, payload=None)
        assert store.claim(request) is None
        leases.append(store.records["a"].leased_until)
    assert leases == [10.0, 30.0, 30.0]


def test_each_step_says_whether_it_was_made() -> None:
    store = MemoryStore()
    done = Record("a", "COMPLETED", owner="owner of a", expires=100, result="1")
    assert store.complete(done) is False
    assert store.release("a", "owner of a") is True
    claim(store, "a", at=0.0)
    assert store.release("a", "another") is False
    assert store.complete(done) is True
    assert store.release("a", "owner of a") is False
    assert store.records == {"a": done}


@pytest.mark.parametrize("count", [0, True, 1.5])
def test_a_store_of_no_records_is_refused_and_one_of_a_single_record_is_not(count: int) -> None:
    with pytest.raises(ConfigurationError, match="pass a whole number of at least 1"):
        MemoryStore(max_records=count)
    claim(MemoryStore(max_records=1), "a", at=0.0)
