"""The init cache: expensive values are built once per execution environment and reused by every warm invocation.

```python
from lambda_kit import init


@init.resource
def orders():
    import boto3

    return boto3.resource("dynamodb", region_name="eu-west-1").Table("orders")


table = orders()  # built by the first call, the same object from then on
```

The rules, the same for every resource:

- One build at a time. Threads and tasks that ask while a resource is being built wait for that build and share it.
- A factory that raises is not cached; every caller that waited gets a `ResourceBuildError` with the cause chained.
- With a time to live, no call returns a value that is older, except where `stale_if_error` allows it and the factory
  fails. Age counts from the start of the build, by the wall clock, because the monotonic clock of a frozen environment
  may stand still. A clock that is set back does not make a value live longer.
- A forked child and an environment restored from a SnapStart snapshot build again, unless `on_restore="keep"`.
- An interrupt at any point (a time limit, a signal) leaves nothing locked, and nobody waiting for ever.
"""

from __future__ import annotations

import time

from lambda_kit import lazy_exports
from lambda_kit._kernel import callables, lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.init_cache._entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractContextManager
    from typing import Any, Literal, Never, Protocol, TypeVar, overload
    from weakref import ReferenceType

    T = TypeVar("T")
    T_co = TypeVar("T_co", covariant=True)
    Clock = Callable[[], float]

    class _Controls(Protocol):
        @property
        def info(self) -> ResourceInfo:
            """The costs and the state of the resource."""
            ...

        def invalidate(self) -> None:
            """Drop the value: the next call builds again, even if a build is under way."""
            ...

        def override(self, value: object) -> AbstractContextManager[None]:
            """Return a context manager in which every call, on any thread, gets `value`. For tests; it nests."""
            ...

    class DeclareResource(Protocol):
        """The decorator that `resource(...)` returns; it declares a function as a resource."""

        @overload
        def __call__(self, factory: Callable[[], Coroutine[Any, Any, T]], /) -> AsyncResource[T]: ...
        @overload
        def __call__(self, factory: Callable[[], T], /) -> Resource[T]: ...

    class Resource(_Controls, Protocol[T_co]):
        """A declared resource: calling it returns the cached value, which the first call builds."""

        def __call__(self) -> T_co:
            """Return the value.

            Raises:
                ResourceBuildError: the factory raised, and there is no old value that may be used.
                ResourceCycle: the factory needs this resource itself.
            """
            ...

        def refresh(self) -> T_co:
            """Build now, whatever the age, and return the new value; if the factory raises, the old value stays."""
            ...

    class AsyncResource(_Controls, Protocol[T_co]):
        """A declared resource with a coroutine function as factory: `await resource()` returns the cached value."""

        def __call__(self) -> Coroutine[Any, Any, T_co]:
            """Return the value, as `Resource` does."""
            ...

        def refresh(self) -> Coroutine[Any, Any, T_co]:
            """Build now, whatever the age, and return the new value; if the factory raises, the old value stays."""
            ...

else:
    from _weakref import ref as ReferenceType  # noqa: N812  # `weakref` would be one more module to load

    __getattr__, __dir__ = lazy_exports(globals(), {})

    class Resource:
        """A declared resource; a protocol for type checkers."""

    class AsyncResource:
        """A declared resource with a coroutine function as factory; a protocol for type checkers."""


__all__ = ["AsyncResource", "InitCache", "Resource", "ResourceInfo", "init"]

_DEFAULTS: dict[str, Any] = {
    "ttl": None,
    "eager": False,
    "refresh": "block",
    "stale_if_error": 0.0,
    "close": None,
    "on_restore": "rebuild",
}


