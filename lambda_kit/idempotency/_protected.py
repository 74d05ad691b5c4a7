"""A protected function: one call from its key to its result."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import weakref
from collections import defaultdict

from lambda_kit import _kernel
from lambda_kit._kernel import callables, lifecycle, log
from lambda_kit._kernel.facts import tell
from lambda_kit.errors import (
    AlreadyInProgress,
    ConfigurationError,
    MissingIdempotencyKey,
    PayloadMismatch,
    UnreadableRecord,
)
from lambda_kit.idempotency import _results as results
from lambda_kit.idempotency._claim import Call, claim, enclosing, handle_claim_error, mismatch, running
from lambda_kit.idempotency._completion import fail, finish
from lambda_kit.idempotency._drivers import NO_OUTCOME, Failed, drive, drive_async
from lambda_kit.idempotency._function import is_coroutine_function
from lambda_kit.invocation import current, current_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.idempotency._cache import Cache
    from lambda_kit.idempotency._claim import Steps
    from lambda_kit.idempotency._identity import Identity
    from lambda_kit.idempotency._record import Record
    from lambda_kit.idempotency._settings import Settings


protections: weakref.WeakKeyDictionary[Any, set[weakref.ref[Protected]]] = weakref.WeakKeyDictionary()
"""The protections of each plain function, for `key_of` and `free_key`: a handler shows no more than the function.

