"""Building the eager resources in the init phase, side by side."""

from __future__ import annotations

import time

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.init_cache._entry import Entry

_THREADS = 16


def warm(entries: list[Entry], timeout: float | None) -> None:
    """Build resources side by side, and wait for them.

    Args:
        entries: the resources; at least one.
        timeout: seconds to wait at most; None for no limit.
    """
    waiting = [entry for entry in entries if not entry.is_async]
    if len(entries) == 1 and waiting and timeout is None:
        build(waiting[0])
        return
    from threading import Thread

    end = None if timeout is None else time.monotonic() + timeout
    shares = [waiting[i::_THREADS] for i in range(min(len(waiting), _THREADS))]
    threads = [Thread(target=_build_each, args=(share,), name="lambda_kit-warm", daemon=True) for share in shares]
    started: list[Thread] = []
    for thread, share in zip(threads, shares, strict=True):
        try:
            thread.start()
        except RuntimeError:  # no more threads can be started
            _build_each(share, end)
        else:
            started.append(thread)
    if coroutines := [entry for entry in entries if entry.is_async]:
        from lambda_kit._kernel import event_loop

        event_loop.run(_build_all(coroutines, timeout))
    for thread in started:
        thread.join(None if end is None else max(end - time.monotonic(), 0.0))


def _build_each(entries: list[Entry], end: float | None = None) -> None:
    for entry in entries:
        if end is not None and time.monotonic() >= end:
            return  # the first call builds it
        build(entry)


def build(entry: Entry) -> None:
    """Build a synchronous resource, and log a failure."""
    try:
        entry.resource()
    except Exception as error:
        _log_failure(entry, error)


async def _build_all(entries: list[Entry], timeout: float | None) -> None:
    import asyncio

    async def build(entry: Entry) -> None:
        try:
            await entry.resource()
        except Exception as error:
            _log_failure(entry, error)

    await asyncio.wait([asyncio.ensure_future(build(entry)) for entry in entries], timeout=timeout)


def _log_failure(entry: Entry, error: Exception) -> None:
    log.warning(
        "the eager resource %s could not be built ahead; the first call tries again", entry.name, exc_info=error
    )
