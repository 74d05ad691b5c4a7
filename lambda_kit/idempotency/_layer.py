"""`idempotent`: a function that runs once for each key, and answers later calls with what the first one returned."""

from __future__ import annotations

import contextlib
import functools
import os
import time

from lambda_kit._kernel import callables, log
from lambda_kit._kernel.facts import tell
from lambda_kit.errors import (
    AlreadyInProgress,
    AwsError,
    ConfigurationError,
    LambdaKitError,
    LeaseLost,
    MissingIdempotencyKey,
    NoAnswer,
    PayloadMismatch,
    ResultNotStored,
    ResultTooLarge,
    StoreUnavailable,
)
from lambda_kit.idempotency import _results as results
from lambda_kit.idempotency._cache import Cache
from lambda_kit.idempotency._drive import NOTHING, Failed, drive, drive_async
from lambda_kit.idempotency._identity import Identity
from lambda_kit.idempotency._record import COMPLETED, Claim, Record, decide, expiry
from lambda_kit.idempotency._settings import Settings, check_function, is_coroutine_function, refuse_second
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

    from lambda_kit.idempotency._store import Store

    P = ParamSpec("P")
    R = TypeVar("R")

    Step: TypeAlias = Generator[tuple[str, Any], Any, Any]

    class Decorate(Protocol):
        """What `idempotent(...)` returns: a decorator, and a layer for `handler`."""

        def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
            """Return the function, protected."""
            ...


LEASE_MARGIN = 1.0  # seconds beyond the end of the invocation, for clocks that do not agree
LEASE_OUTSIDE = 300.0  # seconds where no invocation bounds the run
_SAVES = 4  # attempts
_PAUSE = 0.05  # seconds, the first one
_LONGEST_PAUSE = 1.0
_KEEP = 0.2  # seconds that are left to the function after waiting


def idempotent(  # noqa: PLR0913  # each is a decision of its own
    store: Store,
    *,
    key: str | Callable[[Any], Any],
    namespace: str | None = None,
    ttl: float = 3600.0,
    lease: float | None = None,
    payload: str | Callable[[Any], Any] | None = None,
    on_in_progress: Literal["raise", "wait"] = "raise",
    on_claim_error: Literal["raise", "run"] = "raise",
    on_save_error: Literal["raise", "log"] = "raise",
    missing_key: Literal["raise", "run"] = "raise",
    replay_errors: tuple[type[Exception], ...] = (),
    codec: Any = None,
    cache: int = 256,
    on_replay: Callable[[Any, Record], Any] | None = None,
) -> Decorate:
    """Return a decorator, and layer, under which a function runs once for each key.

    A call claims its key in the store before the function runs, and stores the result after. A call with the same key
    gets that result, without a run, as long as the record lives. A run that raises gives the key back. While one runs,
    others with its key do not. If a worker dies in the middle, its key is free when its lease has ended.

    What nothing can guarantee: a worker that dies after a side effect and before its result is stored leaves a key
    that is run again.

    Args:
        store: where records are kept: `DynamoDBStore`, `RedisStore`, `SQLiteStore`, `MemoryStore`, or your own.
        key: a JMESPath expression over the event of a handler, or over the arguments of any other function, by their
            names; or a function of the same, which returns None where there is no key. What it finds, with `namespace`,
            the name of the function and the tenant, is all that tells calls apart, not `self` or `cls`; of several
            parts, `[user, order.id]`, none may be missing.
        namespace: instead of the name of the Lambda function: for functions that share keys, or configurations of one
            function that do not.
        ttl: seconds that a result is replayed, and at least 1.
        lease: seconds that a claim lasts if its worker is heard of no more. By default what is left of the invocation
            and a second; outside of an invocation, and in a task that has outlived its own, 300 seconds.
        payload: what must not differ between two calls with the same key, found as `key` is. Its hash is stored.
        on_in_progress: what a call does while another one runs: raise `AlreadyInProgress`, or wait for the result,
            as long as the invocation lasts.
        on_claim_error: what it does when the store cannot be asked: raise `StoreUnavailable`, or run unprotected.
        on_save_error: what it does when the function has run and the store, asked several times, does not keep the
            result: raise `StoreUnavailable` or `LeaseLost`, or log it and return the result.
        missing_key: what it does without a key: raise `MissingIdempotencyKey`, or run unprotected.
        replay_errors: exceptions that are results: they are stored, and raised again on a replay. Those of the kit are
            not, as most of them pass, unless one of its classes is named: `(Exception,)` leaves them out.
        codec: how results that JSON does not have are stored: a type (a pydantic model, a dataclass), or an object with
            `encode` and `decode`. Without it, `Decimal`, dates, `UUID`, `bytes`, tuples and sets are stored as well.
        cache: results that are kept in this process too, so that a replay needs no request, at most 1 MiB of them; 0
            for none.
        on_replay: called with the result and the record of a replay; what it returns is the result. Above a coroutine
            function it may be one too.

    Raises:
        ConfigurationError: an argument is not as above; when decorating, the function is a generator, has no name, or
            has that of another one on the same store.

    Example:
        ```python
        from lambda_kit import handler, idempotent
        from lambda_kit.idempotency import MemoryStore

        charged = []


        @handler(idempotent(MemoryStore(), key="order_id"))
        def charge(event, context):
            charged.append(event["order_id"])
            return {"charge": len(charged)}


        assert charge({"order_id": "o-1"}, None) == charge({"order_id": "o-1"}, None) == {"charge": 1}
        assert charged == ["o-1"]
        ```
    """
    options = {
        "ttl": ttl,
        "lease": lease,
        "on_in_progress": on_in_progress,
        "on_claim_error": on_claim_error,
        "on_save_error": on_save_error,
        "missing_key": missing_key,
        "replay_errors": replay_errors,
        "codec": codec,
        "on_replay": on_replay,
    }
    settings = Settings(store, options)
    size: Any = cache
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ConfigurationError(f"idempotent(cache={cache!r}): pass a number of results, 0 for no cache")
    given: Any = namespace
    if given is not None and not (isinstance(given, str) and given):
        raise ConfigurationError(f"idempotent(namespace={namespace!r}): pass a text")

    def decorate(fn: Any) -> Any:
        check_function(fn)
        identity = Identity(fn, key, payload, namespace)
        if namespace is None:
            refuse_second(store, fn, identity.function)
        protected = _Protected(fn, settings, identity, Cache(cache))
        if is_coroutine_function(fn):
            return functools.update_wrapper(protected.coroutine(), fn)
        if is_coroutine_function(on_replay):
            raise ConfigurationError(
                f"idempotent(on_replay={callables.name_of(on_replay)}) is a coroutine function, which "
                f"{identity.function}, being none, cannot await; pass a function"
            )
        return functools.update_wrapper(protected.function(), fn)

    return decorate


