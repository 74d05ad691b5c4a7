"""Events of the whole process: a fork, a restore from a snapshot, a reset between two tests.

After a fork or a restore, the values that were built before are left alone. A reset closes all values.
"""

from __future__ import annotations

import time

from lambda_kit._kernel import lifecycle
from lambda_kit.init_cache._build import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Cache(Protocol):
        """The part of `InitCache` that the process knows."""

        def _begin_anew(self, *, forked: bool) -> None: ...
        def warm(self, *, timeout: float | None = None) -> None: ...
        def reset(self) -> None: ...


_WARM_AFTER_RESTORE = 5.0  # seconds; Lambda allows 10 for everything that happens after a restore


def after_fork(caches: Sequence[Cache]) -> None:
    """Let a forked child build again. Builds and closes that are under way belong to the parent."""
    lifecycle.abandon((*shared.retired, *shared.refreshing))
    _forget_pending()
    for cache in caches:
        cache._begin_anew(forked=True)


def after_restore(caches: Sequence[Cache]) -> None:
    """Let a restored environment build again: the eager resources now, for a few seconds."""
    _forget_pending()
    end = time.monotonic() + _WARM_AFTER_RESTORE
    for cache in caches:
        cache._begin_anew(forked=False)
    for cache in caches:
        cache.warm(timeout=max(end - time.monotonic(), 0.0))


def after_reset(caches: Sequence[Cache]) -> None:
    """Close all values, between two tests."""
    for cache in caches:
        cache.reset()


def _forget_pending() -> None:
    if shared.retired or shared.refreshing:
        from lambda_kit.init_cache import _closing

        _closing.forget()
