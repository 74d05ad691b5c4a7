"""A store in the memory of this process."""

from __future__ import annotations

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._record import decide, may_complete, may_release, renews
from lambda_kit.idempotency._settings import Replaceable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.idempotency._record import Claim, Record


class MemoryStore(Replaceable):
    """Keeps records in the memory of this process: for tests, and for duplicates within one environment.

    Do not use it where money depends on it: another environment does not see its records.

    Args:
        max_records: the most records that are kept; beyond it, those that have expired are dropped, then the oldest.

    Raises:
        ConfigurationError: `max_records` is no whole number of at least 1.
    """

    blocks = False

    def __init__(self, *, max_records: int = 10_000) -> None:
        given: Any = max_records
        if not isinstance(given, int) or isinstance(given, bool) or given < 1:
            raise ConfigurationError(f"MemoryStore(max_records={max_records!r}): pass a whole number of at least 1")
        self._max_records = max_records
        self._records: dict[str, Record] = {}
        self._lock = lifecycle.make_lock()

    @property
    def records(self) -> dict[str, Record]:
        """A copy of what is kept: the records by their keys, the oldest first."""
        with self._lock:
            return dict(self._records)

    def clear(self) -> None:
        """Forget all records."""
        with self._lock:
            self._records.clear()

    def claim(self, claim: Claim, /) -> Record | None:
        """See `Store`."""
        with self._lock:
            record = self._records.get(claim.key)
            if decide(record, claim) != "run":
                return record
            if may_release(record, claim.owner) and not renews(record, claim):  # an earlier attempt has made it
                return None
            self._records.pop(claim.key, None)  # so that the newest stands last
            if len(self._records) >= self._max_records:
                self._make_room(claim.now)
            self._records[claim.key] = claim.record()
            return None

    def complete(self, record: Record, /) -> bool:
        """See `Store`."""
        with self._lock:
            if not may_complete(self._records.get(record.key), str(record.owner)):
                return False
            self._records[record.key] = record
            return True

    def release(self, key: str, owner: str, /) -> bool:
        """See `Store`."""
        with self._lock:
            record = self._records.get(key)
            if record is None:
                return True
            if not may_release(record, owner):
                return False
            del self._records[key]
            return True

    def delete(self, key: str, /) -> bool:
        """Delete the record of a key, whatever its state; return whether there was one."""
        with self._lock:
            return self._records.pop(key, None) is not None

    def _make_room(self, now: float) -> None:
        for key in [key for key, record in self._records.items() if record.expires <= now]:
            del self._records[key]
        while len(self._records) >= self._max_records:
            del self._records[next(iter(self._records))]