class _Call:
    """One call that has a key.

    Attributes:
        key: the key of its record.
        payload: the hash of its payload, or None.
        owner: its token.
        claimed: whether it has told that the key is its own, and not yet what became of it.
        waited: whether another call was seen running.
    """

    __slots__ = ("claimed", "key", "owner", "payload", "waited")

    def __init__(self, key: str, payload: str | None) -> None:
        self.key = key
        self.payload = payload
        self.claimed = self.waited = False
        self.owner = os.urandom(16).hex()

    def tell_end(self, fact: str) -> None:
        """Tell what became of the claim, once, and not if there was none."""
        if self.claimed:
            self.claimed = False
            tell(f"idempotency.{fact}", key=self.key)


class _Protected:
    """A function and its protection.

    What is done stands once, in generators that yield what has to be waited for: `("store", call)`, `("pause",
    seconds)`. A driver for functions does it at once, one for coroutines awaits it.
    """

    def __init__(self, fn: Any, settings: Settings, identity: Identity, cache: Cache) -> None:
        self._fn = fn
        self._settings = settings
        self._identity = identity
        self._cache = cache
        self._on_replay: Any = settings.on_replay

    # Before the run

    def _begin(self, args: Any, kwargs: Any) -> tuple[_Call | None, Any]:
        """Return the call; None if it runs unprotected."""
        identity = self._identity
        subject = identity.subject(args, kwargs)
        try:
            key = identity.key_of(subject)
            if key is None:
                raise identity.missing()
        except MissingIdempotencyKey:
            if self._settings.missing_key == "raise":
                raise
            tell("idempotency.unprotected", function=identity.function, reason="missing key")
            return None, None
        call = _Call(key, identity.payload_of(subject))
        return call, self._cache.get(call.key, time.time())

    def _claim(self, call: _Call) -> Step:
        """Claim the key. The result is the record to replay, or None for a run."""
        settings = self._settings
        pause, failures = _PAUSE, 0
        while True:
            now = time.time()
            claim = Claim(call.key, call.owner, now=now, lease=_lease(settings), ttl=settings.ttl, payload=call.payload)
            try:
                record: Record | None = yield "store", functools.partial(settings.store.claim, claim)
            except Exception:
                failures += 1
                left = _left() - _KEEP
                if not call.waited or failures == _SAVES or left <= pause:
                    raise
                yield "pause", pause
                continue
            failures = 0
            decision = decide(record, claim)
            if decision == "run":
                call.claimed = True
                tell("idempotency.claimed", key=call.key, waited=call.waited)
                return None
            assert record is not None  # noqa: S101  # else the decision is to run
            if decision == "replay":
                return record
            if decision == "mismatch":
                raise _mismatch(call)
            remaining = None if record.leased_until is None else max(record.leased_until - now, 0.0)
            left = _left() - _KEEP
            if settings.on_in_progress == "raise" or left <= 0:
                raise AlreadyInProgress(key=call.key, remaining=remaining)
            if not call.waited:
                call.waited = True
                tell("idempotency.waited", key=call.key)
            yield "pause", min(_pause(pause), left, max(remaining or pause, 0.001))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _unclaimed(self, call: _Call, error: Exception) -> Step:
        """Decide what happens if the store could not be asked."""
        settings = self._settings
        if settings.on_claim_error == "raise" or call.waited:  # as far as is known, another call is running
            yield from self._give_back(call, error)
            unavailable = StoreUnavailable(
                f"the store could not be asked for the key {call.key}: {type(error).__name__}: {error}; the function "
                "was not run",
                key=call.key,
            )
            raise unavailable from error
        log.warning("the store of %s could not be asked; it runs unprotected", call.key, exc_info=error)
        tell("idempotency.unprotected", function=self._identity.function, reason="store unavailable")

    def _give_back(self, call: _Call, error: Exception) -> Step:
        """Release a claim that may have been made although its reply is an error: it would block the next attempt."""
        if _may_have_been_made(error):
            with contextlib.suppress(Exception):
                yield "store", functools.partial(self._settings.store.release, call.key, call.owner)

    def _replay(self, call: _Call, record: Record, *, cached: bool = False) -> Any:
        if call.payload and record.payload and call.payload != record.payload:
            raise _mismatch(call)
        if not cached:
            self._cache.put(record)
        tell("idempotency.replayed", key=call.key, cached=cached)
        value = results.read(record, self._settings.codec, self._settings.replay_errors)
        return value if self._on_replay is None else self._on_replay(value, record)

    # After the run

    def _save(self, call: _Call, record: Record) -> Step:
        """Store a completed record; the result says what went wrong, or None."""
        store = self._settings.store
        pause = _PAUSE
        for attempt in range(1, _SAVES + 1):
            try:
                kept = yield "store", functools.partial(store.complete, record)
            except Exception as error:
                seconds = _pause(pause)
                if attempt == _SAVES or _left() <= seconds:
                    call.tell_end("abandoned")
                    return error
            else:
                if kept:
                    self._cache.put(record)
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

    def _completed(self, call: _Call, result: str | bytes | None) -> Record:
        return Record(
            call.key,
            COMPLETED,
            owner=call.owner,
            expires=expiry(time.time(), self._settings.ttl),
            payload=call.payload,
            result=result,
        )

    def _finish(self, call: _Call, value: Any) -> Step:
        """Store the result of a run that has returned."""
        settings = self._settings
        text, problem = results.write(value, settings.codec, settings.max_bytes, call.key)
        failure = yield from self._save(call, self._completed(call, text))
        if failure is None and problem is None:
            return
        self._report(call, value, failure or problem)

    def _report(self, call: _Call, value: Any, failure: Any) -> None:
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
        if self._settings.on_save_error == "raise" and not isinstance(error, ResultTooLarge):
            raise error
        log.error("%s", error, exc_info=error.__cause__)

    def _fail(self, call: _Call, error: BaseException) -> Step:
        """Store an exception that is a result, else give the key back."""
        settings = self._settings
        if isinstance(error, Exception) and _is_result(error, settings.replay_errors):
            try:
                text, problem = results.write_error(error, settings.max_bytes, call.key)
            except Exception:  # what it is made of raises: that it was a result is kept, and the error goes on
                text, problem = results.write(error, None, settings.max_bytes, call.key)
            failure = yield from self._save(call, self._completed(call, text))
            if failure is not None or problem is not None:
                log.error("the exception of %s was not stored: %s", call.key, failure or problem)
            return
        try:
            released = yield "store", functools.partial(settings.store.release, call.key, call.owner)
        except Exception as failure:
            log.warning(
                "the key %s could not be given back after a failure; it is free when its lease has ended",
                call.key,
                exc_info=failure,
            )
            call.tell_end("abandoned")
        else:
            call.tell_end("released" if released else "lost")

    # The whole, and what drives it

    def _flow(self, call: _Call) -> Step:
        record: Record | None = None
        outcome: Any = NOTHING
        try:
            record = yield from self._claim(call)
            if record is None:
                outcome = yield "run", None
                if type(outcome) is Failed:
                    yield from self._fail(call, outcome.error)
                else:
                    yield from self._finish(call, outcome)
        except Exception as error:
            if outcome is not NOTHING or isinstance(error, AlreadyInProgress | PayloadMismatch):
                raise
            yield from self._unclaimed(call, error)
            return (yield "run", None)
        except BaseException as stop:  # anywhere, also where a claim or a run has just ended
            if outcome is NOTHING or type(outcome) is Failed:
                yield from self._fail(call, outcome.error if type(outcome) is Failed else stop)
            else:  # the run is done: one more attempt to say so
                yield from self._finish(call, outcome)
            raise
        return outcome if record is None else self._replay(call, record)

    def function(self) -> Any:
        """Return the function, protected."""
        fn, begin, flow = self._fn, self._begin, self._flow

        def protected(*args: Any, **kwargs: Any) -> Any:
            call, cached = begin(args, kwargs)
            if call is None:
                return fn(*args, **kwargs)
            if cached is not None:
                return self._replay(call, cached, cached=True)
            return drive(flow(call), functools.partial(fn, *args, **kwargs))

        return protected

    def coroutine(self) -> Any:
        """Return the coroutine function, protected."""
        fn, begin, flow, blocks = self._fn, self._begin, self._flow, self._settings.blocks
        if is_coroutine_function(self._on_replay):
            self._on_replay = _pending(self._on_replay)

        async def protected(*args: Any, **kwargs: Any) -> Any:
            call, cached = begin(args, kwargs)
            if call is None:
                return await fn(*args, **kwargs)
            if cached is None:
                value = await drive_async(flow(call), functools.partial(fn, *args, **kwargs), blocks=blocks)
            else:
                value = self._replay(call, cached, cached=True)
            return await value.coroutine if type(value) is _Pending else value

        return protected


