"""Events of the whole process: a fork, a restore from a snapshot, a reset between two tests.

After a fork or a restore, the values that were built before are left alone. A reset closes all values.
"""

from __future__ import annotations

import time
import weakref

from lambda_kit._kernel import lifecycle
from lambda_kit.init_cache._build import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Cache(Protocol):
        """The part of `InitCache` that the process knows."""

        def _begin_anew(self, *, forked: bool) -> None: ...
        def warm(self, *, timeout: float | None = None) -> None: ...
        def reset(self) -> None: ...
        def __hash__(self) -> int: ...


_WARM_AFTER_RESTORE = 5.0  # seconds; Lambda allows 10 for everything that happens after a restore

_caches: weakref.WeakSet[Cache] = weakref.WeakSet()
_watched = False


def watch(cache: Cache) -> None:
    """Let a cache, which has resources, follow what happens to the process."""
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_after_fork)
        lifecycle.on_restore(_after_restore)
        lifecycle.on_reset(_after_reset)
    _caches.add(cache)


def _after_fork() -> None:
    # Builds and closes that are under way belong to the parent.
    lifecycle.abandon((*shared.retired, *shared.refreshing))
    _forget_pending()
    for cache in list(_caches):
        cache._begin_anew(forked=True)


def _after_restore() -> None:
    _forget_pending()
    end = time.monotonic() + _WARM_AFTER_RESTORE
    caches = list(_caches)
    for cache in caches:
        cache._begin_anew(forked=False)
    for cache in caches:
        cache.warm(timeout=max(end - time.monotonic(), 0.0))


def _after_reset() -> None:
    for cache in list(_caches):
        cache.reset()


def _forget_pending() -> None:
    if shared.retired or shared.refreshing:
        from lambda_kit.init_cache import _closing

        _closing.forget()
