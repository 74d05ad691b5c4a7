"""The end of an invocation: background refreshes are waited for, and values that were replaced are closed."""

from __future__ import annotations

import time

from lambda_kit._kernel import log
from lambda_kit.init_cache._build import locked, shared
from lambda_kit.invocation import at_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.init_cache._build import Build, BuiltValue, Owner
    from lambda_kit.invocation import Invocation

_PATIENCE = 1.0  # seconds that the end of an invocation waits for background refreshes
_RESERVE = 0.1  # seconds before the deadline in which it does not wait


def schedule() -> None:
    """Let the end of the invocation do what is pending."""
    at_end[_end_invocation] = _end_invocation


@locked
def unschedule_if_idle() -> None:
    """Let the end of the invocation do nothing if nothing is pending."""
    if not shared.retired and not shared.refreshing:
        at_end.pop(_end_invocation, None)


def forget() -> None:
    """Forget what is pending: after a fork it is for the parent, and after a restore its connections are gone."""
    shared.retired.clear()
    shared.refreshing.clear()
    unschedule_if_idle()


def close_in_reverse(values: list[BuiltValue]) -> None:
    """Close values, the one that was built last first; each once, and none that its resource still holds."""
    for built in _in_reverse(values):
        _close(built.owner, built.value)


def _in_reverse(values: list[BuiltValue]) -> list[BuiltValue]:
    # A factory may return the same object again. It stays alive through `values`, so that its id is its own.
    found: dict[tuple[Owner, int], BuiltValue] = {}
    for built in sorted(values, key=lambda one: one.end_sequence, reverse=True):
        if not built.owner.holds(built.value):
            found.setdefault((built.owner, id(built.value)), built)
    return list(found.values())


def _close(owner: Owner, value: Any) -> None:
    """Call the `close` of a resource, and log what it raises."""
    assert owner.close is not None  # noqa: S101  # without one, no value is retired
    try:
        closing = owner.close(value)
        if hasattr(closing, "__await__"):
            from lambda_kit._kernel import event_loop

            event_loop.run_or_schedule(_finish_closing(owner, closing))
    except Exception:
        _log_close(owner)


async def _finish_closing(owner: Owner, closing: Any) -> None:
    try:
        await closing
    except Exception:
        _log_close(owner)


def _log_close(owner: Owner) -> None:
    log.exception("closing the resource %s failed", owner.name)


def _end_invocation(invocation: Invocation) -> None:
    """Wait for the refreshes that are under way, give up those that take too long, and close replaced values."""
    at_end.pop(_end_invocation, None)
    try:
        _await_refreshes(max(min(_PATIENCE, invocation.remaining() - _RESERVE), 0.0))
        _close_retired()
        unschedule_if_idle()
    except BaseException:  # an interrupt: the next invocation goes on
        schedule()
        raise


def _await_refreshes(patience: float) -> None:
    end = time.monotonic() + patience
    for build in list(shared.refreshing):
        if not _await_refresh(build, max(end - time.monotonic(), 0.0)):
            build.owner.discard(build)
            log.warning(
                "the refresh of the resource %s was still running %.1f s after the handler had ended; its result is "
                "discarded, because Lambda freezes the process between invocations",
                build.owner.name,
                patience,
            )


def _close_retired() -> None:
    values = shared.retired[:]
    for built in _in_reverse(values):
        if _take(built):  # else it was closed meanwhile, by `reset`
            _close(built.owner, built.value)
    for built in values:  # values that their resource holds again
        _take(built)


@locked
def _take(built: BuiltValue) -> bool:
    """Take a value off the list, and return False if it is not there."""
    if built not in shared.retired:
        return False
    shared.retired.remove(built)
    return True


def _await_refresh(build: Build, patience: float) -> bool:
    if build.task is None:
        return build.done.wait(patience)
    from lambda_kit._kernel import event_loop

    if event_loop.is_running(build.task.get_loop()):
        return True  # the handler was called from an event loop that goes on running: this is not Lambda
    if not event_loop.give_time(build.task, patience):
        return build.done.wait(patience)
    return not build.abandoned
