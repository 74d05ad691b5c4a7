"""The test suite that every store of idempotency records has to pass."""

from __future__ import annotations

import threading
import time
import uuid

from lambda_kit.idempotency._record import COMPLETED, IN_PROGRESS, Claim, Record, expiry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _claim(key: str, owner: str = "a", *, at: float = 0.0, lease: float = 60.0, payload: str | None = None) -> Claim:
    return Claim(key, owner, now=time.time() + at, lease=lease, ttl=3600.0, payload=payload)


def _completed(key: str, owner: str = "a", *, result: str | bytes = '"done"', payload: str | None = None) -> Record:
    return Record(key, COMPLETED, owner=owner, expires=expiry(time.time(), 3600.0), payload=payload, result=result)


class StoreContract:
    """A pytest suite for stores of idempotency records: inherit from it, and define a fixture `store`.

    Example:
        ```python
        import pytest

        from lambda_kit.idempotency import MemoryStore
        from lambda_kit.testing import StoreContract


        class TestMyStore(StoreContract):
            @pytest.fixture
            def store(self):
                return MemoryStore()
        ```
    """

    @property
    def key(self) -> str:
        """A new key, under which nothing is stored."""
        return f"shop.app.charge#{uuid.uuid4().hex}"

    def test_a_free_key_is_claimed_once(self, store: Any) -> None:
        """The second claim returns the record of the first."""
        key = self.key
        assert store.claim(_claim(key, "a", payload="p")) is None
        there = store.claim(_claim(key, "b"))
        assert (there.key, there.status, there.owner, there.payload) == (key, IN_PROGRESS, "a", "p")
        assert abs(there.leased_until - time.time() - 60) < 30
        assert there.expires > there.leased_until
        assert there.result is None

    def test_keys_do_not_mix(self, store: Any) -> None:
        """Each key has its own record."""
        first, second = self.key, self.key
        assert store.claim(_claim(first, "a")) is None
        assert store.claim(_claim(second, "b")) is None
        assert store.complete(_completed(first, "a", result="1"))
        assert store.claim(_claim(second, "c")).status == IN_PROGRESS

    def test_a_repeated_claim_of_the_same_owner_succeeds(self, store: Any) -> None:
        """The client repeats a claim if the reply to the first one was lost."""
        key = self.key
        claim = _claim(key, "a")
        assert store.claim(claim) is None
        assert store.claim(claim) is None
        assert store.claim(_claim(key, "b")).owner == "a"

    def test_a_claim_that_arrives_late_changes_nothing(self, store: Any) -> None:
        """An older request of the owner does not shorten the lease."""
        key = self.key
        assert store.claim(_claim(key, "a")) is None
        there = store.claim(_claim(key, "b"))
        assert store.claim(_claim(key, "a", at=-50.0)) is None
        assert store.claim(_claim(key, "b")) == there

    def test_a_later_claim_of_the_owner_lengthens_its_lease(self, store: Any) -> None:
        """Each run of a durable execution claims its key anew; the payload stays."""
        key = self.key
        assert store.claim(_claim(key, "a", payload="p")) is None
        first = store.claim(_claim(key, "b"))
        assert store.claim(_claim(key, "a", at=40.0, payload="p")) is None
        there = store.claim(_claim(key, "b", at=90.0))
        assert (there.owner, there.status, there.payload) == ("a", IN_PROGRESS, "p")
        assert 35 < there.leased_until - first.leased_until < 45
        assert there.expires >= there.leased_until
        assert store.complete(_completed(key, "a", payload="p"))
        assert store.claim(_claim(key, "a", at=50.0)).status == COMPLETED

    def test_no_key_is_free_before_its_time(self, store: Any) -> None:
        """A store that keeps whole milliseconds or seconds rounds so that a claim or a result lasts longer."""
        for fraction in (0.0, 0.0004, 0.0006, 0.4996, 0.9996, 0.9999):
            key, start = self.key, int(time.time()) + fraction
            first = Claim(key, "a", now=start, lease=60.0, ttl=3600.0, payload=None)
            until = first.leased_until
            assert store.claim(first) is None
            early = Claim(key, "b", now=until - 0.0003, lease=60.0, ttl=3600.0, payload=None)
            assert store.claim(early).owner == "a", f"the lease from {start!r} to {until!r} had ended at {early.now!r}"
            taken = Claim(key, "b", now=until + 1.002, lease=60.0, ttl=3600.0, payload=None)
            assert store.claim(taken) is None  # whole seconds are fine enough
            expires = expiry(start, 3600.0)
            assert store.complete(Record(key, COMPLETED, owner="b", expires=expires, payload=None, result="1"))
            early = Claim(key, "c", now=expires - 0.0003, lease=60.0, ttl=3600.0, payload=None)
            assert store.claim(early).status == COMPLETED, f"the result had expired at {early.now!r}"
            assert store.claim(Claim(key, "c", now=expires + 0.002, lease=60.0, ttl=3600.0, payload=None)) is None

    def test_later_claims_return_the_completed_record(self, store: Any) -> None:
        """Result, owner, payload and expiry are those that were stored."""
        key = self.key
        store.claim(_claim(key, "a", payload="p"))
        record = _completed(key, "a", result='{"a":[1,"é\\u00e9\\n"]}', payload="p")
        assert store.complete(record) is True
        there = store.claim(_claim(key, "b"))
        assert (there.status, there.owner, there.payload, there.result) == (COMPLETED, "a", "p", record.result)
        assert there.expires == record.expires

    def test_results_come_back_byte_for_byte(self, store: Any) -> None:
        """Empty, long and compressed results too."""
        for result in ("null", '""', '"' + "x" * 100_000 + '"', bytes(range(256)) * 10):
            key = self.key
            store.claim(_claim(key, "a"))
            assert store.complete(_completed(key, "a", result=result))
            assert store.claim(_claim(key, "b")).result == result

    def test_completing_twice_succeeds(self, store: Any) -> None:
        """The client repeats the request if the reply to the first one was lost."""
        key = self.key
        store.claim(_claim(key, "a"))
        assert store.complete(_completed(key, "a"))
        assert store.complete(_completed(key, "a"))

    def test_only_the_owner_completes(self, store: Any) -> None:
        """Completing fails for another owner, and if there is no record."""
        key = self.key
        assert store.complete(_completed(key, "a")) is False
        store.claim(_claim(key, "a"))
        assert store.complete(_completed(key, "b")) is False
        assert store.claim(_claim(key, "c")).status == IN_PROGRESS

    def test_only_the_owner_releases(self, store: Any) -> None:
        """Releasing fails for another owner; releasing a free key succeeds."""
        key = self.key
        store.claim(_claim(key, "a"))
        assert store.release(key, "b") is False
        assert store.claim(_claim(key, "c")).owner == "a"
        assert store.release(key, "a") is True
        assert store.release(key, "a") is True
        assert store.claim(_claim(key, "b")) is None

    def test_a_completed_record_is_not_released(self, store: Any) -> None:
        """Not even by its owner: a request to complete may arrive late."""
        key = self.key
        store.claim(_claim(key, "a"))
        store.complete(_completed(key, "a"))
        assert store.release(key, "a") is False
        assert store.claim(_claim(key, "b")).status == COMPLETED

    def test_a_key_is_free_after_the_lease_of_its_claim(self, store: Any) -> None:
        """Its former owner can neither complete nor release the record of the next owner."""
        key = self.key
        store.claim(_claim(key, "a", lease=10.0))
        assert store.claim(_claim(key, "b", at=9.0)).owner == "a"
        assert store.claim(_claim(key, "b", at=11.0, payload="q")) is None
        assert store.complete(_completed(key, "a")) is False
        assert store.release(key, "a") is False
        there = store.claim(_claim(key, "c", at=12.0))
        assert (there.owner, there.payload) == ("b", "q")
        assert store.complete(_completed(key, "b"))

    def test_an_owner_completes_after_its_lease_if_nobody_else_has_claimed(self, store: Any) -> None:
        """A late result is still stored."""
        key = self.key
        store.claim(_claim(key, "a", at=-100.0, lease=10.0))
        assert store.complete(_completed(key, "a"))

    def test_a_record_that_has_expired_is_absent(self, store: Any) -> None:
        """Even if the store has not deleted it yet; the next record contains nothing of it."""
        key = self.key
        store.claim(_claim(key, "a", payload="p"))
        store.complete(_completed(key, "a", payload="p"))
        assert store.claim(_claim(key, "b", at=3590.0)).status == COMPLETED
        assert store.claim(_claim(key, "b", at=3610.0)) is None
        there = store.claim(_claim(key, "c", at=3611.0))
        assert (there.owner, there.status, there.payload, there.result) == ("b", IN_PROGRESS, None, None)

    def test_one_of_many_simultaneous_claims_succeeds(self, store: Any) -> None:
        """The claims come from threads that start together."""
        for _ in range(5):
            key, count = self.key, 8
            barrier = threading.Barrier(count)
            found: list[Any] = [None] * count

            def ask(i: int, key: str = key, barrier: threading.Barrier = barrier, found: list[Any] = found) -> None:
                claim = _claim(key, str(i))
                barrier.wait()
                found[i] = store.claim(claim)

            threads = [threading.Thread(target=ask, args=(i,)) for i in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            winners = [i for i in range(count) if found[i] is None]
            assert len(winners) == 1
            assert {one.owner for one in found if one is not None} == {str(winners[0])}

    def test_a_deleted_record_is_absent_whatever_its_state(self, store: Any) -> None:
        """`delete` says whether there was a record; its former owner owns nothing any more."""
        if not callable(getattr(store, "delete", None)):
            import pytest

            pytest.skip("the store has no delete(key), so that free_key is refused")
        first, second = self.key, self.key
        assert store.delete(first) is False
        store.claim(_claim(first, "a", payload="p"))
        store.claim(_claim(second, "a"))
        assert store.delete(first) is True
        assert store.delete(first) is False
        assert store.complete(_completed(first, "a")) is False
        assert store.claim(_claim(second, "b")).owner == "a"
        assert store.claim(_claim(first, "b")) is None
        assert store.complete(_completed(first, "b", result=bytes(100)))
        assert store.delete(first) is True
        assert store.claim(_claim(first, "c")) is None
        there = store.claim(_claim(first, "d"))
        assert (there.owner, there.status, there.payload, there.result) == ("c", IN_PROGRESS, None, None)

    def test_the_store_states_its_limits(self, store: Any) -> None:
        """`max_bytes` is a size or None, `blocks` a boolean."""
        limit = getattr(store, "max_bytes", None)
        assert limit is None or limit > 1000
        assert isinstance(getattr(store, "blocks", True), bool)
