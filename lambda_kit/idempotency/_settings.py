"""The options of `idempotent`, and what it can be put around: checked when the decorator is made."""

from __future__ import annotations

import weakref

from lambda_kit import _callables as callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._codec import codec_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.idempotency._codec import Codec

type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about
_LONGEST = 3_155_760_000.0  # seconds: a hundred years; stores have limits


class Settings:
    """The options of `idempotent`."""

    __slots__ = (
        "blocks",
        "codec",
        "lease",
        "max_bytes",
        "missing_key",
        "on_claim_error",
        "on_in_progress",
        "on_replay",
        "on_save_error",
        "replay_errors",
        "store",
        "ttl",
    )

    def __init__(self, store: Any, options: dict[str, Any]) -> None:
        if isinstance(store, type):
            raise ConfigurationError(
                f"idempotent({store.__name__}): pass a store, not its class: {store.__name__}(...)"
            )
        for name in ("claim", "complete", "release"):
            if not callable(getattr(store, name, None)):
                raise ConfigurationError(f"idempotent({store!r}): pass a store, which has a method {name}")
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
        if options["on_replay"] is not None and not callable(options["on_replay"]):
            raise ConfigurationError(f"idempotent(on_replay={options['on_replay']!r}): pass a function")
        self.store: Any = store
        self.max_bytes: int | None = getattr(store, "max_bytes", None)
        self.blocks: bool = getattr(store, "blocks", True)
        self.ttl: float = options["ttl"]
        self.lease: float | None = options["lease"]
        self.on_in_progress: str = options["on_in_progress"]
        self.on_claim_error: str = options["on_claim_error"]
        self.on_save_error: str = options["on_save_error"]
        self.missing_key: str = options["missing_key"]
        self.replay_errors: tuple[type[Exception], ...] = errors
        self.codec: Codec | None = codec_of(options["codec"])
        self.on_replay: Any = options["on_replay"]


def _check_seconds(name: str, given: Any) -> None:
    if not callables.is_number(given) or not 0 < given <= _LONGEST:
        raise ConfigurationError(f"idempotent({name}={given!r}): pass seconds above 0, and at most {_LONGEST:.0f}")


def _are_exceptions(given: Any) -> bool:
    classes: list[Any] = [*given] if isinstance(given, tuple) else [None]
    return all(isinstance(one, type) and issubclass(one, Exception) for one in classes)


_CHOICES = {
    "on_in_progress": ("raise", "wait"),
    "on_claim_error": ("raise", "run"),
    "on_save_error": ("raise", "log"),
    "missing_key": ("raise", "run"),
}


def check_function(fn: Any) -> None:
    """Raise if a function cannot be protected.

    Raises:
        ConfigurationError: it is none, a generator function, or not a plain one yet.
    """
    kind: Any = type_of(fn)
    if kind in (staticmethod, classmethod):
        raise ConfigurationError(
            f"idempotent() was put above @{kind.__name__}; put it below, right above {callables.name_of(fn)}"
        )
    if not callable(fn):
        raise ConfigurationError(f"idempotent() was put around {fn!r}, which is not callable")
    inner = fn
    while callable(within := getattr(inner, "func", None)):  # of a partial
        inner = within
    if callables.is_generator_function(inner) or callables.is_async_generator_function(inner):
        raise ConfigurationError(
            f"idempotent() was put around {callables.name_of(inner)}, a generator function; what a generator yields "
            "cannot be stored as one result: return a list"
        )


_closures: weakref.WeakKeyDictionary[Any, dict[str, weakref.ref[Any]]] = weakref.WeakKeyDictionary()


def refuse_second_closure(store: Any, fn: Any, name: str) -> None:
    """Raise if another function that the same code has made stands on the same store: they would share their keys.

    Raises:
        ConfigurationError: there is one.
    """
    plain = callables.plain(fn)
    if "<locals>" not in name or getattr(plain, "__closure__", None) is None:
        return
    try:
        known = _closures.setdefault(store, {})
    except TypeError:  # a store of one's own without weak references
        return
    before = known.get(name)
    other = None if before is None else before()
    if other is not None and other is not plain:
        raise ConfigurationError(
            f"idempotent() is around a second {name}, which was made by the same code as one before it and would share "
            "its keys; pass namespace= to tell them apart"
        )
    known[name] = weakref.ref(plain)
