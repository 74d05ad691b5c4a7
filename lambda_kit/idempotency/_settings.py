"""The options of `idempotent`, and what it can be put around: checked when the decorator is made."""

from __future__ import annotations

import sys
import weakref
from types import MethodType

from lambda_kit._kernel import callables, lifecycle, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._codec import codec_of
from lambda_kit.idempotency._identity import chain_of, code_of, is_partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.idempotency._codec import Codec

_COROUTINE = 0x80  # a flag of code
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
        _check_type(options["codec"])
        self.on_replay: Any = options["on_replay"]


def _check_seconds(name: str, given: Any) -> None:
    if not callables.is_number(given) or not 0 < given <= _LONGEST:
        raise ConfigurationError(f"idempotent({name}={given!r}): pass seconds above 0, and at most {_LONGEST:.0f}")


def _check_type(codec: Any) -> None:
    """Raise for a class that pydantic cannot know: what it is made of is told after a run otherwise."""
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


_CHOICES = {
    "on_in_progress": ("raise", "wait"),
    "on_claim_error": ("raise", "run"),
    "on_save_error": ("raise", "log"),
    "missing_key": ("raise", "run"),
}


# The function


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
    inner = _without_partials(fn)
    if callables.is_generator_function(inner) or callables.is_async_generator_function(inner):
        raise ConfigurationError(
            f"idempotent() was put around {callables.name_of(inner)}, a generator function; what a generator yields "
            "cannot be stored as one result: return a list"
        )


def _without_partials(fn: Any) -> Any:
    """Return the callable that a `functools.partial` calls."""
    while is_partial(fn):
        fn = fn.func
    return fn


def is_coroutine_function(fn: Any) -> bool:
    """Tell whether calling `fn` itself gives a coroutine, whatever it stands around.

    A plain function around a coroutine function may wait for it on a loop of its own.
    """
    fn = _without_partials(fn)
    code = code_of(fn)
    return (code is not None and bool(code.co_flags & _COROUTINE)) or hasattr(fn, "_is_coroutine_mark")


class _Seen:
    """A function that was put on a store.

    Attributes:
        function: a weak reference to it, or to the instance that it is a method of.
        stateful: whether another one of the same code may do something else.
        module: the specification of its module, which is made anew when the module is loaded again.
        place: where its code stands.
    """

    __slots__ = ("function", "module", "place", "stateful")

    def __init__(self, fn: Any) -> None:
        chain = chain_of(fn)
        code = code_of(chain[-1])
        self.function = weakref.ref(fn.__self__ if isinstance(fn, MethodType) else fn)
        self.stateful = any(_is_stateful(one) for one in chain)
        self.module = _globals_of(chain[-1]).get("__spec__")
        self.place = None if code is None else (code.co_filename, code.co_firstlineno)

    def excludes(self, other: _Seen) -> bool:
        """Tell whether the other one, which came before under the same name, is another function."""
        if self.module is not other.module:
            return False  # the module was loaded again
        before = other.function()
        if before is not None and before is self.function():
            return False
        if self.stateful or other.stateful:
            return True
        # The same `def`, run again, does the same. One in another file, as in a notebook, replaces the one before.
        return self.place is not None and other.place is not None and _are_apart(self.place, other.place)


def _are_apart(one: tuple[str, int], other: tuple[str, int]) -> bool:
    return one[0] == other[0] and one[1] != other[1]


def _is_stateful(fn: Any) -> bool:
    if getattr(fn, "__code__", None) is None:
        return getattr(fn, "__wrapped__", None) is None  # a partial, an instance
    return isinstance(fn, MethodType) or bool(fn.__closure__)


def _globals_of(fn: Any) -> dict[str, Any]:
    found: Any = getattr(fn, "__globals__", None)
    if found is None:
        found = getattr(getattr(type_of(fn), "__call__", None), "__globals__", None)  # noqa: B004  # the function
    return found or {}


_seen: weakref.WeakKeyDictionary[Any, dict[str, _Seen]] = weakref.WeakKeyDictionary()
_watched = False


def refuse_second(store: Any, fn: Any, name: str) -> None:
    """Raise if another function of the same name stands on the store: they would share their keys, and results.

    The same function again is allowed, and so is its module loaded again, or its `def` run again if it has no closure.

    Raises:
        ConfigurationError: there is one.
    """
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_reset(_seen.clear)
    try:
        known = _seen.setdefault(store, {})
        seen = _Seen(fn)
    except TypeError:  # a store, or a callable, without weak references
        return
    if name in known and seen.excludes(known[name]):
        raise ConfigurationError(
            f"idempotent() is around a second function {name} on the same store, and their calls could not be told "
            "apart: what one has done would be the result of the other; pass namespace= to each"
        )
    known[name] = seen