class ResourceInfo:
    """The state of one resource at the moment of asking."""

    __slots__ = ("_entry",)

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    @property
    def name(self) -> str:
        """Module and qualified name of the factory."""
        return self._entry.name

    @property
    def builds(self) -> int:
        """The number of times that the factory has succeeded."""
        return self._entry.state.builds

    @property
    def hits(self) -> int:
        """The number of cache hits; hits of threads that race may go uncounted."""
        return self._entry.state.hits

    @property
    def build_time(self) -> float | None:
        """The seconds that the last successful build took; None before the first."""
        return self._entry.state.build_time

    @property
    def age(self) -> float | None:
        """The seconds since the build of the value started; None if no value is held."""
        return self._entry.age

    @property
    def last_error(self) -> BaseException | None:
        """The exception that the factory raised last; None once it has succeeded again."""
        return self._entry.state.last_error

    def __repr__(self) -> str:
        took = "never built" if self.build_time is None else f"built {self.builds}x, last in {self.build_time:.3f} s"
        age = "no value held" if self.age is None else f"{self.age:.1f} s old"
        failed = "" if self.last_error is None else f", failed last with {type(self.last_error).__name__}"
        return f"<{self.name}: {took}, {age}, {self.hits} hits{failed}>"


class InitCache:
    """A set of resources with one clock. `lambda_kit.init` is the one that functions share.

    Args:
        clock: returns the time in seconds, the wall clock by default; tests pass their own.
    """

    def __init__(self, *, clock: Clock = time.time) -> None:
        self._clock = clock
        self._entries: list[Entry] = []

    def __call__(self, factory: object, /) -> Never:
        """Say how a resource is declared."""
        raise ConfigurationError(
            f"init was put above {callables.name_of(factory)}; write @init.resource, or @init.resource(ttl=300.0)"
        )

    if TYPE_CHECKING:

        @overload
        def resource(self, factory: Callable[[], Coroutine[Any, Any, T]], /) -> AsyncResource[T]: ...
        @overload
        def resource(self, factory: Callable[[], T], /) -> Resource[T]: ...
        @overload
        def resource(
            self,
            /,
            *,
            ttl: float | None = None,
            eager: bool | Literal["now"] = False,
            refresh: Literal["block", "background"] = "block",
            stale_if_error: float = 0.0,
            close: Callable[[Any], object] | None = None,
            on_restore: Literal["rebuild", "keep"] = "rebuild",
        ) -> DeclareResource: ...

    def resource(  # each is an option of its own
        self,
        factory: Any = None,
        /,
        *,
        ttl: float | None = None,
        eager: bool | str = False,
        refresh: str = "block",
        stale_if_error: float = 0.0,
        close: Callable[[Any], object] | None = None,
        on_restore: str = "rebuild",
        **unknown: Any,
    ) -> Any:
        """Declare a resource: `@init.resource`, or `@init.resource(ttl=300.0, ...)`, over a function without arguments.

        Nothing is built until the resource is called. A coroutine function makes an `AsyncResource`, whose calls are
        awaited.

        Args:
            factory: the function that builds the value.
            ttl: seconds that a value may be used for; None for the life of the environment.
            eager: True: `warm()` builds the value; on Lambda, `@handler` calls it in the init phase. `"now"`: the build
                starts at the declaration, on a thread, while the module goes on importing; the first call waits for the
                rest of it. The factory may use only names that are defined above it. False, the default: the first call
                builds.
            refresh: what happens when the time to live ends. `"block"`: the first call after the end waits for the
                factory. `"background"`: a call in the last fifth of the time returns the value and starts one build
                beside the invocation; a call after the end waits. The end of the invocation waits for such a build,
                one second at most. Then it discards the build with a warning, because Lambda freezes the process.
            stale_if_error: seconds beyond the time to live in which the old value is used if the factory raises. There
                is one warning for each outage. The factory is tried again after 1, 2, 4 … at most 30 seconds.
            close: called with a value that is no longer needed: by `reset()`, and at the end of the invocation in
                which it was replaced. A coroutine function is run on the kept event loop.
            on_restore: `"rebuild"`: a forked child and a restored environment build again, and never close the values
                that they inherited. `"keep"`: they go on with the value, which must hold no socket, lock or thread.
            **unknown: misspelt options, which are refused.

        Raises:
            ConfigurationError: an option is unknown or out of its range, or the factory takes arguments.
        """
        settings: dict[str, Any] = {
            "ttl": ttl,
            "eager": eager,
            "refresh": refresh,
            "stale_if_error": stale_if_error,
            "close": close,
            "on_restore": on_restore,
        }
        _check_settings(settings, unknown)

        def declare(fn: Any) -> Any:
            entry = self._declare(fn, settings)
            if eager == "now":
                build_ahead(entry)
            return entry.resource

        return declare if factory is None else declare(factory)

    def _declare(self, factory: Any, settings: dict[str, Any]) -> Entry:
        name = callables.name_of(factory)
        if not callable(factory):
            raise ConfigurationError(f"@init.resource was put above {factory!r}, which is not callable")
        signature = callables.signature_of(factory)
        if signature is not None and not (signature.takes(0) and _needs_no_keyword(factory, signature.keyword_only)):
            raise ConfigurationError(
                f"the factory {name}{signature} takes arguments; a resource is built by a function without any, which "
                "asks other resources for what it needs by calling them"
            )
        if callables.is_generator_function(factory) or callables.is_async_generator_function(factory):
            raise ConfigurationError(
                f"the factory {name} is a generator function; return the value, and pass close=... for the clean-up"
            )
        if settings["eager"] == "now" and callables.is_coroutine_function(factory):
            raise ConfigurationError(
                f"the factory {name} is a coroutine function, whose value belongs to the event loop of the handler; "
                'eager="now" builds on another thread; pass eager=True'
            )
        _watch(self)
        entry = Entry(self, factory, name, self._clock, **settings)
        self._entries.append(entry)
        entry.resource.info = ResourceInfo(entry)
        return entry

    def warm(self, *, timeout: float | None = None) -> None:
        """Build the eager resources that hold no value, side by side, and wait for them.

        Synchronous factories run on threads, coroutine functions on the kept event loop. A failure is logged and left
        to the first call, which tries again and raises.

        Args:
            timeout: seconds to wait for the threads at most. Builds that take longer go on, and a call that needs one
                waits for it. None, the default, for no limit.
        """
        eager = [entry for entry in tuple(self._entries) if entry.eager and not entry.is_ready()]
        if eager:
            from lambda_kit.init_cache import _warm

            _warm.warm(eager, timeout)

    def report(self) -> tuple[ResourceInfo, ...]:
        """Return the state of every resource, in the order of their declaration."""
        return tuple(ResourceInfo(entry) for entry in tuple(self._entries))

    def discard(self, resource: Resource[Any] | AsyncResource[Any]) -> None:
        """Remove a resource from the cache for good. For resources that are declared while the function runs.

        Its value is dropped, and closed at the end of the invocation. The cache no longer warms, reports or resets the
        resource, and does not build it again after a fork or a restore. It must not be called any more.

        Raises:
            ConfigurationError: it is no resource of this cache, or was removed before.
        """
        info = getattr(resource, "info", None)
        if not isinstance(info, ResourceInfo) or info._entry not in self._entries:
            raise ConfigurationError(f"discard({callables.name_of(resource)}): pass a resource of this cache")
        self._entries.remove(info._entry)
        info._entry.invalidate()

    def _replace_clock(self, old: Clock, new: Clock) -> None:
        """Read `new` in the place of `old` from now on, in each resource that reads `old`."""
        if self._clock is old:
            self._clock = new
        for entry in tuple(self._entries):
            if entry.clock is old:
                entry.use_clock(new)

    def reset(self) -> None:
        """Drop every value, and close them in the reverse order of their building. For tests, and before an exit.

        A `close` that fails is logged, and the others still run. Overrides stay in force.
        """
        values = [built for entry in tuple(self._entries) for built in entry.state.empty()]
        if values:
            from lambda_kit.init_cache._closing import close_in_reverse

            close_in_reverse(values)

    def _begin_anew(self, *, forked: bool) -> None:
        for entry in tuple(self._entries):
            entry.state.begin_anew(forked=forked)


