"""What a declared resource is, what calling it returns, and what it tells about itself."""

from __future__ import annotations

import asyncio
import functools
import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, init, provide
from lambda_kit.errors import ConfigurationError, ResourceBuildError
from lambda_kit.init_cache import InitCache

if TYPE_CHECKING:
    from lambda_kit.testing import FakeClock


def test_calls_return_the_one_object_that_the_first_built(declare: Any) -> None:
    table = declare(object)
    first = table()
    assert table() is first
    assert table() is first
    assert table.info.builds == 1


def test_nothing_is_built_before_the_first_call(declare: Any) -> None:
    built: list[int] = []
    declare(lambda: built.append(1))
    assert built == []


@pytest.mark.parametrize("value", [None, False, 0, "", [], NotImplemented])
@pytest.mark.parametrize("ttl", [None, 10.0])
def test_values_that_are_false_are_cached_too(declare: Any, value: object, ttl: float | None) -> None:
    resource = declare(lambda: value, ttl=ttl)
    assert resource() is value
    assert resource() is value
    assert resource.info.builds == 1


def test_a_resource_keeps_name_docstring_and_the_factory(cache: InitCache) -> None:
    def orders() -> int:
        """The table of orders."""
        return 1

    async def payments() -> int:
        """The payments client."""
        return 1

    for factory in (orders, payments):
        resource: Any = cache.resource(factory)
        assert resource.__name__ == factory.__name__
        assert resource.__qualname__ == factory.__qualname__
        assert resource.__doc__ == factory.__doc__
        assert resource.__wrapped__ is factory
        assert resource.info.name == f"{__name__}.{factory.__qualname__}"


def test_a_coroutine_function_makes_a_coroutine_function(cache: InitCache) -> None:
    @cache.resource
    async def one() -> int:
        await asyncio.sleep(0)
        return 1

    @cache.resource(ttl=5)
    async def two() -> int:
        return 2

    assert inspect.iscoroutinefunction(one)
    assert inspect.iscoroutinefunction(two)
    assert asyncio.run(one()) == 1
    assert asyncio.run(two()) == 2


def test_callables_of_every_kind_are_factories(cache: InitCache) -> None:
    class Client:
        def __call__(self) -> str:
            return "called"

        def make(self) -> str:
            return "made"

    async def connect(host: str) -> str:
        return host

    assert cache.resource(Client())() == "called"
    assert cache.resource(Client().make)() == "made"
    assert isinstance(cache.resource(Client)(), Client)
    assert cache.resource(functools.partial(int, "7"))() == 7
    assert asyncio.run(cache.resource(functools.partial(connect, "db"))()) == "db"


def test_a_plain_factory_that_returns_a_coroutine_is_told_what_to_write(cache: InitCache) -> None:
    async def connect() -> int:
        return 1

    resource: Any = cache.resource(lambda: connect())  # noqa: PLW0108
    with pytest.raises(ResourceBuildError, match="async def") as caught:
        resource()
    assert isinstance(caught.value.__cause__, ConfigurationError)


def test_info_is_live(declare: Any, clock: FakeClock) -> None:
    fail = False

    def build() -> int:
        clock.advance(2)
        if fail:
            raise OSError("down")
        return 1

    resource = declare(build, ttl=100)
    info = resource.info
    assert (info.builds, info.hits, info.build_time, info.age, info.last_error) == (0, 0, None, None, None)
    assert "never built" in repr(info)
    resource()
    resource()
    resource()
    assert (info.builds, info.hits, info.age) == (1, 2, 2.0)
    assert info.build_time is not None
    clock.advance(5)
    assert info.age == 7.0
    assert "7.0 s old" in repr(info)
    fail = True
    with pytest.raises(ResourceBuildError):
        resource.refresh()
    assert repr(info.last_error) == "OSError('down')"
    assert "failed last with OSError" in repr(info)
    fail = False
    resource.refresh()
    assert info.builds == 2
    assert info.last_error is None
    assert "failed" not in repr(info)
    resource.invalidate()
    assert info.age is None


def test_the_report_lists_resources_in_the_order_of_their_declaration(cache: InitCache) -> None:
    def first() -> int:
        return second()

    @cache.resource
    def second() -> int:
        return 2

    one = cache.resource(first)
    one()
    names = [info.name.rpartition(".")[2] for info in cache.report()]
    assert names == ["second", "first"]
    assert [info.builds for info in cache.report()] == [1, 1]


def test_invalidate_makes_the_next_call_build_anew(declare: Any) -> None:
    resource = declare(object)
    first = resource()
    resource.invalidate()
    assert resource() is not first


def test_refresh_builds_whatever_the_age(declare: Any) -> None:
    resource = declare(object, ttl=100)
    first = resource()
    second = resource.refresh()
    assert second is not first
    assert resource() is second


def test_a_handler_is_given_resources_of_both_kinds() -> None:
    @init.resource
    def table() -> str:
        return "table"

    @init.resource
    async def session() -> str:
        return "session"

    @handler(provide(table=table, session=session))
    def place(event: object, context: object, *, table: str, session: str) -> str:
        return f"{table} {session}"

    @handler(provide(table=table, session=session))
    async def place_async(event: object, context: object, *, table: str, session: str) -> str:
        return f"{table} {session}"

    assert place({}, None) == place_async({}, None) == "table session"
    assert session.info.builds == table.info.builds == 1


def test_the_wall_clock_is_the_default() -> None:
    cache = InitCache()
    resource = cache.resource(ttl=1000.0)(object)
    assert resource() is resource()
    age = resource.info.age
    assert age is not None
    assert 0 <= age < 1000


def test_the_init_cache_loads_none_of_the_heavy_modules() -> None:
    """A synchronous resource, built and refreshed, needs none of them either."""
    code = """
import sys
before = set(sys.modules)
from lambda_kit import init
@init.resource(ttl=10)
def one(): return 1
one(); one(); one.refresh(); one.invalidate(); one(); init.report(); init.reset()
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "lambda_kit.init_cache" in loaded
    heavy = {"asyncio", "typing", "inspect", "dataclasses", "concurrent.futures", "difflib", "ctypes"}
    assert loaded & {*heavy, "lambda_kit._kernel.event_loop"} == set()
