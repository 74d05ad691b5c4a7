"""The local cache: the completed records that were used last, bounded in number and in bytes."""

from __future__ import annotations

from lambda_kit._kernel import lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from weakref import ReferenceType

    from lambda_kit.idempotency._record import Record

_MAX_BYTES = 1_048_576  # of all results together
_caches: set[ReferenceType[Cache]] = set()


class Cache:
    """Keeps completed records by their keys. They hold results as text, from which each reader makes its own value.

    Attributes:
        generation: another number after each time that records were forgotten.
    """

    __slots__ = ("__weakref__", "_bytes", "_lock", "_records", "_size", "generation")

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = lifecycle.make_lock()
        self.generation = 0
        self.clear()

    def clear(self) -> None:
        """Forget all records."""
        self.generation += 1
        self._records: dict[str, Record] = {}
        self._bytes = 0

    def get(self, key: str, now: float) -> Record | None:
        """Return the record, unless it has expired."""
        record = self._records.get(key)
        if record is None:
            return None
        with self._lock:
            if record.expires <= now:
                self._forget(key)
                return None
            if self._records.get(key) is record:  # another thread may have dropped or replaced it
                del self._records[key]
                self._records[key] = record  # at the end: it is the last one to be dropped
        return record

    def forget(self, key: str) -> None:
        """Drop a record, also one that a call holds and has not put here yet."""
        with self._lock:
            self.generation += 1
            self._forget(key)

    def _forget(self, key: str) -> None:
        try:
            self._drop(key)
        except BaseException:
            self.clear()
            raise

    def _drop(self, key: str) -> None:
        record = self._records.pop(key, None)
        if record is not None:
            self._bytes -= _length(record)

    def put(self, record: Record, generation: int) -> None:
        """Keep a completed record, unless records were forgotten since a generation: it may be one of them."""
        if self._size == 0:
            return
        if not self._records:  # a fork and a reset empty it
            _watch_process()
            lifecycle.note(self, _caches)
        length = _length(record)
        with self._lock:
            if generation != self.generation:
                return
            try:
                self._drop(record.key)
                if length > _MAX_BYTES:
                    return
                self._records[record.key] = record
                self._bytes += length
                while len(self._records) > self._size or self._bytes > _MAX_BYTES:
                    self._drop(next(iter(self._records)))
            except BaseException:  # an interrupt: the number of bytes may be wrong
                self.clear()
                raise


def _length(record: Record) -> int:
    return 0 if record.result is None else len(record.result)


_watched = False


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(clear_all)
        lifecycle.on_reset(clear_all)


def clear_all() -> None:
    """Forget all records of all caches."""
    for cache in lifecycle.living(_caches):
        cache.clear()