def declare(
    factory: Callable[[], Any],
    *,
    translate: Callable[[BaseException], Exception | None] | None = None,
    is_final: Callable[[BaseException], bool] | None = None,
    **settings: Any,
) -> Entry:
    """Declare a resource of `init`, and return the entry behind it: for the other rooms of the kit.

    Args:
        factory: the function that builds the value.
        translate: returns the exception that calls raise for one of the factory; None for a `ResourceBuildError`.
        is_final: returns True for an exception of the factory after which the old value must not be used any more.
        **settings: the options of `InitCache.resource`.

    Raises:
        ConfigurationError: an option is unknown or out of its range.
    """
    known = {**_DEFAULTS, **settings}
    _check_settings({name: known[name] for name in _DEFAULTS}, {name: 0 for name in known if name not in _DEFAULTS})
    entry = init._declare(factory, known)
    entry.translate, entry.state.is_final = translate, is_final
    if known["eager"] == "now":
        build_ahead(entry)
    return entry


def build_ahead(entry: Entry, group: object = None) -> None:
    """Start the build of a synchronous resource on a thread: see `_ahead.start`."""
    from lambda_kit.init_cache import _ahead

    _ahead.start(entry, group)


# The caches that have resources, in the order in which they got the first one, as a set of references.
_caches: dict[ReferenceType[InitCache], None] = {}
_registered = False


