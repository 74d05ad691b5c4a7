"""The options of `idempotent`, checked when the decorator is made."""

from __future__ import annotations

import os
import sys

from lambda_kit._kernel import callables, wall_clock
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import _cache
from lambda_kit.idempotency._codec import codec_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from typing import Any, NoReturn, TypeVar

    from lambda_kit.idempotency._codec import Codec
    from lambda_kit.idempotency._powertools import PowertoolsKeys
    from lambda_kit.idempotency._store import Store

    S = TypeVar("S", bound=Store)

_LONGEST = 3_155_760_000.0  # seconds: a hundred years; stores cannot hold times without limit
_CHOICES = {
    "on_in_progress": ("raise", "wait"),
    "on_claim_error": ("raise", "run"),
    "on_save_error": ("raise", "log"),
    "missing_key": ("raise", "run"),
}


replaced: tuple[tuple[Any, Any], ...] = ()
"""The stores that tests have replaced, each with the one in its place. None stands for all stores."""


class Replaceable:
    """A store that a test can replace by another one."""

    def override(self, store: S) -> AbstractContextManager[S]:
        """Return a context manager in which another store takes the place of this one, in all threads.

        It forgets the results in local caches when it begins and when it ends.

        Args:
            store: the other store, such as `MemoryStore()`.

        Raises:
            ConfigurationError: it is no store.
        """
        return Override(self, store)


class Override:
    """A store that takes the place of another one, or of all, while this context manager is entered.

    Args:
        given: the store that is replaced; None for all stores.
        store: the one in its place.

    Raises:
        ConfigurationError: `store` is no store.
    """

    __slots__ = ("_entry",)

    def __init__(self, given: Any, store: Any) -> None:
        _check_store(store, "override")
        self._entry = (given, store)

    def __enter__(self) -> Any:
        self._replace((*replaced, self._entry))
        return self._entry[1]

    def __exit__(self, *exc_info: object) -> None:
        self._replace(tuple(one for one in replaced if one is not self._entry))

    @staticmethod
    def _replace(stores: tuple[tuple[Any, Any], ...]) -> None:
        global replaced
        replaced = stores
        _cache.clear_all()


class Settings:
    """The options of one `idempotent(...)` that say how a call goes.

    Raises:
        ConfigurationError: an option has a value that it cannot have.
    """

    __slots__ = (
        "_store",
        "clock",
        "codec",
        "finish_codec",
        "lease",
        "log_replays",
        "missing_key",
        "on_claim_error",
        "on_in_progress",
        "on_replay",
        "on_save_error",
        "random_bytes",
        "replay_errors",
        "sleep",
        "ttl",
    )

    def __init__(self, store: Any, options: dict[str, Any]) -> None:
        _check_store(store, "idempotent")
        for name, known in _CHOICES.items():
            if options[name] not in known:
                hint = callables.closest(options[name], known) if isinstance(options[name], str) else ""
                raise ConfigurationError(
                    f"idempotent({name}={options[name]!r}): pass {' or '.join(map(repr, known))}{hint}"
                )
        _check_seconds("ttl", options["ttl"])
        if options["lease"] is not None:
            _check_seconds("lease", options["lease"])
        errors: Any = options["replay_errors"]
        if not _are_exceptions(errors):
            raise ConfigurationError(
                f"idempotent(replay_errors={errors!r}): pass a tuple of exception classes, as in (OutOfStock,)"
            )
        for name in ("on_replay", "clock", "sleep", "random_bytes"):
            if options[name] is not None and not callable(options[name]):
                raise ConfigurationError(f"idempotent({name}={options[name]!r}): pass a function")
        self._store: Any = store
        self.ttl: float = options["ttl"]
        self.lease: float | None = options["lease"]
        self.on_in_progress: str = options["on_in_progress"]
        self.on_claim_error: str = options["on_claim_error"]
        self.on_save_error: str = options["on_save_error"]
        self.missing_key: str = options["missing_key"]
        self.replay_errors: tuple[type[Exception], ...] = errors
        _check_type(options["codec"])
        self.codec: Codec | None = codec_of(options["codec"])
        self.finish_codec: Any = None if self.codec is options["codec"] else getattr(self.codec, "prepare", None)
        self.on_replay: Any = options["on_replay"]
        self.log_replays = callables.check_flag("idempotent(log_replays=...)", options["log_replays"])
        self.clock: Callable[[], float] = options["clock"] or wall_clock
        self.sleep: Any = options["sleep"]
        self.random_bytes: Callable[[int], bytes] = options["random_bytes"] or os.urandom

    @property
    def store(self) -> Any:
        """The store that a call uses: the one that was given, unless a test has replaced it."""
        store = self._store
        if replaced:
            for given, other in reversed(replaced):
                if given is store or given is None:
                    return other
        return store

    @property
    def max_bytes(self) -> int | None:
        """The longest result that the store takes."""
        found: int | None = getattr(self.store, "max_bytes", None)
        return found

    @property
    def blocks(self) -> bool:
        """True if the methods of the store wait for something."""
        found: bool = getattr(self.store, "blocks", True)
        return found


