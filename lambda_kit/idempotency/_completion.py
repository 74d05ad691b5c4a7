"""Completing a claim: the steps of a call after the function has run. It returned, or it raised."""

from __future__ import annotations

import functools

from lambda_kit._kernel import log
from lambda_kit.errors import LambdaKitError, LeaseLost, ResultNotStored, ResultTooLarge, StoreUnavailable
from lambda_kit.idempotency import _results as results
from lambda_kit.idempotency._claim import ATTEMPTS, FIRST_PAUSE, jittered, seconds_left
from lambda_kit.idempotency._record import COMPLETED, Record, expiry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.idempotency._cache import Cache
    from lambda_kit.idempotency._claim import Call, Steps
    from lambda_kit.idempotency._settings import Settings


def finish(call: Call, settings: Settings, cache: Cache, value: Any) -> Steps:
    """Store the result of a run that has returned; raise or log if that is not possible."""
    stored, problem = results.write(value, settings.codec, settings.max_bytes, call.key)
    failure = yield from _save(call, settings, cache, stored)
    if failure is not None or problem is not None:
        _report(call, settings, value, failure or problem)


def fail(call: Call, settings: Settings, cache: Cache, error: BaseException) -> Steps:
    """Store the exception of a run if it counts as a result; else release the key."""
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
        released = yield "store", functools.partial(settings.store.release, call.key, call.owner)
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
        expires=expiry(settings.clock(), settings.ttl),
        payload=call.payload,
        result=stored,
    )
    pause = FIRST_PAUSE
    for attempt in range(1, ATTEMPTS + 1):
        try:
            kept = yield "store", functools.partial(settings.store.complete, record)
        except Exception as error:
            seconds = jittered(pause, settings)
            if attempt == ATTEMPTS or seconds_left() <= seconds:
                call.tell_end("abandoned")
                return error
        else:
            if kept:
                cache.put(record)
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
    raise AssertionError("the last attempt returns")


def _report(call: Call, settings: Settings, value: Any, failure: Any) -> None:
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
    if settings.on_save_error == "raise" and not isinstance(error, ResultTooLarge):
        raise error
    log.error("%s", error, exc_info=error.__cause__)


def _is_result(error: Exception, replay_errors: tuple[type[Exception], ...]) -> bool:
    """Tell whether an exception is stored as a result. An error of the kit is only if its class is one of the kit's."""
    classes = [one for one in replay_errors if isinstance(error, one)]
    if isinstance(error, LambdaKitError):
        return any(issubclass(one, LambdaKitError) for one in classes)
    return bool(classes)
