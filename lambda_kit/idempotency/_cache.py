"""Completed records in the memory of this process: a bounded number, those used last."""

from __future__ import annotations

import threading
import weakref

from lambda_kit import _lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.idempotency._record import Record

_caches: weakref.WeakSet[Cache] = weakref.WeakSet()


class Cache:
    """Keeps records by their key. Results are texts in them, so that each reader makes a value of its own."""

    __slots__ = ("__weakref__", "_lock", "_records", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget all records."""
        self._records: dict[str, Record] = {}
        self._lock = threading.Lock()

    def get(self, key: str, now: float) -> Record | None:
        """Return the record, unless it has expired."""
        record = self._records.get(key)
        if record is None:
            return None
        with self._lock:
            self._records.pop(key, None)
            if record.expires <= now:
                return None
            self._records[key] = record  # the last one to go
        return record

    def put(self, record: Record) -> None:
        """Keep a completed record."""
        if self._size == 0:
            return
        if not _caches:
            _watch_process()
        _caches.add(self)
        with self._lock:
            self._records.pop(record.key, None)
            self._records[record.key] = record
            if len(self._records) > self._size:
                del self._records[next(iter(self._records))]


_watched = False


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        _lifecycle.on_fork(_clear)
        _lifecycle.on_reset(_clear)


def _clear() -> None:
    for cache in list(_caches):
        cache.clear()
