"""`idempotent`: a function runs once for each key, and later calls get the result of the first one."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._cache import Cache
from lambda_kit.idempotency._function import check_function, check_result, is_coroutine_function, refuse_second
from lambda_kit.idempotency._identity import Identity
from lambda_kit.idempotency._protected import Protected
from lambda_kit.idempotency._settings import Settings, peer_keys, refuse_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Never, ParamSpec, Protocol, TypeVar

    from lambda_kit.idempotency._powertools import PowertoolsKeys
    from lambda_kit.idempotency._record import Record
    from lambda_kit.idempotency._store import Store

    P = ParamSpec("P")
    R = TypeVar("R")

    class Decorate(Protocol):
        """The return value of `idempotent(...)`: a decorator, and a layer for `handler`."""

        def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
            """Return the function, protected."""
            ...


def idempotent(  # noqa: PLR0913  # each is an option of its own
    store: Store,
    *,
    key: str | Callable[[Any], Any],
    namespace: str | None = None,
    name: str | None = None,
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
    log_replays: bool = True,
    powertools: bool | PowertoolsKeys = False,
    clock: Callable[[], float] | None = None,
    sleep: Callable[[float], Any] | None = None,
    random_bytes: Callable[[int], bytes] | None = None,
    **unknown: Never,
) -> Decorate:
    """Return a decorator, and layer, under which a function runs once for each key.

    A call claims its key in the store before the function runs, and stores the result after it. A later call with the
    same key gets that result without a run, as long as the record lives. A run that raises releases the key. While one
    call runs, others with its key do not. If a worker dies in the middle, its key is free when its lease has ended.

    No library can prevent this: a worker dies after a side effect and before its result is stored. Its key runs again.

    Args:
        store: where records are kept: `DynamoDBStore`, `RedisStore`, `SQLiteStore`, `MemoryStore`, or your own.
        key: a JMESPath expression, or a function that returns the key, or None where there is none. It gets the event
            of a handler, or the arguments of any other function by their names, without `self` and `cls`. If a part
            of `[user, order.id]` is missing, there is no key.
        namespace: a text in place of the name of the Lambda function, for functions that share keys, or for several
            configurations of one function that do not.
        name: a text in place of module and qualified name of the function. Functions with one name are one operation:
            they share keys. A function with a name may be moved or renamed.
        ttl: seconds that a result is replayed, at least 1.
        lease: seconds that a claim lasts if its worker dies. By default the remaining time of the invocation plus one
            second; outside of an invocation, and in a task that has outlived its own, 300 seconds. In a durable
            execution of AWS's SDK it is a year, and each run begins it anew: pass the time-out of your executions.
        payload: the part of the event that two calls with the same key must share, found as `key` is. Its hash is
            stored.
        on_in_progress: while another call runs: `"raise"` raises `AlreadyInProgress`, `"wait"` waits for the result as
            long as the invocation lasts.
        on_claim_error: when the store cannot be asked: `"raise"` raises `StoreUnavailable`, `"run"` runs unprotected.
        on_save_error: when the function has run and its result cannot be stored: `"raise"` raises `StoreUnavailable`
            or `LeaseLost`, `"log"` logs it and returns the result.
        missing_key: without a key: `"raise"` raises `MissingIdempotencyKey`, `"run"` runs unprotected.
        replay_errors: exceptions that count as results: they are stored, and raised again on a replay. Errors of the
            kit do only if one of its classes is named: `(Exception,)` leaves them out.
        codec: how results that JSON does not have are stored: a type (a pydantic model, a dataclass), or an object with
            `encode` and `decode`. Without it, `Decimal`, dates, `UUID`, `bytes`, tuples and sets are stored as well.
        cache: how many results are kept in this process too, so that a replay needs no request, those of all functions
            under it together; 1 MiB of them at most; 0 for none.
        on_replay: a function that gets the result and the record of a replay, and returns the result. For a coroutine
            function it may be a coroutine function.
        log_replays: whether each replay writes a line of level INFO with the key and the age of the result.
        powertools: `True`, or `PowertoolsKeys(...)`, for the keys of Powertools in place of those of the kit: on one
            DynamoDB table each then replays the results of the other. For a migration, in both directions.
        clock: a function that returns the time in seconds since the epoch; the wall clock by default. For tests.
        sleep: a function that waits for so many seconds; `time.sleep` by default, `asyncio.sleep` for coroutine
            functions. For tests.
        random_bytes: a function that returns so many random bytes; `os.urandom` by default. For tests.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: an argument is not as above, or a package is missing that it needs; or, when decorating, the
            function is a generator, has no name, has the name of another one on the same store, or a return annotation
            that cannot be stored without a codec.

    Example:
        ```python
        from lambda_kit import handler, idempotent
        from lambda_kit.idempotency import MemoryStore

        charged = []


        @handler(idempotent(MemoryStore(), key="order_id"))
        def charge(event, context):
            charged.append(event["order_id"])
            return {"charge": len(charged)}


        assert (
            charge({"order_id": "o-1"}, None)
            == charge({"order_id": "o-1"}, None)
            == {"charge": 1}
        )
        assert charged == ["o-1"]
        ```
    """
    if unknown:
        refuse_options("idempotent", unknown)
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
        "log_replays": log_replays,
        "clock": clock,
        "sleep": sleep,
        "random_bytes": random_bytes,
    }
    settings = Settings(store, options)
    size: Any = cache
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ConfigurationError(f"idempotent(cache={cache!r}): pass a number of results, 0 for no cache")
    texts: dict[str, Any] = {"namespace": namespace, "name": name}
    for option, text in texts.items():
        if text is not None and not (isinstance(text, str) and text):
            raise ConfigurationError(f"idempotent({option}={text!r}): pass a text")
    peer = peer_keys(powertools)
    replayable = Cache(cache)  # of all functions: `process_batch` puts it around one for each event

    def decorate(fn: Any) -> Any:
        callables.refuse_handler(fn, "idempotent(...)")
        check_function(fn)
        if settings.codec is None:
            check_result(fn)
        identity = Identity(fn, key, payload, namespace, name=name, powertools=peer)
        if namespace is None and name is None:
            refuse_second(store, fn, identity.function)
        protected = Protected(fn, settings, identity, replayable)
        if is_coroutine_function(fn):
            return _wrapped(protected, protected.coroutine(), fn, identity)
        if is_coroutine_function(on_replay):
            raise ConfigurationError(
                f"idempotent(on_replay={callables.name_of(on_replay)}) is a coroutine function. {identity.function} "
                "is none, so that it cannot await it; pass a function"
            )
        return _wrapped(protected, protected.function(), fn, identity)

    made: Any = decorate  # the OpenAPI document tells what a request may meet
    made.key, made.needs_key, made.checks_payload = key, missing_key == "raise", payload is not None
    setattr(made, callables.NEEDS_RESULT, True)
    return decorate


if not TYPE_CHECKING:  # so that options of Powertools are refused with ours before Python misses an argument
    idempotent.__defaults__ = (None,)
    idempotent.__kwdefaults__["key"] = None


def _wrapped(protected: Protected, wrapper: Any, fn: Any, identity: Identity) -> Any:
    functools.update_wrapper(wrapper, fn)
    setattr(wrapper, callables.ON_HANDLED, identity.take_event)
    wrapper.__idempotent__ = protected  # for `key_of` and `free_key`
    return wrapper
