"""The store in memory: what it forgets, and what is deleted by hand."""

from __future__ import annotations

from lambda_kit.idempotency import Claim, MemoryStore


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


def test_a_record_is_deleted_by_hand_whatever_its_state() -> None:
    store = MemoryStore()
    claim(store, "a", at=0.0)
    claim(store, "b", at=0.0)
    assert [store.delete("a"), store.delete("a")] == [True, False]
    assert list(store.records) == ["b"]
