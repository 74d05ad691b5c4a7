"""Callbacks for events of the whole process: a fork, a restore from a SnapStart snapshot, a reset between two tests.

Locks are here too: a lock of `make_lock` is usable after a fork, and after an interrupt that struck while it was held.

Importing this module registers nothing. Rooms register their callbacks when they first hold state, and find the objects
that these are about in sets of `note`.
"""

from __future__ import annotations

import os
from _thread import RLock

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar
    from weakref import ReferenceType

    T = TypeVar("T")
else:
    from _weakref import ref as ReferenceType  # noqa: N812  # `weakref` would be one more module to load

# Objects that a forked child inherited and must not use. They are kept alive, because the finaliser of a connection or
# of a task would act on resources that belong to the parent.
_inherited: list[object] = []

_restores: list[Callable[[], object]] = []
_resets: list[Callable[[], object]] = []


def note(one: T, found: set[ReferenceType[T]]) -> None:
    """Add an object to a set, until the object is gone.

    In place of `weakref.WeakSet`, which raises `RuntimeError` up to Python 3.13 if one thread adds an object while
    another goes through the set.
    """
    found.add(ReferenceType(one, found.discard))


def living(found: set[ReferenceType[T]]) -> list[T]:
    """Return the objects of a set of `note` that still live."""
    return [one for reference in list(found) if (one := reference()) is not None]


def abandon(value: object) -> None:
    """Keep `value` alive until the process ends, so that its finaliser does not run."""
    _inherited.append(value)


def on_fork(callback: Callable[[], object]) -> None:
    """Call `callback` in each child process that is forked later, before other code runs there."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=callback)


def on_restore(callback: Callable[[], object], *, base: bool = False) -> None:
    """Call `callback` after a restore from a snapshot. Does nothing unless the function uses SnapStart.

    Callbacks run in the order of registration; those with `base=True` run before the others. An exception in a callback
    is logged and not raised, because Lambda ends an environment whose hook raises. See
    <https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html>.
    """
    _restores.insert(0 if base else len(_restores), callback)
    if len(_restores) > 1 or os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    try:
        from snapshot_restore_py import register_after_restore
    except ImportError:
        log.warning(
            "lambda_kit: AWS_LAMBDA_INITIALIZATION_TYPE is snap-start, but the package snapshot_restore_py is not "
            "installed (the managed runtimes bundle it): resources built before the snapshot are not rebuilt after it"
        )
        return
    register_after_restore(_restored)


def _restored() -> None:
    for callback in tuple(_restores):  # a thread may register one meanwhile
        try:
            callback()
        except Exception:
            log.exception("lambda_kit: a callback failed after the restore from the snapshot")


_locks: set[ReferenceType[Any]] = set()
_renews_locks = False  # True once `_renew_locks` is registered


def make_lock() -> RLock:
    """Return a reentrant lock for `with lock:` that neither an interrupt nor a fork leaves locked.

    CPython may raise the exception of a signal handler between the call of `__enter__` and the body of a `with`
    statement: the lock is held, and nothing will release it. `release_locks` does. Until then, the thread that holds it
    can take it again, because it is reentrant. Code under the lock has to leave a valid state at each of its steps.
    """
    global _renews_locks
    if not _renews_locks:
        _renews_locks = True
        on_fork(_renew_locks)
    lock = RLock()
    note(lock, _locks)
    return lock


def release_locks() -> None:
    """Release each lock of `make_lock` that this thread holds.

    Call it where an exception that is no `Exception`, for example an interrupt, leaves the code of the kit.
    """
    for lock in living(_locks):
        while lock._is_owned():
            lock.release()


def _renew_locks() -> None:
    """Unlock what the threads of the parent hold, in a forked child."""
    for lock in living(_locks):
        lock._at_fork_reinit()


def on_reset(callback: Callable[[], object], *, base: bool = False) -> None:
    """Call `callback` when a test asks for the state of a new process.

    Callbacks run in reverse order of registration; those with `base=True` run after the others.
    """
    _resets.insert(0 if base else len(_resets), callback)


def reset() -> None:
    """Close what was built, and bring the process back to the state before its first invocation."""
    for callback in tuple(_resets)[::-1]:
        callback()
