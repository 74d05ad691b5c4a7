"""What a store of records has to do, and the one that keeps them in the memory of this process."""

from __future__ import annotations

import threading
import weakref

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import _record as records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from lambda_kit.idempotency._record import Claim, Record

    class Store(Protocol):
        """Keeps one record for each key.

        Each method is one atomic step, whoever else calls one at the same time, in this process or another. Whatever
        goes wrong is raised, by any exception, and then it is not known whether the step was made: it is asked for
        again with the same arguments. `lambda_kit.testing.StoreContract` holds the tests that a store has to pass.

        A store may also have these attributes:

        - `max_bytes`: how long a result may be, as JSON in UTF-8; without it, or None, as long as it is.
        - `blocks`: whether calls wait for something, so that coroutines call them in a thread; without it they do.
        """

        def claim(self, claim: Claim, /) -> Record | None:
            """Keep `claim.record()` unless there is a record that `decide` does not let the call run over.

            A claim of the same owner that is in progress stays as it is: an earlier attempt may arrive after a later
            one, and must not shorten its lease.

            Returns:
                None if the claim is kept now; else the record that is there, as it is.
            """
            ...

        def complete(self, record: Record, /) -> bool:
            """Replace the record of the same key by `record`, which is completed, if its owner is the same.

            Returns:
                Whether that is so now: True also if it was already; False if there is none, or one of another owner.
            """
            ...

        def release(self, key: str, owner: str, /) -> bool:
            """Delete the record if it has this owner and is in progress.

            Returns:
                Whether the key was free, or is now; False if the record is completed, or another owner's.
            """
            ...
else:

    class Store:
        """Keeps one record for each key; a protocol for type checkers."""


class MemoryStore:
    """Keeps records in the memory of this process: for tests, and for duplicates within one environment.

    It is no store for money: another environment knows nothing of it.

    Args:
        max_records: so many records are kept; when there are more, those that have expired go, then the oldest.

    Raises:
        ConfigurationError: `max_records` is no number of at least 1.
    """

    blocks = False

    def __init__(self, *, max_records: int = 10_000) -> None:
        given: Any = max_records
        if not isinstance(given, int) or isinstance(given, bool) or given < 1:
            raise ConfigurationError(f"MemoryStore(max_records={max_records!r}): pass a number of at least 1")
        self._max_records = max_records
        self._records: dict[str, Record] = {}
        self._lock = threading.Lock()
        _stores.add(self)
        _watch_forks()

    def renew_lock(self) -> None:
        """Make a lock that nobody holds."""
        self._lock = threading.Lock()

    def claim(self, claim: Claim, /) -> Record | None:
        """See `Store`."""
        with self._lock:
            record = self._records.get(claim.key)
            if records.decide(record, claim) != "run":
                return record
            if records.may_release(record, claim.owner):  # an earlier attempt of this call has made it
                return None
            self._records.pop(claim.key, None)  # so that the newest stands last
            if len(self._records) >= self._max_records:
                self._make_room(claim.now)
            self._records[claim.key] = claim.record()
            return None

    def complete(self, record: Record, /) -> bool:
        """See `Store`."""
        with self._lock:
            if not records.may_complete(self._records.get(record.key), str(record.owner)):
                return False
            self._records[record.key] = record
            return True

    def release(self, key: str, owner: str, /) -> bool:
        """See `Store`."""
        with self._lock:
            record = self._records.get(key)
            if record is None:
                return True
            if not records.may_release(record, owner):
                return False
            del self._records[key]
            return True

    def _make_room(self, now: float) -> None:
        for key in [key for key, record in self._records.items() if record.expires <= now]:
            del self._records[key]
        while len(self._records) >= self._max_records:
            del self._records[next(iter(self._records))]


_stores: weakref.WeakSet[MemoryStore] = weakref.WeakSet()
_watched = False


def _watch_forks() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_renew_locks)


def _renew_locks() -> None:
    for store in _stores:  # in a forked child a thread of the parent may hold them
        store.renew_lock()