def _watch(cache: InitCache) -> None:
    """Let a cache, which has resources, follow what happens to the process. Few processes load `_process`."""
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_fork(lambda: _load_process().after_fork(_living_caches()))
        lifecycle.on_restore(lambda: _load_process().after_restore(_living_caches()))
        lifecycle.on_reset(lambda: _load_process().after_reset(_living_caches()))
    _caches[ReferenceType(cache, _caches.pop)] = None


def _load_process() -> Any:
    from lambda_kit.init_cache import _process

    return _process


def _living_caches() -> list[InitCache]:
    return [cache for cache in [reference() for reference in tuple(_caches)] if cache is not None]


def _check_settings(settings: dict[str, Any], unknown: dict[str, Any]) -> None:
    for name in unknown:
        raise ConfigurationError(
            f"resource() has no option {name!r}{callables.closest(name, settings)}; it takes {', '.join(settings)}"
        )
    ttl, stale, close = settings["ttl"], settings["stale_if_error"], settings["close"]
    if ttl is not None and not (callables.is_number(ttl) and ttl > 0):
        raise ConfigurationError(
            f"resource(ttl={ttl!r}): pass seconds above 0, or None for the life of the environment"
        )
    if not (callables.is_number(stale) and stale >= 0):
        raise ConfigurationError(f"resource(stale_if_error={stale!r}): pass seconds, 0 or more")
    _one_of(settings, "eager", (True, False, "now"))
    _one_of(settings, "refresh", ("block", "background"))
    _one_of(settings, "on_restore", ("rebuild", "keep"))
    if close is not None and not callable(close):
        raise ConfigurationError(f"resource(close={close!r}): pass a function that takes the value")
    for name, default in (("stale_if_error", 0.0), ("refresh", "block")):
        if ttl is None and settings[name] != default:
            raise ConfigurationError(
                f"resource({name}={settings[name]!r}) has no effect without a time to live; pass ttl=... too"
            )


def _needs_no_keyword(factory: Any, names: tuple[str, ...]) -> bool:
    factory = callables.plain(factory)
    return not hasattr(factory, "__kwdefaults__") or set(names) <= set(factory.__kwdefaults__ or ())


def _one_of(settings: dict[str, Any], name: str, allowed: tuple[Any, ...]) -> None:
    value = settings[name]
    if not any(value is one or (isinstance(value, str) and value == one) for one in allowed):
        known = " or ".join(repr(one) for one in allowed)
        hint = callables.closest(value, allowed) if isinstance(value, str) and isinstance(allowed[0], str) else ""
        raise ConfigurationError(f"resource({name}={value!r}): pass {known}{hint}")


init = InitCache()