A protection holds its function. If the entry held the protection, the function would never be freed.
"""


class Protected:
    """A function and its protection.

    The steps of a call are written once, as generators that yield what has to be waited for. One driver does that at
    once, for functions; another one awaits it, for coroutines.
    """

    def __init__(self, fn: Any, settings: Settings, identity: Identity, cache: Cache) -> None:
        self._fn = fn
        self._settings = settings
        self._identity = identity
        self._cache = cache
        self._on_replay: Any = settings.on_replay
        self._is_told = False  # that calls run unprotected
        with contextlib.suppress(TypeError):  # a callable without weak references
            lifecycle.note(self, protections.setdefault(callables.plain(fn), set()))

    def begin(self, args: Any, kwargs: Any) -> tuple[Call | None, Record | None]:
        """Return the call, or None if it runs unprotected; and the completed record in the local cache, or None."""
        identity, settings = self._identity, self._settings
        if settings.finish_codec is not None:  # an error of the codec is raised before the function runs
            settings.finish_codec()
            settings.finish_codec = None
        subject = identity.subject(args, kwargs)
        try:
            key = identity.key_of(subject)
        except MissingIdempotencyKey:
            if settings.missing_key == "raise":
                raise
            key = None
        if key is None:
            if settings.missing_key == "raise":
                raise identity.missing(subject)
            self._tell_unprotected(subject)
            return None, None
        payload, invocation = identity.payload_of(subject), current.get(None)
        execution = None if invocation is None else invocation.execution_arn
        if execution is None:
            call = Call(key, payload, settings.random_bytes(16).hex(), identity.function)
        else:
            from lambda_kit.idempotency._durable import call_of

            call = call_of(key, payload, execution, identity.function, self._fn)
        call.generation = self._cache.generation
        return call, self._cache.get(key, settings.clock())

    def _tell_unprotected(self, subject: Any) -> None:
        """Say that a call runs unprotected; once, because it may be meant.

        A function as key decides which calls have none. An expression that finds nothing may be wrong.
        """
        tell("idempotency.unprotected", function=self._identity.function, reason="missing key")
        if self._is_told:
            return
        self._is_told = True
        write = log.warning if self._identity.key_expression else log.info
        write(
            "a call runs unprotected, and so will others like it, because of missing_key='run': %s",
            self._identity.not_found(subject),
        )

    def key(self, args: Any, kwargs: Any) -> str:
        """Return the key of a call.

        Raises:
            MissingIdempotencyKey: it has none.
        """
        subject = self._identity.subject(args, kwargs)
        key = self._identity.key_of(subject)
        if key is None:
            raise self._identity.missing(subject)
        return key

    def free(self, args: Any, kwargs: Any) -> bool:
        """Delete the record of a call, here and in the store; tell whether there was one in the store.

        Raises:
            MissingIdempotencyKey: it has no key.
            ConfigurationError: the store cannot delete records.
        """
        key = self.key(args, kwargs)
        delete: Any = getattr(self._settings.store, "delete", None)
        if delete is None:
            raise ConfigurationError(f"{self._settings.store!r} has no method delete, which free_key() needs")
        try:
            return bool(delete(key))
        finally:  # not before: until the record is deleted, another call may put it there again
            self._cache.forget(key)

    def flow(self, call: Call, run: dict[int, Any]) -> Steps:
        """Claim, run, complete. The result is what the call returns, or a `Failed` with what it raises.

        Args:
            call: the call.
            run: the dict in which the driver puts the outcome of the run under 0; see `drive`.
        """
        settings, cache = self._settings, self._cache
        record: Record | None = None
        try:
            record = yield from claim(call, settings)
            if record is None:
                yield from _run(call, settings)
                outcome = run.get(0)
                if type(outcome) is Failed:
                    yield from fail(call, settings, cache, outcome.error)
                else:
                    yield from finish(call, settings, cache, outcome)
                return outcome
        except Exception as error:
            if run or isinstance(error, AlreadyInProgress | PayloadMismatch | UnreadableRecord):
                raise
            yield from handle_claim_error(call, settings, error)
            yield "run", None
            return run.get(0)
        except BaseException as stop:  # an interrupt may come anywhere, also when a claim or a run has just ended
            outcome = run.get(0, NO_OUTCOME)
            if outcome is NO_OUTCOME or type(outcome) is Failed:
                yield from fail(call, settings, cache, outcome.error if type(outcome) is Failed else stop)
            else:  # the function has run: its result is stored all the same
                yield from finish(call, settings, cache, outcome, stopped=True)
            raise
        finally:
            if call.durable and running.get((call.owner, call.key)) is call:
                del running[call.owner, call.key]
        return self.replay(call, record)

    def replay(self, call: Call, record: Record, *, cached: bool = False) -> Any:
        """Return the result of a completed record, or raise the exception that it holds."""
        if call.payload and record.payload and call.payload != record.payload:
            raise mismatch(call)
        tell("idempotency.replayed", key=call.key, cached=cached)
        value, error = results.read(record, self._settings.codec, self._settings.replay_errors)
        if not cached:
            self._cache.put(record, call.generation)
        if self._settings.log_replays:
            self._log_replay(record)
        if error is not None:
            raise error
        return value if self._on_replay is None else self._on_replay(value, record)

    def _log_replay(self, record: Record) -> None:
        if _kernel.before_record is None:  # no `Logger` takes the line; the runtime shows it if it is loud enough
            logging = sys.modules.get("logging")
            if logging is None or not logging.getLogger("lambda_kit").isEnabledFor(_INFO):
                return
        # The time of the completion is not stored. It follows from the expiry, if `ttl` was the same.
        age = round(max(self._settings.clock() - (record.expires - self._settings.ttl), 0.0), 1)
        log.info(
            "replayed the result of %s, stored %s s ago",
            record.key,
            age,
            extra={"idempotencyKey": record.key, "age": age},
        )

    def function(self) -> Any:
        """Return the protected function, for a function."""
        fn, begin, flow, replay = self._fn, self.begin, self.flow, self.replay
        identity, settings, place_of = self._identity, self._settings, current_place.get
        sleep = settings.sleep
        bind: Any = functools.partial

        def protected(*args: Any, **kwargs: Any) -> Any:
            if is_disabled():
                return fn(*args, **kwargs)
            if (place := place_of()) is not None:
                from lambda_kit.idempotency._durable import is_nested, nested

                if is_nested(place, fn):
                    return nested(place, identity.function, settings.codec, called, args, kwargs)
            return called(*args, **kwargs)

        def called(*args: Any, **kwargs: Any) -> Any:
            call, cached = begin(args, kwargs)
            if call is None:
                return fn(*args, **kwargs)
            if cached is not None:
                return replay(call, cached, cached=True)
            run: dict[int, Any] = defaultdict(bind(fn, *args, **kwargs))
            return drive(flow(call, run), run, sleep)

        return protected

    def coroutine(self) -> Any:
        """Return the protected coroutine function, for a coroutine function."""
        fn, begin, flow, replay = self._fn, self.begin, self.flow, self.replay
        sleep, blocks = self._settings.sleep, self._settings.blocks
        if is_coroutine_function(self._on_replay):
            self._on_replay = _pending(self._on_replay)

        async def protected(*args: Any, **kwargs: Any) -> Any:
            if is_disabled():
                return await fn(*args, **kwargs)
            call, cached = begin(args, kwargs)
            if call is None:
                return await fn(*args, **kwargs)
            if cached is None:
                run: dict[int, Any] = {}
                value = await drive_async(
                    flow(call, run), run, functools.partial(fn, *args, **kwargs), sleep, blocks=blocks
                )
            else:
                value = replay(call, cached, cached=True)
            return await value.coroutine if type(value) is _Pending else value

        return protected


def _run(call: Call, settings: Settings) -> Steps:
    """Ask for the run. Where calls may wait, a call inside the run with the same key is known by `enclosing`."""
    if settings.on_in_progress != "wait":
        yield "run", None
        return
    outer = enclosing.get()
    enclosing.set((*outer, call.owner))
    try:
        yield "run", None
    finally:
        enclosing.set(outer)


_INFO = 20  # the level, as in `logging`
_warned = False


def is_disabled() -> bool:
    """Return True if the environment says that calls run without a store. On Lambda, it has to say `force`."""
    get = os.environ.get
    if not (get("LAMBDA_KIT_IDEMPOTENCY_DISABLED") or get("POWERTOOLS_IDEMPOTENCY_DISABLED")):
        return False
    from lambda_kit._kernel import environment

    is_forced = (environment.text("LAMBDA_KIT_IDEMPOTENCY_DISABLED") or "").strip().lower() == "force"
    if not is_forced and not environment.flag("LAMBDA_KIT_IDEMPOTENCY_DISABLED"):
        return False
    is_ignored = not is_forced and "AWS_LAMBDA_RUNTIME_API" in os.environ
    global _warned
    if not _warned:
        _warned = True
        log.warning(
            "LAMBDA_KIT_IDEMPOTENCY_DISABLED is true, which is for tests: on Lambda calls stay protected; set it to "
            "force to run them unprotected there too"
            if is_ignored
            else "LAMBDA_KIT_IDEMPOTENCY_DISABLED is set: no call is protected from running twice"
        )
    return not is_ignored


class _Pending:
    """The coroutine that `on_replay` has returned, until it can be awaited."""

    __slots__ = ("coroutine",)

    def __init__(self, coroutine: Any) -> None:
        self.coroutine = coroutine


def _pending(on_replay: Any) -> Callable[[Any, Record], _Pending]:
    return lambda value, record: _Pending(on_replay(value, record))
