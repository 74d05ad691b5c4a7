"""A store in a SQLite file: for development, and for several processes on one machine."""

from __future__ import annotations

import contextlib
import os

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._claim import seconds_left
from lambda_kit.idempotency._record import decide, may_complete, may_release, record_of, renews
from lambda_kit.idempotency._settings import Replaceable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from os import PathLike
    from typing import Any, TypeVar
    from weakref import ReferenceType

    from lambda_kit.idempotency._record import Claim, Record

    T = TypeVar("T")

_TABLE = """
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    owner TEXT,
    expires REAL NOT NULL,
    leased_until REAL,
    payload TEXT,
    result
) WITHOUT ROWID
"""
_SELECT = "SELECT key, status, owner, expires, leased_until, payload, result FROM idempotency WHERE key = ?"
_INSERT = (
    "INSERT OR REPLACE INTO idempotency (key, status, owner, expires, leased_until, payload, result) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class SQLiteStore(Replaceable):
    """Keeps records in a SQLite file, and creates it if necessary. Threads and processes share it.

    Args:
        path: the path of the file. `":memory:"` is refused: use `MemoryStore`.
        timeout: seconds to wait for another process that is writing.

    Raises:
        ConfigurationError: the path is no path of a file.
    """

    max_bytes: int | None = None
    blocks = True

    def __init__(self, path: str | PathLike[str], *, timeout: float = 5.0) -> None:
        given: Any = path
        if not (isinstance(given, str) or hasattr(given, "__fspath__")) or str(given) in ("", ":memory:"):
            raise ConfigurationError(f"SQLiteStore({path!r}): pass the path of a file; in memory, use MemoryStore()")
        self._path = os.fspath(path)
        self._timeout = timeout
        self._lock = lifecycle.make_lock()
        self._connection: sqlite3.Connection | None = None
        self._patience = timeout
        lifecycle.note(self, _stores)
        _watch_forks()

    def leave_to_parent(self) -> None:
        """Begin without a connection, in a forked child: it must not use that of its parent."""
        lifecycle.abandon(self._connection)
        self._connection = None

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            import sqlite3

            with contextlib.suppress(OSError):  # it exists, or SQLite will say why it cannot be made
                # For its owner alone, because results are in it. SQLite gives its other files the same mode.
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(
                self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False
            )
            self._patience = self._timeout
            self._connection.execute(_TABLE)
        patience = min(self._timeout, seconds_left())
        if patience != self._patience:
            self._patience = patience
            self._connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
        return self._connection

    def _transact(self, work: Callable[..., T], *arguments: object) -> T:
        """Do some work in a transaction. If anything goes wrong, an interrupt included, the connection is closed.

        That ends the transaction, so that neither the next call nor another process finds the file locked.
        """
        with self._lock:
            try:
                connection = self._connected()
                connection.execute("BEGIN IMMEDIATE")
                result = work(connection, *arguments)
                connection.execute("COMMIT")
                return result
            except BaseException:
                self.close()
                raise

    def claim(self, claim: Claim, /) -> Record | None:
        """See `Store`."""
        return self._transact(_claim, claim)

    def complete(self, record: Record, /) -> bool:
        """See `Store`."""
        return self._transact(_complete, record)

    def release(self, key: str, owner: str, /) -> bool:
        """See `Store`."""
        return self._transact(_release, key, owner)

    def delete(self, key: str, /) -> bool:
        """Delete the record of a key, whatever its state; return whether there was one."""
        return self._transact(_delete, key)

    def purge(self, now: float) -> int:
        """Delete the records that had expired at the time `now`, in seconds since the epoch; return how many."""
        return self._transact(_purge, now)


def _claim(connection: sqlite3.Connection, claim: Claim) -> Record | None:
    record = _read(connection, claim.key)
    if decide(record, claim) != "run":
        return record
    if not may_release(record, claim.owner) or renews(record, claim):  # else an earlier attempt has made it
        _write(connection, claim.record())
    return None


def _complete(connection: sqlite3.Connection, record: Record) -> bool:
    kept = may_complete(_read(connection, record.key), str(record.owner))
    if kept:
        _write(connection, record)
    return kept


def _release(connection: sqlite3.Connection, key: str, owner: str) -> bool:
    record = _read(connection, key)
    free = record is None or may_release(record, owner)
    if free:
        connection.execute("DELETE FROM idempotency WHERE key = ?", (key,))
    return free


def _delete(connection: sqlite3.Connection, key: str) -> bool:
    return connection.execute("DELETE FROM idempotency WHERE key = ?", (key,)).rowcount > 0


def _purge(connection: sqlite3.Connection, now: float) -> int:
    return connection.execute("DELETE FROM idempotency WHERE expires <= ?", (now,)).rowcount


def _read(connection: sqlite3.Connection, key: str) -> Record | None:
    row: Any = connection.execute(_SELECT, (key,)).fetchone()
    if row is None:
        return None
    _, status, owner, expires, leased_until, payload, result = row
    return record_of(
        key, status=status, owner=owner, expires=expires, leased_until=leased_until, payload=payload, result=result
    )


def _write(connection: sqlite3.Connection, record: Record) -> None:
    connection.execute(
        _INSERT,
        (
            record.key,
            record.status,
            record.owner,
            record.expires,
            record.leased_until,
            record.payload,
            record.result,
        ),
    )


_stores: set[ReferenceType[SQLiteStore]] = set()
_watched = False


def _watch_forks() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_leave_to_parent)


def _leave_to_parent() -> None:
    for store in lifecycle.living(_stores):
        store.leave_to_parent()
