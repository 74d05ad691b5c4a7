"""The cost of a cache hit, with 1, 10 and 1,000 resources declared: one called alone, and each in turn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Side, Topic
from benchmarks._worker import Loop

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG = 3600  # seconds; nothing expires while it is measured
VALUE = {"table": "orders"}


def _zero_argument(calls: list[Callable[[], Any]], each: bool, prefix: str = "") -> Loop:
    if each:
        return Loop(f"for call in calls: {prefix}call()", {"calls": calls}, len(calls))
    return Loop(f"{prefix}call()", {"call": calls[len(calls) // 2]})


def _keyed(call: Callable[[str], Any], n: int, each: bool) -> Loop:
    names = [f"/shop/parameter-{i}" for i in range(n)]
    for name in names:
        call(name)
    if each:
        return Loop("for name in names: call(name)", {"call": call, "names": names}, n)
    return Loop("call(name)", {"call": call, "name": names[n // 2]})


def _value(name: str) -> Any:
    return VALUE


def returns_global(n: int, each: bool) -> Loop:
    """Call functions that return a global."""

    def one() -> Callable[[], Any]:
        def call() -> Any:
            return VALUE

        return call

    return _zero_argument([one() for _ in range(n)], each)


def awaits_global(n: int, each: bool) -> Loop:
    """Await coroutine functions that return a global."""

    def one() -> Callable[[], Any]:
        async def call() -> Any:
            return VALUE

        return call

    return _zero_argument([one() for _ in range(n)], each, "await ")


def hit(n: int, each: bool, **options: Any) -> Loop:
    """Call resources that are built."""
    from lambda_kit.init_cache import InitCache

    cache = InitCache()
    resources: list[Any] = []
    for _ in range(n):

        def build() -> Any:
            return VALUE

        resources.append(cache.resource(**options)(build))
        resources[-1]()
    return _zero_argument(resources, each)


def hit_ttl(n: int, each: bool) -> Loop:
    """Call resources that have a time to live."""
    return hit(n, each, ttl=_LONG)


def hit_background(n: int, each: bool) -> Loop:
    """Call resources that are refreshed in the background."""
    return hit(n, each, ttl=_LONG, refresh="background")


def hit_async(n: int, each: bool) -> Loop:
    """Await resources that are built."""
    from lambda_kit._kernel import event_loop
    from lambda_kit.init_cache import InitCache

    cache = InitCache()
    resources: list[Any] = []
    for _ in range(n):

        async def build() -> Any:
            return VALUE

        resources.append(cache.resource(build))
        event_loop.run(resources[-1]())
    return _zero_argument(resources, each, "await ")


def functools_cache(n: int, each: bool) -> Loop:
    """Call a function under `functools.cache`: without arguments if there is one entry, else with its key."""
    from functools import cache

    if n == 1:
        return _zero_argument([cache(lambda: VALUE)], each)
    return _keyed(cache(_value), n, each)


def ttl_cache(n: int, each: bool, lock: bool = False) -> Loop:
    """Do likewise with a `TTLCache` of cachetools."""
    from threading import Lock

    cachetools: Any = import_module("cachetools")
    cached: Any = cachetools.cached(cachetools.TTLCache(2 * n, _LONG), lock=Lock() if lock else None)
    if n == 1:
        call = cached(lambda: VALUE)
        call()
        return _zero_argument([call], each)
    return _keyed(cached(_value), n, each)


def ttl_cache_locked(n: int, each: bool) -> Loop:
    """Do likewise with its lock, which it needs where threads call."""
    return ttl_cache(n, each, lock=True)


def parameter(n: int, each: bool) -> Loop:
    """Get cached parameters from a provider of the peer that has them in memory."""
    base: Any = import_module("aws_lambda_powertools.utilities.parameters").BaseProvider

    def fetch(*_: Any, **__: Any) -> Any:
        return VALUE

    provider: Any = type("Provider", (base,), {"_get": fetch, "_get_multiple": fetch})()

    def warm(name: str) -> Any:
        return provider.get(name, max_age=_LONG)

    loop = _keyed(warm, n, each)
    # Called as its users do, not through the function above.
    statement = loop.statement.replace("call(name)", f"get(name, max_age={_LONG})")
    names = {name: value for name, value in loop.names.items() if name != "call"}
    return Loop(statement, {**names, "get": provider.get}, loop.calls)


_KINDS: list[tuple[str, Side]] = [
    ("returns_global", "kit"),
    ("hit", "kit"),
    ("hit_ttl", "kit"),
    ("hit_background", "kit"),
    ("functools_cache", "kit"),
    ("ttl_cache", "kit"),
    ("ttl_cache_locked", "kit"),
    ("parameter", "peer"),
    ("awaits_global", "kit"),
    ("hit_async", "kit"),
]
_SIZES = [(1, False), (10, False), (10, True), (1000, False), (1000, True)]


def _rows(n: int, each: bool) -> list[Row]:
    where = "the only one" if n == 1 else f"{'each of' if each else 'one of'} {n:,}"
    rows = [
        ("hit", "returns_global", "return a global", 2.0),
        ("hit", "functools_cache", "functools.cache", None),
        ("hit_ttl", "returns_global", "return a global", 3.0),
        ("hit_ttl", "ttl_cache", "TTLCache", None),
        ("hit_ttl", "ttl_cache_locked", "TTLCache with lock", None),
        ("hit_ttl", "parameter", "peer's parameter", None),
        ("hit_background", "returns_global", "return a global", 3.0),
        ("hit_async", "awaits_global", "await a global", 2.0),
    ]
    titles = {"hit": "hit", "hit_ttl": "hit, ttl", "hit_background": "hit, ttl, background", "hit_async": "hit, async"}
    return [
        Row(f"{titles[kit]}, {where}", Figure(f"{kit} {n} {each}"), Figure(f"{other} {n} {each}"), label, goal=goal)
        for kit, other, label, goal in rows
    ]


TOPIC = Topic(
    "init_cache",
    "a hit of the init cache, under 1, 10 and 1,000 entries",
    tuple(Case(f"{kind} {n} {each}", side, kind, (n, each)) for n, each in _SIZES for kind, side in _KINDS),
    tuple(row for n, each in _SIZES for row in _rows(n, each)),
    calls_of("benchmarks.init_cache"),
    (40, 8),
)