class _Pending:
    """What a coroutine function as `on_replay` has returned."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Any) -> None:
        self.coroutine = coroutine


def _pending(on_replay: Any) -> Callable[[Any, Record], _Pending]:
    return lambda value, record: _Pending(on_replay(value, record))


def _is_result(error: Exception, replay_errors: tuple[type[Exception], ...]) -> bool:
    """Tell whether an exception is to be stored; those of the kit only where they are named, for most of them pass."""
    classes = [one for one in replay_errors if isinstance(error, one)]
    if isinstance(error, LambdaKitError):
        return any(issubclass(one, LambdaKitError) for one in classes)
    return bool(classes)


def _may_have_been_made(error: Exception) -> bool:
    """Tell whether a step that failed so may have been made: not if AWS has refused it, or never got it."""
    if isinstance(error, NoAnswer):
        return error.sent
    return not isinstance(error, AwsError) or (error.status or 0) >= 500


def _pause(seconds: float) -> float:
    """Return a time around `seconds`, so that those who wait do not come at once."""
    return seconds * (0.5 + os.urandom(1)[0] / 255)


def _lease(settings: Settings) -> float:
    if settings.lease is not None:
        return settings.lease
    left = _left()
    return LEASE_OUTSIDE if left == float("inf") else left + LEASE_MARGIN


def _left() -> float:
    """Return the seconds that are left of the invocation; `inf` outside of one, and in a task that has outlived its."""
    invocation = current.get(None)
    return float("inf") if invocation is None or invocation.ended else invocation.remaining()


def _mismatch(call: _Call) -> PayloadMismatch:
    return PayloadMismatch(
        f"a call with the key {call.key} came with another payload than the one before it; give the call another key, "
        "or compare less of the event with payload=",
        key=call.key,
    )