_INSTEAD = {  # of the options of Powertools
    "idempotent": {
        "persistence_store": "pass the store first: idempotent(DynamoDBStore(...), key=...)",
        "persistence_layer": "pass the store first: idempotent(DynamoDBStore(...), key=...)",
        "config": "pass the options themselves: key=, payload=, ttl=, cache=",
        "event_key_jmespath": "use key=",
        "data_keyword_argument": 'use key=, which begins with the name of the argument: key="order.id"',
        "payload_validation_jmespath": "use payload=",
        "expires_after_seconds": "use ttl=",
        "use_local_cache": "use cache=, the number of results; 0 for none",
        "local_cache_max_items": "use cache=",
        "raise_on_no_idempotency_key": 'use missing_key="raise", the default, or "run"',
        "response_hook": "use on_replay=",
        "output_serializer": "use codec=",
        "key_prefix": "use name=, or powertools=PowertoolsKeys(key_prefix=...)",
        "hash_function": "use powertools=PowertoolsKeys(hash_function=...)",
        "lambda_context": "leave it out: the invocation is known",
        "jmespath_options": "leave it out, or pass a function as key=",
        "boto_config": "pass client= to DynamoDBStore",
        "boto3_session": "pass client= to DynamoDBStore",
    },
    "DynamoDBStore": {
        "table_name": "pass the name of the table first",
        "key_attr": "use partition_key=",
        "static_pk_value": "use static_partition_key=",
        "sort_key_attr": "use sort_key=",
        "expiry_attr": "use expires=",
        "in_progress_expiry_attr": "use leased_until=",
        "status_attr": "use status=",
        "data_attr": "use result=",
        "validation_key_attr": "use payload=",
        "boto_config": "use client=, a boto3 client",
        "boto3_session": "use client=, a boto3 client",
        "boto3_client": "use client=",
    },
}
_OPTIONS = {
    "idempotent": (
        *("key", "namespace", "name", "ttl", "lease", "payload", "on_in_progress", "on_claim_error", "on_save_error"),
        *("missing_key", "replay_errors", "codec", "cache", "on_replay", "log_replays", "powertools"),
        *("clock", "sleep", "random_bytes"),
    ),
    "DynamoDBStore": (
        *("client", "region", "partition_key", "sort_key", "static_partition_key"),
        *("status", "expires", "leased_until", "result", "payload", "owner"),
    ),
}


def refuse_options(what: str, given: Iterable[str]) -> NoReturn:
    """Raise for options that do not exist; the message has the matching one.

    Raises:
        ConfigurationError: always.
    """
    name = next(iter(given))
    said = _INSTEAD[what].get(name)
    said = f"; {said}" if said else callables.closest(name, _OPTIONS[what])
    raise ConfigurationError(f"{what}({name}=...): there is no such option{said}")


def peer_keys(given: Any) -> PowertoolsKeys | None:
    """Return the keys of Powertools that the option `powertools` asks for, or None.

    Raises:
        ConfigurationError: it is neither a boolean nor `PowertoolsKeys`.
    """
    if given is False:
        return None
    from lambda_kit.idempotency._powertools import PowertoolsKeys

    if given is True:
        return PowertoolsKeys()
    if not isinstance(given, PowertoolsKeys):
        raise ConfigurationError(f"idempotent(powertools={given!r}): pass True, False or PowertoolsKeys(...)")
    return given


def _check_store(store: Any, what: str) -> None:
    if store is None and what == "idempotent":
        raise ConfigurationError("idempotent(): pass a store and a key: idempotent(DynamoDBStore(...), key=...)")
    if isinstance(store, type):
        raise ConfigurationError(f"{what}({store.__name__}): pass a store, not its class: {store.__name__}(...)")
    for name in ("claim", "complete", "release"):
        if not callable(getattr(store, name, None)):
            from lambda_kit._kernel.messages import shown

            hint = _store_for(store)
            said = f"pass a store: {hint}" if hint else f"pass a store, which has a method {name}"
            raise ConfigurationError(f"{what}({shown(repr(store))}): {said}")  # the URL of a server has a password


def _store_for(given: Any) -> str:
    """Return the call that makes a store of what was passed in its place; `""` if there is none."""
    if isinstance(given, str):
        if "://" in given:
            return "RedisStore(client), with a client of redis or valkey"
        is_path = "/" in given or "\\" in given or given.endswith((".db", ".sqlite", ".sqlite3"))
        return f"{'SQLiteStore' if is_path else 'DynamoDBStore'}({given!r})"
    package = type(given).__module__.partition(".")[0]
    if package in ("boto3", "botocore"):
        return "DynamoDBStore(the name of the table, client=...)"
    return "RedisStore(client)" if package in ("redis", "valkey") else ""


def _check_seconds(name: str, given: Any) -> None:
    if not callables.is_number(given) or not 0 < given <= _LONGEST:
        raise ConfigurationError(f"idempotent({name}={given!r}): pass seconds above 0, and at most {_LONGEST:.0f}")


def _check_type(codec: Any) -> None:
    """Raise for a class that pydantic cannot know, which would fail only after a run."""
    if not isinstance(codec, type) or codec.__mro__[1:] != (object,) or codec.__module__ in sys.stdlib_module_names:
        return
    if not any(hasattr(codec, name) for name in ("__dataclass_fields__", "__get_pydantic_core_schema__")):
        raise ConfigurationError(
            f"idempotent(codec={codec.__qualname__}): this class is no pydantic model, dataclass or TypedDict; make it "
            "one of these, or pass an object with encode and decode"
        )


def _are_exceptions(given: Any) -> bool:
    classes: list[Any] = [*given] if isinstance(given, tuple) else [None]
    return all(isinstance(one, type) and issubclass(one, Exception) for one in classes)
