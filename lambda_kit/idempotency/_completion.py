"""Completing a claim: the steps of a call after the function has run. It returned, or it raised."""

from __future__ import annotations

import functools

from lambda_kit._kernel import log
from lambda_kit.errors import LambdaKitError, LeaseLost, ResultNotStored, ResultTooLarge, StoreUnavailable
from lambda_kit.idempotency import _results as results
from lambda_kit.idempotency._claim import ATTEMPTS, FIRST_PAUSE, jittered
from lambda_kit.idempotency._record import COMPLETED, Record, expiry
from lambda_kit.invocation import Invocation, current, current_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeGuard

    from lambda_kit.idempotency._cache import Cache
    from lambda_kit.idempotency._claim import Call, Steps
    from lambda_kit.idempotency._settings import Settings


_LAST_MOMENTS = 0.3  # seconds before the end of the invocation
_LEAST_TIME = 2.0  # seconds that a step has, however late it is


def finish(call: Call, settings: Settings, cache: Cache, value: Any, *, stopped: bool = False) -> Steps:
    """Store the result of a run that has returned. If that is not possible, raise; or log, as the options say.

    With `stopped`, an interrupt is on its way to the caller and must not be replaced: then it is always logged.
    """
    stored, problem = results.write(value, settings.codec, settings.max_bytes, call.key)
    try:
        failure = yield from _save(call, settings, cache, stored)
    except BaseException:
        if stopped:
            log.error("the function has run; interrupted twice, its result was not stored under the key %s", call.key)
            call.tell_end("abandoned")
        raise
    if failure is not None or problem is not None:
        _report(call, settings, value, failure or problem, stopped=stopped)


def fail(call: Call, settings: Settings, cache: Cache, error: BaseException) -> Steps:
    """Store the exception of a run if it counts as a result; else release the key.

    The key of a durable execution that goes on after this run stays claimed.
    """
    if call.durable:
        from lambda_kit._kernel.durable import keeps_claim

        if keeps_claim(error, current_place.get()):
            call.tell_end("suspended")
            return
    if isinstance(error, Exception) and _is_result(error, settings.replay_errors):
        try:
            stored, problem = results.write_error(error, settings.max_bytes, call.key)
        except Exception:  # its parts raise when they are read: only the fact that it was a result is stored
            stored, problem = results.write(error, None, settings.max_bytes, call.key)
        failure = yield from _save(call, settings, cache, stored)
        if failure is not None or problem is not None:
            log.error("the exception of %s was not stored: %s", call.key, failure or problem)
        return
    try:
        released = yield "release", _in_any_case(call, settings, settings.store.release, call.key, call.owner)
    except Exception as failure:
        log.warning(
            "the key %s could not be released after a failure; it is free when its lease has ended",
            call.key,
            exc_info=failure,
        )
        call.tell_end("abandoned")
    else:
        call.tell_end("released" if released else "lost")


def _save(call: Call, settings: Settings, cache: Cache, stored: str | bytes) -> Steps:
    """Store what is to be replayed. The result is None, or the error that prevented it."""
    record = Record(
        call.key,
        COMPLETED,
        owner=call.owner,
        expires=expiry(settings.clock(), max(settings.ttl, call.kept)),
        payload=call.payload,
        result=stored,
    )
    pause = FIRST_PAUSE
    attempt = 0
    while True:
        attempt += 1
        try:
            kept = yield "complete", _in_any_case(call, settings, settings.store.complete, record)
        except Exception as error:
            seconds = jittered(pause, settings)
            if attempt == ATTEMPTS or _time_left(call, settings) <= seconds:
                call.tell_end("abandoned")
                return error
        else:
            if kept:
                cache.put(record, call.generation)
                call.tell_end("completed")
                return None
            call.tell_end("lost")
            return LeaseLost(
                f"the lease of the key {call.key} ended while the function was running, and another call has "
                "claimed it; the result was not stored. Pass a longer lease= than the function takes",
                key=call.key,
            )
        yield "pause", seconds
        pause *= 2


# Steps in the last moments of an invocation, and after its end


class _Late(Invocation):
    """An invocation that is over, or nearly, for a step of the store: it has time until the lease ends.

    Clients do not begin what the invocation has no time for. But the function has run: if its result were not sent,
    it would run again. An environment of Managed Instances goes on after the time-out of an invocation.
    """

    __slots__ = ("_left",)

    def __init__(self, invocation: Invocation, left: float) -> None:
        super().__init__(invocation.event, invocation.context, invocation.cold_start)
        self.correlation_id = invocation.correlation_id
        # After the end, the environment may have the header of the next invocation.
        self._header = (invocation._header or "") if invocation.ended else invocation._trace_header()
        self._left = left

    def remaining(self) -> float:
        return self._left


def _in_any_case(
    call: Call, settings: Settings, step: Callable[..., Any], *arguments: object
) -> functools.partial[Any]:
    """Return the call of a step, which is sent at least once, however late it is."""
    invocation = current.get(None)
    if not _is_late(invocation):
        return functools.partial(step, *arguments)
    late = _Late(invocation, max(call.leased_until - settings.clock(), _LEAST_TIME))
    return functools.partial(_call_late, late, step, *arguments)


def _call_late(late: _Late, step: Callable[..., Any], *arguments: object) -> Any:
    before = current.set(late)
    try:
        return step(*arguments)
    finally:
        current.reset(before)


def _is_late(invocation: Invocation | None) -> TypeGuard[Invocation]:
    return invocation is not None and (invocation.ended or invocation.remaining() < _LAST_MOMENTS)


def _time_left(call: Call, settings: Settings) -> float:
    """Return the seconds in which another attempt may begin: those of the invocation, or late those of the lease."""
    invocation = current.get(None)
    if _is_late(invocation):
        return call.leased_until - settings.clock()
    return float("inf") if invocation is None else invocation.remaining()


def _report(call: Call, settings: Settings, value: Any, failure: Any, *, stopped: bool) -> None:
    """Raise or log that a result was not stored."""
    error: Any = failure
    if not isinstance(failure, LeaseLost | ResultNotStored):
        error = StoreUnavailable(
            f"the function has run, and its result could not be stored under the key {call.key}: "
            f"{type(failure).__name__}: {failure}. Until its lease ends, calls with this key are refused; after "
            "that, one of them runs again",
            key=call.key,
        )
        error.ran = True
        error.__cause__ = failure
    error.result = value
    if settings.on_save_error == "raise" and not stopped and not isinstance(error, ResultTooLarge):
        raise error
    log.error("%s", error, exc_info=error.__cause__)


def _is_result(error: Exception, replay_errors: tuple[type[Exception], ...]) -> bool:
    """Tell whether an exception is stored as a result. An error of the kit is only if its class is one of the kit's."""
    classes = [one for one in replay_errors if isinstance(error, one)]
    if isinstance(error, LambdaKitError):
        return any(issubclass(one, LambdaKitError) for one in classes)
    return bool(classes)
